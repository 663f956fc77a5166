"""What a booking does when its money comes, doesn't come, or goes back."""

from datetime import datetime

from django.urls import reverse

from bookings import emails
from bookings.models import Booking, Timeslot
from bookings.queries import has_place
from bookings.states import BookingStatus, CancelCause, PaymentStatus
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
        if booking.is_cancelled:
            given_back = payment.refunded > 0
            booking.payment_status = PaymentStatus.REFUNDED if given_back else PaymentStatus.PAID
            booking.save(update_fields=["payment_status", "updated_at"])

    def return_url(self, payment: Payment) -> str:
        return Booking.objects.get(payment=payment).get_absolute_url()

    def shop_url(self) -> str:
        return reverse("bookings:new")

    def time_zone(self, payment: Payment) -> str:
        return Booking.objects.select_related("room").get(payment=payment).room.timezone

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


def _locked(payment: Payment) -> Booking:
    booking = Booking.objects.select_for_update().get(payment_id=payment.pk)
    booking.payment = payment
    return booking
