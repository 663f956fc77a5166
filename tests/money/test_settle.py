"""What the provider says becomes goods, or goes back: never paid and empty-handed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import block_slot, cancel_booking, reschedule_booking
from bookings.services.set_status import confirm_by_staff
from bookings.states import BookingStatus, PaymentStatus
from common.errors import InvalidTransition
from notifications.models import OutgoingMail
from payments import courier
from payments.differences import Moment
from payments.gateways import gateway
from payments.gateways.base import Session, SessionStatus
from payments.models import ZERO, Payment, PaymentAttempt, Refund
from payments.services import apply_session, give_up, lapse, take_desk_payment
from payments.states import AttemptState, ClosedBecause, DeskMethod, PaymentState
from payments.verify import look_again
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeSlot,
    book_slot,
    pay,
    pay_at_provider,
)

PRICE = Decimal("80.00")
LATE = NOW + timedelta(minutes=20)


def session_of(attempt: PaymentAttempt) -> Session:
    assert attempt.session_id is not None
    return gateway().fetch_session(attempt.session_id)


def mails() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True))


def lapse_unpaid(booking: Booking) -> None:
    """The hold ends and the provider doesn't answer until we give up on it."""
    assert booking.payment_id is not None
    assert lapse(payment_id=booking.payment_id, at=LATE)


def test_paying_confirms_once_however_often_it_is_told(make_booking: MakeBooking) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)

    for _ in range(3):
        apply_session(attempt_id=attempt.pk, session=session_of(attempt), at=NOW)

    booking = Booking.objects.get()
    payment = Payment.objects.get()
    assert (booking.status, booking.payment_status) == ("confirmed", PaymentStatus.PAID)
    assert (payment.status, payment.captured, payment.refunded) == ("paid", PRICE, ZERO)
    assert booking.timeslot.taken == 1
    assert mails() == ["booking_confirmed"]


def test_late_money_takes_the_place_again_when_it_is_free(make_booking: MakeBooking) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    lapse_unpaid(booking)
    assert Timeslot.objects.get().taken == 0

    courier.ask(attempt.pk, at=LATE)

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("confirmed", PaymentStatus.PAID)
    assert (booking.cancelled_at, booking.cancel_cause) == (None, "")
    assert booking.timeslot.taken == 1
    assert Payment.objects.get().status == PaymentState.PAID
    assert not Refund.objects.exists()
    assert mails() == ["booking_confirmed"]


@pytest.mark.parametrize("gone", ["taken", "blocked", "inactive", "begun", "other place"])
def test_late_money_goes_back_when_the_place_is_gone(
    make_booking: MakeBooking, stranger: User, gone: str
) -> None:
    booking = make_booking()
    slot, at = booking.timeslot, LATE
    attempt = pay_at_provider(booking)
    lapse_unpaid(booking)
    if gone == "taken":
        book_slot(slot, stranger, at=LATE)
    elif gone == "blocked":
        block_slot(slot_id=slot.pk, reason="burst pipe")
    elif gone == "inactive":
        slot.room.is_active = False
        slot.room.save()
    elif gone == "begun":
        at = slot.start_time
    else:
        Timeslot.objects.filter(pk=slot.pk).update(max_bookings=5)
        book_slot(slot, booking.user, at=LATE)
    taken = Timeslot.objects.get().taken
    told_before = mails()

    courier.ask(attempt.pk, at=at)

    booking.refresh_from_db()
    payment = attempt.payment
    payment.refresh_from_db()
    assert (booking.status, booking.payment_status) == ("cancelled", PaymentStatus.REFUNDED)
    assert Timeslot.objects.get().taken == taken
    assert (payment.status, payment.captured, payment.refunded) == ("paid", PRICE, PRICE)
    assert mails() == [*told_before, "money_returned"]


def test_money_after_giving_up_always_goes_back(make_booking: MakeBooking) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    courier.ask(attempt.pk, at=NOW)

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("cancelled", PaymentStatus.REFUNDED)
    assert booking.timeslot.taken == 0
    assert list(Refund.objects.values_list("amount", flat=True)) == [PRICE]
    assert mails() == ["money_returned"]


