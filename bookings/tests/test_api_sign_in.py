"""From a stranger to a booking by allauth's headless API alone, as a program does it."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from bookings.models import Booking, Timeslot
from notifications.models import OutgoingMail
from tests.infrastructure.api import Api, MakeApi, nothing_changes, refused
from tests.infrastructure.world import MakeUser, book_slot

APP, BROWSER = "/_allauth/app/v1", "/_allauth/browser/v1"
ADA = {"email": "ada@example.com", "password": "correct horse battery"}


def ask(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(
        path,
        body,
        content_type="application/json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def mailed_code(to: str) -> str:
    """What the newest mail to that address asks to be typed in."""
    mail = OutgoingMail.objects.filter(to=to).latest("pk")
    assert (mail.kind, mail.is_secret) == ("account", True)
    found = re.search(r"^\s*(\d{6})\s*$", mail.context["text"], re.MULTILINE)
    assert found, mail.context["text"]
    return found[1]


def sign_up(client: Client) -> str:
    """Sign up as Ada; the session token, good for nothing yet but typing in the code."""
    answer = ask(client, f"{APP}/auth/signup", ADA | {"name": "Ada"})
    assert answer.status_code == 401, answer.content
    assert {"id": "verify_email", "is_pending": True} in answer.json()["data"]["flows"]
    token: str = answer.json()["meta"]["session_token"]
    return token


def verify(client: Client, token: str) -> str:
    answer = ask(
        client,
        f"{APP}/auth/email/verify",
        {"key": mailed_code(ADA["email"])},
        X_Session_Token=token,
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["meta"]["is_authenticated"] is True
    # A new token comes with the rights, if it changes at all.
    fresh: str = answer.json()["meta"].get("session_token", token)
    return fresh


@pytest.fixture(autouse=True)
def nobody_was_here_before() -> None:
    """allauth counts in the cache how often one address is mailed a code."""
    cache.clear()


@pytest.fixture
def program(api: MakeApi) -> Client:
    """A client that keeps no cookies and knows no CSRF token."""
    return api(enforce_csrf_checks=True).client


@pytest.mark.parametrize("header", ["Authorization", "X-Session-Token"])
def test_sign_up_verify_and_book(program: Client, slot: Timeslot, header: str) -> None:
    token = verify(program, sign_up(program))
    program.cookies.clear()
    sent = {header: f"Bearer {token}" if header == "Authorization" else token}

    answer = ask(
        program, "/api/v1/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id}, **sent
    )

    assert answer.status_code == 201, answer.content
    booking = Booking.objects.get()
    assert booking.user == User.objects.get(email="ada@example.com")
    assert booking.user.name == "Ada"
    mine = program.get("/api/v1/bookings", headers=sent)
    assert [found["id"] for found in mine.json()["results"]] == [booking.pk]


def test_sign_in_later_by_password(program: Client, customer: User) -> None:
    answer = ask(program, f"{APP}/auth/login", ADA)

    assert answer.status_code == 200
    token = answer.json()["meta"]["session_token"]
    program.cookies.clear()
    found = program.get("/api/v1/bookings", headers={"Authorization": f"Bearer {token}"})
    assert found.status_code == 200


def test_sign_in_by_an_e_mailed_code(program: Client, customer: User) -> None:
    asked = ask(program, f"{APP}/auth/code/request", {"email": ADA["email"]})
    token = asked.json()["meta"]["session_token"]

    answer = ask(
        program,
        f"{APP}/auth/code/confirm",
        {"code": mailed_code(ADA["email"])},
        X_Session_Token=token,
    )

    assert answer.status_code == 200, answer.content
    token = answer.json()["meta"].get("session_token", token)
    program.cookies.clear()
    found = program.get("/api/v1/bookings", headers={"X-Session-Token": token})
    assert found.status_code == 200


def test_signing_out_ends_the_token(program: Client, customer: User) -> None:
    token = ask(program, f"{APP}/auth/login", ADA).json()["meta"]["session_token"]
    program.delete(f"{APP}/auth/session", headers={"X-Session-Token": token})

    answer = program.get("/api/v1/bookings", headers={"X-Session-Token": token})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \x00"},
        {"Authorization": "Basic YWRhOnB3"},
        {"X-Session-Token": "nonsense"},
        {"X-Session-Token": "x" * 5000},
    ],
    ids=["none", "unknown", "empty", "nul", "basic", "unknown-token", "long"],
)
def test_without_a_good_token_nobody_is_signed_in(
    program: Client, slot: Timeslot, headers: dict[str, str]
) -> None:
    with nothing_changes():
        answer = ask(program, "/api/v1/bookings", {"timeslotId": slot.pk}, **headers)

    refused(answer, 401, "not_authenticated")


def test_a_switched_off_account_is_signed_out(
    program: Client, customer: User, slot: Timeslot
) -> None:
    token = ask(program, f"{APP}/auth/login", ADA).json()["meta"]["session_token"]
    program.cookies.clear()
    User.objects.update(is_active=False)

    with nothing_changes():
        answer = ask(
            program,
            "/api/v1/bookings",
            {"timeslotId": slot.pk, "roomId": slot.room_id},
            X_Session_Token=token,
        )

    refused(answer, 401, "not_authenticated")


# --- the address must be proved before the first hold -------------------------------------------


@pytest.mark.parametrize("header", ["Authorization", "X-Session-Token"])
def test_a_program_is_told_that_only_the_code_is_missing(
    program: Client, slot: Timeslot, header: str
) -> None:
    token = sign_up(program)
    program.cookies.clear()
    sent = {header: f"Bearer {token}" if header == "Authorization" else token}
    body = {"timeslotId": slot.pk, "roomId": slot.room_id}

    with nothing_changes():
        refused(ask(program, "/api/v1/bookings", body, **sent), 403, "email_unverified")
        # Everything else is closed as to anybody who isn't signed in.
        refused(program.get("/api/v1/bookings", headers=sent), 401, "not_authenticated")

    token = verify(program, token)
    program.cookies.clear()
    sent = {header: f"Bearer {token}" if header == "Authorization" else token}
    assert ask(program, "/api/v1/bookings", body, **sent).status_code == 201


def test_a_browser_is_told_so_too(api: MakeApi, slot: Timeslot) -> None:
    client = api().client
    answer = ask(client, f"{BROWSER}/auth/signup", ADA)
    assert answer.status_code == 401
    body = {"timeslotId": slot.pk, "roomId": slot.room_id}

    with nothing_changes():
        refused(ask(client, "/api/v1/bookings", body), 403, "email_unverified")

    key = {"key": mailed_code(ADA["email"])}
    assert ask(client, f"{BROWSER}/auth/email/verify", key).status_code == 200
    assert ask(client, "/api/v1/bookings", body).status_code == 201


def test_a_wrong_code_proves_nothing(program: Client, slot: Timeslot) -> None:
    token = sign_up(program)
    wrong = "000000" if mailed_code(ADA["email"]) != "000000" else "111111"

    answer = ask(program, f"{APP}/auth/email/verify", {"key": wrong}, X_Session_Token=token)

    assert answer.status_code == 400
    assert not User.objects.get().has_verified_email


def test_who_is_signed_in_but_lost_the_proof_holds_nothing(
    api: MakeApi, make_user: MakeUser, slot: Timeslot
) -> None:
    newcomer = make_user("new@example.com", verified=False)
    body = {"timeslotId": slot.pk, "roomId": slot.room_id}

    with nothing_changes():
        refused(api(newcomer).post("/bookings", body), 403, "email_unverified")
    newcomer.mark_verified()
    assert api(newcomer).post("/bookings", body).status_code == 201


def test_the_token_wins_over_the_cookie(
    api: MakeApi, customer: User, stranger: User, slot: Timeslot
) -> None:
    book_slot(slot, customer)
    token = ask(api().client, f"{APP}/auth/login", ADA).json()["meta"]["session_token"]
    client: Api = api(stranger)

    found = client.client.get("/api/v1/bookings", headers={"X-Session-Token": token})

    assert found.json()["count"] == 1
