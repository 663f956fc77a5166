"""Give tickets back: the place returns to sale, the money due is on its way."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from accounts.models import User
from common.errors import InvalidTransition, NotFound, PermissionRefused
from common.people import lock_people
from common.service import service
from payments.errors import PAID_MEANWHILE, RefundChanged
from payments.models import ZERO, Payment
from payments.services import close_payment, request_refund
from payments.states import HOLDING, ClosedBecause
from tickets import emails
from tickets.errors import GroupMinimum
from tickets.models import Event, Ticket, TicketOrder, TicketStatusChange, Tier
from tickets.services.deliver import release_hold
from tickets.states import OrderStatus, TicketStatus

RefundChoice = Literal["full", "policy", "none"]


@service
def cancel_ticket(
    *, ticket_id: int, by: User, at: datetime, reason: str = "", expected: Decimal | None = None
) -> Ticket:
    """Give back one's own ticket for what the notice earns.

    `expected` is the refund that the person was shown. Raises NotFound, InvalidTransition (in,
    begun, over), GroupMinimum, RefundChanged.
    """
    order, tickets = lock_order_of(ticket_id, by=by)
    if order.user_id != by.pk:
        raise NotFound("There is no such ticket.")
    ticket = tickets[ticket_id]
    _require_cancellable(ticket, at)
    _require_group(order, tickets.values(), leaving=[ticket])
    percent = order.refund_percent_at(at)
    _give_back(order, [ticket], percent=percent, by=by, at=at, reason=reason, expected=expected)
    _close_when_empty(order, at)
    emails.tickets_cancelled(order, [ticket], by_staff=False, at=at)
    return ticket


@service
def cancel_order(
    *,
    order_id: int,
    by: User,
    at: datetime,
    reason: str = "",
    expected: Decimal | None = None,
    only_hold: bool = False,
) -> TicketOrder:
    """Give up one's held order, or give back all of its tickets that are still valid.

    `only_hold`: the person was asked about unpaid places, and mustn't lose what is paid by now.
    Raises NotFound, InvalidTransition (nothing left to give back, begun), RefundChanged.
    """
    order, tickets = _lock_order(order_id, by=by)
    if order.user_id != by.pk:
        raise NotFound("There is no such order.")
    if order.is_pending:
        return _give_up(order, because=ClosedBecause.GIVEN_UP, reason=reason or "given up", at=at)
    leaving = [ticket for ticket in tickets.values() if ticket.status == TicketStatus.ACTIVE]
    if not leaving:
        raise InvalidTransition("There is no ticket left in this order that can be given back.")
    if only_hold:
        raise RefundChanged(PAID_MEANWHILE)
    for ticket in leaving:
        _require_cancellable(ticket, at)
    percent = order.refund_percent_at(at)
    _give_back(order, leaving, percent=percent, by=by, at=at, reason=reason, expected=expected)
    _close_when_empty(order, at)
    emails.tickets_cancelled(order, leaving, by_staff=False, at=at)
    return order


@service
def cancel_tickets_by_staff(
    *,
    ticket_ids: Sequence[int],
    by: User,
    at: datetime,
    reason: str = "",
    refund: RefundChoice | None = None,
    expected: Decimal | None = None,
) -> list[Ticket]:
    """Take back tickets of one order for a customer; used ones too, and cancelled ones for money.

    `refund` None means what this person's role gives. Raises NotFound, InvalidTransition,
    PermissionRefused, RefundChanged.
    """
    may_choose = by.has_perm("bookings.refund_at_discretion")
    choice = refund or ("full" if may_choose else "policy")
    if choice != "policy" and not may_choose:
        raise PermissionRefused("Refunds other than by the policy are a manager's decision.")
    order, tickets = lock_order_of(ticket_ids[0], by=by)
    if not set(ticket_ids) <= set(tickets):
        raise NotFound("These tickets are not all of one order.")
    leaving = [tickets[pk] for pk in sorted(set(ticket_ids))]
    if any(ticket.status_at(at) == TicketStatus.EXPIRED for ticket in leaving):
        raise InvalidTransition("A ticket that has expired stays expired.")
    percent = {"full": 100, "policy": order.refund_percent_at(at), "none": 0}[choice]
    _give_back(order, leaving, percent=percent, by=by, at=at, reason=reason, expected=expected)
    _close_when_empty(order, at)
    emails.tickets_cancelled(order, leaving, by_staff=True, at=at)
    return leaving


@service
def end_hold_by_staff(*, order_id: int, by: User, at: datetime, reason: str = "") -> TicketOrder:
    """End a customer's unpaid hold: its places are on sale at once, no page takes money for it.

    What was paid at that very moment goes back by itself. Raises NotFound, InvalidTransition (paid
    meanwhile, or over).
    """
    order, _ = _lock_order(order_id, by=by)
    if not order.is_pending:
        raise InvalidTransition(
            f"Only an unpaid hold can be ended; this order is {order.get_status_display().lower()}."
        )
    reason = reason or "ended by staff"
    return _give_up(order, because=ClosedBecause.CANCELLED, reason=reason, at=at)


@service
def wind_up_order(*, order_id: int, at: datetime, reason: str) -> bool:
    """End an order of a cancelled event: all of it goes back and the holder is told. Once.

    True when there was something to do.
    """
    known = TicketOrder.objects.filter(pk=order_id).values("user_id", "payment_id").get()
    order, tickets = _lock(order_id, known["payment_id"], known["user_id"])
    if order.is_pending:
        _give_up(order, because=ClosedBecause.CANCELLED, reason=reason, at=at)
        return True
    if not order.is_paid:
        return False
    # A used ticket of a free event stays what it is: there is nothing to give back for it.
    ends = {TicketStatus.ACTIVE, TicketStatus.USED} if order.amount else {TicketStatus.ACTIVE}
    live = [ticket for ticket in tickets.values() if ticket.status in ends]
    _give_back(order, live, percent=100, by=None, at=at, reason=reason)
    _close_when_empty(order, at)
    emails.event_cancelled(order, reason=reason, at=at)
    return True


def _require_cancellable(ticket: Ticket, at: datetime) -> None:
    if ticket.status != TicketStatus.ACTIVE or ticket.status_at(at) != TicketStatus.ACTIVE:
        raise InvalidTransition(f"This ticket is {ticket.label_at(at).lower()}.")
    if ticket.check_in_time is not None:
        raise InvalidTransition("Somebody has come in with this ticket already.")
    if ticket.event.start_date <= at:
        raise InvalidTransition("The event has begun; tickets can't be given back any more.")


def _require_group(order: TicketOrder, tickets: Iterable[Ticket], *, leaving: list[Ticket]) -> None:
    live = {TicketStatus.ACTIVE, TicketStatus.USED}
    staying = [ticket for ticket in tickets if ticket.status in live and ticket not in leaving]
    if not order.may_shrink_to(len(staying)):
        raise GroupMinimum(
            f"These tickets are sold from {order.min_per_order} on. Give all of them back together."
        )


def _give_back(
    order: TicketOrder,
    leaving: list[Ticket],
    *,
    percent: int,
    by: User | None,
    at: datetime,
    reason: str,
    expected: Decimal | None = None,
) -> Decimal:
    """Refund, end the tickets, return their places to sale: what every way out shares."""
    due = order.refund_for(percent, tickets=len(leaving))
    if expected is not None and expected != due:
        raise RefundChanged
    given = ZERO
    earned = order.refund_for_one(percent) * len(leaving)
    if earned > ZERO and order.payment is not None:
        given = request_refund(
            order.payment, amount=earned, reason=reason or "cancelled", by=by, at=at
        )
    released = 0
    left = given
    changes = []
    for ticket in leaving:
        # The places of cancelled tickets are on sale again already.
        released += ticket.status != TicketStatus.CANCELLED
        part = min(left, order.refund_for_one(percent))
        left -= part
        ticket.refund_percent = percent if given else 0
        ticket.refund_amount = (ticket.refund_amount or ZERO) + part
        ticket.is_inside = False
        status = TicketStatus.REFUNDED if part else TicketStatus.CANCELLED
        changes.append(ticket.move_to(status, at=at, by=by, reason=reason))
    TicketStatusChange.objects.bulk_create(changes)
    if released:
        if order.tier_id is not None:
            Tier.objects.release_sold(order.tier_id, released)
        Event.objects.release_sold(order.event_id, released)
    return given


def _close_when_empty(order: TicketOrder, at: datetime) -> None:
    live = order.tickets.live().exists()
    refunded = order.payment is not None and order.payment.refunded > ZERO
    is_to_say_more = order.status == OrderStatus.CANCELLED and refunded
    if live or not (order.is_paid or is_to_say_more):
        return
    order.move_to(
        OrderStatus.REFUNDED if refunded else OrderStatus.CANCELLED, at=at, reason="given back"
    )


def _give_up(
    order: TicketOrder, *, because: ClosedBecause, reason: str, at: datetime
) -> TicketOrder:
    order.move_to(OrderStatus.CANCELLED, at=at, reason=reason)
    if order.payment is not None and order.payment.status in HOLDING:
        close_payment(order.payment, because=because, at=at)
    release_hold(order)
    return order


def lock_order_of(ticket_id: int, *, by: User) -> tuple[TicketOrder, dict[int, Ticket]]:
    """The ticket's order and all of its tickets, locked in the order of the house.

    Raises NotFound.
    """
    order_id = Ticket.objects.filter(pk=ticket_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("There is no such ticket.")
    return _lock_order(order_id, by=by)


def _lock_order(order_id: int, *, by: User) -> tuple[TicketOrder, dict[int, Ticket]]:
    known = TicketOrder.objects.filter(pk=order_id).values("user_id", "payment_id").first()
    if known is None:
        raise NotFound("There is no such order.")
    return _lock(order_id, known["payment_id"], known["user_id"], by.pk)


def _lock(
    order_id: int, payment_id: int | None, *people: int
) -> tuple[TicketOrder, dict[int, Ticket]]:
    """People, payment, order, tickets: the order that everybody keeps."""
    lock_people(*people)
    payment = Payment.objects.locked(payment_id) if payment_id else None
    order: TicketOrder = TicketOrder.objects.select_for_update().get(pk=order_id)
    order.payment = payment
    rows = Ticket.objects.select_for_update().filter(order_id=order_id).order_by("pk")
    tickets: dict[int, Ticket] = {ticket.pk: ticket for ticket in rows}
    for ticket in tickets.values():
        ticket.order = order
        ticket.event = order.event
    return order, tickets
