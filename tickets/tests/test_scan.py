"""Scans taken back, links made and switched off."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from common.errors import DomainError, InvalidInput, InvalidTransition, NotFound
from tests.infrastructure.api import Api, nothing_changes, refused
from tests.infrastructure.door import DURING, LinkApi, MakeTicket, make_link, scan
from tests.infrastructure.events import EVENT_END, MakeEvent
from tests.infrastructure.world import NOW
from tickets.door import attendance_of, door_of, first_scan_of
from tickets.models import Event, ScannerLink, Ticket, TicketScan
from tickets.services import (
    cancel_tickets_by_staff,
    expire_tickets,
    make_scanner_link,
    revoke_scanner_link,
    undo_scan,
)
from tickets.states import EntryMode

MINUTE = timedelta(minutes=1)


def state_of(ticket: Ticket) -> dict[str, Any]:
    """The whole row, but for when it was last written."""
    row = dict(Ticket.objects.filter(pk=ticket.pk).values().get())
    return {name: value for name, value in row.items() if name != "updated_at"}


# --- Undo ------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry_mode", EntryMode.values)
def test_each_step_is_taken_back_to_exactly_what_was(
    ticket: Ticket, scanner: User, entry_mode: str
) -> None:
    Event.objects.update(entry_mode=entry_mode)
    ways = ["check_in", "access", "check_out"]
    if entry_mode == EntryMode.MULTI:
        ways += ["check_in", "check_out"]
    states, scans = [], []
    for number, way in enumerate(ways):
        states.append(state_of(ticket))
        scans.append(scan(ticket, way, at=DURING + number * MINUTE))
        assert scans[-1].accepted

    for number in reversed(range(len(ways))):
        at = DURING + 10 * MINUTE + number * MINUTE
        undone = undo_scan(scan_id=scans[number].pk, by=scanner, at=at)

        assert state_of(ticket) == states[number]
        assert (undone.undone_at, undone.undone_by) == (at, scanner)
    assert TicketScan.objects.count() == len(ways)


def test_who_was_let_in_by_mistake_can_be_let_in_again(ticket: Ticket, scanner: User) -> None:
    mistake = scan(ticket)
    undo_scan(scan_id=mistake.pk, by=scanner, at=DURING + MINUTE)

    again = scan(ticket, at=DURING + 2 * MINUTE)
    third = scan(ticket, at=DURING + 3 * MINUTE)

    assert again.accepted
    assert (third.code, first_scan_of(third)) == ("already_used", again)


def test_a_refusal_is_repeated_with_the_first_scan_that_it_had(
    ticket: Ticket, scanner: User
) -> None:
    first, refusal = scan(ticket), scan(ticket, at=DURING + MINUTE)
    undo_scan(scan_id=first.pk, by=scanner, at=DURING + 2 * MINUTE)

    assert first_scan_of(refusal) == first


def test_after_the_end_an_expired_ticket_is_only_put_outside(ticket: Ticket, scanner: User) -> None:
    """The beat went by between a check-in shortly before the end and its undo."""
    Event.objects.update(entry_mode=EntryMode.MULTI)
    late = scan(ticket, at=EVENT_END)
    expire_tickets(at=EVENT_END + MINUTE)

    undo_scan(scan_id=late.pk, by=scanner, at=EVENT_END + 2 * MINUTE)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.is_inside, ticket.check_in_time) == ("expired", False, None)


def test_fifteen_minutes_are_included(ticket: Ticket, scanner: User) -> None:
    found = scan(ticket)

    with nothing_changes(), pytest.raises(InvalidTransition, match="15 minutes"):
        undo_scan(scan_id=found.pk, by=scanner, at=DURING + 15 * MINUTE + timedelta(microseconds=1))
    undo_scan(scan_id=found.pk, by=scanner, at=DURING + 15 * MINUTE)


def test_what_cannot_be_undone(ticket: Ticket, make_ticket: MakeTicket, scanner: User) -> None:
    first = scan(ticket)
    refusal, unknown = scan(ticket), scan("nothing")
    out = scan(ticket, "check_out")
    undone = scan(make_ticket())
    undo_scan(scan_id=undone.pk, by=scanner, at=DURING)

    for found, words in (
        (first, "only the last"),
        (refusal, "was refused"),
        (unknown, "was unknown"),
        (undone, "undone already"),
    ):
        with nothing_changes(), pytest.raises(InvalidTransition, match=words):
            undo_scan(scan_id=found.pk, by=scanner, at=DURING)
    with nothing_changes(), pytest.raises(NotFound):
        undo_scan(scan_id=out.pk + 100, by=scanner, at=DURING)


def test_a_ticket_that_was_given_back_since_stays_given_back(ticket: Ticket, manager: User) -> None:
    found = scan(ticket)
    cancel_tickets_by_staff(ticket_ids=[ticket.pk], by=manager, at=DURING)

    with nothing_changes(), pytest.raises(InvalidTransition, match="refunded"):
        undo_scan(scan_id=found.pk, by=manager, at=DURING + MINUTE)


def test_a_link_takes_back_its_own_alone(
    event: Event, make_ticket: MakeTicket, manager: User
) -> None:
    link, token = make_link(event, manager)
    other, _ = make_link(event, manager, gate="Side door")
    own = scan(make_ticket(), link=link)
    others, staffs = scan(make_ticket(), link=other), scan(make_ticket(), by=manager)
    phone = LinkApi(token)

    with time_machine.travel(DURING, tick=False):
        for foreign in (others, staffs):
            answer = phone.post(f"/admin/tickets/scans/{foreign.pk}/undo")
            refused(answer, 404, "not_found")
        answer = phone.post(f"/admin/tickets/scans/{own.pk}/undo")
        refused(phone.post(f"/admin/tickets/scans/{own.pk}/undo"), 409, "invalid_transition")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["ticket"]["status"], body["ticket"]["isInside"]) == ("active", False)
    assert body["scan"]["undoneAt"] == "2026-07-18T18:30:00Z"
    assert body["attendee"] == {"name": "Ada Lovelace", "email": None}
    own.refresh_from_db()
    assert (own.undone_by, own.undone_by_link) == (None, link)
    assert {row.is_undone for row in TicketScan.objects.exclude(pk=own.pk)} == {False}


# --- Links -----------------------------------------------------------------------------------


def test_a_token_has_256_bits_and_is_not_kept(event: Event, manager: User) -> None:
    links = [make_link(event, manager) for _ in range(3)]

    assert len({token for _, token in links}) == 3
    for link, token in links:
        # 43 signs of base64.
        assert len(token) == 43
        row = ScannerLink.objects.filter(pk=link.pk).values().get()
        assert token not in str(row)
        assert row["token_hash"] == ScannerLink.hash_of(token)
        assert (link.event_id, link.gate, link.created_by) == (event.pk, "Main gate", manager)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"gate": "  "}, InvalidInput),
        ({"gate": "x" * 101}, InvalidInput),
        ({"expires_at": NOW}, InvalidInput),
        ({"event_id": 999_999}, NotFound),
    ],
)
def test_links_that_are_not_made(
    event: Event, manager: User, fields: dict[str, Any], error: type[DomainError]
) -> None:
    wanted: dict[str, Any] = {
        "event_id": event.pk,
        "gate": "Main gate",
        "expires_at": EVENT_END,
    } | fields

    with nothing_changes(), pytest.raises(error):
        make_scanner_link(**wanted, by=manager, at=NOW)


def test_a_link_is_switched_off_once(link: ScannerLink, manager: User) -> None:
    revoke_scanner_link(link_id=link.pk, by=manager, at=NOW)
    revoke_scanner_link(link_id=link.pk, by=manager, at=NOW + MINUTE)

    link.refresh_from_db()
    assert (link.revoked_at, link.revoked_by) == (NOW, manager)
    assert not link.is_usable(NOW)
    with pytest.raises(NotFound):
        revoke_scanner_link(link_id=link.pk + 1, by=manager, at=NOW)


# --- The door --------------------------------------------------------------------------------


def test_who_is_in_and_who_is_to_come(event: Event, make_ticket: MakeTicket, scanner: User) -> None:
    Event.objects.update(entry_mode=EntryMode.MULTI)
    inside, gone, to_come, given_back, undone = (make_ticket() for _ in range(5))
    for ticket in (inside, gone, undone):
        scan(ticket)
    scan(gone, "check_out")
    undo_scan(scan_id=TicketScan.objects.get(ticket=undone).pk, by=scanner, at=DURING)
    cancel_tickets_by_staff(ticket_ids=[given_back.pk], by=_root(scanner), at=DURING)

    attendance = attendance_of(event)

    assert (attendance.expected, attendance.checked_in, attendance.inside) == (4, 2, 1)
    assert attendance.to_come == 2
    assert to_come.check_in_time is None


def _root(user: User) -> User:
    user.is_superuser = True
    user.save()
    return user


def test_gates_refusals_arrivals_and_the_last_scans(
    event: Event, make_event: MakeEvent, make_ticket: MakeTicket, scanner: User
) -> None:
    east, west = make_ticket(), make_ticket()
    here: dict[str, Any] = {"event_id": event.pk, "by": scanner}
    scan(east, location="East", at=DURING, **here)
    scan(west, location="West", at=DURING + MINUTE, **here)
    scan(west, location="West", at=DURING + MINUTE, **here)
    scan("nothing", location="West", at=DURING + 2 * MINUTE, **here)
    scan("nothing else", location="West", at=DURING + 2 * MINUTE, **here)
    scan(east, "access", location="East", at=DURING + 2 * MINUTE, **here)
    last = scan(east, "check_out", location="East", at=DURING + 3 * MINUTE, **here)
    elsewhere = make_ticket(event=make_event())
    scan(elsewhere)
    undo_scan(scan_id=last.pk, by=scanner, at=DURING + 4 * MINUTE)

    door = door_of(event, at=DURING + 5 * MINUTE)

    assert [
        (gate.gate, gate.checked_in, gate.checked_out, gate.passages, gate.refused)
        for gate in door.gates
    ] == [("East", 1, 0, 1, 0), ("West", 1, 0, 0, 3)]
    assert door.refusals == [("not_found", 2), ("already_used", 1)]
    assert len(door.arrivals) == 60
    assert [(at, count) for at, count in door.arrivals if count] == [
        (DURING, 1),
        (DURING + MINUTE, 1),
    ]
    assert door.recent[0] == last
    assert len(door.recent) == 7


def test_the_door_over_the_api(event: Event, ticket: Ticket, token: str, scanner: User) -> None:
    scan(ticket, by=scanner, location="East")
    scan("nothing", by=scanner, event_id=event.pk)

    with time_machine.travel(DURING, tick=False):
        by_link = LinkApi(token).get(f"/admin/events/{event.pk}/door").json()
        by_person = Api(scanner).get(f"/admin/events/{event.pk}/door").json()

    assert by_link == by_person
    names = ("eventId", "name", "entryMode", "status", "doorsOpenAt", "timezone")
    assert [by_link[name] for name in names] == [
        event.pk,
        "Summer concert",
        "single",
        "published",
        "2026-07-18T17:00:00Z",
        "Europe/Berlin",
    ]
    numbers = ("expected", "checkedIn", "inside", "toCome")
    assert [by_link[name] for name in numbers] == [1, 1, 1, 0]
    assert by_link["arrivals"][-1] == {"minute": "2026-07-18T18:30:00Z", "count": 1}
    assert by_link["refusals"] == [{"code": "not_found", "count": 1}]
    unknown, known = by_link["recent"]
    assert (unknown["attendeeName"], unknown["ticketType"], unknown["ticketLabel"]) == (
        "",
        None,
        "",
    )
    assert (known["attendeeName"], known["ticketLabel"]) == ("Ada Lovelace", "Standard")
    assert "ada@example.com" not in str(by_link)


def test_a_ticket_s_scans_are_listed(ticket: Ticket, front_desk: User) -> None:
    first, second = scan(ticket), scan(ticket)

    with time_machine.travel(DURING, tick=False):
        listed = Api(front_desk).get(f"/admin/tickets/{ticket.pk}/scans").json()
        refused(Api(front_desk).get("/admin/tickets/999999/scans"), 404, "not_found")

    assert listed["count"] == 2
    assert [row["id"] for row in listed["results"]] == [second.pk, first.pk]
    assert [row["code"] for row in listed["results"]] == ["already_used", ""]
