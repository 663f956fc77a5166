"""Doors under attack by many scanners at once; each with a control run, guard off, that fails."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from common.errors import InvalidTransition
from common.people import lock_people
from tests.infrastructure.door import DURING, MakeTicket, make_link, scan
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tickets.models import Event, ScannerLink, Ticket, TicketScan
from tickets.queries import facts_of, find_by_code
from tickets.querysets import TicketQuerySet
from tickets.rules import judge_scan
from tickets.services import cancel_tickets_by_staff, undo_scan
from tickets.services import scan as service_file
from tickets.states import EntryMode, TicketStatus

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SCANNERS = 50
MakeCrowd = Callable[[int], Crowd]


@pytest.fixture(autouse=True)
def no_limits(settings: Settings) -> None:
    """The same person buys round after round."""
    settings.MAX_OPEN_HOLDS = settings.MAX_HOLDS_PER_HOUR = 10**6


@pytest.fixture
def links(event: Event, manager: User) -> list[ScannerLink]:
    return [make_link(event, manager, gate=f"Gate {number}")[0] for number in range(SCANNERS)]


def fresh(ticket: Ticket, **fields: Any) -> Ticket:
    """As it was sold, its scans forgotten."""
    TicketScan.objects.all().delete()
    as_sold = {
        "status": TicketStatus.ACTIVE,
        "is_inside": False,
        "check_in_time": None,
        "cancelled_at": None,
    }
    Ticket.objects.filter(pk=ticket.pk).update(**as_sold | fields)
    return ticket


def faults(results: list[Any]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]


@pytest.mark.parametrize("entry_mode", EntryMode.values)
def test_fifty_scanners_at_one_ticket_let_in_one(
    crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink], entry_mode: str
) -> None:
    Event.objects.update(entry_mode=entry_mode)
    scanners = crowd(SCANNERS)
    too_late = {"single": "already_used", "multi": "already_inside"}[entry_mode]
    for _ in range(ROUNDS):
        fresh(ticket)

        results = scanners.at_once([partial(scan, ticket, link=link) for link in links])

        assert faults(results) == []
        assert sorted(result.code for result in results) == ["", *[too_late] * (SCANNERS - 1)]
        assert TicketScan.objects.count() == SCANNERS
        assert TicketScan.objects.filter(accepted=True).count() == 1


def test_fifty_phones_of_one_person_let_in_one(
    crowd: MakeCrowd, ticket: Ticket, scanner: User
) -> None:
    """By staff the person's own row is locked first: the same queue, another lock."""
    scanners = crowd(10)
    for _ in range(ROUNDS):
        fresh(ticket)

        results = scanners.at_once([partial(scan, ticket, by=scanner) for _ in range(10)])

        assert faults(results) == []
        assert sum(result.accepted for result in results) == 1


def test_control_looking_first_and_writing_later_lets_in_many(
    crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink]
) -> None:
    everybody_has_looked = threading.Barrier(SCANNERS)

    def naive(link: ScannerLink) -> bool:
        seen = find_by_code(ticket.ticket_code)
        assert seen is not None
        verdict = judge_scan(facts_of(seen), "check_in", at=DURING, event_id=link.event_id)
        everybody_has_looked.wait(HELD_SECONDS)
        if verdict.valid:
            with transaction.atomic():
                Ticket.objects.filter(pk=seen.pk).update(status="used", is_inside=True)
        return verdict.valid

    results = crowd(SCANNERS).at_once([partial(naive, link) for link in links])

    assert results.count(True) > 1