def test_a_second_paid_session_is_refunded_in_full(make_booking: MakeBooking) -> None:
    booking = make_booking()
    first = pay_at_provider(booking)
    PaymentAttempt.objects.filter(pk=first.pk).update(status=AttemptState.EXPIRED)
    second = pay_at_provider(booking)

    courier.ask(second.pk, at=NOW)
    courier.ask(first.pk, at=NOW)

    payment = Payment.objects.get()
    booking = Booking.objects.get()
    assert (payment.captured, payment.refunded) == (2 * PRICE, PRICE)
    assert Refund.objects.get().attempt == first
    assert (booking.status, booking.payment_status) == ("confirmed", PaymentStatus.PAID)
    assert mails() == ["booking_confirmed", "money_returned"]


@pytest.mark.parametrize(
    ("amount", "currency"), [(Decimal("79.99"), "USD"), (PRICE, "EUR"), (Decimal("8000"), "USD")]
)
def test_another_amount_than_ours_is_never_paid(
    make_booking: MakeBooking, amount: Decimal, currency: str
) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    session = replace(session_of(attempt), amount=amount, currency=currency)

    apply_session(attempt_id=attempt.pk, session=session, at=NOW)

    payment = Payment.objects.get()
    assert Booking.objects.get().status == BookingStatus.PENDING
    assert (payment.status, payment.captured) == (PaymentState.OPEN, ZERO)
    assert f"{amount} {currency}" in payment.attention
    assert PaymentAttempt.objects.get().status == AttemptState.MISMATCH
    assert mails() == []


def test_money_under_way_keeps_the_hold_and_then_confirms(make_booking: MakeBooking) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    paid = session_of(attempt)

    apply_session(
        attempt_id=attempt.pk, session=replace(paid, status=SessionStatus.PROCESSING), at=NOW
    )
    payment = Payment.objects.get()
    assert payment.status == PaymentState.PROCESSING
    assert not lapse(payment_id=payment.pk, at=LATE)
    assert Booking.objects.get().is_processing

    apply_session(attempt_id=attempt.pk, session=paid, at=LATE)
    assert Booking.objects.get().status == BookingStatus.CONFIRMED


@pytest.mark.parametrize(
    ("at", "because"), [(NOW, ClosedBecause.FAILED), (LATE, ClosedBecause.LAPSED)]
)
def test_an_expired_session_ends_the_hold(
    make_booking: MakeBooking, at: object, because: ClosedBecause
) -> None:
    booking = make_booking()
    assert booking.payment_id is not None
    courier.open_session(booking.payment_id, at=NOW)

    courier.expire(PaymentAttempt.objects.get().pk, at=at)  # type: ignore[arg-type]

    assert Booking.objects.get().status == BookingStatus.CANCELLED
    assert Payment.objects.get().closed_because == because
    assert Timeslot.objects.get().taken == 0


def test_expiring_a_session_that_was_paid_confirms(make_booking: MakeBooking) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)

    courier.expire(attempt.pk, at=LATE)

    assert Booking.objects.get().status == BookingStatus.CONFIRMED


def test_a_hold_with_an_open_session_waits_two_minutes_for_the_provider(
    make_booking: MakeBooking,
) -> None:
    payment = make_booking().payment
    assert payment is not None
    assert payment.expires_at is not None
    courier.open_session(payment.pk, at=NOW)
    ends = payment.expires_at

    assert not lapse(payment_id=payment.pk, at=ends - timedelta(seconds=1))
    assert not lapse(payment_id=payment.pk, at=ends + timedelta(seconds=119))
    assert Timeslot.objects.get().taken == 1
    assert lapse(payment_id=payment.pk, at=ends + timedelta(minutes=2))
    assert Timeslot.objects.get().taken == 0
    assert Booking.objects.get().lapsed_unpaid


