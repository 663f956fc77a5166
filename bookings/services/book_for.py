"""Staff book for a customer: the same claim, without the limits that guard against customers."""

from datetime import datetime

from accounts.models import User
from accounts.services import find_or_make_customer
from bookings import emails
from bookings.errors import AlreadyBooked
from bookings.models import Booking
from bookings.queries import has_place
from bookings.services.release import release_lapsed_holds
from bookings.services.take_place import find_slot, take_place
from bookings.states import BookingStatus
from common.errors import InvalidInput, NotFound
from common.service import service
from payments.services import mark_due


def book_for_customer(
    *,
    user_id: int,
    timeslot_id: int,
    by: User,
    at: datetime,
    notes: str = "",
    payment_due: bool = False,
) -> Booking:
    """Book a time for somebody.

    With `payment_due` it is confirmed and paid at the desk; without, it is held as if the customer
    had done it, and staff pass on the payment's address. Notice, advance, hold limits and the
    verified address don't bind staff.

    Raises NotFound, InvalidInput (past, inactive), AlreadyBooked, SlotTaken.
    """
    release_lapsed_holds(timeslot_id=timeslot_id, at=at)
    return _book_for(
        user_id=user_id,
        timeslot_id=timeslot_id,
        by=by,
        at=at,
        notes=notes,
        payment_due=payment_due,
    )


def book_for_newcomer(
    *,
    email: str,
    name: str,
    timeslot_id: int,
    by: User,
    at: datetime,
    notes: str = "",
    payment_due: bool = False,
) -> Booking:
    """As `book_for_customer`, for somebody known by an e-mail address alone.

    Whoever has no account yet is given one; when the booking is refused, it isn't made either.
    Raises what `book_for_customer` does, and InvalidInput for what is no address.
    """
    release_lapsed_holds(timeslot_id=timeslot_id, at=at)
    return _book_for_newcomer(
        email=email,
        name=name,
        timeslot_id=timeslot_id,
        by=by,
        at=at,
        notes=notes,
        payment_due=payment_due,
    )


@service
def _book_for_newcomer(
    *,
    email: str,
    name: str,
    timeslot_id: int,
    by: User,
    at: datetime,
    notes: str,
    payment_due: bool,
) -> Booking:
    person = find_or_make_customer(email=email, name=name, at=at)
    return _book_for(
        user_id=person.pk,
        timeslot_id=timeslot_id,
        by=by,
        at=at,
        notes=notes,
        payment_due=payment_due,
    )


@service
def _book_for(
    *, user_id: int, timeslot_id: int, by: User, at: datetime, notes: str, payment_due: bool
) -> Booking:
    people = User.objects.lock(user_id, by.pk)
    customer = people.get(user_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    if not customer.is_active:
        raise NotFound("This customer's account is switched off.")
    slot = find_slot(timeslot_id)
    if slot.start_time <= at:
        raise InvalidInput("This time is over already.", attr="timeslotId")
    if not slot.room.is_active:
        raise InvalidInput(f"{slot.room.name} can't be booked at present.", attr="timeslotId")
    if not slot.room.allow_repeat_booking and has_place(customer.pk, slot.pk):
        raise AlreadyBooked("This customer already has a place at this time.")

    booking = take_place(slot, customer, at=at, by=by, notes=notes)
    if booking.is_pending and payment_due:
        assert booking.payment is not None
        booking.move_to(BookingStatus.CONFIRMED, by=by, at=at, reason="payment due at the desk")
        mark_due(booking.payment, at=at)
        emails.booking_confirmed(booking, at=at)
    return booking