def test_control_without_the_guard_the_service_lets_in_many(
    crowd: MakeCrowd,
    ticket: Ticket,
    links: list[ScannerLink],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The very service, its guard's conditions taken away, everybody held where they have read."""
    everybody_has_looked = threading.Barrier(2)

    def unguarded(self: TicketQuerySet, seen: Ticket, **changes: Any) -> bool:
        everybody_has_looked.wait(HELD_SECONDS)
        return bool(self.filter(pk=seen.pk).update(**changes))

    monkeypatch.setattr(TicketQuerySet, "claim", unguarded)
    # SQLite's only writer would wait for the other at the barrier: there the service is run
    # without a transaction around it.
    if transaction.get_connection().vendor == "sqlite":
        monkeypatch.setattr(service_file, "_scan", service_file._scan.__wrapped__)  # type: ignore[attr-defined]

    results = crowd(2).at_once([partial(scan, ticket, link=link) for link in links[:2]])

    assert faults(results) == []
    assert [result.accepted for result in results] == [True, True]


def test_a_scan_against_a_cancel(
    crowd: MakeCrowd,
    make_ticket: MakeTicket,
    links: list[ScannerLink],
    manager: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Either the holder is in and money goes back for a used ticket, or nobody is let in."""
    caplog.set_level("INFO", "common.service")
    both = crowd(2)
    for _ in range(ROUNDS):
        ticket = make_ticket()

        scanned, cancelled = both.at_once(
            [
                partial(scan, ticket, link=links[0]),
                partial(cancel_tickets_by_staff, ticket_ids=[ticket.pk], by=manager, at=DURING),
            ]
        )

        assert faults([scanned, cancelled]) == []
        ticket.refresh_from_db()
        assert (ticket.status, ticket.is_inside) == ("refunded", False)
        assert scanned.code in {"", "refunded"}
        # Whoever was let in was let in before the cancel: the scan found an active ticket.
        assert scanned.accepted == (ticket.check_in_time is not None)
    # The runner would have hidden it.
    assert "deadlock" not in caplog.text


def test_control_without_the_guard_a_scan_revives_a_cancelled_ticket(
    ticket: Ticket, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interleaving that the guard is for, held: read, cancelled by another, then written."""

    def unguarded(self: TicketQuerySet, seen: Ticket, **changes: Any) -> bool:
        Ticket.objects.filter(pk=seen.pk).update(status=TicketStatus.REFUNDED)
        return bool(self.filter(pk=seen.pk).update(**changes))

    def guarded(self: TicketQuerySet, seen: Ticket, **changes: Any) -> bool:
        Ticket.objects.filter(pk=seen.pk).update(status=TicketStatus.REFUNDED)
        return original(self, seen, **changes)

    original = TicketQuerySet.claim
    monkeypatch.setattr(TicketQuerySet, "claim", guarded)
    assert scan(ticket).code == "refunded"
    fresh(ticket)
    monkeypatch.setattr(TicketQuerySet, "claim", unguarded)

    assert scan(ticket).accepted
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.USED


def test_a_scan_against_an_undo(
    crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink], manager: User
) -> None:
    """The second comes before the undo and is refused, or after it and is let in; never both in."""
    both = crowd(2)
    for _ in range(ROUNDS):
        first = scan(fresh(ticket), link=links[0])

        scanned, undone = both.at_once(
            [
                partial(scan, ticket, link=links[1]),
                partial(undo_scan, scan_id=first.pk, by=manager, at=DURING),
            ]
        )

        assert faults([scanned, undone]) == []
        ticket.refresh_from_db()
        standing = TicketScan.objects.standing()
        assert standing.count() == scanned.accepted
        expected = ("used", True) if scanned.accepted else ("active", False)
        assert (ticket.status, ticket.is_inside) == expected


def test_two_undos_of_one_scan(
    crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink], manager: User
) -> None:
    both = crowd(2)
    for _ in range(ROUNDS):
        first = scan(fresh(ticket), link=links[0])

        results = both.at_once(
            [
                partial(undo_scan, scan_id=first.pk, by=manager, at=DURING),
                partial(undo_scan, scan_id=first.pk, link=links[0], at=DURING),
            ]
        )

        assert [type(fault) for fault in faults(results)] == [InvalidTransition]
        ticket.refresh_from_db()
        assert (ticket.status, ticket.is_inside) == ("active", False)


def test_in_against_out(crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink]) -> None:
    """Ten at once each way on a multi-entry ticket: the accepted ones alternate, in by in."""
    Event.objects.update(entry_mode=EntryMode.MULTI)
    scanners = crowd(20)
    for _ in range(ROUNDS):
        fresh(ticket)

        results = scanners.at_once(
            [
                partial(scan, ticket, ("check_in", "check_out")[number % 2], link=link)
                for number, link in enumerate(links[:20])
            ]
        )

        assert faults(results) == []
        ways = list(
            TicketScan.objects.standing().order_by("pk").values_list("scan_type", flat=True)
        )
        assert ways == [("check_in", "check_out")[number % 2] for number in range(len(ways))]
        assert ways
        ticket.refresh_from_db()
        assert ticket.is_inside == (ways[-1] == "check_in")


@pytest.mark.mariadb
@pytest.mark.parametrize("scan_type", ["check_in", "access"])
def test_the_guard_goes_by_the_primary_key_alone(ticket: Ticket, scan_type: str) -> None:
    """By any other index it would lock in another order than the rest of the house."""
    Event.objects.update(entry_mode=EntryMode.MULTI)
    with CaptureQueriesContext(connection) as queries:
        assert scan(ticket, scan_type).accepted
    [guard] = [query["sql"] for query in queries if query["sql"].startswith("UPDATE `tickets`")]

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {guard}")
        columns = [column[0] for column in cursor.description]
        plan = dict(zip(columns, cursor.fetchone(), strict=True))

    assert plan["key"] == "PRIMARY"


@pytest.mark.mariadb
def test_a_scan_does_not_wait_for_the_holder_s_row(
    crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink]
) -> None:
    """It would lock people after tickets: a foreign key's index must not have the status in it."""
    with transaction.atomic():
        lock_people(ticket.user_id)
        # In 5 seconds a lock that can't be had is an error.
        [found] = crowd(1).at_once([partial(scan, ticket, link=links[0])])

    assert faults([found]) == []
    assert found.accepted


@pytest.mark.parametrize("code", ["the ticket's", "unknown"])
def test_one_scan_id_from_ten_clients_is_one_scan(
    crowd: MakeCrowd, ticket: Ticket, links: list[ScannerLink], code: str
) -> None:
    scanners = crowd(10)
    for _ in range(ROUNDS):
        fresh(ticket)
        scan_id = uuid4()
        wanted = ticket if code == "the ticket's" else "nothing"

        results = scanners.at_once(
            [partial(scan, wanted, link=link, scan_id=scan_id) for link in links[:10]]
        )

        assert faults(results) == []
        assert len({result.pk for result in results}) == 1
        assert {result.accepted for result in results} == {wanted is ticket}
        assert TicketScan.objects.count() == 1
