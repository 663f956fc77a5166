"""The state of a booking in words, for who made it."""

from datetime import datetime

from bookings.models import Booking
from bookings.states import BookingStatus, CancelCause
from common import clock
from common.money import money
from common.telling import Standing
from payments.models import ZERO

RAN_OUT = "The time to pay ran out"
NOTHING_CHARGED = "Nothing was charged."
CAME_TOO_LATE = "Your money came after that, so all of it goes back to you."


def standing_of(booking: Booking, *, at: datetime) -> Standing:
    """One of a dozen; each says what is true and, where there is one, the next step."""
    if booking.is_pending:
        return _standing_of_hold(booking, at)
    if booking.is_cancelled:
        return standing_of_cancelled(booking)
    if booking.status == BookingStatus.NO_SHOW:
        return Standing("Not attended", "past", "circle", "We missed you")
    if booking.status == BookingStatus.COMPLETED or booking.timeslot.end_time <= at:
        return Standing("Past", "past", "check", "This visit is over", "Thank you for coming.")
    return _standing_of_confirmed(booking, at)


def _standing_of_confirmed(booking: Booking, at: datetime) -> Standing:
    if booking.timeslot.start_time <= at:
        return Standing("Now", "good", "check", "Your time has begun", "We are expecting you.")
    starts = clock.say_soon(booking.timeslot.start_time, booking.room.timezone, now=at)
    text = f"See you {starts}."
    if booking.is_payment_due:
        text += f" Please pay {money(booking.price, booking.currency)} at the desk."
    return Standing("Confirmed", "good", "check", "You are booked", text)


def _standing_of_hold(booking: Booking, at: datetime) -> Standing:
    if booking.is_processing:
        return Standing(
            "Being paid",
            "wait",
            "hourglass",
            "Your payment is being processed",
            "The bank needs a little longer. Your place stays yours meanwhile, and we e-mail you "
            "when it is settled.",
        )
    if not booking.is_payable(at):
        return Standing(
            "Not paid in time",
            "past",
            "clock",
            RAN_OUT,
            "We are making sure that nothing was charged; then the place is free again.",
        )
    return Standing(
        "Held",
        "wait",
        "hourglass",
        f"Your time is held until {held_until(booking)}",
        "It is yours once you have paid.",
    )


def _ran_out(money_went: str) -> Standing:
    return Standing(
        "Not paid in time",
        "past",
        "clock",
        RAN_OUT,
        f"The place was given back. {money_went}",
    )


def standing_of_cancelled(booking: Booking) -> Standing:
    was_paid = booking.payment is not None and booking.payment.captured > ZERO
    money_went = CAME_TOO_LATE if was_paid else NOTHING_CHARGED
    match booking.cancel_cause:
        case CancelCause.LAPSED:
            return _ran_out(money_went)
        case CancelCause.GIVEN_UP:
            return Standing("Given up", "past", "minus", "You gave this time up", money_went)
        case CancelCause.FAILED:
            return Standing(
                "Payment failed",
                "bad",
                "close",
                "The payment didn't go through",
                f"The place was given back. {money_went}",
            )
        case CancelCause.STAFF:
            return Standing(
                "Cancelled by us",
                "bad",
                "close",
                "We had to cancel your booking",
                "We are sorry. If there is a question, please ask at the desk.",
            )
    return Standing("Cancelled", "bad", "close", "Your booking is cancelled")


def held_until(booking: Booking) -> str:
    """'14:32 (Berlin)'."""
    assert booking.expires_at is not None
    zone = booking.room.timezone
    return f"{clock.say_time(booking.expires_at, zone)} ({clock.place_of(zone)})"
