"""`/tickets`, an order's page and a ticket's page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.infrastructure.events import (
    EVENT_START,
    MakeEvent,
    buy,
    pay_order,
)
from tests.infrastructure.pages import MakeVisitor, Page
from tests.infrastructure.world import NOW, MakeBooking
from tickets.models import Event
from tickets.services import (
    cancel_order,
    cancel_ticket,
)

MINE = "/tickets"


def orders_of(page: Page) -> list[str]:
    return [href for words, href in page.links if words == "See the order"]


# --- The list -------------------------------------------------------------------------------


def test_the_list_is_for_who_is_signed_in(visit: MakeVisitor) -> None:
    assert visit().get(MINE).location == "/accounts/login/?next=/tickets"


def test_tabs_hold_what_they_say_in_the_order_of_need(
    visit: MakeVisitor, customer: User, stranger: User, event: Event, make_event: MakeEvent
) -> None:
    sooner = make_event(name="Garden party", start_date=EVENT_START - timedelta(days=2))
    later = pay_order(buy(event, customer))
    soon = pay_order(buy(sooner, customer))
    held = buy(event, customer)
    gone = buy(event, customer)
    cancel_order(order_id=gone.pk, by=customer, at=NOW)
    pay_order(buy(event, stranger))
    visitor = visit(customer)

    upcoming, pending, past = (
        visitor.get(MINE),
        visitor.get(MINE, tab="pending"),
        visitor.get(MINE, tab="past"),
    )

    assert orders_of(upcoming) == [f"/tickets/orders/{soon.pk}", f"/tickets/orders/{later.pk}"]
    assert orders_of(pending) == [f"/tickets/orders/{held.pk}"]
    assert orders_of(past) == [f"/tickets/orders/{gone.pk}"]
    for page in (upcoming, pending, past):
        assert page.h1 == "My tickets"
        assert "Upcoming 2 Pending 1 Past 1" in page.text
    assert visitor.get(MINE, tab="nonsense").text == upcoming.text


def test_all_tickets_for_one_event_stand_together(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    first, second = pay_order(buy(event, customer, 2)), pay_order(buy(event, customer))
    gone, stays = first.tickets.order_by("pk")
    cancel_ticket(ticket_id=gone.pk, by=customer, at=NOW)

    page = visit(customer).get(MINE)

    assert [href for words, href in page.links if words == "Summer concert"] == [
        f"/events/{event.pk}"
    ]
    assert "Sat 18 Jul Summer concert 20:00–23:00 (Berlin) Old Mill, Berlin" in page.text
    assert page.href("Ticket 1 of 2 Standard Refunded") == f"/tickets/{gone.pk}"
    assert page.href("Ticket 2 of 2 Standard Show the code Valid") == f"/tickets/{stays.pk}"
    assert page.href("Ticket Standard Show the code Valid") == f"/tickets/{second.tickets.get().pk}"


def test_what_is_held_offers_to_pay_and_to_give_up(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = buy(event, customer, 2)

    page = visit(customer).get(MINE, tab="pending")

    assert order.payment is not None
    assert "2 × Standard · 40.00 USD Held To be paid by 10:15 (Berlin)." in page.text
    assert page.href("Pay 40.00 USD") == f"/pay/{order.payment.token}"
    assert page.href("Give it up") == f"/tickets/orders/{order.pk}/cancel"


@pytest.mark.parametrize("tab", ["upcoming", "pending", "past"])
def test_an_empty_tab_has_one_way_on(visit: MakeVisitor, customer: User, tab: str) -> None:
    page = visit(customer).get(MINE, tab=tab)

    assert "/events" in [href for words, href in page.links if words == "Find an event"]
    assert page.title == f"{tab.title()} · My tickets · Booking & Tickets"


def test_thirty_orders_take_as_many_queries_as_one_and_have_pages(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert visitor.get(MINE).status == 200
        return len(counted)

    visitor = visit(customer)
    pay_order(buy(event, customer))
    with_one = queries()
    Event.objects.update(ticket_price=None)
    for _ in range(29):
        buy(event, customer, 3)

    assert queries() == with_one
    page = visitor.get(MINE)
    assert len(orders_of(page)) == 20
    assert page.href("Next") == "?tab=upcoming&page=2"
    assert len(orders_of(visitor.get(MINE, tab="upcoming", page=2))) == 10


def test_the_front_page_says_what_is_next(
    visit: MakeVisitor, customer: User, event: Event, make_booking: MakeBooking
) -> None:
    visitor = visit(customer)
    one = pay_order(buy(event, customer))
    page = visitor.get("/")
    assert "Next for you" in page.text
    assert page.href("Show the ticket") == f"/tickets/{one.tickets.get().pk}"

    # A time that begins before it comes first, and what is held before all.
    booking = make_booking(price=0)
    assert visitor.get("/").href("See the details") == f"/bookings/{booking.pk}"
    held = buy(event, customer, 2)
    page = visitor.get("/")
    assert held.payment is not None
    assert "Waiting for you" in page.text
    assert page.href("Pay 40.00 USD") == f"/pay/{held.payment.token}"
    assert visitor.get("/").status == 200
