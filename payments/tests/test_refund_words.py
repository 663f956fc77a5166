"""What a customer reads of money that should come back and didn't."""

from decimal import Decimal

import pytest

from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from payments.gateways.base import ProviderRefund, RefundStatus
from payments.models import Payment, Refund
from payments.refund_words import refund_notes
from payments.services import apply_refund, note_refund_failed
from payments.states import RefundState
from tests.infrastructure.world import NOW, MakeBooking


@pytest.fixture
def failed(make_booking: MakeBooking) -> Payment:
    """Cancelled, and the provider has refused to pay the 80 back."""
    booking: Booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    Refund.objects.update(status=RefundState.SENDING)
    note_refund_failed(refund_id=Refund.objects.get().pk, error="No such card.", at=NOW)
    return Payment.objects.get()


def elsewhere(payment: Payment, amount: str) -> None:
    told = ProviderRefund(
        id=f"re_{amount}",
        status=RefundStatus.SUCCEEDED,
        amount=Decimal(amount),
        currency="USD",
        provider_payment_id=payment.attempts.get().provider_payment_id,
        created_at=NOW,
    )
    assert apply_refund(told, at=NOW)


def tones(payment: Payment) -> list[str]:
    return [note["tone"] for note in refund_notes(payment, zone="UTC")]


def test_a_part_that_went_back_since_does_not_hide_what_failed(failed: Payment) -> None:
    elsewhere(failed, "30.00")

    assert tones(failed) == ["bad", "good"]


def test_as_much_that_went_back_since_does(failed: Payment) -> None:
    elsewhere(failed, "30.00")
    elsewhere(failed, "50.00")

    assert tones(failed) == ["good", "good"]
