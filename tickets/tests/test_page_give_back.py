"""Giving back a ticket or an order: the exact amount before the click, and what the click does."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.models import User
from payments.models import Refund
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.events import EVENT_START, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_ticket, move_event
from tickets.states import OrderStatus, TicketStatus


def one_of(order: TicketOrder) -> Ticket:
    ticket: Ticket = order.tickets.earliest("pk")
    return ticket


def cancel_path(ticket: Ticket) -> str:
    return f"/tickets/{ticket.pk}/cancel"


@pytest.mark.parametrize(
    ("notice", "sentence", "button", "refund"),
    [
        (
            timedelta(days=7),
            "All of it, 20.00 USD, comes back to you, the way you paid.",
            "Cancel the ticket and get 20.00 USD back",
            Decimal("20.00"),
        ),
        (
            timedelta(days=3),
            "10.00 USD of the 20.00 USD comes back to you, the way you paid.",
            "Cancel the ticket and get 10.00 USD back",
            Decimal("10.00"),
        ),
        (
            timedelta(days=3) - timedelta(seconds=1),
            "Nothing of the 20.00 USD comes back: there is too little time left.",
            "Cancel the ticket",
            None,
        ),
    ],
)
def test_the_amount_is_said_on_the_page_and_on_the_button_and_is_what_comes_back(
    visit: MakeVisitor,
    customer: User,
    event: Event,
    notice: timedelta,
    sentence: str,
    button: str,
    refund: Decimal | None,
) -> None:
    ticket = one_of(pay_order(buy(event, customer, 2)))
    visitor = visit(customer)

    with time_machine.travel(EVENT_START - notice, tick=False):
        page = visitor.get(f"/tickets/{ticket.pk}")
        assert sentence in page.text
        assert page.forms_with(button)
        asked = visitor.get(cancel_path(ticket))
        assert asked.h1 == "Give this ticket back?"
        assert sentence in asked.text
        assert asked.href("Keep it") == f"/tickets/{ticket.pk}"
        answer = visitor.send(asked, button, reason="Ill.")

    assert (answer.status, answer.location) == (303, f"/tickets/{ticket.pk}")
    ticket.refresh_from_db()
    assert ticket.status == (TicketStatus.REFUNDED if refund else TicketStatus.CANCELLED)
    assert [row.amount for row in Refund.objects.all()] == ([refund] if refund else [])
    event.refresh_from_db()
    assert event.current_participants == 1


def test_the_time_line_is_told_before_the_click(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    order = pay_order(buy(event, customer, 3))
    visitor = visit(customer)

    one = visitor.get(f"/tickets/{one_of(order).pk}").text
    assert "20.00 USD back now until Sat 11 July, 20:00" in one
    assert "10.00 USD back until Wed 15 July, 20:00" in one
    assert "Nothing back from then on" in one
    all_of_it = visitor.get(f"/tickets/orders/{order.pk}").text
    assert "60.00 USD back now until Sat 11 July, 20:00" in all_of_it
    assert "30.00 USD back until Wed 15 July, 20:00" in all_of_it


def test_a_whole_order_goes_at_once(visit: MakeVisitor, customer: User, event: Event) -> None:
    order = pay_order(buy(event, customer, 3))
    cancel_ticket(ticket_id=one_of(order).pk, by=customer, at=NOW)
    visitor = visit(customer)

    asked = visitor.get(f"/tickets/orders/{order.pk}/cancel")
    assert asked.h1 == "Give all 2 tickets back?"
    answer = visitor.send(asked, "Cancel 2 tickets and get 40.00 USD back")

    assert answer.location == f"/tickets/orders/{order.pk}"
    order.refresh_from_db()
    assert order.status == OrderStatus.REFUNDED
    assert sum(row.amount for row in Refund.objects.all()) == 60
    assert visitor.follow(answer).h1 == "All of these tickets are given back"


def test_a_hold_is_given_up(visit: MakeVisitor, customer: User, event: Event) -> None:
    order = buy(event, customer, 2)
    visitor = visit(customer)

    asked = visitor.get(f"/tickets/orders/{order.pk}/cancel")
    assert asked.h1 == "Give up these places?"
    assert "nothing is charged" in asked.text
    answer = visitor.send(asked, "Give it up")

    assert visitor.follow(answer).h1 == "You gave this up"
    event.refresh_from_db()
    assert event.held == 0


def test_paid_while_giving_up_nothing_is_lost(
    visit: MakeVisitor, customer: User, make_event: MakeEvent
) -> None:
    """So close to the start nothing would come back: 0 is what the hold's question said too."""
    order = buy(make_event(start_date=NOW + timedelta(days=2)), customer)
    visitor = visit(customer)
    asked = visitor.get(f"/tickets/orders/{order.pk}/cancel")
    pay_order(order)

    with nothing_changes():
        again = visitor.send(asked, "Give it up")

    assert again.status == 409
    assert "It has been paid meanwhile." in again.text
    assert "Nothing of the 20.00 USD comes back" in again.text
    visitor.send(again, "Cancel the ticket")
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED


