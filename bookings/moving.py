"""A move in words: until when it can be done, what it changes, and that it was done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookings.models import Booking, Timeslot
from bookings.telling import comes_back
from common import clock
from common.money import money
from payments.models import ZERO
from payments.refund_terms import refund_steps
from payments.refund_words import refund_line


@dataclass(frozen=True)
class ToldMove:
    """What a move to one time would change, before the click."""

    day: str
    hours: str
    former: str
    price: str
    price_note: str
    money_text: str
    refund_steps: list[dict[str, Any]]
    button: str


def told_move(booking: Booking, slot: Timeslot, *, at: datetime) -> ToldMove:
    """`booking` with room, slot and payment at hand; `slot` of the same room."""
    zone, price = booking.room.timezone, slot.effective_price
    return ToldMove(
        day=clock.say_day(slot.start_time, zone),
        hours=clock.say_hours(slot.start_time, slot.end_time, zone),
        former=said_time(booking.timeslot),
        price=money(price, booking.currency) if price else "Free",
        price_note=_price_note(booking, slot),
        money_text=_money_text(booking, slot),
        refund_steps=_refund_steps(booking, slot, at),
        button=f"Move to {clock.say_moment(slot.start_time, zone)}",
    )


def said_time(slot: Timeslot) -> str:
    """'Thu 9 July, 11:00–11:30'."""
    zone = slot.room.timezone
    hours = clock.say_hours(slot.start_time, slot.end_time, zone)
    return f"{clock.say_day(slot.start_time, zone)}, {hours}"


def _price_note(booking: Booking, slot: Timeslot) -> str:
    if slot.effective_price == booking.price:
        return "as before" if booking.price else ""
    return f"instead of {money(booking.price, booking.currency)}"


def _money_text(booking: Booking, slot: Timeslot) -> str:
    """What the move gives back or leaves to be paid; '' when no money changes hands."""
    price = slot.effective_price
    if booking.is_payment_due:
        left = f"{money(price, booking.currency)} at the desk" if price else "nothing"
        return f"You pay {left}."
    saved = booking.saved_by(price)
    return f"{money(saved, booking.currency)} {comes_back(booking)}" if saved else ""


def _refund_steps(booking: Booking, slot: Timeslot, at: datetime) -> list[dict[str, Any]]:
    """The terms of the booking go with it; only their dates and amounts are the new time's."""
    price = slot.effective_price
    if price == ZERO or booking.is_payment_due:
        return []
    steps = refund_steps(
        booking.refund_policy,
        starts_at=slot.start_time,
        price=price,
        currency=booking.currency,
        free_until=booking.free_until(slot.start_time),
    )
    return refund_line(
        steps, zone=booking.room.timezone, currency=booking.currency, now=at, with_over=False
    )


def until_when(booking: Booking) -> str:
    """'Wed 8 July, 11:00': until when its holder may move it."""
    return clock.say_moment(booking.moves_until, booking.room.timezone)


def too_late_note(booking: Booking, *, at: datetime) -> str:
    """Why a booking that lies ahead can't be moved any more; '' when it can, or is none such."""
    is_ahead = booking.is_confirmed and booking.timeslot.start_time > at
    if not is_ahead or booking.is_movable(at):
        return ""
    return f"It could be moved until {until_when(booking)}."


def moved_notice(booking: Booking, *, at: datetime) -> dict[str, str] | None:
    """What `components/notice.html` says while a move is the last that happened; else None."""
    changes = list(booking.history.all())
    former = changes[-1].moved_from if changes else ""
    if not former or not booking.is_confirmed or booking.timeslot.start_time <= at:
        return None
    if changes[-1].by_id == booking.user_id:
        text = f"It was {former} before. The invite that we e-mail you moves it in your calendar."
        return {"tone": "good", "title": "Your booking is moved", "text": text, "former": former}
    return {
        "tone": "wait",
        "title": "We moved this",
        "text": f"It was {former} before. {_free_cancel(booking, at)}",
        "former": former,
    }


def _free_cancel(booking: Booking, at: datetime) -> str:
    ends = booking.whole_back_until
    if booking.free_cancel_until is None or ends is None or ends < at:
        return "If the new time doesn't suit you, please tell us."
    until = clock.say_moment(ends, booking.room.timezone)
    all_of_it = " for all of it" if booking.refund_due(at) > ZERO else ""
    return f"If the new time doesn't suit you, cancel until {until}{all_of_it}."