def test_a_hold_without_a_session_is_released_at_once(make_booking: MakeBooking) -> None:
    payment = make_booking().payment
    assert payment is not None
    assert payment.expires_at == NOW + timedelta(minutes=15)

    assert not lapse(payment_id=payment.pk, at=payment.expires_at - timedelta(seconds=1))
    assert lapse(payment_id=payment.pk, at=payment.expires_at)
    assert lapse(payment_id=payment.pk, at=payment.expires_at)

    assert Timeslot.objects.get().taken == 0
    assert Booking.objects.get().lapsed_unpaid
    assert mails() == []


def test_giving_up_what_is_paid_is_refused(make_booking: MakeBooking) -> None:
    booking = pay(make_booking())
    assert booking.payment_id is not None

    with pytest.raises(InvalidTransition):
        give_up(payment_id=booking.payment_id, at=NOW)

    assert Booking.objects.get().status == BookingStatus.CONFIRMED
    assert Timeslot.objects.get().taken == 1


def test_what_is_to_be_paid_at_the_desk_is_not_given_up(
    client: Client, make_booking: MakeBooking, front_desk: User
) -> None:
    """At the page of before, by whoever has its address: the debt and the place stay."""
    booking = make_booking()
    confirm_by_staff(booking_id=booking.pk, by=front_desk, at=NOW)
    payment = Payment.objects.get()

    with pytest.raises(InvalidTransition):
        give_up(payment_id=payment.pk, at=NOW)
    answer = client.post(f"/pay/{payment.token}/give-up")

    assert (answer.status_code, answer["Location"]) == (303, f"/pay/{payment.token}")
    assert Payment.objects.get().status == PaymentState.DUE
    assert Booking.objects.get().is_payment_due
    take_desk_payment(payment_id=payment.pk, method=DeskMethod.CASH, by=front_desk, at=NOW)
    assert Booking.objects.get().payment_status == PaymentStatus.PAID


def test_money_for_a_booking_that_staff_confirmed_is_kept(
    make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    confirm_by_staff(booking_id=booking.pk, by=front_desk, at=NOW)
    assert Payment.objects.get().status == PaymentState.DUE

    courier.ask(attempt.pk, at=NOW)

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("confirmed", PaymentStatus.PAID)
    assert Payment.objects.get().status == PaymentState.PAID
    assert not Refund.objects.exists()


@pytest.fixture
def moved_and_paid(
    make_booking: MakeBooking, make_slot: MakeSlot, front_desk: User, customer: User
) -> Booking:
    """Paid with 80.00 at the old page: staff let it be paid later, and 50.00 were due by then."""
    booking = make_booking()
    attempt = pay_at_provider(booking)
    confirm_by_staff(booking_id=booking.pk, by=front_desk, at=NOW)
    cheaper = make_slot(room=booking.room, start=START + timedelta(days=1), price=Decimal(50))
    reschedule_booking(booking_id=booking.pk, timeslot_id=cheaper.pk, by=customer, at=NOW)
    courier.ask(attempt.pk, at=NOW)
    return Booking.objects.get()


def test_what_was_paid_above_what_is_due_by_then_goes_back(moved_and_paid: Booking) -> None:
    payment = Payment.objects.get()

    assert (moved_and_paid.price, payment.amount) == (Decimal(50), Decimal(50))
    assert (payment.captured, payment.refunded) == (Decimal(80), Decimal(30))
    assert look_again(payment.pk, now=Moment(at=NOW)) == []
    [mail] = OutgoingMail.objects.filter(kind="refund_given")
    assert (mail.context["amount"], mail.context["is_all"]) == ("30.00 USD", False)
    assert mail.context["message"] == "Less was due by the time your payment came."


def test_and_cancelled_after_that_all_of_it_has_gone_back(
    moved_and_paid: Booking, customer: User
) -> None:
    cancel_booking(booking_id=moved_and_paid.pk, by=customer, at=NOW)

    payment = Payment.objects.get()
    assert payment.refunded == payment.captured == Decimal(80)
    assert look_again(payment.pk, now=Moment(at=NOW)) == []
