"""What happens to a booking after its time."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from bookings.models import Booking, BookingStatusChange
from bookings.querysets import BookingQuerySet
from bookings.services.cancel import lock_booking
from bookings.states import BookingStatus
from common.errors import InvalidTransition
from common.people import lock_people
from common.service import service

BATCH = 500
AT_ONCE = 100


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


def complete_past(*, at: datetime, batch: int = BATCH) -> int:
    """Complete confirmed bookings whose slot ended more than the grace time ago.

    Returns how many, at most one batch, in transactions of a hundred: one each would cost a commit
    each, and all in one would keep too many people waiting.
    """
    due = list(_due(at).order_by("pk").values_list("pk", "user_id")[:batch])
    return sum(_complete(due[first : first + AT_ONCE], at) for first in range(0, len(due), AT_ONCE))


def _due(at: datetime) -> BookingQuerySet:
    ended = at - timedelta(minutes=settings.COMPLETE_AFTER_MINUTES)
    return Booking.objects.filter(status=BookingStatus.CONFIRMED, timeslot__end_time__lte=ended)


@service
def _complete(due: list[tuple[int, int]], at: datetime) -> int:
    # People first, as everywhere: MariaDB looks at their rows when a booking's status changes.
    lock_people(*{user_id for _pk, user_id in due})
    locked = list(
        Booking.objects.filter(pk__in=[pk for pk, _user_id in due])
        .order_by("pk")
        .select_for_update()
        .values_list("pk", flat=True)
    )
    # Asked again, now that nobody can cancel or move them; apart: a lock takes what is joined too.
    still = list(_due(at).filter(pk__in=locked).values_list("pk", flat=True))
    Booking.objects.filter(pk__in=still).update(status=BookingStatus.COMPLETED, updated_at=at)
    BookingStatusChange.objects.bulk_create(
        BookingStatusChange(
            booking_id=pk,
            from_status=BookingStatus.CONFIRMED,
            to_status=BookingStatus.COMPLETED,
            at=at,
            reason="its time is over",
        )
        for pk in still
    )
    return len(still)
