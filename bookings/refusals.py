"""What is told on the booking page when a time can't be had, and where to go from there."""

from datetime import datetime

from accounts.models import User
from bookings.choosing import Addresses, Offer
from bookings.desk import local_day, slot_address
from bookings.errors import AlreadyBooked, PriceIncrease, SlotTaken, TooLate, TooManyHolds
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
    "price_changed": "The price has changed",
    "price_increase": "This time costs more than yours",
    "too_late": "It is too late to move this booking",
    "busy": "It is very busy right now",
    "idempotency_in_progress": "We are still working on it",
    "idempotency_key_reused": "Please look at it once more",
}
RETRY = frozenset(
    {
        "busy",
        "throttled",
        "price_changed",
        "idempotency_in_progress",
        "idempotency_key_reused",
    }
)


def explain(
    error: DomainError,
    *,
    slot: Timeslot,
    offer: Offer,
    user: User | None,
    at: datetime,
    was_pressed: bool,
) -> Refusal:
    """Why `slot` can't be had, in words, with the ways on; `was_pressed`: it was tried.

    The ways to other times are those of the `offer`: to book, or to move.
    """
    title = TITLES.get(error.code, "This time can't be booked")
    other_times = [Way("See all free times", offer.to(day=local_day(slot)))]
    if error.code == "idempotency_key_reused":
        text = "This form was sent before, or came incomplete. Press the button again."
        return Refusal(title, text, may_retry=True)
    if error.code in RETRY:
        return Refusal(title, error.message, may_retry=True)
    if isinstance(error, SlotTaken):
        others = error.details.get("alternatives", [])
        free = [_alternative(other, offer.to, at) for other in others if not offer.misfit(other)]
        text = error.message if was_pressed else "Somebody has it already."
        return Refusal(
            title if was_pressed else "This time is taken",
            text,
            "Still free nearby" if free else "",
            free + other_times,
            tone="bad",
        )
    ways_title, ways = _own_ways(error, slot=slot, offer=offer, user=user)
    tone = "wait" if ways else "bad"
    if not isinstance(error, TooManyHolds | TooLate):
        ways = ways + other_times
    return Refusal(title, error.message, ways_title, ways, tone=tone)


def _own_ways(
    error: DomainError, *, slot: Timeslot, offer: Offer, user: User | None
) -> tuple[str, list[Way]]:
    """What leads on besides other times, with its title."""
    if isinstance(error, AlreadyBooked) and user is not None:
        return "", _own_bookings(slot, user)
    if isinstance(error, TooManyHolds) and user is not None:
        return "You are holding", _own_holds(user)
    if isinstance(error, TooLate) and offer.moves is not None:
        return "", [Way("See the booking", offer.moves.get_absolute_url())]
    if isinstance(error, PriceIncrease):
        return "", [Way("Book this time anew", slot_address(slot))]
    return "", []


def _alternative(slot: Timeslot, to: Addresses, at: datetime) -> Way:
    starts = clock.say_soon(slot.start_time, slot.room.timezone, now=at)
    return Way(starts[:1].upper() + starts[1:], to(day=local_day(slot), slot_id=slot.pk))


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
