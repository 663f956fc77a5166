"""Staff change a booking's status: one entrance, each move with its own rules."""

from datetime import datetime
from decimal import Decimal

from accounts.models import User
from bookings import emails
from bookings.models import Booking
from bookings.services.cancel import RefundChoice, cancel_by_staff, lock_booking
from bookings.services.complete import mark_attendance
from bookings.states import BookingStatus
from common.errors import InvalidTransition
from common.service import service
from payments.services import mark_due


def set_status(
    *,
    booking_id: int,
    status: BookingStatus,
    by: User,
    at: datetime,
    reason: str = "",
    refund: RefundChoice | None = None,
    expected_refund: Decimal | None = None,
) -> Booking:
    """Confirm with payment due, cancel, complete or note a missed visit.

    Raises NotFound, InvalidTransition, PermissionRefused, RefundChanged.
    """
    if status == BookingStatus.CONFIRMED:
        return confirm_by_staff(booking_id=booking_id, by=by, at=at, reason=reason)
    if status == BookingStatus.CANCELLED:
        return cancel_by_staff(
            booking_id=booking_id,
            by=by,
            at=at,
            reason=reason,
            refund=refund,
            expected_refund=expected_refund,
        )
    if status in {BookingStatus.COMPLETED, BookingStatus.NO_SHOW}:
        return mark_attendance(booking_id=booking_id, status=status, by=by, at=at, reason=reason)
    raise InvalidTransition("A booking can't be put back to held.")


def staff_moves(booking: Booking, at: datetime) -> frozenset[BookingStatus]:
    """Where staff may bring it now: what `set_status` would not refuse, for the buttons."""
    moves: set[BookingStatus] = set()
    if booking.is_pending:
        moves |= {BookingStatus.CONFIRMED, BookingStatus.CANCELLED}
    if booking.is_confirmed:
        moves.add(BookingStatus.CANCELLED)
    if (booking.is_confirmed or booking.is_over) and booking.timeslot.start_time <= at:
        moves |= {BookingStatus.COMPLETED, BookingStatus.NO_SHOW} - {BookingStatus(booking.status)}
    return frozenset(moves)


@service
def confirm_by_staff(*, booking_id: int, by: User, at: datetime, reason: str = "") -> Booking:
    """Confirm a held booking that will be paid at the desk.

    Raises NotFound, InvalidTransition.
    """
    booking = lock_booking(booking_id, by=by)
    if not booking.is_pending:
        raise InvalidTransition(
            f"Only a held booking can be confirmed; this one is "
            f"{booking.get_status_display().lower()}."
        )
    booking.move_to(
        BookingStatus.CONFIRMED, by=by, at=at, reason=reason or "payment due at the desk"
    )
    if booking.payment is not None:
        mark_due(booking.payment, at=at)
    emails.booking_confirmed(booking, at=at)
    return booking
