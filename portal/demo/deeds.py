"""What customers and staff of the demo did, by the services, at the time at which they did it."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from accounts.models import User
from bookings.emails import mails_about
from bookings.models import Booking, Timeslot
from bookings.services import book, set_status
from bookings.states import BookingStatus
from notifications.backends import DATABASE_ONLY
from payments import courier
from payments.gateways import demo
from payments.models import Refund

LONGEST_WAY: Final = timedelta(seconds=90)


def hold(slot: Timeslot, user: User, *, at: datetime, notes: str = "") -> Booking:
    """Take a place, as the page does. May raise DomainError."""
    return book(user_id=user.pk, timeslot_id=slot.pk, room_id=slot.room_id, at=at, notes=notes)


def pay(booking: Booking, *, at: datetime, desk: User) -> Booking:
    """Pay online, soon after `at`; where the demo's provider isn't in use, staff confirm it as due
    at the desk."""
    if booking.payment is None:
        return booking
    # However short a trial's holds may be.
    at += min(LONGEST_WAY, timedelta(minutes=float(settings.HOLD_MINUTES)) / 2)
    if demo.DemoGateway.name != settings.PAYMENT_PROVIDER:
        return set_status(booking_id=booking.pk, status=BookingStatus.CONFIRMED, by=desk, at=at)
    courier.open_session(booking.payment.pk, at=at)
    attempt = booking.payment.attempts.latest("pk")
    demo.pay(attempt.session_id or "", at=at)
    courier.ask(attempt.pk, at=at)
    booking.refresh_from_db()
    return booking


def send_refunds(booking: Booking, *, at: datetime) -> None:
    """Let the provider have what is to go back."""
    for refund in Refund.objects.filter(payment=booking.payment):
        courier.send_refund(refund.pk, at=at)


def settle_mails(booking: Booking, *, keep: bool = False) -> None:
    """Forget the mails of this booking: its history is told, not sent.

    Those to keep stay where mails go nowhere but into the demo's own mailbox.
    """
    if keep and settings.EMAIL_BACKEND == DATABASE_ONLY:
        return
    mails_about(booking).delete()
