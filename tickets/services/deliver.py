"""What an order does when its money comes, doesn't come, or goes back."""

from datetime import datetime

from django.urls import reverse

from payments.errors import CannotDeliver
from payments.models import Payment
from payments.states import ClosedBecause
from tickets import emails
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.states import OrderStatus


def hand_out(order: TicketOrder, *, at: datetime) -> list[Ticket]:
    """Turn held places into sold ones, write the tickets with fresh codes, queue the mail.

    The caller holds the order's lock (or has just made it) and has claimed its places.
    """
    # Counting before inserting, tier before event: the order that everybody keeps.
    if order.tier_id is not None:
        Tier.objects.sell_held(order.tier_id, order.quantity)
    Event.objects.sell_held(order.event_id, order.quantity)
    event = Event.objects.get(pk=order.event_id)
    order.move_to(OrderStatus.PAID, at=at)
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
    Ticket.objects.bulk_create(tickets)
    emails.tickets_purchased(order, at=at)
    return list(order.tickets.order_by("pk"))


GONE = "the money came after your hold had ended and the tickets were gone"


class TicketPurpose:
    """Implements payments.purposes.Handler; the payment's row is locked by the caller."""

    own_label = "See your tickets"
    shop_label = "See all events"

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        order = _locked(payment)
        if order.event.is_cancelled:
            raise CannotDeliver("the event was cancelled")
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
        lapsed = payment.closed_because == ClosedBecause.LAPSED
        reason = str(ClosedBecause(payment.closed_because).label)
        order.move_to(
            OrderStatus.EXPIRED if lapsed else OrderStatus.CANCELLED, at=at, reason=reason
        )

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        """The tickets carry their own amounts; a failed refund is flagged on the payment."""

    def return_url(self, payment: Payment) -> str:
        return TicketOrder.objects.get(payment=payment).get_absolute_url()

    def shop_url(self) -> str:
        return reverse("tickets:events")

    def time_zone(self, payment: Payment) -> str:
        zone: str = TicketOrder.objects.select_related("event").get(payment=payment).event.timezone
        return zone

    def _revive(self, order: TicketOrder, at: datetime) -> None:
        """Late money: take the places again if they are there; window and price were kept once."""
        if order.tier_id is not None and not Tier.objects.hold_again(
            order.tier_id, quantity=order.quantity
        ):
            raise CannotDeliver(
                "the money came after your hold had ended and the tickets were gone"
            )
        if not Event.objects.hold(order.event_id, quantity=order.quantity, at=at, price=None):
            raise CannotDeliver(
                "the money came after your hold had ended and the tickets were gone"
            )
        hand_out(order, at=at)


def release_hold(order: TicketOrder) -> None:
    """Give back the places of an unpaid order, tier before event."""
    if order.tier_id is not None:
        Tier.objects.release_held(order.tier_id, order.quantity)
    Event.objects.release_held(order.event_id, order.quantity)


def _locked(payment: Payment) -> TicketOrder:
    order: TicketOrder = TicketOrder.objects.select_for_update().get(payment_id=payment.pk)
    order.payment = payment
    return order
