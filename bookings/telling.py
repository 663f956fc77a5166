"""How a booking is told to who made it: money, what happened, what can be done now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from bookings.desk import address
from bookings.models import Booking
from bookings.standing import held_until, standing_of, standing_of_cancelled
from bookings.states import BookingStatus
from common import clock
from common.money import money
from common.telling import Standing
from payments import refund_words
from payments.models import ZERO
from payments.refund_words import refund_line, refund_notes


@dataclass(frozen=True)
class Told:
    """A booking as its pages show it; an address is '' when that can't be done now."""

    booking: Booking
    standing: Standing
    when: str
    hours: str
    length: str
    price: str
    price_note: str
    is_dim: bool
    pay_href: str
    cancel_href: str
    move_href: str
    again_href: str
    ics_href: str
    money_notes: list[dict[str, str]]

    @property
    def can_be_cancelled(self) -> bool:
        """Confirmed and ahead; a hold is given up instead."""
        return bool(self.cancel_href) and not self.pay_href

    @property
    def pay_label(self) -> str:
        return f"Pay {self.price}"

    @property
    def held_text(self) -> str:
        return f"To be paid by {held_until(self.booking)}."

    @property
    def cancel_label(self) -> str:
        """For a list; a booking's own page says it in full."""
        return "Give it up" if self.pay_href else "Cancel"

    @property
    def cancel_words(self) -> str:
        return "Give it up" if self.pay_href else "Cancel this booking"

    @property
    def cancel_question(self) -> str:
        return "Give up this time?" if self.pay_href else "Cancel this booking?"


def told(booking: Booking, *, at: datetime) -> Told:
    """`booking` with room, slot and payment at hand (`with_everything`)."""
    slot, zone = booking.timeslot, booking.room.timezone
    is_payable = booking.is_payable(at)
    can_cancel = booking.is_cancellable(at) and (is_payable or not booking.is_pending)
    standing = standing_of(booking, at=at)
    return Told(
        booking=booking,
        standing=standing,
        when=clock.say_span(slot.start_time, slot.end_time, zone),
        hours=f"{clock.say_hours(slot.start_time, slot.end_time, zone)} ({booking.room.place})",
        length=clock.say_length(slot.minutes),
        price=money(booking.price, booking.currency) if booking.price else "Free",
        price_note=_price_note(booking),
        is_dim=not (booking.is_pending or booking.is_confirmed) or slot.end_time <= at,
        pay_href=_pay_href(booking) if is_payable else "",
        cancel_href=reverse("bookings:cancel", args=[booking.pk]) if can_cancel else "",
        move_href=reverse("bookings:move", args=[booking.pk]) if booking.is_movable(at) else "",
        again_href=_again_href(booking, at),
        ics_href=reverse("bookings:ics", args=[booking.pk]) if has_invite(booking, at) else "",
        money_notes=money_notes(booking),
    )


def _price_note(booking: Booking) -> str:
    if booking.is_payment_due:
        return "to be paid at the desk"
    if booking.payment is not None and booking.payment.captured > ZERO:
        return "paid at the desk" if booking.payment.is_by_hand else "paid"
    return ""


def comes_back(booking: Booking) -> str:
    """How an amount of this booking finds its way back, as the end of a sentence."""
    return refund_words.comes_back(booking.payment)


def cancel_button(booking: Booking, *, at: datetime) -> str:
    """What the button of the question says: exactly what it does."""
    if booking.is_pending:
        return "Give it up"
    refund = said_refund(booking, at=at)
    return f"Cancel and get {refund} back" if refund else "Cancel the booking"


def has_invite(booking: Booking, at: datetime) -> bool:
    """True while there is something to put into a calendar."""
    return booking.is_confirmed and booking.timeslot.end_time > at


# --- Money ----------------------------------------------------------------------------------


def money_notes(booking: Booking) -> list[dict[str, str]]:
    """What came back of a payment and how it stands, as `{tone, text}`; empty if nothing is due."""
    if booking.payment is None:
        return []
    notes = refund_notes(booking.payment, zone=booking.room.timezone)
    if not notes and booking.is_cancelled and booking.payment.captured > ZERO:
        text = "By the refund terms of this booking nothing comes back."
        if booking.payment.disputed:
            text = refund_words.AT_YOUR_BANK
        notes.append({"tone": "past", "text": text})
    return notes


def refund_steps(booking: Booking, *, at: datetime) -> list[dict[str, Any]]:
    """The frozen refund terms as a time line; empty when nothing was paid, or a bank has it.

    What a cancel gives back then isn't what the terms say: the sentence beside it is.
    """
    if booking.price == ZERO or booking.is_payment_due or refund_words.at_bank(booking.payment):
        return []
    return refund_line(
        booking.refund_schedule, zone=booking.room.timezone, currency=booking.currency, now=at
    )


def refund_sentence(booking: Booking, *, at: datetime) -> str:
    """Exactly what a cancel now gives back, as a sentence."""
    due = booking.refund_due(at)
    if booking.is_pending:
        return "The time is free for others at once, and nothing is charged."
    return refund_words.refund_sentence(
        due, booking.price, booking.currency, payment=booking.payment, back=comes_back(booking)
    )


def said_refund(booking: Booking, *, at: datetime) -> str:
    """What a cancel now gives back: '45.00 USD', or '' for nothing."""
    due = booking.refund_due(at)
    return money(due, booking.currency) if due > ZERO else ""


# --- What happened --------------------------------------------------------------------------

HAPPENED = {
    BookingStatus.PENDING: ("Held for you", "wait", "hourglass"),
    BookingStatus.CONFIRMED: ("Confirmed", "good", "check"),
    BookingStatus.COMPLETED: ("Visited", "past", "check"),
    BookingStatus.NO_SHOW: ("Not attended", "past", "circle"),
    BookingStatus.CANCELLED: ("Cancelled", "bad", "close"),
}


def happenings(booking: Booking) -> list[dict[str, str]]:
    """The history in the holder's words, oldest first, for `components/timeline.html`."""
    zone = booking.room.timezone
    items: list[dict[str, str]] = []
    changes = list(booking.history.all())
    if len(changes) > 1 and changes[0].at == changes[1].at:
        # Free of charge: held and confirmed in one breath.
        del changes[0]
    for change in changes:
        title, tone, icon = HAPPENED[BookingStatus(change.to_status)]
        if booking.payment is not None and change.at == booking.payment.paid_at:
            title = "Paid and confirmed"
        if change.moved_from:
            who = "Moved" if change.by_id == booking.user_id else "Moved by us"
            title, icon = f"{who}, from {change.moved_from}", "move"
        if change.to_status == BookingStatus.CANCELLED and change.at == booking.cancelled_at:
            standing = standing_of_cancelled(booking)
            title, tone, icon = standing.mark, standing.tone, standing.icon
        items.append(
            {
                "title": title,
                "text": clock.say_moment(change.at, zone),
                "tone": tone,
                "icon": icon,
            }
        )
    return items


def _pay_href(booking: Booking) -> str:
    assert booking.payment is not None
    return reverse("payments:pay", args=[booking.payment.token])


def _again_href(booking: Booking, at: datetime) -> str:
    was_not_paid = booking.is_pending and not (booking.is_payable(at) or booking.is_processing)
    is_over = booking.is_cancelled or booking.is_over or booking.timeslot.end_time <= at
    is_over = is_over or was_not_paid
    return address(booking.room_id) if is_over and booking.room.is_active else ""
