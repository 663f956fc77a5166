"""Giving tickets back: what the notice earns, groups, staff, and that refusals change nothing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from common.errors import DomainError, InvalidTransition, NotFound, PermissionRefused
from notifications.models import OutgoingMail
from payments.differences import Moment
from payments.errors import RefundChanged
from payments.gateways.base import ProviderRefund, RefundStatus
from payments.models import Payment, PaymentAttempt, Refund
from payments.services import apply_refund
from payments.verify import look_again
from tests.infrastructure.events import EVENT_START, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.world import NOW
from tickets.errors import GroupMinimum
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.services import (
    cancel_event,
    cancel_order,
    cancel_ticket,
    cancel_tickets_by_staff,
    run_campaign,
)
from tickets.states import OrderStatus, TicketStatus
from tickets.verify import wrong_counters


@pytest.fixture
def order(event: Event, customer: User) -> TicketOrder:
    return pay_order(buy(event, customer, 3))


def statuses() -> list[str]:
    return list(Ticket.objects.order_by("pk").values_list("status", flat=True))


@pytest.mark.parametrize(
    ("notice", "refunds", "status"),
    [
        pytest.param(timedelta(days=7), [Decimal("20.00")], "refunded", id="full-at-7-days"),
        pytest.param(
            timedelta(days=7) - timedelta(seconds=1),
            [Decimal("10.00")],
            "refunded",
            id="half-below-7-days",
        ),
        pytest.param(timedelta(days=3), [Decimal("10.00")], "refunded", id="half-at-3-days"),
        pytest.param(
            timedelta(days=3) - timedelta(seconds=1), [], "cancelled", id="none-below-3-days"
        ),
        pytest.param(timedelta(seconds=1), [], "cancelled", id="none-just-before"),
    ],
)
def test_one_ticket_earns_by_its_notice(
    order: TicketOrder, notice: timedelta, refunds: list[Decimal], status: str
) -> None:
    ticket = order.tickets.latest("pk")

    cancel_ticket(ticket_id=ticket.pk, by=order.user, at=EVENT_START - notice)

    assert statuses() == ["active", "active", status]
    assert list(Refund.objects.values_list("amount", flat=True)) == refunds
    event = Event.objects.get()
    assert (event.held, event.current_participants) == (0, 2)
    assert [mail.kind for mail in OutgoingMail.objects.order_by("pk")] == [
        "tickets_purchased",
        "tickets_cancelled",
    ]
    assert TicketOrder.objects.get().status == OrderStatus.PAID


def test_the_last_ticket_closes_the_order(order: TicketOrder) -> None:
    for ticket in order.tickets.all():
        cancel_ticket(ticket_id=ticket.pk, by=order.user, at=NOW)

    assert TicketOrder.objects.get().status == OrderStatus.REFUNDED
    assert Payment.objects.get().refundable == 0
    assert [mail.context["left"] for mail in OutgoingMail.objects.order_by("pk")[1:]] == [2, 1, 0]


def test_an_order_is_given_back_together(order: TicketOrder) -> None:
    cancel_order(order_id=order.pk, by=order.user, at=NOW)

    assert statuses() == ["refunded"] * 3
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("60.00")]
    assert {ticket.refund_amount for ticket in Ticket.objects.all()} == {Decimal("20.00")}
    assert OutgoingMail.objects.latest("pk").context["refund"] == "60.00 USD"


def test_a_held_order_is_given_up(event: Event, customer: User) -> None:
    order = buy(event, customer, 3)

    cancel_order(order_id=order.pk, by=customer, at=NOW)

    assert TicketOrder.objects.get().status == OrderStatus.CANCELLED
    assert Event.objects.get().held == 0
    assert Payment.objects.get().closed_because == "given_up"
    with pytest.raises(InvalidTransition):
        cancel_order(order_id=order.pk, by=customer, at=NOW)


def test_who_gives_back_before_we_wind_up_gets_no_less(order: TicketOrder, manager: User) -> None:
    """So late that the policy gives nothing, but it is we who cancel the event."""
    late = EVENT_START - timedelta(hours=1)
    cancel_event(event_id=order.event_id, by=manager, at=late)

    with pytest.raises(RefundChanged):
        cancel_order(order_id=order.pk, by=order.user, at=late, expected=Decimal(0))
    cancel_order(order_id=order.pk, by=order.user, at=late)
    run_campaign(campaign_id=order.event.campaigns.get().pk, at=late)

    assert statuses() == ["refunded"] * 3
    assert Payment.objects.get().refunded == Decimal("60.00")
    assert list(wrong_counters()) == []


def test_a_group_may_not_shrink_below_its_minimum(
    event: Event, make_tier: MakeTier, customer: User
) -> None:
    make_tier(event, "group", price=Decimal("10.00"), min_per_order=3, max_per_order=10)
    order = pay_order(buy(event, customer, 4, ticket_type="group"))
    first, second, *_ = order.tickets.order_by("pk")
    cancel_ticket(ticket_id=first.pk, by=customer, at=NOW)

    with pytest.raises(GroupMinimum):
        cancel_ticket(ticket_id=second.pk, by=customer, at=NOW)
    assert statuses() == ["refunded", "active", "active", "active"]
    cancel_order(order_id=order.pk, by=customer, at=NOW)

    assert statuses() == ["refunded"] * 4
    assert Tier.objects.get().sold == 0
    assert list(wrong_counters()) == []


def test_refusals_change_nothing(order: TicketOrder, stranger: User) -> None:
    used, active, _ = order.tickets.order_by("pk")
    Ticket.objects.filter(pk=used.pk).update(status=TicketStatus.USED, check_in_time=NOW)
    owner = order.user
    refusals: list[tuple[Callable[[], object], type[DomainError]]] = [
        (lambda: cancel_ticket(ticket_id=active.pk, by=stranger, at=NOW), NotFound),
        (lambda: cancel_order(order_id=order.pk, by=stranger, at=NOW), NotFound),
        (lambda: cancel_ticket(ticket_id=10**6, by=owner, at=NOW), NotFound),
        (lambda: cancel_ticket(ticket_id=used.pk, by=owner, at=NOW), InvalidTransition),
        (lambda: cancel_ticket(ticket_id=active.pk, by=owner, at=EVENT_START), InvalidTransition),
        (
            lambda: cancel_ticket(ticket_id=active.pk, by=owner, at=NOW, expected=Decimal(1)),
            RefundChanged,
        ),
    ]

    for refused, error in refusals:
        with pytest.raises(error):
            refused()

    assert statuses() == ["used", "active", "active"]
    assert Event.objects.get().current_participants == 3
    assert not Refund.objects.exists()
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["tickets_purchased"]


# --- by staff ---------------------------------------------------------------------------------


def test_staff_take_back_used_and_cancelled_tickets(order: TicketOrder, manager: User) -> None:
    used, cancelled, _ = order.tickets.order_by("pk")
    Ticket.objects.filter(pk=used.pk).update(status=TicketStatus.USED, check_in_time=NOW)
    late = EVENT_START - timedelta(hours=1)
    cancel_ticket(ticket_id=cancelled.pk, by=order.user, at=late)
    assert statuses() == ["used", "cancelled", "active"]

    cancel_tickets_by_staff(ticket_ids=[used.pk, cancelled.pk], by=manager, at=late, refund="full")

    assert statuses() == ["refunded", "refunded", "active"]
    assert Payment.objects.get().refunded == Decimal("40.00")
    assert Event.objects.get().current_participants == 1
    assert list(wrong_counters()) == []


def test_money_that_is_given_later_makes_the_order_a_refunded_one(
    make_event: MakeEvent, customer: User, manager: User
) -> None:
    order = pay_order(buy(make_event(), customer, 2))
    ids = [ticket.pk for ticket in order.tickets.all()]
    cancel_tickets_by_staff(ticket_ids=ids, by=manager, at=NOW, refund="none")
    order.refresh_from_db()
    assert (order.status, statuses()) == (OrderStatus.CANCELLED, ["cancelled"] * 2)

    cancel_tickets_by_staff(ticket_ids=ids[:1], by=manager, at=NOW, refund="full")

    order.refresh_from_db()
    assert (order.status, statuses()) == (OrderStatus.REFUNDED, ["refunded", "cancelled"])
    cancel_tickets_by_staff(ticket_ids=ids[1:], by=manager, at=NOW, refund="full")
    assert statuses() == ["refunded"] * 2
    assert Payment.objects.get().refunded == Decimal("40.00")
    assert look_again(Payment.objects.get().pk, now=Moment(at=NOW)) == []


def test_money_that_goes_back_at_the_provider_makes_the_order_a_refunded_one(
    make_event: MakeEvent, customer: User, manager: User
) -> None:
    order = pay_order(buy(make_event(), customer))
    ids = [ticket.pk for ticket in order.tickets.all()]
    cancel_tickets_by_staff(ticket_ids=ids, by=manager, at=NOW, refund="none")
    paid_by = PaymentAttempt.objects.get()
    over_there = ProviderRefund(
        id="re_1",
        status=RefundStatus.SUCCEEDED,
        amount=paid_by.amount,
        currency="USD",
        provider_payment_id=paid_by.provider_payment_id,
    )

    for _ in range(2):
        assert apply_refund(over_there, at=NOW)

    order.refresh_from_db()
    assert (order.status, statuses()) == (OrderStatus.REFUNDED, ["refunded"])
    assert Payment.objects.get().refunded == Decimal("20.00")
    assert list(wrong_counters()) == []


def test_discretion_is_the_managers(order: TicketOrder, front_desk: User) -> None:
    ids = [order.tickets.earliest("pk").pk]
    late = EVENT_START - timedelta(days=4)

    with pytest.raises(PermissionRefused):
        cancel_tickets_by_staff(ticket_ids=ids, by=front_desk, at=late, refund="full")
    cancel_tickets_by_staff(ticket_ids=ids, by=front_desk, at=late)

    assert Payment.objects.get().refunded == Decimal("10.00")


def test_free_tickets_are_cancelled_without_money(make_event: MakeEvent, customer: User) -> None:
    order = buy(make_event(ticket_price=0), customer, 2)

    cancel_order(order_id=order.pk, by=customer, at=NOW)

    assert statuses() == ["cancelled", "cancelled"]
    assert TicketOrder.objects.get().status == OrderStatus.CANCELLED
