"""Cancel: the place is free and the money due is on its way the moment this commits."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from accounts.models import User
from bookings import emails
from bookings.errors import RefundChanged
from bookings.models import Booking, Timeslot
from bookings.states import BookingStatus, CancelCause, PaymentStatus
from common.errors import InvalidTransition, NotFound, PermissionRefused
from common.money import percent_of
from common.service import service
from payments.errors import PAID_MEANWHILE
from payments.models import ZERO, Payment
from payments.services import close_payment, request_refund
from payments.states import HOLDING, ClosedBecause, PaymentState

RefundChoice = Literal["full", "policy", "none"]


@service
def cancel_booking(
    *,
    booking_id: int,
    by: User,
    at: datetime,
    reason: str = "",
    expected_refund: Decimal | None = None,
    only_hold: bool = False,
) -> Booking:
    """Cancel one's own booking and give back what the notice earns.

    A held one is given up. `expected_refund` is the amount that the person was shown: a tier may
    have ended between the page and the click. `only_hold`: they were asked about an unpaid place,
    and mustn't lose a paid one.

    Raises NotFound when it is somebody else's, InvalidTransition when it is over or has begun,
    RefundChanged when another amount than the expected one would come back.
    """
    booking = lock_booking(booking_id, by=by)
    if booking.user_id != by.pk:
        raise NotFound("There is no such booking.")
    if booking.is_pending:
        return _give_up(booking, by=by, at=at, reason=reason, cause=CancelCause.GIVEN_UP)
    if booking.is_confirmed:
        if booking.timeslot.start_time <= at:
            raise InvalidTransition("This time has begun; it can't be cancelled any more.")
        if only_hold:
            raise RefundChanged(PAID_MEANWHILE)
        if expected_refund is not None and booking.refund_due(at) != expected_refund:
            raise RefundChanged

    return _cancel(
        booking,
        percent=booking.refund_percent_at(at),
        by=by,
        at=at,
        reason=reason,
        cause=CancelCause.CUSTOMER,
    )


@service
def cancel_by_staff(
    *,
    booking_id: int,
    by: User,
    at: datetime,
    reason: str = "",
    refund: RefundChoice | None = None,
    expected_refund: Decimal | None = None,
) -> Booking:
    """Cancel for a customer. `refund` None means what this person's role gives: full or policy.

    Raises PermissionRefused for other than policy without `bookings.refund_at_discretion`,
    RefundChanged when another amount than the one that was shown would come back.
    """
    may_choose = by.has_perm("bookings.refund_at_discretion")
    choice = refund or ("full" if may_choose else "policy")
    if choice != "policy" and not may_choose:
        raise PermissionRefused("Refunds other than by the policy are a manager's decision.")
    booking = lock_booking(booking_id, by=by)
    if booking.is_pending:
        return _give_up(booking, by=by, at=at, reason=reason, cause=CancelCause.STAFF)

    percent = {"full": 100, "policy": booking.refund_percent_at(at), "none": 0}[choice]
    if expected_refund is not None and booking.refund_for(percent) != expected_refund:
        raise RefundChanged
    return _cancel(booking, percent=percent, by=by, at=at, reason=reason, cause=CancelCause.STAFF)


def lock_booking(booking_id: int, *, by: User) -> Booking:
    """Lock people, payment and booking in the order that everybody keeps.

    Raises NotFound.
    """
    known = Booking.objects.filter(pk=booking_id).values("user_id", "payment_id").first()
    if known is None:
        raise NotFound("There is no such booking.")
    # History and refund rows point at the actor, so that row counts as locked too.
    User.objects.lock(known["user_id"], by.pk)
    payment = Payment.objects.locked(known["payment_id"]) if known["payment_id"] else None
    booking: Booking = Booking.objects.locked(booking_id)
    booking.payment = payment
    return booking


def _give_up(
    booking: Booking, *, by: User, at: datetime, reason: str, cause: CancelCause
) -> Booking:
    booking.refund_percent = 0
    booking.move_to(BookingStatus.CANCELLED, by=by, at=at, reason=reason, cause=cause)
    if booking.payment is not None and booking.payment.status in HOLDING:
        because = ClosedBecause.CANCELLED if cause == CancelCause.STAFF else ClosedBecause.GIVEN_UP
        close_payment(booking.payment, because=because, at=at)
    Timeslot.objects.release_place(booking.timeslot_id)
    return booking


def _cancel(
    booking: Booking, *, percent: int, by: User, at: datetime, reason: str, cause: CancelCause
) -> Booking:
    # Before the move: what is due depends on the booking still being confirmed.
    due = percent_of(booking.price, percent, booking.currency)
    booking.refund_percent = percent if booking.payment and booking.payment.captured else 0
    booking.sequence += 1
    booking.move_to(BookingStatus.CANCELLED, by=by, at=at, reason=reason, cause=cause)

    given_back = ZERO
    if booking.payment is not None:
        if booking.payment.status == PaymentState.DUE:
            close_payment(booking.payment, because=ClosedBecause.CANCELLED, at=at)
        elif due > 0:
            given_back = request_refund(
                booking.payment, amount=due, reason=reason or "cancelled", by=by, at=at
            )
    if booking.reads_refunded:
        # By this refund, or by an earlier one: moved to a cheaper time, given out of goodwill.
        booking.payment_status = PaymentStatus.REFUNDED
        booking.save(update_fields=["payment_status", "updated_at"])

    Timeslot.objects.release_place(booking.timeslot_id)
    emails.booking_cancelled(booking, refund=given_back, at=at)
    return booking
