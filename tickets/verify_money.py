"""Orders and tickets against their payments: what `manage.py verify_money` asks of this app."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from common.money import money
from common.pages import pages
from payments.differences import Difference, Moment, Remedy
from payments.models import ZERO, Payment
from payments.owed import empty_handed
from payments.states import HOLDING, PaymentState
from tickets.models import Campaign, Ticket, TicketOrder
from tickets.states import OrderStatus, TicketStatus


@dataclass(frozen=True)
class Tickets:
    """An order's tickets: how many, how many still take a place, what they say was given back."""

    made: int = 0
    live: int = 0
    active: int = 0
    given_back: Decimal = ZERO


def order_differences(payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
    """Where an order, its tickets and its payment disagree."""
    by_payment: dict[int, list[TicketOrder]] = {}
    orders = list(TicketOrder.objects.filter(payment__in=payments).select_related("event"))
    for order in orders:
        by_payment.setdefault(order.payment_id or 0, []).append(order)
    tickets = _tickets_of(orders)
    wound_up = set(
        Campaign.objects.filter(
            kind=Campaign.CANCELLED,
            finished_at__isnull=False,
            event__in={order.event_id for order in orders},
        ).values_list("event_id", flat=True)
    )
    for payment in payments:
        theirs = by_payment.get(payment.pk, [])
        if len(theirs) != 1:
            numbers = ", ".join(str(order.pk) for order in theirs) or "none"
            yield Difference(
                kind="not_one_order",
                payment_id=payment.pk,
                text=f"payment {payment.pk} of {money(payment.amount, payment.currency)} is for "
                f"one ticket order, and there is: {numbers}.",
            )
            continue
        [order] = theirs
        found = tickets.get(order.pk, Tickets())
        yield from _of_states(order, payment, now)
        yield from _of_tickets(order, payment, found, is_wound_up=order.event_id in wound_up)
        yield from _of_money(order, payment, found)


def unpaid_orders(*, since: datetime | None, now: Moment) -> Iterator[Difference]:
    """Orders that cost something and have no payment, and tickets of another's payment."""
    orders = TicketOrder.objects.filter(payment=None, amount__gt=0)
    strays = Ticket.objects.exclude(payment=F("order__payment")).exclude(
        payment=None, order__payment=None
    )
    if since is not None:
        orders = orders.filter(created_at__gte=since)
        strays = strays.filter(created_at__gte=since)
    for page in pages(orders):
        for order in page:
            yield Difference(
                kind="goods_without_payment",
                subject=order.pk,
                text=f"order {order.pk} is {order.get_status_display().lower()} and costs "
                f"{money(order.amount, order.currency)}, and there is no payment for it.",
            )
    for batch in pages(strays.select_related("order")):
        for ticket in batch:
            yield Difference(
                kind="ticket_of_another",
                subject=ticket.pk,
                payment_id=ticket.payment_id,
                text=f"ticket {ticket.pk} names payment {ticket.payment_id}, and its order "
                f"{ticket.order_id} payment {ticket.order.payment_id}.",
            )


def _tickets_of(orders: Sequence[TicketOrder]) -> dict[int, Tickets]:
    gone = Q(status__in=[TicketStatus.CANCELLED, TicketStatus.REFUNDED])
    rows = (
        Ticket.objects.filter(order__in=orders)
        .order_by()
        .values_list("order_id")
        .annotate(
            made=Count("pk"),
            live=Count("pk", filter=~gone),
            active=Count("pk", filter=Q(status=TicketStatus.ACTIVE)),
            given=Sum("refund_amount"),
        )
    )
    return {
        order_id: Tickets(made, live, active, given or ZERO)
        for order_id, made, live, active, given in rows
    }


def _of_states(order: TicketOrder, payment: Payment, now: Moment) -> Iterator[Difference]:
    named = f"order {order.pk}"
    is_holding = payment.status in HOLDING
    amount = money(payment.amount, payment.currency)
    said = payment.get_status_display()
    if order.is_pending and payment.is_paid:
        yield Difference(
            kind="paid_not_delivered",
            payment_id=payment.pk,
            text=f"{named} is only held, and payment {payment.pk} of {amount} is paid.",
            remedy=Remedy.DELIVER,
        )
    elif order.is_pending and payment.status == PaymentState.CLOSED:
        yield Difference(
            kind="held_without_payment",
            payment_id=payment.pk,
            text=f"{named} is still held, and payment {payment.pk} of {amount} is closed.",
            remedy=Remedy.TAKE_BACK,
        )
    elif order.is_pending and payment.is_processing:
        if not now.is_fresh(order.event.end_date):
            yield Difference(
                kind="processing_too_long",
                payment_id=payment.pk,
                text=f"{named}: its event is over, and the bank still works on payment "
                f"{payment.pk} of {amount}.",
                advice="Look at the provider's page how the payment stands.",
            )
    elif order.is_paid and not payment.is_paid:
        yield Difference(
            kind="delivered_unpaid",
            payment_id=payment.pk,
            text=f"{named} is paid, and payment {payment.pk} of {amount} reads '{said}'.",
            advice="Take the money at the desk, or cancel the tickets.",
        )
    elif not order.is_pending and (is_holding or payment.status == PaymentState.DUE):
        yield Difference(
            kind="open_after_the_end",
            payment_id=payment.pk,
            text=f"{named} is {order.get_status_display().lower()}, and payment {payment.pk} "
            f"of {amount} reads '{said}'.",
            remedy=Remedy.CLOSE_PAYMENT,
        )


def _of_tickets(
    order: TicketOrder, payment: Payment, found: Tickets, *, is_wound_up: bool
) -> Iterator[Difference]:
    named = f"order {order.pk}"
    state = order.get_status_display().lower()
    never_paid = order.status in {OrderStatus.PENDING, OrderStatus.EXPIRED}
    # Cancelled: none when it was given up unpaid, all of them when they were given back.
    right = {0} if never_paid else {order.quantity}
    if order.status == OrderStatus.CANCELLED:
        right = {0, order.quantity}
    if found.made not in right:
        yield Difference(
            kind="tickets_count",
            payment_id=payment.pk,
            text=f"{named} is {state} over {order.quantity} tickets, and {found.made} were made "
            f"(payment {payment.pk} of {money(payment.amount, payment.currency)}).",
        )
    if not order.is_paid and found.live:
        yield Difference(
            kind="tickets_alive",
            payment_id=payment.pk,
            text=f"{named} is {state}, and {found.live} of its tickets still take a place "
            f"(payment {payment.pk}).",
        )
    if order.is_paid and found.made and not found.live:
        yield Difference(
            kind="order_not_ended",
            payment_id=payment.pk,
            text=f"{named} is paid, and none of its {found.made} tickets is left "
            f"(payment {payment.pk}).",
        )
    if is_wound_up and order.is_paid and found.active:
        yield Difference(
            kind="event_cancelled",
            payment_id=payment.pk,
            text=f"{named} still has {found.active} valid tickets of event {order.event_id}, "
            f"which was cancelled and paid back (payment {payment.pk}).",
            advice="Cancel these tickets with a full refund from the order's page.",
        )


def _of_money(order: TicketOrder, payment: Payment, found: Tickets) -> Iterator[Difference]:
    named = f"order {order.pk}"
    ours, theirs = money(order.amount, order.currency), money(payment.amount, payment.currency)
    if ours != theirs or order.amount != order.unit_price * order.quantity:
        yield Difference(
            kind="price_differs",
            payment_id=payment.pk,
            text=f"{named} of {order.quantity} × {money(order.unit_price, order.currency)} "
            f"costs {ours}, and payment {payment.pk} is over {theirs}.",
        )
    if not payment.is_paid or order.is_pending:
        return
    # What a bank has taken by a dispute isn't owed a second time.
    not_at_bank = payment.captured - payment.disputed
    owed = min(found.given_back, not_at_bank) if found.made else not_at_bank
    missing = owed - payment.refunded - payment.failed_refunds
    if missing > ZERO:
        why = "its tickets say" if found.made else "there are no tickets for it, so"
        yield empty_handed(
            payment,
            missing,
            f"{named} is {order.get_status_display().lower()}: {why} "
            f"{money(owed, payment.currency)} should go back, and "
            f"{money(missing, payment.currency)} of it doesn't (payment {payment.pk}).",
        )
