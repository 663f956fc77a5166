"""The door over the API: what is answered, to whom, and that every attempt is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.infrastructure.api import Api, error_of, everything, refused
from tests.infrastructure.door import DURING, LinkApi, MakeTicket, make_link
from tests.infrastructure.events import DOORS, EVENT_END, MakeEvent
from tickets.api.door_answers import written_scan, written_ticket
from tickets.api.serializers.door import (
    AcceptedScanSerializer,
    RefusedScanSerializer,
    ScanSerializer,
)
from tickets.api.serializers.tickets import DoorTicketSerializer
from tickets.codes import in_groups
from tickets.models import Event, ScannerLink, Ticket, TicketScan
from tickets.services import cancel_event, revoke_scanner_link
from tickets.states import EntryMode

SECRETS = ("ada@example.com", "20.0", "80.0")


def scan(client: Api, code: str, scan_type: str = "check_in", **body: Any) -> Any:
    return client.post(f"/admin/tickets/{code}/scan", {"scanType": scan_type, **body})


@contextmanager
def only_the_attempt_is_stored() -> Iterator[None]:
    """One more scan, and nothing else is as much as touched."""
    before = everything()
    yield
    after = everything()
    scans = after.pop("tickets.TicketScan")
    stored = before.pop("tickets.TicketScan")
    # A link's last use is told of anyway.
    for link in (*before.pop("tickets.ScannerLink"), *after.pop("tickets.ScannerLink")):
        link.pop("last_used_at")
    assert after == before
    assert scans[:-1] == stored
    assert not scans[-1]["accepted"]


@pytest.fixture
def phone(token: str) -> LinkApi:
    return LinkApi(token)


@pytest.fixture(autouse=True)
def during(db: None) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(DURING, tick=False) as traveller:
        yield traveller


def test_a_ticket_lets_in_once(phone: LinkApi, ticket: Ticket) -> None:
    first = scan(phone, ticket.ticket_code)
    again = scan(phone, ticket.ticket_code)

    assert first.status_code == 200
    body = first.json()
    assert body["accepted"] is True
    assert body["attendee"] == {"name": "Ada Lovelace", "email": None}
    assert body["ticket"]["id"] == ticket.pk
    assert (body["ticket"]["status"], body["ticket"]["isInside"]) == ("used", True)
    assert body["ticket"]["checkInTime"] == "2026-07-18T18:30:00Z"
    stored = TicketScan.objects.earliest("pk")
    assert body["scan"] == {
        "id": stored.pk,
        "ticketId": ticket.pk,
        "scanType": "check_in",
        "scannedAt": "2026-07-18T18:30:00Z",
        "scanLocation": "Main gate",
        "scannerUserId": None,
        "scannerLinkId": stored.scanner_link_id,
        "eventId": ticket.event_id,
        "scanId": None,
        "accepted": True,
        "code": "",
        "reason": "",
        "undoneAt": None,
    }

    assert again.status_code == 409
    refusal = again.json()
    assert (refusal["accepted"], refusal["code"]) == (False, "already_used")
    assert refusal["reason"] == "Ticket is used"
    assert refusal["firstScan"] == body["scan"]
    assert refusal["ticket"]["id"] == ticket.pk
    assert refusal["attendee"]["name"] == "Ada Lovelace"
    assert refusal["type"] == "client_error"
    assert refusal["errors"] == [{"code": "already_used", "detail": "Ticket is used", "attr": None}]
    ticket.refresh_from_db()
    assert (ticket.status, ticket.is_inside, ticket.check_in_time) == ("used", True, DURING)


def test_a_code_is_read_however_it_is_written(phone: LinkApi, ticket: Ticket) -> None:
    assert scan(phone, in_groups(ticket.ticket_code).lower()).status_code == 200


def test_an_unknown_code_is_stored_by_its_hash_alone(phone: LinkApi, event: Event) -> None:
    with only_the_attempt_is_stored():
        answer = scan(phone, "not-a-code")

    assert answer.status_code == 404
    body = answer.json()
    assert (body["accepted"], body["code"], body["ticket"]) == (False, "not_found", None)
    assert body["reason"] == "Ticket not found"
    stored = TicketScan.objects.get()
    assert (stored.ticket, stored.event_id) == (None, event.pk)
    assert stored.code_hash == TicketScan.hash_of("NOTACODE")


MULTI = {"entry_mode": EntryMode.MULTI}


@pytest.mark.parametrize(
    ("scan_type", "at", "of_ticket", "of_event", "code", "reason"),
    [
        ("check_in", DOORS - timedelta(seconds=1), {}, {}, "not_yet_valid", "Ticket not yet valid"),
        ("check_in", EVENT_END + timedelta(seconds=1), {}, {}, "expired", "Ticket expired"),
        ("check_in", DURING, {"status": "expired"}, {}, "expired", "Ticket expired"),
        ("check_in", DURING, {"status": "cancelled"}, {}, "cancelled", "Ticket is cancelled"),
        ("check_in", DURING, {"status": "refunded"}, {}, "refunded", "Ticket is refunded"),
        ("check_in", DURING, {"status": "used"}, {}, "already_used", "Ticket is used"),
        (
            "check_in",
            DURING,
            {"is_inside": True},
            MULTI,
            "already_inside",
            "Ticket is already inside",
        ),
        ("check_out", DURING, {}, {}, "not_inside", "Ticket is not inside"),
        ("check_out", DURING, {"status": "used"}, {}, "not_inside", "Ticket is not inside"),
        ("access", DURING, {}, {}, "not_inside", "Ticket is not inside"),
        ("access", EVENT_END + timedelta(seconds=1), {}, MULTI, "expired", "Ticket expired"),
        (
            "check_in",
            DURING,
            {},
            {"status": "cancelled"},
            "event_cancelled",
            "Event is cancelled",
        ),
    ],
)
def test_every_refusal_is_stored_and_changes_nothing(
    during: time_machine.Traveller,
    phone: LinkApi,
    ticket: Ticket,
    scan_type: str,
    at: datetime,
    of_ticket: dict[str, Any],
    of_event: dict[str, Any],
    code: str,
    reason: str,
) -> None:
    Ticket.objects.update(**of_ticket or {"is_inside": False})
    Event.objects.update(**of_event or {"held": 0})
    during.move_to(at)

    with only_the_attempt_is_stored():
        answer = scan(phone, ticket.ticket_code, scan_type)

    assert answer.status_code == 409
    body = answer.json()
    assert (body["accepted"], body["code"], body["reason"]) == (False, code, reason)
    assert body["ticket"]["id"] == ticket.pk
    stored = TicketScan.objects.get()
    assert (stored.code, stored.reason, stored.ticket_id) == (code, reason, ticket.pk)


def test_another_event_s_ticket(
    phone: LinkApi, event: Event, make_event: MakeEvent, make_ticket: MakeTicket
) -> None:
    """By link there is no way around its event, and no word of who goes elsewhere."""
    other = make_ticket(event=make_event(name="Elsewhere"))

    with only_the_attempt_is_stored():
        answer = scan(phone, other.ticket_code, eventId=other.event_id)

    assert answer.status_code == 409
    body = answer.json()
    assert (body["code"], body["reason"]) == ("wrong_event", "Ticket is for another event")
    assert body["ticket"]["event"]["name"] == "Elsewhere"
    assert body["attendee"] is None
    assert "Ada" not in answer.content.decode()
    assert TicketScan.objects.get().event_id == event.pk


def test_staff_say_at_which_event_s_door(
    scanner: User, event: Event, make_event: MakeEvent, ticket: Ticket
) -> None:
    elsewhere, client = make_event(name="Elsewhere"), Api(scanner)

    wrong = scan(client, ticket.ticket_code, eventId=elsewhere.pk, location="East")
    unknown = scan(client, ticket.ticket_code, eventId=999_999)
    right = scan(client, ticket.ticket_code, eventId=event.pk, location="West")

    assert [answer.status_code for answer in (wrong, unknown, right)] == [409, 409, 200]
    assert {answer.json()["code"] for answer in (wrong, unknown)} == {"wrong_event"}
    doors = list(TicketScan.objects.values_list("event_id", "scan_location", "scanner_user_id"))
    assert doors == [
        (elsewhere.pk, "East", scanner.pk),
        (None, "", scanner.pk),
        (event.pk, "West", scanner.pk),
    ]


def test_in_and_out_of_a_multi_entry_event(phone: LinkApi, event: Event, ticket: Ticket) -> None:
    Event.objects.update(entry_mode=EntryMode.MULTI)
    ways = ["check_in", "check_in", "access", "check_out", "check_out", "access", "check_in"]

    answers = [scan(phone, ticket.ticket_code, way) for way in ways]

    assert [answer.json().get("code", "") for answer in answers] == [
        "",
        "already_inside",
        "",
        "",
        "not_inside",
        "",
        "",
    ]
    assert answers[1].json()["firstScan"]["id"] == answers[0].json()["scan"]["id"]
    ticket.refresh_from_db()
    assert (ticket.status, ticket.is_inside) == ("active", True)


def test_out_and_through_with_a_used_ticket(
    during: time_machine.Traveller, phone: LinkApi, ticket: Ticket
) -> None:
    assert scan(phone, ticket.ticket_code).status_code == 200
    state = Ticket.objects.values().get()

    assert scan(phone, ticket.ticket_code, "access").status_code == 200
    assert Ticket.objects.values().get() == state

    during.move_to(EVENT_END + timedelta(hours=1))
    assert scan(phone, ticket.ticket_code, "access").json()["code"] == "expired"
    assert scan(phone, ticket.ticket_code, "check_out").status_code == 200
    ticket.refresh_from_db()
    assert (ticket.status, ticket.is_inside, ticket.check_in_time) == ("used", False, DURING)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "scanType"),
        ({"scanType": "teleport"}, "scanType"),
        ({"scanType": "check_in", "scanId": "one"}, "scanId"),
        ({"scanType": "check_in", "scanId": 5}, "scanId"),
        ({"scanType": "check_in", "location": "x" * 101}, "location"),
        ({"scanType": "check_in", "eventId": "here"}, "eventId"),
    ],
)
def test_malformed(phone: LinkApi, ticket: Ticket, body: dict[str, Any], attr: str) -> None:
    before = everything()
    before.pop("tickets.ScannerLink")

    answer = phone.post(f"/admin/tickets/{ticket.ticket_code}/scan", body)

    assert answer.status_code == 400
    assert error_of(answer)["attr"] == attr
    after = everything()
    after.pop("tickets.ScannerLink")
    assert after == before


# --- Repeats ----------------------------------------------------------------------------------


def test_a_repeat_gets_the_stored_verdict_before_any_rule(
    during: time_machine.Traveller, phone: LinkApi, event: Event, ticket: Ticket, manager: User
) -> None:
    accepted, refused_ = str(uuid4()), str(uuid4())
    first = scan(phone, ticket.ticket_code, scanId=accepted)
    second = scan(phone, ticket.ticket_code, scanId=refused_)
    cancel_event(event_id=event.pk, by=manager, at=DURING)
    during.move_to(EVENT_END + timedelta(days=1) - timedelta(seconds=1))
    before = everything()

    again = scan(phone, ticket.ticket_code, scanId=accepted)
    refused_again = scan(phone, ticket.ticket_code.lower(), scanId=refused_)

    assert (again.status_code, refused_again.status_code) == (200, 409)
    assert again.json()["scan"] == first.json()["scan"]
    assert refused_again.json()["code"] == "already_used"
    assert refused_again.json()["firstScan"] == second.json()["firstScan"]
    after = everything()
    assert after["tickets.TicketScan"] == before["tickets.TicketScan"]
    assert after["tickets.Ticket"] == before["tickets.Ticket"]


def test_an_unknown_code_is_repeated_as_unknown(phone: LinkApi) -> None:
    scan_id = str(uuid4())

    assert scan(phone, "nothing", scanId=scan_id).status_code == 404
    assert scan(phone, "nothing", scanId=scan_id).status_code == 404
    assert TicketScan.objects.count() == 1


def test_a_scan_id_means_one_thing(
    phone: LinkApi,
    scanner: User,
    make_event: MakeEvent,
    make_ticket: MakeTicket,
    manager: User,
) -> None:
    one, two = make_ticket(), make_ticket()
    elsewhere = make_event()
    scan_id = str(uuid4())
    assert scan(phone, one.ticket_code, scanId=scan_id).status_code == 200
    before = {name: rows for name, rows in everything().items() if "Link" not in name}

    at_another_door = LinkApi(make_link(elsewhere, manager)[1])
    answers = [
        scan(phone, two.ticket_code, scanId=scan_id),
        scan(phone, one.ticket_code, "check_out", scanId=scan_id),
        scan(Api(scanner), one.ticket_code, scanId=scan_id, eventId=elsewhere.pk),
        scan(Api(scanner), one.ticket_code, scanId=scan_id),
        scan(at_another_door, one.ticket_code, scanId=scan_id),
    ]

    for answer in answers:
        assert answer.status_code == 409
        body = answer.json()
        assert (body["accepted"], body["code"], body["ticket"]) == (False, "scan_id_reused", None)
        assert [error["code"] for error in body["errors"]] == ["scan_id_reused"]
    assert {name: rows for name, rows in everything().items() if "Link" not in name} == before


# --- Who is told what ------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["link", "scanner"])
def test_no_prices_and_no_addresses_for_who_only_scans(
    who: str, phone: LinkApi, scanner: User, ticket: Ticket
) -> None:
    client = phone if who == "link" else Api(scanner)

    answers = [scan(client, ticket.ticket_code) for _ in range(2)]
    answers.append(client.get(f"/admin/events/{ticket.event_id}/door"))
    answers.append(client.post(f"/admin/tickets/scans/{TicketScan.objects.earliest('pk').pk}/undo"))

    for answer in answers:
        words = answer.content.decode()
        assert "ada@example.com" not in words
        for name in ("pricePaid", "refundAmount", "paymentId", "email", "qrCodeUrl"):
            assert f'"{name}":' not in words or f'"{name}":null' in words


def test_the_front_desk_sees_whose_and_what_it_cost(front_desk: User, ticket: Ticket) -> None:
    body = scan(Api(front_desk), ticket.ticket_code).json()

    assert body["attendee"] == {"name": "Ada Lovelace", "email": "ada@example.com"}
    assert body["ticket"]["pricePaid"] == 20


def test_a_person_without_a_name_stays_without(
    phone: LinkApi, customer: User, ticket: Ticket
) -> None:
    User.objects.filter(pk=customer.pk).update(name="")

    assert scan(phone, ticket.ticket_code).json()["attendee"] == {"name": "", "email": None}


def test_what_is_written_by_hand_is_what_the_serializers_write(
    phone: LinkApi, ticket: Ticket
) -> None:
    accepted, refusal = scan(phone, ticket.ticket_code), scan(phone, ticket.ticket_code)

    row = Ticket.objects.with_everything().get()
    context = {"at": DURING, "online_for": set()}
    assert written_ticket(row, at=DURING) == DoorTicketSerializer(row, context=context).data
    for stored in TicketScan.objects.all():
        assert written_scan(stored) == ScanSerializer(stored).data
    assert set(accepted.json()) == set(AcceptedScanSerializer().fields)
    assert set(refusal.json()) == set(RefusedScanSerializer().fields)


# --- Links -----------------------------------------------------------------------------------


def test_links_that_are_over_switched_off_or_unknown(
    during: time_machine.Traveller, event: Event, ticket: Ticket, manager: User
) -> None:
    _, token = make_link(event, manager, expires_at=DURING + timedelta(minutes=1))
    off, token_off = make_link(event, manager)
    revoke_scanner_link(link_id=off.pk, by=manager, at=DURING)
    before = everything()
    during.move_to(DURING + timedelta(minutes=1))

    for bearer, code in (
        (token, "link_expired"),
        (token_off, "link_revoked"),
        ("nonsense", "link_unknown"),
        ("", "link_unknown"),
    ):
        phone = LinkApi(bearer)
        refused(scan(phone, ticket.ticket_code), 401, code)
        refused(phone.get(f"/admin/events/{event.pk}/door"), 401, code)
        refused(phone.post(f"/tickets/{ticket.ticket_code}/validate"), 401, code)
    assert everything() == before


def test_a_link_can_do_nothing_else(
    phone: LinkApi, event: Event, ticket: Ticket, make_event: MakeEvent
) -> None:
    for path in (
        "/bookings",
        "/tickets",
        f"/tickets/{ticket.pk}",
        "/admin/events",
        f"/admin/events/{event.pk}",
        f"/admin/events/{event.pk}/tickets",
        f"/admin/events/{event.pk}/stats",
        f"/admin/tickets/{ticket.pk}/scans",
        "/admin/bookings",
        "/admin/mails",
    ):
        assert phone.get(path).status_code == 401, path
    assert phone.put(f"/admin/tickets/{ticket.pk}/status", {"status": "cancelled"}).status_code == (
        401
    )
    other = make_event()
    refused(phone.get(f"/admin/events/{other.pk}/door"), 404, "not_found")
    refused(phone.get(f"/admin/events/{other.pk}/door/counts"), 404, "not_found")


def test_who_is_in_is_counted_by_one_statement(
    phone: LinkApi, event: Event, make_ticket: MakeTicket
) -> None:
    come, gone, _to_come, back = (make_ticket(event=event) for _ in range(4))
    for ticket in (come, gone):
        scan(phone, ticket.ticket_code)
    scan(phone, gone.ticket_code, scan_type="check_out")
    Ticket.objects.filter(pk=back.pk).update(status="cancelled")
    path = f"/admin/events/{event.pk}/door"

    with CaptureQueriesContext(connection) as asked:
        counts = phone.get(f"{path}/counts").json()
        # The link, the event, the tickets.
        assert len(asked) == 3

    assert counts == {"expected": 3, "checkedIn": 2, "inside": 1, "toCome": 1}
    assert counts.items() <= phone.get(path).json().items()


def test_a_link_validates_at_its_own_door(
    phone: LinkApi, event: Event, ticket: Ticket, make_event: MakeEvent, make_ticket: MakeTicket
) -> None:
    other = make_ticket(event=make_event())

    own = phone.post(f"/tickets/{ticket.ticket_code}/validate").json()
    wrong = phone.post(f"/tickets/{other.ticket_code}/validate", {"eventId": other.event_id}).json()

    assert own["valid"] is True
    assert (own["ticket"]["id"], own["ticket"]["pricePaid"]) == (ticket.pk, None)
    assert (wrong["valid"], wrong["code"]) == (False, "wrong_event")
    # No counting of strangers' questions: a queue asks more often than 30 times a minute.
    assert all(
        phone.post(f"/tickets/{ticket.ticket_code}/validate").status_code == 200 for _ in range(31)
    )


def test_its_last_use_is_noted_once_a_minute(
    during: time_machine.Traveller, link: ScannerLink, event: Event, manager: User
) -> None:
    link, token = make_link(event, manager)
    phone, uses = LinkApi(token), []

    for seconds in (0, 59, 60, 61):
        during.move_to(DURING + timedelta(seconds=seconds))
        phone.get(f"/admin/events/{event.pk}/door")
        link.refresh_from_db()
        assert link.last_used_at is not None
        uses.append((link.last_used_at - DURING).total_seconds())

    assert uses == [0, 0, 60, 60]


# --- What it costs ----------------------------------------------------------------------------


def statements(client: Api, code: str, **body: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        scan(client, code, **body)
    return [
        query["sql"].split()[0]
        for query in queries
        # Within a test's own transaction a service's is a savepoint.
        if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK"))
    ]


def test_a_scan_takes_at_most_five_statements(
    phone: LinkApi, event: Event, make_ticket: MakeTicket, make_event: MakeEvent
) -> None:
    one, two, other = make_ticket(), make_ticket(), make_ticket(event=make_event())

    # The link's use is noted on the way: the dearest of its minute.
    assert statements(phone, one.ticket_code, scanId=str(uuid4())) == [
        "SELECT",
        "UPDATE",
        "SELECT",
        "UPDATE",
        "INSERT",
    ]
    costs = {
        "accepted": statements(phone, two.ticket_code, scanId=str(uuid4())),
        "twice": statements(phone, two.ticket_code, scanId=str(uuid4())),
        "out": statements(phone, two.ticket_code, scan_type="check_out", scanId=str(uuid4())),
        "wrong": statements(phone, other.ticket_code, scanId=str(uuid4())),
        "unknown": statements(phone, "nothing", scanId=str(uuid4())),
    }
    assert {name: len(cost) for name, cost in costs.items()} == {
        "accepted": 4,
        "twice": 4,
        "out": 4,
        "wrong": 3,
        "unknown": 3,
    }


def test_a_repeat_costs_no_more(phone: LinkApi, ticket: Ticket) -> None:
    scan_id = str(uuid4())
    scan(phone, ticket.ticket_code, scanId=scan_id)

    # The link, the ticket, the line that is there already, and what was stored.
    assert len(statements(phone, ticket.ticket_code, scanId=scan_id)) == 4


@pytest.mark.parametrize("scan_type", ["access", "check_out"])
def test_a_repeat_undoes_what_it_would_have_done(
    phone: LinkApi, ticket: Ticket, scan_type: str
) -> None:
    """It is judged anew before its number is found taken: nothing of that may stay."""
    scan_id = str(uuid4())
    first = scan(phone, ticket.ticket_code, scanId=scan_id)
    before = everything()

    # The other way round the number was used for something else.
    assert scan(phone, ticket.ticket_code, scan_type=scan_type, scanId=scan_id).status_code == 409
    again = scan(phone, ticket.ticket_code, scanId=scan_id)

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert everything() == before


def test_the_door_costs_the_same_however_many(
    phone: LinkApi, event: Event, make_ticket: MakeTicket
) -> None:
    costs = []
    for _ in range(2):
        for _ in range(3):
            scan(phone, make_ticket().ticket_code)
        with CaptureQueriesContext(connection) as queries:
            assert phone.get(f"/admin/events/{event.pk}/door").status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1] <= 6
