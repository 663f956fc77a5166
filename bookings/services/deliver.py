"""What a booking does when its money comes, doesn't come, or goes back."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.urls import reverse

from bookings import emails
from bookings.models import Booking, Timeslot
from bookings.queries import has_place
from bookings.states import BookingStatus, CancelCause, PaymentStatus
from bookings.verify_money import booking_differences, unpaid_bookings
from payments.differences import Difference, Moment
from payments.errors import CannotDeliver
from payments.models import Payment
from payments.states import ClosedBecause

CAUSES = {
    ClosedBecause.LAPSED: CancelCause.LAPSED,
    ClosedBecause.GIVEN_UP: CancelCause.GIVEN_UP,
    ClosedBecause.CANCELLED: CancelCause.STAFF,
    ClosedBecause.FAILED: CancelCause.FAILED,
}


class BookingPurpose:
    """Implements payments.purposes.Handler; the payment's row is locked by the caller."""

    own_label = "See your booking"
    shop_label = "Book a time"
    holds_places = True

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        booking = _locked(payment)
        if booking.is_pending:
            booking.payment_status = PaymentStatus.PAID
            booking.move_to(BookingStatus.CONFIRMED, at=at, reason="paid")
            emails.booking_confirmed(booking, at=at)
        elif booking.payment_status == PaymentStatus.PENDING and not booking.is_cancelled:
            # Confirmed by staff with payment due, and paid online after all.
            booking.payment_status = PaymentStatus.PAID
            booking.save(update_fields=["payment_status", "updated_at"])
        elif booking.lapsed_unpaid:
            self._revive(booking, at)
        else:
            raise CannotDeliver("the booking was cancelled before the money came")

    def on_closed(self, payment: Payment, *, at: datetime) -> None:
        booking = _locked(payment)
        if not booking.is_pending:
            return
        cause = CAUSES[ClosedBecause(payment.closed_because)]
        booking.move_to(
            BookingStatus.CANCELLED, at=at, reason=CancelCause(cause).label, cause=cause
        )
        Timeslot.objects.release_place(booking.timeslot_id)

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        booking = _locked(payment)
        if not payment.is_paid or booking.is_pending:
            return
        booking.payment_status = (
            PaymentStatus.REFUNDED if booking.reads_refunded else PaymentStatus.PAID
        )
        booking.save(update_fields=["payment_status", "updated_at"])

    def on_refunded_elsewhere(self, payment: Payment, *, at: datetime) -> bool:
        booking = _locked(payment)
        if booking.is_cancelled:
            return False
        if not booking.is_confirmed or booking.timeslot.start_time <= at:
            return True
        booking.payment_status = PaymentStatus.REFUNDED
        booking.refund_percent = 100
        booking.sequence += 1
        booking.move_to(
            BookingStatus.CANCELLED,
            at=at,
            reason="refunded at the payment provider",
            cause=CancelCause.STAFF,
        )
        Timeslot.objects.release_place(booking.timeslot_id)
        emails.booking_cancelled(booking, refund=payment.refunded, at=at)
        return False

    def too_late_at(self, payment: Payment, *, at: datetime) -> datetime:
        start: datetime = _known(payment).timeslot.start_time
        return start

    def staff_email(self, payment: Payment) -> str:
        address: str = _known(payment).room.staff_email
        return address

    def differences(self, payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
        return booking_differences(payments, now=now)

    def unpaid_goods(self, *, since: datetime | None, now: Moment) -> Iterator[Difference]:
        return unpaid_bookings(since=since, now=now)

    def return_url(self, payment: Payment) -> str:
        return Booking.objects.get(payment=payment).get_absolute_url()

    def shop_url(self) -> str:
        return reverse("bookings:new")

    def time_zone(self, payment: Payment) -> str:
        return _known(payment).room.timezone

    def _revive(self, booking: Booking, at: datetime) -> None:
        """Late money: take the place again, if all that a booking needs is still true."""
        slot = booking.timeslot
        if not slot.room.allow_repeat_booking and has_place(booking.user_id, slot.pk):
            raise CannotDeliver("you have another place at the same time already")
        if not Timeslot.objects.claim_place(slot.pk, at=at, price=slot.price):
            raise CannotDeliver("the money came after your hold had ended and the time was gone")
        booking.payment_status = PaymentStatus.PAID
        booking.move_to(BookingStatus.CONFIRMED, at=at, reason="paid late")
        emails.booking_confirmed(booking, at=at)


def _known(payment: Payment) -> Booking:
    booking: Booking = Booking.objects.select_related("room", "timeslot").get(payment=payment)
    return booking


def _locked(payment: Payment) -> Booking:
    booking = Booking.objects.select_for_update().get(payment_id=payment.pk)
    booking.payment = payment
    return booking
