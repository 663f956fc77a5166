"""What an order does when its money comes, doesn't come, or goes back."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.urls import reverse

from payments.differences import Difference, Moment
from payments.errors import CannotDeliver
from payments.models import Payment
from payments.states import ClosedBecause
from tickets import emails
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.states import OrderStatus, TicketStatus
from tickets.verify_money import order_differences, unpaid_orders


def hand_out(order: TicketOrder, *, at: datetime) -> None:
    """Turn held places into sold ones, write the tickets with fresh codes, queue the mail.

    The caller holds the order's lock and has claimed its places.
    """
    # Counting before inserting, tier before event: the order that everybody keeps.
    if order.tier_id is not None:
        Tier.objects.sell_held(order.tier_id, order.quantity)
    Event.objects.sell_held(order.event_id, order.quantity)
    order.event = Event.objects.get(pk=order.event_id)
    order.move_to(OrderStatus.PAID, at=at)
    write_tickets(order, at=at)


def write_tickets(order: TicketOrder, *, at: datetime, is_new: bool = False) -> None:
    """Write an order's tickets, with fresh codes, and queue the mail that carries them.

    Its places are counted as sold, which locks its event: `order.event` was read after that, so
    the times on the tickets and in the mail are those that hold. `is_new`: it was made in this
    very transaction.
    """
    event = order.event
    tickets = [
        Ticket(
            user_id=order.user_id,
            event=event,
            order=order,
            ticket_type=order.ticket_type,
            price_paid=order.unit_price,
            valid_from=event.valid_from,
            valid_until=event.valid_until,
            payment_id=order.payment_id,
            created_at=at,
        )
        for _ in range(order.quantity)
    ]
    order.remember_tickets(Ticket.objects.bulk_create(tickets))
    emails.tickets_purchased(order, at=at, is_first=is_new)


GONE = "the money came after your hold had ended and the tickets were gone"


class TicketPurpose:
    """Implements payments.purposes.Handler; the payment's row is locked by the caller."""

    own_label = "See your tickets"
    shop_label = "See all events"
    holds_places = True

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        order = _locked(payment)
        if order.event.is_cancelled:
            raise CannotDeliver("the event was cancelled")
        if order.event.is_over(at):
            raise CannotDeliver("the event was over when the money came")
        if order.is_pending:
            hand_out(order, at=at)
        elif order.status == OrderStatus.EXPIRED:
            self._revive(order, at)
        else:
            raise CannotDeliver("the order was cancelled before the money came")

    def on_closed(self, payment: Payment, *, at: datetime) -> None:
        order = _locked(payment)
        if not order.is_pending:
            return
        release_hold(order)
        lapsed = payment.closed_because == ClosedBecause.LAPSED and not order.event.is_cancelled
        reason = str(ClosedBecause(payment.closed_because).label)
        order.move_to(
            OrderStatus.EXPIRED if lapsed else OrderStatus.CANCELLED, at=at, reason=reason
        )

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        """The tickets carry their own amounts; a failed refund is flagged on the payment."""

    def on_refunded_elsewhere(self, payment: Payment, *, at: datetime) -> bool:
        order = _locked(payment)
        rows = list(Ticket.objects.select_for_update().filter(order=order).order_by("pk"))
        unused = [ticket for ticket in rows if _is_unused(ticket)]
        # Their places are on sale again already, and now their money has gone back too.
        cancelled = [ticket for ticket in rows if ticket.status == TicketStatus.CANCELLED]
        for ticket in (*unused, *cancelled):
            ticket.refund_percent = 100
            ticket.refund_amount = ticket.price_paid
            ticket.move_to(TicketStatus.REFUNDED, at=at)
        if unused:
            if order.tier_id is not None:
                Tier.objects.release_sold(order.tier_id, len(unused))
            Event.objects.release_sold(order.event_id, len(unused))
        is_closable = order.is_paid or (cancelled and order.status == OrderStatus.CANCELLED)
        if is_closable and not order.tickets.live().exists():
            order.move_to(OrderStatus.REFUNDED, at=at, reason="refunded at the payment provider")
        if unused:
            emails.tickets_cancelled(order, unused, by_staff=True, at=at)
        return any(ticket.status in {TicketStatus.ACTIVE, TicketStatus.USED} for ticket in rows)

    def too_late_at(self, payment: Payment, *, at: datetime) -> datetime:
        event = _known(payment).event
        begins: datetime = event.start_date
        ends: datetime = event.end_date
        return begins if begins > at else ends

    def staff_email(self, payment: Payment) -> str:
        address: str = _known(payment).event.staff_email
        return address

    def differences(self, payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
        return order_differences(payments, now=now)

    def unpaid_goods(self, *, since: datetime | None, now: Moment) -> Iterator[Difference]:
        return unpaid_orders(since=since, now=now)

    def return_url(self, payment: Payment) -> str:
        return TicketOrder.objects.get(payment=payment).get_absolute_url()

    def shop_url(self) -> str:
        return reverse("tickets:events")

    def time_zone(self, payment: Payment) -> str:
        zone: str = _known(payment).event.timezone
        return zone

    def _revive(self, order: TicketOrder, at: datetime) -> None:
        """Late money: take the places again if they are there; window and price were kept once."""
        if order.tier_id is not None and not Tier.objects.hold_again(
            order.tier_id, quantity=order.quantity
        ):
            raise CannotDeliver(GONE)
        if not Event.objects.hold(order.event_id, quantity=order.quantity, at=at, price=None):
            raise CannotDeliver(GONE)
        hand_out(order, at=at)


def release_hold(order: TicketOrder) -> None:
    """Give back the places of an unpaid order, tier before event."""
    if order.tier_id is not None:
        Tier.objects.release_held(order.tier_id, order.quantity)
    Event.objects.release_held(order.event_id, order.quantity)


def _is_unused(ticket: Ticket) -> bool:
    return ticket.status == TicketStatus.ACTIVE and ticket.check_in_time is None


def _known(payment: Payment) -> TicketOrder:
    order: TicketOrder = TicketOrder.objects.select_related("event").get(payment=payment)
    return order


def _locked(payment: Payment) -> TicketOrder:
    order: TicketOrder = TicketOrder.objects.select_for_update().get(payment_id=payment.pk)
    order.payment = payment
    return order
