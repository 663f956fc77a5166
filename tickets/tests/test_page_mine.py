"""`/tickets`, an order's page and a ticket's page."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from payments import courier
from payments.models import Payment, Refund
from payments.services import give_up, lapse
from payments.states import PaymentState, RefundState
from tests.infrastructure.events import (
    EVENT_END,
    EVENT_START,
    MakeEvent,
    buy,
    pay_order,
    pay_order_at_provider,
)
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW, MakeBooking
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import (
    cancel_event,
    cancel_order,
    cancel_ticket,
    cancel_tickets_by_staff,
    expire_tickets,
)
from tickets.states import TicketStatus

MINE = "/tickets"


def open_order(visitor: Visitor, order: TicketOrder) -> Page:
    return visitor.get(f"/tickets/orders/{order.pk}")


def open_ticket(visitor: Visitor, ticket: Ticket) -> Page:
    return visitor.get(f"/tickets/{ticket.pk}")


def orders_of(page: Page) -> list[str]:
    return [href for words, href in page.links if words == "See the order"]


def pictures_of(page: Page) -> list[str]:
    return [tag["src"] for tag in page.tags("img", "src")]


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
    assert "Sat 18 July, 20:00–23:00 (Berlin) Old Mill, Berlin" in page.text
    assert page.href("Ticket 1 of 2 Standard Refunded") == f"/tickets/{gone.pk}"
    assert page.href("Ticket 2 of 2 Standard Valid") == f"/tickets/{stays.pk}"
    assert page.href("Ticket Standard Valid") == f"/tickets/{second.tickets.get().pk}"


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
    Event.objects.update(ticket_price=Decimal(0))
    pay_order(buy(_priced(event), customer))
    with_one = queries()
    Event.objects.update(ticket_price=None)
    for _ in range(29):
        buy(event, customer, 3)

    assert queries() == with_one
    page = visitor.get(MINE)
    assert len(orders_of(page)) == 20
    assert page.href("Next") == "?tab=upcoming&page=2"
    assert len(orders_of(visitor.get(MINE, tab="upcoming", page=2))) == 10


def _priced(event: Event) -> Event:
    Event.objects.update(ticket_price=Decimal(20))
    event.refresh_from_db()
    return event


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


# --- An order -------------------------------------------------------------------------------


def test_others_orders_and_tickets_are_not_there(
    visit: MakeVisitor, customer: User, stranger: User, front_desk: User, event: Event
) -> None:
    order = pay_order(buy(event, customer))
    [ticket] = order.tickets.all()

    for other in (visit(stranger), visit(front_desk)):
        for path in (
            f"/tickets/orders/{order.pk}",
            f"/tickets/orders/{order.pk}.ics",
            f"/tickets/orders/{order.pk}/cancel",
            f"/tickets/{ticket.pk}",
            f"/tickets/{ticket.pk}/cancel",
            "/tickets/orders/77",
            "/tickets/77",
        ):
            assert other.get(path).status == 404, path
    assert visit().get(f"/tickets/{ticket.pk}").location.startswith("/accounts/login/")
    assert visit().get(f"/tickets/orders/{order.pk}").location.startswith("/accounts/login/")


def test_a_held_order_counts_down_and_leads_to_the_payment(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = buy(event, customer, 3)

    page = open_order(visit(customer), order)

    assert order.payment is not None
    assert page.h1 == "Your 3 tickets are held until 10:15 (Berlin)"
    [countdown] = page.tags("div", "data-countdown")
    assert (countdown["data-seconds"], countdown["data-until"]) == (
        "900",
        "2026-07-02T08:15:00+00:00",
    )
    assert "3 × Standard 20.00 USD each" in page.text
    assert page.href("Pay 60.00 USD") == f"/pay/{order.payment.token}"
    assert page.href("Give it up") == f"/tickets/orders/{order.pk}/cancel"
    assert not pictures_of(page)


def test_a_lapsed_order_is_released_by_who_looks_at_it(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = buy(event, customer, at=NOW - timedelta(minutes=20))

    page = open_order(visit(customer), order)

    assert page.h1 == "The time to pay ran out"
    assert "The places were given back. Nothing was charged." in page.text
    event.refresh_from_db()
    assert event.held == 0
    assert not page.has_link("Pay 20.00 USD")


def test_the_payment_s_own_address_leads_to_the_tickets(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = buy(event, customer, 2)
    assert order.payment is not None
    path = f"/pay/{order.payment.token}"
    visitor = visit(customer)
    assert visitor.follow(visitor.get(path)).h1 == "Pay 40.00 USD"

    given_up(order, customer)
    page = visitor.get(path)
    assert (page.status, page.h1) == (409, "You gave this up")
    assert "2 × Summer concert" in page.text
    assert page.href("See your tickets") == f"/tickets/orders/{order.pk}"
    assert page.href("See all events") == "/events"


def test_while_the_provider_may_still_take_money_nothing_is_promised(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = buy(event, customer)
    assert order.payment is not None
    courier.open_session(order.payment.pk, at=NOW)

    visitor = visit(customer)
    with time_machine.travel(NOW + timedelta(minutes=15, seconds=1), tick=False):
        page = open_order(visitor, order)

    assert page.h1 == "The time to pay ran out"
    assert "We are making sure that nothing was charged" in page.text


def test_a_payment_at_the_bank(visit: MakeVisitor, customer: User, event: Event) -> None:
    order = buy(event, customer)
    Payment.objects.update(status=PaymentState.PROCESSING)

    page = open_order(visit(customer), order)

    assert page.h1 == "Your payment is being processed"
    assert not page.has_link("Give it up")


def test_paid_it_shows_every_ticket(visit: MakeVisitor, customer: User, event: Event) -> None:
    order = pay_order(buy(event, customer, 3))
    tickets = list(order.tickets.order_by("pk"))

    page = open_order(visit(customer), order)

    assert page.h1 == "Here are your tickets"
    assert "See you Sat 18 July, 20:00." in page.text
    assert pictures_of(page) == [f"/tickets/{ticket.pk}/qr.svg" for ticket in tickets]
    for number, ticket in enumerate(tickets, start=1):
        assert page.href(f"Ticket {number} of 3") == f"/tickets/{ticket.pk}"
        assert ticket.code_in_groups in page.text
    assert page.href("PDF to print") == f"/tickets/orders/{order.pk}/pdf"
    assert page.href("Add to calendar") == f"/tickets/orders/{order.pk}.ics"


def given_up(order: TicketOrder, by: User) -> None:
    assert order.payment is not None
    give_up(payment_id=order.payment.pk, at=NOW)


def called_off_while_held(order: TicketOrder, by: User) -> None:
    cancel_event(event_id=order.event_id, by=by, at=NOW)


def late_money(order: TicketOrder, by: User) -> None:
    attempt = pay_order_at_provider(order)
    given_up(order, by)
    courier.ask(attempt.pk, at=NOW)


@pytest.mark.parametrize(
    ("deed", "headline", "said"),
    [
        (given_up, "You gave this up", "Nothing was charged."),
        (late_money, "You gave this up", "20.00 USD is on its way back to you"),
    ],
)
def test_an_order_that_came_to_nothing_says_what_became_of_it(
    visit: MakeVisitor, customer: User, manager: User, event: Event, deed: object, headline: str,
    said: str,
) -> None:  # fmt: skip
    order = buy(event, customer)
    assert callable(deed)
    deed(order, manager)

    page = open_order(visit(customer), order)

    assert page.h1 == headline
    assert said in page.text
    assert not pictures_of(page)


def test_late_money_for_a_lapsed_hold_revives_it(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = buy(event, customer)
    attempt = pay_order_at_provider(order)
    assert order.payment is not None
    visitor = visit(customer)
    with time_machine.travel(NOW + timedelta(minutes=18), tick=False):
        lapse(payment_id=order.payment.pk, at=NOW + timedelta(minutes=18))
        courier.ask(attempt.pk, at=NOW + timedelta(minutes=18))

        assert open_order(visitor, order).h1 == "Here is your ticket"


def test_a_cancelled_event_says_so_everywhere_at_once(
    visit: MakeVisitor, customer: User, manager: User, event: Event
) -> None:
    order = pay_order(buy(event, customer))
    [ticket] = order.tickets.all()
    # The worker has not come to this order yet.
    cancel_event(event_id=event.pk, by=manager, at=NOW)
    visitor = visit(customer)

    page = open_order(visitor, order)
    assert page.h1 == "This event was cancelled"
    assert not pictures_of(page)
    page = open_ticket(visitor, ticket)
    assert "This event was cancelled" in page.text
    assert not pictures_of(page)
    assert not page.has_link("Give this ticket back")
    assert visitor.get(f"/tickets/{ticket.pk}/cancel").location == f"/tickets/{ticket.pk}"
    assert orders_of(visitor.get(MINE, tab="past")) == [f"/tickets/orders/{order.pk}"]


def test_over_it_is_past(visit: MakeVisitor, customer: User, event: Event) -> None:
    order = pay_order(buy(event, customer))

    with time_machine.travel(EVENT_START + timedelta(hours=1), tick=False):
        assert "The event is on." in open_order(visit(customer), order).text
    with time_machine.travel(EVENT_END + timedelta(minutes=1), tick=False):
        visitor = visit(customer)
        page = open_order(visitor, order)
        assert page.h1 == "This event is over"
        assert not page.has_link("Add to calendar")
        assert orders_of(visitor.get(MINE, tab="past")) == [f"/tickets/orders/{order.pk}"]


# --- A ticket -------------------------------------------------------------------------------


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
    deed: object,
    mark: str,
    said: str,
) -> None:
    [ticket] = pay_order(buy(event, customer)).tickets.all()
    assert callable(deed)
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
