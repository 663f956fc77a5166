"""Cancelling: what the notice earns, who may, and that nothing moves when it is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bookings.errors import RefundChanged
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus, CancelCause, PaymentStatus
from common.errors import InvalidTransition, NotFound
from notifications.models import OutgoingMail
from payments.models import Refund
from payments.states import ClosedBecause, PaymentState
from tests.infrastructure.world import NOW, START, MakeBooking


@pytest.mark.parametrize(
    ("notice", "refunds", "percent"),
    [
        pytest.param(timedelta(hours=24), [Decimal("80.00")], 100, id="full-at-24h"),
        pytest.param(
            timedelta(hours=24) - timedelta(seconds=1), [Decimal("40.00")], 50, id="half-below-24h"
        ),
        pytest.param(timedelta(hours=6), [Decimal("40.00")], 50, id="half-at-6h"),
        pytest.param(timedelta(hours=6) - timedelta(seconds=1), [], 0, id="nothing-below-6h"),
        pytest.param(timedelta(seconds=1), [], 0, id="nothing-just-before"),
    ],
)
def test_cancelling_refunds_what_the_notice_earns(
    make_booking: MakeBooking, notice: timedelta, refunds: list[Decimal], percent: int
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price=80, starts_at=START)

    cancel_booking(booking_id=booking.pk, by=booking.user, at=START - notice)

    booking = Booking.objects.get()
    assert booking.status == BookingStatus.CANCELLED
    assert booking.cancel_cause == CancelCause.CUSTOMER
    assert booking.cancelled_at == START - notice
    assert booking.refund_percent == percent
    assert booking.payment_status == (PaymentStatus.REFUNDED if refunds else PaymentStatus.PAID)
    assert booking.timeslot.taken == 0
    assert list(Refund.objects.values_list("amount", flat=True)) == refunds
    assert [mail.kind for mail in OutgoingMail.objects.order_by("pk")] == [
        "booking_confirmed",
        "booking_cancelled",
    ]
    assert list(booking.history.values_list("from_status", "to_status")) == [
        ("", "pending"),
        ("pending", "confirmed"),
        ("confirmed", "cancelled"),
    ]


def test_an_odd_price_is_halved_half_up(make_booking: MakeBooking) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price="80.01")

    cancel_booking(booking_id=booking.pk, by=booking.user, at=START - timedelta(hours=7))

    assert Refund.objects.get().amount == Decimal("40.01")


def test_giving_up_a_held_place_frees_it_and_closes_the_payment(
    make_booking: MakeBooking,
) -> None:
    booking = make_booking()

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    booking = Booking.objects.get()
    assert (booking.status, booking.cancel_cause) == ("cancelled", CancelCause.GIVEN_UP)
    assert booking.timeslot.taken == 0
    assert booking.payment is not None
    assert booking.payment.status == PaymentState.CLOSED
    assert booking.payment.closed_because == ClosedBecause.GIVEN_UP
    assert not Refund.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_free_booking_is_cancelled_without_any_refund(make_booking: MakeBooking) -> None:
    booking = make_booking(price=0)

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("cancelled", PaymentStatus.PAID)
    assert booking.refund_percent == 0
    assert not Refund.objects.exists()


def test_somebody_else_finds_no_such_booking(
    make_booking: MakeBooking, stranger: User, manager: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    for other in (stranger, manager):
        with pytest.raises(NotFound):
            cancel_booking(booking_id=booking.pk, by=other, at=NOW)

    assert_untouched(booking)


def test_another_amount_than_the_one_shown_is_refused(make_booking: MakeBooking) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price=80)
    late = START - timedelta(hours=24) + timedelta(seconds=1)

    with pytest.raises(RefundChanged):
        cancel_booking(
            booking_id=booking.pk, by=booking.user, at=late, expected_refund=Decimal("80.00")
        )
    assert_untouched(booking)

    cancel_booking(
        booking_id=booking.pk, by=booking.user, at=late, expected_refund=Decimal("40.00")
    )
    assert Refund.objects.get().amount == Decimal("40.00")


def test_paid_while_the_holder_was_giving_it_up_is_asked_again(make_booking: MakeBooking) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price=80)

    with pytest.raises(RefundChanged):
        cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW, expected_refund=Decimal(0))

    assert_untouched(booking)


def test_what_has_begun_or_is_cancelled_stays(make_booking: MakeBooking) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)

    with pytest.raises(InvalidTransition):
        cancel_booking(booking_id=booking.pk, by=booking.user, at=START)
    assert_untouched(booking)

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    with pytest.raises(InvalidTransition):
        cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    assert Booking.objects.get().timeslot.taken == 0
    assert Refund.objects.count() == 1


def assert_untouched(booking: Booking) -> None:
    """Confirmed as before: place, money, mails and history."""
    fresh = Booking.objects.get(pk=booking.pk)
    assert (fresh.status, fresh.payment_status) == ("confirmed", "paid")
    assert fresh.timeslot.taken == 1
    assert not Refund.objects.exists()
    assert list(OutgoingMail.objects.values_list("kind", flat=True)) == ["booking_confirmed"]
    assert fresh.history.count() == 2
