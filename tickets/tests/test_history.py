"""What became of a ticket: who, when, from, to, why."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from common.errors import DomainError
from tests.infrastructure.api import MakeApi, nothing_changes
from tests.infrastructure.events import EVENT_END, EVENT_START, MakeEvent, buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW
from tickets.history import history_of, with_history
from tickets.models import Event, Ticket, TicketOrder, TicketScan, TicketStatusChange
from tickets.services import (
    cancel_event,
    cancel_order,
    cancel_ticket,
    cancel_tickets_by_staff,
    expire_tickets,
    open_campaigns,
    run_campaign,
    scan_ticket,
    undo_scan,
)
from tickets.states import EntryMode, ScanType

Line = tuple[str, str, Any, Any, str]


@pytest.fixture
def order(event: Event, customer: User) -> TicketOrder:
    return pay_order(buy(event, customer, 3))


@pytest.fixture
def ticket(order: TicketOrder) -> Ticket:
    found: Ticket = order.tickets.latest("pk")
    return found


def story(ticket: Ticket) -> list[Line]:
    """Without its first line: that it was made."""
    first, *lines = history_of(Ticket.objects.get(pk=ticket.pk))
    assert (first.from_status, first.to_status, first.by) == ("", "active", ticket.user)
    return [(line.from_status, line.to_status, line.at, line.by, line.reason) for line in lines]


def scan(ticket: Ticket, **fields: Any) -> TicketScan:
    made = {
        "ticket": ticket,
        "event": ticket.event,
        "scan_type": ScanType.CHECK_IN,
        "scanned_at": EVENT_START,
        "accepted": True,
        "status_before": ticket.status,
    }
    return TicketScan.objects.create(**made | fields)


# --- What is written --------------------------------------------------------------------------


def test_a_purchase_writes_no_line(order: TicketOrder) -> None:
    assert not TicketStatusChange.objects.exists()
    assert [story(ticket) for ticket in order.tickets.all()] == [[], [], []]


def test_a_ticket_given_back(customer: User, ticket: Ticket) -> None:
    later = NOW + timedelta(hours=1)

    cancel_ticket(ticket_id=ticket.pk, by=customer, at=later, reason="ill")

    assert story(ticket) == [("active", "refunded", later, customer, "ill")]
    assert TicketStatusChange.objects.count() == 1


def test_an_order_given_back_is_written_in_one_go(customer: User, order: TicketOrder) -> None:
    with CaptureQueriesContext(connection) as queries:
        cancel_order(order_id=order.pk, by=customer, at=NOW, reason="all ill")

    written = [q for q in queries.captured_queries if "ticket_status_changes" in q["sql"]]
    assert len(written) == 1
    for ticket in order.tickets.all():
        assert story(ticket) == [("active", "refunded", NOW, customer, "all ill")]


def test_first_cancelled_then_paid_back(manager: User, ticket: Ticket) -> None:
    for minutes, refund in ((1, "none"), (2, "full")):
        cancel_tickets_by_staff(
            ticket_ids=[ticket.pk],
            by=manager,
            at=NOW + timedelta(minutes=minutes),
            reason=f"for {refund}",
            refund=refund,  # type: ignore[arg-type]
        )

    assert story(ticket) == [
        ("active", "cancelled", NOW + timedelta(minutes=1), manager, "for none"),
        ("cancelled", "refunded", NOW + timedelta(minutes=2), manager, "for full"),
    ]


def test_an_event_that_is_cancelled_takes_them_by_itself(
    manager: User, event: Event, order: TicketOrder
) -> None:
    cancel_event(event_id=event.pk, by=manager, at=NOW, reason="storm")
    for _ in range(2):
        [run_campaign(campaign_id=pk, at=NOW) for pk in open_campaigns()]

    for ticket in order.tickets.all():
        assert story(ticket) == [("active", "refunded", NOW, None, "storm")]


def test_expiry_writes_its_lines_in_bulk(
    order: TicketOrder, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    late = EVENT_END + timedelta(minutes=1)

    with CaptureQueriesContext(connection) as three:
        assert expire_tickets(at=late) == 3

    for ticket in order.tickets.all():
        assert story(ticket) == [("active", "expired", late, None, "its time is over")]
    pay_order(buy(order.event, order.user, 9, at=NOW), at=NOW)
    with django_assert_num_queries(len(three)):
        assert expire_tickets(at=late) == 9
    assert expire_tickets(at=late) == 0
    assert TicketStatusChange.objects.count() == 12


def test_what_is_refused_leaves_no_line(stranger: User, ticket: Ticket) -> None:
    with nothing_changes(), pytest.raises(DomainError):
        cancel_ticket(ticket_id=ticket.pk, by=stranger, at=NOW)


# --- What the door did --------------------------------------------------------------------------


def test_a_check_in_and_its_undoing_stand_in_the_scans(scanner: User, ticket: Ticket) -> None:
    undone = EVENT_START + timedelta(minutes=3)
    scan(ticket, scan_location="Gate B", scanner_user=scanner, undone_at=undone, undone_by=scanner)
    scan(ticket, scanned_at=undone + timedelta(minutes=1))

    assert story(ticket) == [
        ("active", "used", EVENT_START, scanner, "let in at Gate B"),
        ("used", "active", undone, scanner, "scan undone"),
        ("active", "used", undone + timedelta(minutes=1), None, "let in"),
    ]


def test_a_real_scan_and_undo_are_told_so(scanner: User, ticket: Ticket) -> None:
    let_in = scan_ticket(
        code=ticket.ticket_code,
        scan_type=ScanType.CHECK_IN,
        at=EVENT_START,
        location="Gate B",
        by=scanner,
    )
    undone = EVENT_START + timedelta(minutes=3)
    undo_scan(scan_id=let_in.pk, at=undone, by=scanner)

    assert story(ticket) == [
        ("active", "used", EVENT_START, scanner, "let in at Gate B"),
        ("used", "active", undone, scanner, "scan undone"),
    ]


def test_what_changes_no_state_is_no_line(ticket: Ticket, make_event: MakeEvent) -> None:
    scan(ticket, accepted=False)
    scan(ticket, scan_type=ScanType.ACCESS)
    scan(ticket, scan_type=ScanType.CHECK_OUT)
    scan(ticket, status_before="used")
    assert story(ticket) == []

    many = make_event(entry_mode=EntryMode.MULTI)
    [pass_] = pay_order(buy(many, ticket.user)).tickets.all()
    scan(pass_)
    assert story(pass_) == []


# --- Who reads it -------------------------------------------------------------------------------


def test_staff_read_it_over_the_api(
    api: MakeApi, customer: User, front_desk: User, ticket: Ticket
) -> None:
    later = NOW + timedelta(hours=1)
    cancel_ticket(ticket_id=ticket.pk, by=customer, at=later, reason="ill")

    one = api(front_desk).get(f"/admin/tickets/{ticket.pk}").json()
    many = api(front_desk).get(f"/admin/events/{ticket.event_id}/tickets").json()["results"]

    assert one["history"][1:] == [
        {
            "from": "active",
            "to": "refunded",
            "at": later.isoformat().replace("+00:00", "Z"),
            "by": customer.pk,
            "byName": "Ada Lovelace",
            "reason": "ill",
        }
    ]
    assert one == next(row for row in many if row["id"] == ticket.pk)
    assert "history" not in api(customer).get(f"/tickets/{ticket.pk}").json()
    assert api(front_desk).get("/admin/tickets/777").status_code == 404


def test_it_is_read_for_many_in_two_queries(
    customer: User,
    order: TicketOrder,
    ticket: Ticket,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)
    scan(order.tickets.earliest("pk"))
    rows = with_history(Ticket.objects.with_everything().order_by("pk"))

    with django_assert_num_queries(3):
        told = [len(history_of(row)) for row in rows]

    assert told == [2, 1, 2]


def test_staff_see_it_on_the_ticket_s_page(
    visit: MakeVisitor, manager: User, front_desk: User, ticket: Ticket
) -> None:
    cancel_tickets_by_staff(ticket_ids=[ticket.pk], by=manager, at=NOW, reason="rang up")

    page = visit(front_desk).get(f"/admin/tickets/ticket/{ticket.pk}/change/")

    assert "What happened" in page.text
    words = page.text
    assert (words.count("Valid → Refunded"), words.count("rang up")) == (1, 1), words
