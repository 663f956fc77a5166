"""Claim a place and write the booking: what booking for oneself and for a customer share."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from bookings import emails
from bookings.errors import PriceChanged, SlotTaken, TooFar, TooSoon
from bookings.models import Booking, Timeslot
from bookings.policies import earliest_start, hold_ends, latest_start
from bookings.queries import alternatives
from bookings.states import BookingStatus, PaymentStatus
from common import clock
from common.errors import InvalidInput, NotFound
from common.money import money
from payments.services import open_payment

PURPOSE = "booking"


def find_slot(timeslot_id: int) -> Timeslot:
    """Raises NotFound."""
    slot: Timeslot | None = Timeslot.objects.select_related("room").filter(pk=timeslot_id).first()
    if slot is None:
        raise NotFound("There is no such time.")
    return slot


def require_bookable(slot: Timeslot, at: datetime) -> None:
    """Not over, its room open, neither too soon nor too far.

    Raises InvalidInput, TooSoon, TooFar.
    """
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


def require_price(slot: Timeslot, expected: Decimal | None) -> None:
    """The slot costs what the person was shown; None: nobody was shown a price.

    Raises PriceChanged.
    """
    price = slot.effective_price
    if expected is None or price == expected:
        return
    now, before = (
        money(amount, settings.CURRENCY) if amount else "nothing" for amount in (price, expected)
    )
    raise PriceChanged(f"This time costs {now} now; it was {before} when you looked.")


def take_place(
    slot: Timeslot,
    user: User,
    *,
    at: datetime,
    by: User,
    notes: str = "",
    booking_type: str = "",
    expected_price: Decimal | None = None,
) -> Booking:
    """Claim, then write: a hold with its payment, or a confirmed booking when it is free.

    The caller has read and checked all it wants and holds the user's lock. `expected_price` is what
    the person was shown. Raises PriceChanged, SlotTaken.
    """
    require_price(slot, expected_price)
    # The claim before rows that point at the slot: the other order deadlocks.
    if not Timeslot.objects.claim_place(slot.pk, at=at, price=slot.price):
        raise SlotTaken(details={"alternatives": alternatives(slot, at)})

    price = slot.effective_price
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
    booking.record("", BookingStatus.PENDING, at=at, by=by, reason="")
    if payment is None:
        booking.payment_status = PaymentStatus.PAID
        booking.move_to(BookingStatus.CONFIRMED, at=at, by=by, reason="nothing to pay")
        emails.booking_confirmed(booking, at=at)
    return booking
