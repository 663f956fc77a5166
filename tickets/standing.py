"""The state of an order and of a ticket in words, for who bought it."""

from datetime import datetime

from common import clock
from common.money import money
from common.telling import Standing
from payments.models import ZERO
from payments.states import ClosedBecause
from tickets.models import Ticket, TicketOrder
from tickets.states import OrderStatus, TicketStatus

RAN_OUT = "The time to pay ran out"
NOTHING_CHARGED = "Nothing was charged."
CAME_TOO_LATE = "Your money came after that, so all of it goes back to you."


def standing_of_order(order: TicketOrder, *, at: datetime) -> Standing:
    """One of a dozen; each says what is true and, where there is one, the next step."""
    if order.is_pending:
        return _standing_of_hold(order, at)
    if order.status == OrderStatus.EXPIRED:
        return _ran_out(_money_went(order))
    if order.event.is_cancelled and _was_handed_out(order):
        return Standing(
            "Event cancelled",
            "bad",
            "close",
            "This event was cancelled",
            "We are sorry. What you paid comes back to you." if order.amount else "We are sorry.",
        )
    if order.status == OrderStatus.CANCELLED and not _was_handed_out(order):
        return _standing_of_unpaid(order)
    if order.status in {OrderStatus.CANCELLED, OrderStatus.REFUNDED}:
        return Standing("Given back", "past", "minus", "All of these tickets are given back")
    return _standing_of_paid(order, at)


def _standing_of_paid(order: TicketOrder, at: datetime) -> Standing:
    event = order.event
    if event.is_over(at):
        return Standing("Past", "past", "check", "This event is over", "Thank you for coming.")
    one = order.quantity == 1
    headline = "Here is your ticket" if one else "Here are your tickets"
    if event.start_date <= at:
        return Standing("Now", "good", "check", headline, "The event is on.")
    starts = clock.say_soon(event.start_date, event.timezone, now=at)
    return Standing("Valid", "good", "check", headline, f"See you {starts}.")


def _standing_of_hold(order: TicketOrder, at: datetime) -> Standing:
    if order.is_processing:
        return Standing(
            "Being paid",
            "wait",
            "hourglass",
            "Your payment is being processed",
            "The bank needs a little longer. Your places stay yours meanwhile, and we e-mail you "
            "when it is settled.",
        )
    if not order.is_payable(at):
        return Standing(
            "Not paid in time",
            "past",
            "clock",
            RAN_OUT,
            "We are making sure that nothing was charged; then the places are free again.",
        )
    what = "ticket is" if order.quantity == 1 else f"{order.quantity} tickets are"
    return Standing(
        "Held",
        "wait",
        "hourglass",
        f"Your {what} held until {held_until(order)}",
        "You get the QR code as soon as it is paid.",
    )


def _standing_of_unpaid(order: TicketOrder) -> Standing:
    because = order.payment.closed_because if order.payment else ""
    if because == ClosedBecause.FAILED:
        return Standing(
            "Payment failed",
            "bad",
            "close",
            "The payment didn't go through",
            f"The places were given back. {_money_went(order)}",
        )
    if because == ClosedBecause.CANCELLED or order.event.is_cancelled:
        return Standing(
            "Cancelled by us", "bad", "close", "We had to cancel this", _money_went(order)
        )
    return Standing("Given up", "past", "minus", "You gave this up", _money_went(order))


def _ran_out(money_went: str) -> Standing:
    return Standing(
        "Not paid in time", "past", "clock", RAN_OUT, f"The places were given back. {money_went}"
    )


def _money_went(order: TicketOrder) -> str:
    was_paid = order.payment is not None and order.payment.captured > ZERO
    return CAME_TOO_LATE if was_paid else NOTHING_CHARGED


def _was_handed_out(order: TicketOrder) -> bool:
    return bool(order.tickets.all())


def standing_of_ticket(ticket: Ticket, *, at: datetime) -> Standing:
    """What the ticket is worth now; a dead one says why."""
    if (dead := _standing_of_dead(ticket, at)) is not None:
        return dead
    event = ticket.event
    if ticket.is_used or ticket.is_inside:
        return Standing(came_in(ticket, at), "good", "check", event.name, "You are in. Enjoy it.")
    if at < ticket.valid_from:
        opens = clock.say_soon(ticket.valid_from, event.timezone, now=at)
        return Standing("Valid", "good", "check", event.name, f"Lets you in from {opens} on.")
    return Standing("Valid now", "good", "check", event.name, "Show the code at the door.")


def _standing_of_dead(ticket: Ticket, at: datetime) -> Standing | None:
    status = ticket.status_at(at)
    if status == TicketStatus.REFUNDED:
        amount = money(ticket.refund_amount or ZERO, ticket.order.currency)
        text = f"{amount} goes back to you." if ticket.refund_amount else ""
        return Standing("Refunded", "past", "refund", "This ticket was given back", text)
    if status == TicketStatus.CANCELLED:
        return Standing("Cancelled", "bad", "close", "This ticket was cancelled")
    if ticket.event.is_cancelled:
        return Standing("Event cancelled", "bad", "close", "This event was cancelled")
    if status == TicketStatus.EXPIRED:
        return Standing("Expired", "past", "clock", "This ticket has expired")
    return None


def came_in(ticket: Ticket, at: datetime) -> str:
    """'In since 14:02'; on another day it says which."""
    if ticket.check_in_time is None:
        return "Used"
    zone = ticket.event.timezone
    local = clock.zone(zone)
    if ticket.check_in_time.astimezone(local).date() == at.astimezone(local).date():
        return f"In since {clock.say_time(ticket.check_in_time, zone)}"
    return f"Came in {clock.say_moment(ticket.check_in_time, zone)}"


def held_until(order: TicketOrder) -> str:
    """'14:32 (Berlin)'."""
    assert order.expires_at is not None
    zone = order.event.timezone
    return f"{clock.say_time(order.expires_at, zone)} ({clock.place_of(zone)})"
