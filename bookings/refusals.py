"""What is told on the booking page when a time can't be had, and where to go from there."""

from datetime import datetime

from accounts.models import User
from bookings.desk import address, local_day, slot_address
from bookings.errors import AlreadyBooked, SlotTaken, TooManyHolds
from bookings.models import Booking, Timeslot
from bookings.standing import held_until
from bookings.states import TAKES_PLACE
from common import clock
from common.errors import DomainError
from common.telling import Refusal, Way

TITLES = {
    "slot_taken": "This time was just taken",
    "already_booked": "You have this time already",
    "too_many_holds": "You are holding several times already",
    "too_soon": "This time is too soon",
    "too_far": "This time can't be booked yet",
    "throttled": "That was a lot in a short time",
    "busy": "It is very busy right now",
    "idempotency_in_progress": "We are still working on it",
    "idempotency_key_reused": "Please look at it once more",
}
RETRY = frozenset({"busy", "throttled", "idempotency_in_progress", "idempotency_key_reused"})


def explain(
    error: DomainError,
    *,
    slot: Timeslot,
    user: User | None,
    at: datetime,
    was_pressed: bool,
) -> Refusal:
    """Why `slot` can't be had, in words, with the ways on; `was_pressed`: it was tried."""
    title = TITLES.get(error.code, "This time can't be booked")
    other_times = [Way("See all free times", address(slot.room_id, day=local_day(slot)))]
    if error.code == "idempotency_key_reused":
        text = "This form was sent before, or came incomplete. Press the button again."
        return Refusal(title, text, may_retry=True)
    if error.code in RETRY:
        return Refusal(title, error.message, may_retry=True)
    if isinstance(error, SlotTaken):
        free = [_alternative(other, at) for other in error.details.get("alternatives", [])]
        text = error.message if was_pressed else "Somebody has it already."
        return Refusal(
            title if was_pressed else "This time is taken",
            text,
            "Still free nearby" if free else "",
            free + other_times,
            tone="bad",
        )
    if isinstance(error, AlreadyBooked) and user is not None:
        return Refusal(title, error.message, "", _own_bookings(slot, user) + other_times)
    if isinstance(error, TooManyHolds) and user is not None:
        return Refusal(title, error.message, "You are holding", _own_holds(user))
    return Refusal(title, error.message, "", other_times, tone="bad")


def _alternative(slot: Timeslot, at: datetime) -> Way:
    starts = clock.say_soon(slot.start_time, slot.room.timezone, now=at)
    return Way(starts[:1].upper() + starts[1:], slot_address(slot))


def _own_bookings(slot: Timeslot, user: User) -> list[Way]:
    own = Booking.objects.of(user.pk).filter(timeslot_id=slot.pk, status__in=TAKES_PLACE)
    return [Way("See your booking", booking.get_absolute_url()) for booking in own[:1]]


def _own_holds(user: User) -> list[Way]:
    holds = Booking.objects.of(user.pk).pending().with_everything().order_by("pk")
    return [
        Way(
            f"{hold.room.name}, {clock.say_moment(hold.timeslot.start_time, hold.room.timezone)}: "
            f"held until {held_until(hold)}",
            hold.get_absolute_url(),
        )
        for hold in holds
        if hold.expires_at is not None
    ]
