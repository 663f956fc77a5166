"""`/tickets/orders/{id}`: held, paid, come to nothing, over."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from accounts.models import User
from payments import courier
from payments.models import Payment
from payments.services import give_up, lapse
from payments.states import PaymentState
from tests.infrastructure.events import (
    EVENT_END,
    EVENT_START,
    buy,
    pay_order,
    pay_order_at_provider,
)
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_event, open_campaigns, run_campaign

MINE = "/tickets"


def open_order(visitor: Visitor, order: TicketOrder) -> Page:
    return visitor.get(f"/tickets/orders/{order.pk}")


def open_ticket(visitor: Visitor, ticket: Ticket) -> Page:
    return visitor.get(f"/tickets/{ticket.pk}")


def orders_of(page: Page) -> list[str]:
    return [href for words, href in page.links if words == "See the order"]


def pictures_of(page: Page) -> list[str]:
    return [tag["src"] for tag in page.tags("img", "src")]


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
    for campaign_id in open_campaigns():
        run_campaign(campaign_id=campaign_id, at=NOW)


def late_money(order: TicketOrder, by: User) -> None:
    attempt = pay_order_at_provider(order)
    given_up(order, by)
    courier.ask(attempt.pk, at=NOW)


@pytest.mark.parametrize(
    ("deed", "headline", "said"),
    [
        (given_up, "You gave this up", "Nothing was charged."),
        (called_off_while_held, "We had to cancel this", "Nothing was charged."),
        (late_money, "You gave this up", "20.00 USD is on its way back to you"),
    ],
)
def test_an_order_that_came_to_nothing_says_what_became_of_it(
    visit: MakeVisitor,
    customer: User,
    manager: User,
    event: Event,
    deed: Callable[[TicketOrder, User], None],
    headline: str,
    said: str,
) -> None:
    order = buy(event, customer)
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
