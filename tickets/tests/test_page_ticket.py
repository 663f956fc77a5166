"""`/tickets/{id}`: alive, dead, used."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from payments.models import Refund
from payments.states import RefundState
from tests.infrastructure.events import (
    EVENT_END,
    EVENT_START,
    buy,
    pay_order,
)
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import (
    cancel_order,
    cancel_ticket,
    cancel_tickets_by_staff,
    expire_tickets,
)
from tickets.states import TicketStatus


def open_order(visitor: Visitor, order: TicketOrder) -> Page:
    return visitor.get(f"/tickets/orders/{order.pk}")


def open_ticket(visitor: Visitor, ticket: Ticket) -> Page:
    return visitor.get(f"/tickets/{ticket.pk}")


def pictures_of(page: Page) -> list[str]:
    return [tag["src"] for tag in page.tags("img", "src")]


def test_a_ticket_shows_event_code_and_state(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = pay_order(buy(event, customer, 2))
    first, second = order.tickets.order_by("pk")
    visitor = visit(customer)

    page = open_ticket(visitor, first)

    assert (page.status, page.h1) == (200, "Summer concert")
    assert "Valid" in page.text
    assert "Sat 18 July, 20:00–23:00 (Berlin) Old Mill, Berlin" in page.text
    assert "Lets you in from Sat 18 July, 19:00 on." in page.text
    assert first.code_in_groups in page.text
    assert "Name Ada Lovelace Ticket Standard, 1 of 2 Price 20.00 USD" in page.text
    # On the page, and as large as the screen at a tap; without a script the link leads to it.
    assert pictures_of(page) == [f"/tickets/{first.pk}/qr.svg"] * 2
    [large] = [tag for tag in page.tags("a", "data-dialog") if "qr" in tag["data-dialog"]]
    assert large["href"] == f"/tickets/{first.pk}/qr.svg"
    assert page.href("Next") == f"/tickets/{second.pk}"
    assert page.href("All 2 tickets of this order") == f"/tickets/orders/{order.pk}"
    assert page.href("PDF to print") == f"/tickets/{first.pk}/pdf"
    assert open_ticket(visitor, second).href("Before") == f"/tickets/{first.pk}"


def test_from_the_doors_on_it_is_valid_now(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    [ticket] = pay_order(buy(event, customer)).tickets.all()

    with time_machine.travel(event.valid_from, tick=False):
        assert "Valid now" in open_ticket(visit(customer), ticket).text


def refunded(ticket: Ticket, customer: User, manager: User) -> None:
    cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)


def cancelled(ticket: Ticket, customer: User, manager: User) -> None:
    cancel_tickets_by_staff(ticket_ids=[ticket.pk], by=manager, at=NOW, refund="none")


def expired(ticket: Ticket, customer: User, manager: User) -> None:
    assert expire_tickets(at=EVENT_END + timedelta(days=1)) == 1


@pytest.mark.parametrize(
    ("deed", "mark", "said"),
    [
        (refunded, "Refunded", "This ticket was given back 20.00 USD goes back to you."),
        (cancelled, "Cancelled", "This ticket was cancelled"),
        (expired, "Expired", "This ticket has expired"),
    ],
)
def test_a_dead_ticket_is_visibly_dead(
    visit: MakeVisitor,
    customer: User,
    manager: User,
    event: Event,
    deed: Callable[[Ticket, User, User], None],
    mark: str,
    said: str,
) -> None:
    [ticket] = pay_order(buy(event, customer)).tickets.all()
    deed(ticket, customer, manager)
    visitor = visit(customer)

    page = open_ticket(visitor, ticket)

    assert (page.status, pictures_of(page)) == (200, [])
    assert mark in page.text
    assert f"{said} It doesn't let anybody in." in page.text
    assert not page.has_link("PDF to print")
    assert not page.has_link("Give this ticket back")
    for file in ("qr.png", "qr.svg", "pdf"):
        assert visitor.client.get(f"/tickets/{ticket.pk}/{file}").status_code == 404


def test_past_its_time_it_reads_as_expired_before_the_beat(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    [ticket] = pay_order(buy(event, customer)).tickets.all()

    with time_machine.travel(EVENT_END + timedelta(seconds=1), tick=False):
        page = open_ticket(visit(customer), ticket)

    assert Ticket.objects.get().status == TicketStatus.ACTIVE
    assert "This ticket has expired" in page.text
    assert not pictures_of(page)


def test_a_used_one_keeps_its_code_and_says_since_when(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    [ticket] = pay_order(buy(event, customer)).tickets.all()
    came = EVENT_START.replace(hour=17, minute=32)
    Ticket.objects.update(status=TicketStatus.USED, check_in_time=came)

    with time_machine.travel(EVENT_START, tick=False):
        page = open_ticket(visit(customer), ticket)
    assert "In since 19:32" in page.text
    assert pictures_of(page)
    assert not page.has_link("Give this ticket back")
    with time_machine.travel(EVENT_START + timedelta(days=1), tick=False):
        assert "Came in Sat 18 July, 19:32" in open_ticket(visit(customer), ticket).text


def test_a_refund_that_failed_is_told_at_the_order(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = pay_order(buy(event, customer))
    cancel_order(order_id=order.pk, by=customer, at=NOW)
    visitor = visit(customer)
    assert "20.00 USD is on its way back to you" in open_order(visitor, order).text

    Refund.objects.update(status=RefundState.FAILED)

    page = open_order(visitor, order)
    assert page.h1 == "All of these tickets are given back"
    assert "Paying back 20.00 USD didn't work at first." in page.text


@pytest.mark.parametrize("which", ["order", "ticket"])
def test_an_order_of_ten_takes_as_many_queries_as_one_of_one(
    visit: MakeVisitor, customer: User, event: Event, which: str
) -> None:
    def queries(order: TicketOrder) -> int:
        path = f"/tickets/orders/{order.pk}"
        if which == "ticket":
            path = f"/tickets/{order.tickets.latest('pk').pk}"
        with CaptureQueriesContext(connection) as counted:
            assert visitor.get(path).status == 200
        return len(counted)

    visitor = visit(customer)
    one, ten = pay_order(buy(event, customer)), pay_order(buy(event, customer, 10))
    queries(one)

    assert queries(ten) == queries(one)
