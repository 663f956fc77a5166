"""The states of a booking, as data."""

from typing import Final

from django.db import models

from common.states import Moves


class RoomType(models.TextChoices):
    OFFICE = "office", "Office"
    CONSULTATION = "consultation", "Consultation"
    MEETING = "meeting", "Meeting room"
    TREATMENT = "treatment", "Treatment"


class BookingStatus(models.TextChoices):
    PENDING = "pending", "Held"
    CONFIRMED = "confirmed", "Confirmed"
    CANCELLED = "cancelled", "Cancelled"
    COMPLETED = "completed", "Completed"
    NO_SHOW = "no_show", "Not attended"


class PaymentStatus(models.TextChoices):
    PENDING = "pending", "Not paid"
    PAID = "paid", "Paid"
    REFUNDED = "refunded", "Refunded"


class CancelCause(models.TextChoices):
    """Why a booking is over; only a lapsed one may come back, by late money."""

    LAPSED = "lapsed", "not paid in time"
    GIVEN_UP = "given_up", "given up before paying"
    FAILED = "failed", "the payment failed"
    CUSTOMER = "customer", "cancelled by the customer"
    STAFF = "staff", "cancelled by staff"


BOOKING_MOVES: Final[Moves] = {
    BookingStatus.PENDING: {BookingStatus.CONFIRMED, BookingStatus.CANCELLED},
    # Only late money takes this way, and only from a lapsed hold: Booking.require_revivable.
    BookingStatus.CANCELLED: {BookingStatus.CONFIRMED},
    BookingStatus.CONFIRMED: {
        BookingStatus.CANCELLED,
        BookingStatus.COMPLETED,
        BookingStatus.NO_SHOW,
    },
    BookingStatus.COMPLETED: {BookingStatus.NO_SHOW},
    BookingStatus.NO_SHOW: {BookingStatus.COMPLETED},
}

TAKES_PLACE: Final = (
    BookingStatus.PENDING,
    BookingStatus.CONFIRMED,
    BookingStatus.COMPLETED,
    BookingStatus.NO_SHOW,
)