def test_free_tickets_go_back_without_money(
    visit: MakeVisitor, customer: User, make_event: MakeEvent
) -> None:
    order = buy(make_event(ticket_price=None), customer)
    visitor = visit(customer)

    asked = visitor.get(cancel_path(one_of(order)))
    assert "Nothing was paid, so nothing comes back." in asked.text
    answer = visitor.send(asked, "Cancel the ticket")

    assert "This ticket was cancelled" in visitor.follow(answer).text
    assert not Refund.objects.exists()


def test_another_amount_than_the_one_shown_is_asked_again(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    ticket = one_of(pay_order(buy(event, customer)))
    visitor = visit(customer)
    asked = visitor.get(cancel_path(ticket))

    with time_machine.travel(EVENT_START - timedelta(days=5), tick=False):
        with nothing_changes():
            again = visitor.send(asked, "Cancel the ticket and get 20.00 USD back")
        assert again.status == 409
        assert "What comes back has changed meanwhile." in again.text
        visitor.send(again, "Cancel the ticket and get 10.00 USD back")

    assert Refund.objects.get().amount == 10


@pytest.mark.parametrize(
    "garbled",
    [{"expected_refund": amount} for amount in ("", "-1", "much")]
    + [{"expected_refund": "20.00", "reason": "x" * 251}],
    ids=["empty", "negative", "no-number", "long-reason"],
)
def test_a_form_that_can_not_be_read_is_asked_anew(
    visit: MakeVisitor, customer: User, event: Event, garbled: dict[str, str]
) -> None:
    order = pay_order(buy(event, customer))
    visitor = visit(customer)
    visitor.get(cancel_path(one_of(order)))

    for path in (cancel_path(one_of(order)), f"/tickets/orders/{order.pk}/cancel"):
        with nothing_changes():
            again = visitor.post(path, **garbled)
        assert (again.status, again.h1) == (400, "Give this ticket back?")
        assert "Nothing was given back; look at it once more." in again.text
        assert again.forms_with("Cancel the ticket and get 20.00 USD back")


def test_pressed_twice_it_is_given_back_once(
    visit: MakeVisitor, customer: User, event: Event
) -> None:
    ticket = one_of(pay_order(buy(event, customer, 2)))
    visitor = visit(customer)
    asked = visitor.get(cancel_path(ticket))

    for _ in range(2):
        answer = visitor.send(asked, "Cancel the ticket and get 20.00 USD back")
        assert answer.location == f"/tickets/{ticket.pk}"

    assert Refund.objects.count() == 1


def test_a_group_may_not_shrink_and_says_how_all_of_it_goes(
    visit: MakeVisitor, customer: User, event: Event, make_tier: MakeTier
) -> None:
    make_tier(event, "group", price=Decimal(15), min_per_order=3)
    order = pay_order(buy(event, customer, 4, ticket_type="group"))
    visitor = visit(customer)
    first, second, *_ = order.tickets.order_by("pk")
    # Four may become three.
    visitor.send(visitor.get(cancel_path(first)), "Cancel the ticket and get 15.00 USD back")

    page = visitor.get(f"/tickets/{second.pk}")
    assert "These are group tickets, sold from 3 on." in page.text
    whole = f"/tickets/orders/{order.pk}/cancel"
    assert page.href("Give the whole order back") == whole
    assert visitor.get(cancel_path(second)).location == f"/tickets/{second.pk}"
    with nothing_changes():
        answer = visitor.post(cancel_path(second), expected_refund="15.00")
    assert answer.location == f"/tickets/{second.pk}"

    visitor.send(visitor.get(whole), "Cancel 3 tickets and get 45.00 USD back")
    order.refresh_from_db()
    assert order.status == OrderStatus.REFUNDED


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"status": TicketStatus.USED, "check_in_time": NOW}, NOW),
        ({"check_in_time": NOW, "is_inside": True}, NOW),
        ({}, EVENT_START),
        ({"status": TicketStatus.CANCELLED}, NOW),
    ],
    ids=["used", "inside", "begun", "cancelled"],
)
def test_what_can_not_go_back_is_not_offered(
    visit: MakeVisitor, customer: User, event: Event, change: dict[str, object], at: datetime
) -> None:
    order = pay_order(buy(event, customer))
    ticket = one_of(order)
    Ticket.objects.update(**change)

    with time_machine.travel(at, tick=False):
        visitor = visit(customer)
        assert not visitor.get(f"/tickets/{ticket.pk}").has_link("Give this ticket back")
        assert not visitor.get(f"/tickets/orders/{order.pk}").has_link("Give this ticket back")
        for path in (cancel_path(ticket), f"/tickets/orders/{order.pk}/cancel"):
            assert visitor.get(path).status == 303
            with nothing_changes():
                assert visitor.post(path, expected_refund="0").status in {303, 409}


def test_a_move_by_staff_makes_it_free(
    visit: MakeVisitor, customer: User, manager: User, event: Event
) -> None:
    ticket = one_of(pay_order(buy(event, customer)))
    soon = NOW + timedelta(days=2)
    move_event(event_id=event.pk, start=soon, end=soon + timedelta(hours=2), by=manager, at=NOW)
    visitor = visit(customer)

    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        page = visitor.get(f"/tickets/{ticket.pk}")

    assert "All of it, 20.00 USD, comes back to you" in page.text
