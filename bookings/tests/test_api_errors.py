"""Whatever is sent, the answer is a refusal in the one shape, never a 500."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import User
from bookings.models import Booking, Timeslot
from common.errors import Busy
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused


def raw(client: Api, body: bytes, content_type: str = "application/json", **headers: str) -> Any:
    return client.client.post("/api/v1/bookings", body, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="cut-off"),
        pytest.param(b"{'timeslotId': 1}", id="single-quotes"),
        pytest.param(b"\xff\xfe{}", id="not-utf-8"),
        pytest.param("{}".encode("utf-16"), id="utf-16"),
        pytest.param(b'{"timeslotId": NaN, "roomId": 1}', id="nan"),
        pytest.param(b'{"timeslotId": -Infinity, "roomId": 1}', id="infinity"),
        pytest.param(b'{"timeslotId": 1e9999999999, "roomId": 1}', id="huge-exponent"),
        pytest.param(b'{"timeslotId": ' + b"9" * 5000 + b', "roomId": 1}', id="huge-number"),
        pytest.param(b'{"timeslotId": 1, "roomId": 1, "notes": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"timeslotId": 1, "roomId": 1, "\\ud800": 1}', id="surrogate-name"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[" * 5_000 + b"]" * 5_000, id="deep-and-closed"),
        pytest.param(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, id="deep-objects"),
        pytest.param(b'"' + b"x" * 1_000_000 + b'"', id="too-long"),
        pytest.param(b"\0", id="nul"),
    ],
)
def test_bodies_that_are_no_json(api: MakeApi, customer: User, slot: Timeslot, body: bytes) -> None:
    client = api(customer)

    with nothing_changes():
        answer = raw(client, body)

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["errors"][0]["code"] in {"parse_error", "invalid"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "application/xml",
        "nonsense",
    ],
)
def test_other_content_types_are_415(
    api: MakeApi, customer: User, slot: Timeslot, content_type: str
) -> None:
    with nothing_changes():
        answer = raw(api(customer), b'{"timeslotId": 1}', content_type)

    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=é", "; boundary=" + "x" * 300])
def test_a_broken_form_is_not_our_fault(customer: User, slot: Timeslot, boundary: str) -> None:
    # Looking for the CSRF token, Django reads the form before anybody asks for its type.
    client = Api(customer, enforce_csrf_checks=True)

    with nothing_changes():
        answer = raw(client, b"--x\r\nbroken", f"multipart/form-data{boundary}")

    assert answer.status_code in {400, 403, 415}
    error_of(answer)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/bookings"),
        ("put", "/bookings"),
        ("post", "/bookings/1"),
        ("get", "/bookings/1/cancel"),
        ("post", "/bookings/1/cancel"),
        ("post", "/bookings/rooms"),
        ("options", "/bookings"),
        ("trace", "/bookings"),
        ("brew", "/bookings"),
        ("put", "/admin/bookings"),
        ("get", "/admin/timeslots/generate"),
        ("options", "/admin/rooms"),
    ],
)
def test_a_method_that_is_not_there_is_405(
    api: MakeApi, manager: User, method: str, path: str
) -> None:
    answer = api(manager).send(method, path)

    refused(answer, 405, "method_not_allowed")
    assert "OPTIONS" not in answer["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/bookings/",
        "/api/v1/bookings/rooms/",
        "/api/v1/bookings/first",
        "/api/v1/bookings/-1",
        "/api/v1/bookings/1.0",
        "/api/v1/bookings/" + "9" * 5000,
        "/api/v1/bookings/%00",
        "/api/v1/bookings/%ff",
        "/api/v2/bookings",
        "/api/nothing",
    ],
)
def test_an_unknown_address_is_404(api: MakeApi, customer: User, path: str) -> None:
    for client in (api(), api(customer), api(customer, enforce_csrf_checks=True)):
        refused(client.client.get(path), 404, "not_found")
        refused(client.client.post(path, b"{}", content_type="application/json"), 404, "not_found")


@pytest.mark.parametrize(
    "accept", ["", "text/html", "text/csv", "application/json;q=0", "nonsense"]
)
def test_json_is_served_whatever_is_asked_for(api: MakeApi, accept: str) -> None:
    client = api().client

    answer = client.get("/api/v1/bookings/rooms", headers={"Accept": accept})
    missing = client.get("/api/v1/bookings/rooms/1", headers={"Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    refused(missing, 404, "not_found")


def test_several_faults_are_told_at_once(api: MakeApi, manager: User) -> None:
    answer = api(manager).post("/admin/rooms", {"capacity": 0, "refundPolicy": "none"})

    body = answer.json()
    assert body["type"] == "validation_error"
    assert {(error["attr"], error["code"]) for error in body["errors"]} == {
        ("name", "required"),
        ("roomType", "required"),
        ("capacity", "min_value"),
        ("refundPolicy", "invalid"),
    }


@pytest.mark.parametrize(
    "error",
    [
        Busy(),
        OperationalError(1205, "Lock wait timeout exceeded"),
        OperationalError(1213, "Deadlock found"),
        OperationalError("database is locked"),
    ],
    ids=["busy", "lock-wait", "deadlock", "sqlite-locked"],
)
def test_busy_is_503_and_says_when_to_come_again(
    api: MakeApi,
    customer: User,
    slot: Timeslot,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    # What the database says when everybody is here at once can't be had on demand.
    def overrun(self: object, *args: object, **kwargs: object) -> bool:
        raise error

    monkeypatch.setattr("bookings.querysets.TimeslotQuerySet.claim_place", overrun)

    with nothing_changes():
        answer = api(customer).post("/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id})

    refused(answer, 503, "busy")
    assert answer["Retry-After"] == "2"
    assert answer.json()["type"] == "server_error"


def test_amounts_are_exact_numbers_on_their_way_in(
    api: MakeApi, manager: User, slot: Timeslot
) -> None:
    path = f"/api/v1/admin/timeslots/{slot.pk}"
    client = api(manager).client

    for written in ("45.10", "1234567.89", "99999999.99", "0.5", "12", "4.5e1"):
        answer = client.put(path, f'{{"price": {written}}}', content_type="application/json")
        assert answer.status_code == 200, answer.content
        slot.refresh_from_db()
        assert slot.price == Decimal(written)
        assert Decimal(str(answer.json()["price"])) == Decimal(written)


# --- CSRF ---------------------------------------------------------------------------------------


def test_a_cookie_alone_changes_nothing(customer: User, slot: Timeslot) -> None:
    client = Api(customer, enforce_csrf_checks=True)
    body = {"timeslotId": slot.pk, "roomId": slot.room_id}

    with nothing_changes():
        refused(client.post("/bookings", body), 403, "permission_denied")
        refused(client.post("/bookings", body, x_csrftoken="x" * 64), 403, "permission_denied")


@pytest.mark.usefixtures("api")
def test_a_cookie_with_its_token_does(customer: User, slot: Timeslot) -> None:
    client = Api(customer, enforce_csrf_checks=True)
    token = client.client.get("/accounts/logout/").context["csrf_token"]
    body = {"timeslotId": slot.pk, "roomId": slot.room_id}

    assert client.post("/bookings", body, x_csrftoken=str(token)).status_code == 201
    assert Booking.objects.get().user == customer


def test_reading_needs_no_token(customer: User) -> None:
    assert Api(customer, enforce_csrf_checks=True).get("/bookings").status_code == 200
