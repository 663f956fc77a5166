"""Move a booking to another time: never both places, never none."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from accounts.models import User
from bookings import emails
from bookings.errors import AlreadyBooked, PriceIncrease, SlotTaken, TooLate
from bookings.models import MOVED_FROM, Booking, Timeslot
from bookings.queries import alternatives, fits_move, has_place
from bookings.services.cancel import lock_booking
from bookings.services.release import release_lapsed_holds
from bookings.services.take_place import find_slot, require_bookable, require_price
from bookings.states import PaymentStatus
from common import clock
from common.errors import DomainError, InvalidInput, InvalidTransition, NotFound
from common.service import service
from payments.models import ZERO
from payments.services import change_due, close_payment, request_refund
from payments.states import ClosedBecause, PaymentState

FREE_CANCEL_AFTER_STAFF_MOVE = timedelta(days=7)


def reschedule_booking(
    *,
    booking_id: int,
    timeslot_id: int,
    by: User,
    at: datetime,
    expected_price: Decimal | None = None,
) -> Booking:
    """Move one's own confirmed booking to another open time of the same room.

    Cheaper: the difference is refunded. `expected_price` is what the new time cost when the person
    looked. Raises NotFound, InvalidInput (other room, past), InvalidTransition (not confirmed, same
    time), TooLate, TooSoon, TooFar, AlreadyBooked, PriceChanged, PriceIncrease, SlotTaken.
    """
    release_lapsed_holds(timeslot_id=timeslot_id, at=at)
    return _reschedule(
        booking_id=booking_id,
        timeslot_id=timeslot_id,
        by=by,
        at=at,
        expected_price=expected_price,
    )


def move_obstacle(booking: Booking, timeslot_id: int, *, at: datetime) -> DomainError | None:
    """What `reschedule_booking` would refuse its holder, as far as looking tells.

    For pages, which say it before the button is pressed; `reschedule_booking` alone decides.
    """
    try:
        target = _find_target(booking, timeslot_id, at)
        _require_own_move(booking, target, at)
        _require_no_place_yet(booking, target)
    except DomainError as error:
        return error
    if target.is_blocked or target.places_left == 0:
        others = alternatives(target, at, only=fits_move(booking))
        return SlotTaken("This time is taken.", details={"alternatives": others})
    return None


def move_by_staff(
    *, booking_id: int, timeslot_id: int, by: User, at: datetime, reason: str = ""
) -> Booking:
    """Move a customer's booking, at any time; who was moved may cancel for 100 % for seven days.

    Notice and advance don't bind staff, and a dearer time costs the customer nothing more.
    Raises NotFound, InvalidInput, InvalidTransition, AlreadyBooked, SlotTaken.
    """
    release_lapsed_holds(timeslot_id=timeslot_id, at=at)
    return _move_by_staff(
        booking_id=booking_id, timeslot_id=timeslot_id, by=by, at=at, reason=reason
    )


@service
def _reschedule(
    *,
    booking_id: int,
    timeslot_id: int,
    by: User,
    at: datetime,
    expected_price: Decimal | None,
) -> Booking:
    booking = lock_booking(booking_id, by=by)
    if booking.user_id != by.pk:
        raise NotFound("There is no such booking.")
    target = _find_target(booking, timeslot_id, at)
    _require_own_move(booking, target, at)
    require_price(target, expected_price)
    return _move(booking, target, price=target.effective_price, by=by, at=at, reason="")


@service
def _move_by_staff(
    *, booking_id: int, timeslot_id: int, by: User, at: datetime, reason: str
) -> Booking:
    booking = lock_booking(booking_id, by=by)
    target = _find_target(booking, timeslot_id, at)
    price = min(target.effective_price, booking.price)
    booking.free_cancel_until = min(at + FREE_CANCEL_AFTER_STAFF_MOVE, target.start_time)
    return _move(booking, target, price=price, by=by, at=at, reason=reason)


def _find_target(booking: Booking, timeslot_id: int, at: datetime) -> Timeslot:
    target = find_slot(timeslot_id)
    if target.room_id != booking.room_id:
        raise InvalidInput("This time belongs to another room.", attr="timeslotId")
    if not booking.is_confirmed:
        raise InvalidTransition("Only a confirmed booking can be moved.")
    if target.pk == booking.timeslot_id:
        raise InvalidTransition("The booking is at this time already.")
    if target.start_time <= at:
        raise InvalidInput("This time is over already.", attr="timeslotId")
    if not target.room.is_active:
        raise InvalidInput(f"{target.room.name} can't be booked at present.", attr="timeslotId")
    return target


def _require_own_move(booking: Booking, target: Timeslot, at: datetime) -> None:
    """What binds the holder but not staff: in time, by the room's rules, not dearer."""
    ends = booking.moves_until
    if at > ends:
        raise TooLate(
            f"This booking could be moved until {clock.say_moment(ends, booking.room.timezone)}. "
            "You can still cancel it."
        )
    require_bookable(target, at)
    if target.effective_price > booking.price:
        raise PriceIncrease(
            "This time costs more than the one you have. Book it anew and cancel the old one."
        )


def _require_no_place_yet(booking: Booking, target: Timeslot) -> None:
    if not booking.room.allow_repeat_booking and has_place(booking.user_id, target.pk):
        raise AlreadyBooked


def _move(
    booking: Booking, target: Timeslot, *, price: Decimal, by: User, at: datetime, reason: str
) -> Booking:
    former = booking.timeslot
    _require_no_place_yet(booking, target)
    # What is offered instead must not be refused for its price, nor be where the booking is now.
    only = fits_move(booking) if by.pk == booking.user_id else ~Q(pk=former.pk)
    _swap_places(former, target, at, instead=only)

    saved, booking.price = booking.price - price, price
    booking.timeslot = target
    booking.sequence += 1
    booking.save()
    moved = f"{MOVED_FROM}{clock.say_moment(former.start_time, booking.room.timezone)}"
    booking.record(
        booking.status,
        booking.status,
        at=at,
        by=by,
        reason=f"{moved}: {reason}" if reason else moved,
    )
    refund = _give_back(booking, saved, by=by, at=at)
    emails.booking_moved(
        booking, former=former, refund=refund, by_staff=by.pk != booking.user_id, at=at
    )
    return booking


def _swap_places(former: Timeslot, target: Timeslot, at: datetime, *, instead: Q) -> None:
    """Claim the one, give back the other, in the order of their ids like everybody who needs two.

    Releasing first is safe: when the claim fails, the whole transaction is undone. The alternatives
    to a lost time are of `instead`.
    """
    claim_first = target.pk < former.pk
    if not claim_first:
        Timeslot.objects.release_place(former.pk)
    if not Timeslot.objects.claim_place(target.pk, at=at, price=target.price):
        raise SlotTaken(details={"alternatives": alternatives(target, at, only=instead)})
    if claim_first:
        Timeslot.objects.release_place(former.pk)


def _give_back(booking: Booking, saved: Decimal, *, by: User, at: datetime) -> Decimal:
    """What the cheaper time saves: paid back, or no longer due."""
    payment = booking.payment
    if payment is None or saved <= ZERO:
        return ZERO
    if payment.status == PaymentState.DUE:
        if booking.price > ZERO:
            change_due(payment, amount=booking.price)
        else:
            close_payment(payment, because=ClosedBecause.CANCELLED, at=at)
            booking.payment_status = PaymentStatus.PAID
            booking.save(update_fields=["payment_status", "updated_at"])
        return ZERO
    return request_refund(payment, amount=saved, reason="moved to a cheaper time", by=by, at=at)
