"""Take a place: hold it for payment, or have it at once when it costs nothing."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from bookings import emails
from bookings.errors import AlreadyBooked, EmailUnverified, SlotTaken, TooFar, TooManyHolds, TooSoon
from bookings.models import Booking, Room, Timeslot
from bookings.policies import earliest_start, hold_ends, latest_start
from bookings.queries import alternatives, has_place
from bookings.services.release import release_lapsed_holds
from bookings.states import BookingStatus, PaymentStatus
from common import clock
from common.errors import DomainError, InvalidInput, NotFound, Throttled
from common.service import service
from payments.queries import holds_made_since, open_holds
from payments.services import open_payment

PURPOSE = "booking"


def book(
    *,
    user_id: int,
    timeslot_id: int,
    room_id: int,
    at: datetime,
    notes: str = "",
    booking_type: str = "",
) -> Booking:
    """Hold a place of the slot until it is paid; a free one is confirmed at once.

    Raises NotFound, InvalidInput (other room, past, inactive), PermissionRefused
    (`email_unverified`), TooSoon, TooFar, AlreadyBooked, TooManyHolds, Throttled, SlotTaken.
    """
    release_lapsed_holds(timeslot_id=timeslot_id, at=at)
    return _book(
        user_id=user_id,
        timeslot_id=timeslot_id,
        room_id=room_id,
        at=at,
        notes=notes,
        booking_type=booking_type,
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
) -> Booking:
    # All reading first, under the user's lock: two requests of one person come one by one.
    user = User.objects.lock(user_id)[user_id]
    slot = _find_slot(timeslot_id, room_id)
    price = slot.effective_price
    _require_bookable(slot, at)
    _require_own_limits(user, slot, price, at)

    # Then the claim; only then rows that point at the slot (the other order deadlocks).
    if not Timeslot.objects.claim_place(slot.pk, at=at, price=slot.price):
        raise SlotTaken(details={"alternatives": alternatives(slot, at)})

    payment = None
    if price > 0:
        payment = open_payment(
            user_id=user.pk,
            purpose=PURPOSE,
            amount=price,
            description=f"{slot.room.name}, {slot}",
            at=at,
            expires_at=hold_ends(at=at, minutes=settings.HOLD_MINUTES, starts_at=slot.start_time),
        )
    booking = Booking.objects.create(
        user=user,
        timeslot=slot,
        room=slot.room,
        booking_type=booking_type,
        price=price,
        currency=settings.CURRENCY,
        payment=payment,
        notes=notes,
        refund_policy=slot.room.policy,
        created_at=at,
    )
    booking.record("", BookingStatus.PENDING, at=at, by=user, reason="")
    if payment is None:
        booking.payment_status = PaymentStatus.PAID
        booking.move_to(BookingStatus.CONFIRMED, at=at, by=user, reason="nothing to pay")
        emails.booking_confirmed(booking, at=at)
    return booking


def obstacle(slot: Timeslot, *, user_id: int | None, at: datetime) -> DomainError | None:
    """What `book` would refuse this slot for, as far as looking tells; None when nothing is seen.

    For pages, which say it before the button is pressed; `book` alone decides.
    """
    try:
        _require_bookable(slot, at)
        if user_id is not None:
            _require_no_place_yet(user_id, slot)
    except DomainError as error:
        return error
    if slot.is_blocked or slot.places_left == 0:
        return SlotTaken("This time is taken.", details={"alternatives": alternatives(slot, at)})
    return None


def _find_slot(timeslot_id: int, room_id: int) -> Timeslot:
    slot = Timeslot.objects.select_related("room").filter(pk=timeslot_id).first()
    if slot is None or not Room.objects.filter(pk=room_id).exists():
        raise NotFound("There is no such time.")
    if slot.room_id != room_id:
        raise InvalidInput("This time belongs to another room.", attr="timeslotId")
    return slot


def _require_bookable(slot: Timeslot, at: datetime) -> None:
    room = slot.room
    if slot.start_time <= at:
        raise InvalidInput("This time is over already.", attr="timeslotId")
    if not room.is_active:
        raise InvalidInput(f"{room.name} can't be booked at present.", attr="roomId")
    if slot.start_time < earliest_start(at=at, min_notice_minutes=room.min_notice_minutes):
        raise TooSoon(
            f"This time starts too soon: {room.name} needs {room.min_notice_minutes} minutes' "
            "notice."
        )
    if slot.start_time > latest_start(at=at, max_advance_days=room.max_advance_days):
        opens = slot.start_time - timedelta(days=room.max_advance_days)
        raise TooFar(
            f"This time can be booked from {clock.say_moment(opens, room.timezone)} on: "
            f"{room.name} takes bookings {room.max_advance_days} days ahead."
        )


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
    if holds_made_since(user.pk, at - timedelta(hours=1)) >= settings.MAX_HOLDS_PER_HOUR:
        raise Throttled(
            "You made many holds within an hour. Please wait a while before the next one.",
            details={"retryAfter": 600},
        )
