"""Staff end an unpaid hold; what was paid meanwhile stays, or goes back."""

from decimal import Decimal

import pytest

from accounts.models import User
from common.errors import InvalidTransition, NotFound
from payments import courier
from payments.models import Payment, PaymentAttempt, Refund
from payments.states import AttemptState, ClosedBecause, PaymentState
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.events import MakeTier, buy, pay_order, pay_order_at_provider
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer
from tests.infrastructure.world import NOW
from tickets.models import Event, TicketOrder
from tickets.services import cancel_order, end_hold_by_staff
from tickets.states import OrderStatus
from tickets.verify import wrong_counters


@pytest.fixture
def order(event: Event, make_tier: MakeTier, customer: User) -> TicketOrder:
    make_tier(event, "standard", quota=10)
    return buy(event, customer, 3)


def page_of(order: TicketOrder, deed: str = "change") -> str:
    return f"/admin/tickets/ticketorder/{order.pk}/{deed}/"


# --- The service ------------------------------------------------------------------------------


def test_its_places_are_free_and_its_page_takes_no_money(
    front_desk: User, event: Event, order: TicketOrder
) -> None:
    assert order.payment is not None
    courier.open_session(order.payment.pk, at=NOW)

    ended = end_hold_by_staff(order_id=order.pk, by=front_desk, at=NOW, reason="double")

    event.refresh_from_db()
    payment = Payment.objects.get()
    assert (ended.status, ended.close_reason) == (OrderStatus.CANCELLED, "double")
    assert (event.held, event.tiers.get().held) == (0, 0)
    assert (payment.status, payment.closed_because) == (
        PaymentState.CLOSED,
        ClosedBecause.CANCELLED,
    )
    # What the worker does when it is woken: the session is closed at the provider.
    attempt = PaymentAttempt.objects.get()
    courier.expire(attempt.pk, at=NOW)
    attempt.refresh_from_db()
    assert attempt.status == AttemptState.EXPIRED
    assert list(wrong_counters()) == []


def test_what_was_paid_and_heard_of_stays(front_desk: User, order: TicketOrder) -> None:
    pay_order(order)

    with nothing_changes(), pytest.raises(InvalidTransition):
        end_hold_by_staff(order_id=order.pk, by=front_desk, at=NOW)


def test_what_was_paid_but_not_heard_of_goes_back(front_desk: User, order: TicketOrder) -> None:
    attempt = pay_order_at_provider(order)

    end_hold_by_staff(order_id=order.pk, by=front_desk, at=NOW)
    courier.ask(attempt.pk, at=NOW)

    order.refresh_from_db()
    assert (order.status, order.tickets.count()) == (OrderStatus.CANCELLED, 0)
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("60.00")]
    assert list(wrong_counters()) == []


def test_what_is_over_stays_as_it_is(customer: User, front_desk: User, order: TicketOrder) -> None:
    cancel_order(order_id=order.pk, by=customer, at=NOW)

    with nothing_changes(), pytest.raises(InvalidTransition):
        end_hold_by_staff(order_id=order.pk, by=front_desk, at=NOW)
    with nothing_changes(), pytest.raises(NotFound):
        end_hold_by_staff(order_id=777, by=front_desk, at=NOW)


# --- The button -------------------------------------------------------------------------------


def test_the_front_desk_is_asked_and_ends_it(
    visit: MakeVisitor, front_desk: User, event: Event, order: TicketOrder
) -> None:
    visitor = visit(front_desk)
    assert visitor.get(page_of(order)).href("timer_off End hold") == page_of(order, "end_hold")

    question = visitor.get(page_of(order, "end_hold"))
    assert "End the hold of Ada Lovelace?" in question.text
    assert "3 × Standard, Summer concert" in question.text
    assert "3 places are on sale again" in question.text
    with nothing_changes():
        visitor.get(page_of(order, "end_hold"))

    done = answer(visitor, question, "End hold", reason="asked us to")

    assert "The hold is ended; 3 places are on sale again." in done.text
    assert done.text.count("asked us to") >= 1
    assert not any(words.endswith("End hold") for words, _ in done.links)
    event.refresh_from_db()
    assert event.held == 0


def test_what_is_paid_while_the_question_stands_stays(
    visit: MakeVisitor, front_desk: User, order: TicketOrder
) -> None:
    visitor = visit(front_desk)
    question = visitor.get(page_of(order, "end_hold"))
    pay_order(order)

    with nothing_changes():
        done = answer(visitor, question, "End hold")

    assert "Only an unpaid hold can be ended; this order is paid." in done.text


def test_nobody_else_ends_it(
    visit: MakeVisitor, customer: User, scanner: User, order: TicketOrder
) -> None:
    for person in (customer, scanner):
        with nothing_changes():
            answered = visit(person).client.post(page_of(order, "end_hold"), {"answer": "yes"})
        assert answered.status_code in {302, 403}
