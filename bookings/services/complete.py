"""What happens to a booking after its time."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from bookings.models import Booking
from bookings.services.cancel import lock_booking
from bookings.states import BookingStatus
from common.errors import InvalidTransition
from common.service import service

BATCH = 500


@service
def mark_attendance(
    *, booking_id: int, status: BookingStatus, by: User, at: datetime, reason: str = ""
) -> Booking:
    """Staff say `completed` or `no_show`, or correct one into the other; only after the start.

    Raises NotFound, InvalidTransition.
    """
    booking = lock_booking(booking_id, by=by)
    if booking.timeslot.start_time > at:
        raise InvalidTransition("This time hasn't begun yet, so nobody can have missed it.")
    booking.move_to(status, by=by, at=at, reason=reason)
    return booking


def complete_past(*, at: datetime) -> int:
    """Complete confirmed bookings whose slot ended more than the grace time ago.

    Returns how many, at most one batch; each is a transaction of its own.
    """
    ended = at - timedelta(minutes=settings.COMPLETE_AFTER_MINUTES)
    due = Booking.objects.filter(
        status=BookingStatus.CONFIRMED, timeslot__end_time__lte=ended
    ).order_by("pk")
    return sum(_complete(pk, at) for pk in list(due.values_list("pk", flat=True)[:BATCH]))


@service
def _complete(booking_id: int, at: datetime) -> bool:
    booking: Booking = Booking.objects.locked(booking_id)
    if not booking.is_confirmed:
        return False
    booking.move_to(BookingStatus.COMPLETED, at=at, reason="its time is over")
    return True
