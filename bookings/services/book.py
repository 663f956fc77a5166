"""Take a place: hold it for payment, or have it at once when it costs nothing."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from bookings.errors import AlreadyBooked, EmailUnverified, SlotTaken, TooManyHolds
from bookings.models import Booking, Room, Timeslot
from bookings.queries import alternatives, has_place
from bookings.services.release import release_lapsed_holds
from bookings.services.take_place import find_slot, require_bookable, take_place
from common.errors import DomainError, InvalidInput, NotFound, Throttled
from common.service import service
from payments.queries import open_holds, seconds_until_next_hold


def book(
    *,
    user_id: int,
    timeslot_id: int,
    room_id: int,
    at: datetime,
    notes: str = "",
    booking_type: str = "",
    expected_price: Decimal | None = None,
) -> Booking:
    """Hold a place of the slot until it is paid; a free one is confirmed at once.

    `expected_price` is what the person was shown: staff may have changed it between the page and
    the click.

    Raises NotFound, InvalidInput (other room, past, inactive), PermissionRefused
    (`email_unverified`), TooSoon, TooFar, AlreadyBooked, TooManyHolds, Throttled, PriceChanged,
    SlotTaken.
    """
    release_lapsed_holds(timeslot_id=timeslot_id, at=at)
    return _book(
        user_id=user_id,
        timeslot_id=timeslot_id,
        room_id=room_id,
        at=at,
        notes=notes,
        booking_type=booking_type,
        expected_price=expected_price,
    )


@service
def _book(
    *,
    user_id: int,
    timeslot_id: int,
    room_id: int,
    at: datetime,
    notes: str,
    booking_type: str,
    expected_price: Decimal | None,
) -> Booking:
    # All reading first, under the user's lock: two requests of one person come one by one.
    user = User.objects.lock(user_id)[user_id]
    slot = find_slot(timeslot_id)
    if slot.room_id != room_id:
        if not Room.objects.filter(pk=room_id).exists():
            raise NotFound("There is no such room.")
        raise InvalidInput("This time belongs to another room.", attr="timeslotId")
    require_bookable(slot, at)
    _require_own_limits(user, slot, slot.effective_price, at)
    return take_place(
        slot,
        user,
        at=at,
        by=user,
        notes=notes,
        booking_type=booking_type,
        expected_price=expected_price,
    )


def obstacle(slot: Timeslot, *, user_id: int | None, at: datetime) -> DomainError | None:
    """What `book` would refuse this slot for, as far as looking tells; None when nothing is seen.

    For pages, which say it before the button is pressed; `book` alone decides.
    """
    try:
        require_bookable(slot, at)
        if user_id is not None:
            _require_no_place_yet(user_id, slot)
    except DomainError as error:
        return error
    if slot.is_blocked or slot.places_left == 0:
        return SlotTaken("This time is taken.", details={"alternatives": alternatives(slot, at)})
    return None


def _require_no_place_yet(user_id: int, slot: Timeslot) -> None:
    if not slot.room.allow_repeat_booking and has_place(user_id, slot.pk):
        raise AlreadyBooked


def _require_own_limits(user: User, slot: Timeslot, price: Decimal, at: datetime) -> None:
    if not user.has_verified_email:
        raise EmailUnverified
    _require_no_place_yet(user.pk, slot)
    if price == 0:
        return
    if open_holds(user.pk, at=at) >= settings.MAX_OPEN_HOLDS:
        raise TooManyHolds
    if wait := seconds_until_next_hold(user.pk, at=at):
        raise Throttled(
            "You made many holds within an hour. Please wait a while before the next one.",
            details={"retryAfter": wait},
        )
