"""Talking to the provider: unknown outcomes, crashes, retries; nothing twice and nothing lost."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import cancel_booking
from bookings.states import PaymentStatus
from payments import courier
from payments.errors import GatewayRefused, GatewayUnavailable, HoldExpired, PaymentCancelled
from payments.gateways import demo
from payments.models import DemoRefund, DemoSession, Payment, PaymentAttempt, Refund
from payments.states import AttemptState, RefundState
from payments.tasks import ask_open_attempts, expire_attempts, lapse_holds, send_refunds
from tests.infrastructure.world import NOW, START, MakeSlot, MakeUser, book_slot, pay
from tests.money.moody import MoodyGateway

# Real transactions: the gateway refuses to be called while one is open.
pytestmark = pytest.mark.django_db(transaction=True)

Moody = type[MoodyGateway]


@pytest.fixture
def customer(transactional_db: None, make_user: MakeUser) -> User:
    return make_user("ada@example.com")


@pytest.fixture
def booking(customer: User, make_slot: MakeSlot) -> Booking:
    return book_slot(make_slot(start=START, price=Decimal("80.00")), customer)


def payment_of(booking: Booking) -> Payment:
    return Payment.objects.get(bookings=booking)


def test_opening_twice_leads_to_the_same_page(moody: Moody, booking: Booking) -> None:
    first = courier.open_session(payment_of(booking).pk, at=NOW)
    second = courier.open_session(payment_of(booking).pk, at=NOW)

    assert first == second
    assert moody.calls == ["create"]
    assert (PaymentAttempt.objects.count(), DemoSession.objects.count()) == (1, 1)


@pytest.mark.parametrize("mood", ["down", "cut"])
def test_a_session_whose_answer_was_lost_is_found_again(
    moody: Moody, booking: Booking, mood: str
) -> None:
    moody.moods = [mood]
    with pytest.raises(GatewayUnavailable):
        courier.open_session(payment_of(booking).pk, at=NOW)
    assert PaymentAttempt.objects.get().status == AttemptState.NEW

    courier.open_session(payment_of(booking).pk, at=NOW + timedelta(minutes=1))

    assert PaymentAttempt.objects.get().status == AttemptState.OPEN
    assert DemoSession.objects.get().session_id == PaymentAttempt.objects.get().session_id


def test_a_lost_session_that_was_paid_is_found_by_the_beat(moody: Moody, booking: Booking) -> None:
    """Killed between the provider's answer and our note: the customer paid all the same."""
    moody.moods = ["cut"]
    with pytest.raises(GatewayUnavailable):
        courier.open_session(payment_of(booking).pk, at=NOW)
    assert demo.pay(DemoSession.objects.get().session_id, at=NOW)
    PaymentAttempt.objects.update(created_at=NOW + timedelta(days=365))

    ask_open_attempts()

    assert Booking.objects.get().status == "confirmed"


def test_one_payment_that_can_not_be_asked_about_keeps_no_other(
    moody: Moody, customer: User, make_slot: MakeSlot
) -> None:
    """Its session is at a provider that is no longer set up here; the other customer has paid."""
    stuck, paid = (
        book_slot(
            make_slot(start=START + timedelta(hours=number), price=Decimal("80.00")), customer
        )
        for number in range(2)
    )
    for each in (stuck, paid):
        courier.open_session(payment_of(each).pk, at=NOW)
    PaymentAttempt.objects.update(asked_at=NOW)
    first = PaymentAttempt.objects.filter(payment=payment_of(stuck))
    first.update(provider="gone", asked_at=NOW - timedelta(days=1))
    page = DemoSession.objects.latest("pk")
    assert demo.pay(page.session_id, at=NOW)
    PaymentAttempt.objects.update(created_at=timezone.now())

    assert ask_open_attempts() == 1

    paid.refresh_from_db()
    assert paid.status == "confirmed"


def test_a_refused_session_makes_way_for_one_of_its_own_time(
    moody: Moody, booking: Booking
) -> None:
    """Killed before the call: by now the frozen parameters end too soon for the provider."""
    moody.moods = ["no"]
    with pytest.raises(GatewayRefused):
        courier.open_session(payment_of(booking).pk, at=NOW)

    courier.open_session(payment_of(booking).pk, at=NOW + timedelta(minutes=5))

    newest, refused = PaymentAttempt.objects.all()
    assert (refused.status, refused.session_id) == (AttemptState.EXPIRED, None)
    assert refused.last_error == "the charge is disputed"
    assert (newest.status, newest.expires_at) == (AttemptState.OPEN, NOW + timedelta(minutes=36))
    assert DemoSession.objects.get().session_id == newest.session_id
    assert payment_of(booking).is_open


@pytest.mark.parametrize("deed", [courier.ask, courier.expire])
def test_asking_about_a_session_that_was_never_made_ends_it(
    moody: Moody, booking: Booking, deed: Callable[..., Payment]
) -> None:
    moody.moods = ["down", "no"]
    with pytest.raises(GatewayUnavailable):
        courier.open_session(payment_of(booking).pk, at=NOW)

    with pytest.raises(GatewayRefused):
        deed(PaymentAttempt.objects.get().pk, at=NOW + timedelta(minutes=5))

    assert PaymentAttempt.objects.get().status == AttemptState.EXPIRED
    assert not DemoSession.objects.exists()
    assert payment_of(booking).is_open


def test_no_page_for_what_is_over(moody: Moody, booking: Booking, customer: User) -> None:
    payment = payment_of(booking)
    assert payment.expires_at is not None

    with pytest.raises(HoldExpired):
        courier.open_session(payment.pk, at=payment.expires_at)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    with pytest.raises(PaymentCancelled):
        courier.open_session(payment.pk, at=NOW)

    assert moody.calls == []
    assert not PaymentAttempt.objects.exists()


def test_the_session_outlives_the_hold_and_never_ends_before_half_an_hour(
    moody: Moody, booking: Booking
) -> None:
    courier.open_session(payment_of(booking).pk, at=NOW + timedelta(minutes=10))

    assert PaymentAttempt.objects.get().expires_at == NOW + timedelta(minutes=41)


@pytest.mark.parametrize("mood", ["down", "cut"])
def test_a_refund_with_an_unknown_outcome_is_sent_again_and_given_once(
    moody: Moody, booking: Booking, customer: User, mood: str
) -> None:
    pay(booking)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    refund = Refund.objects.get()
    moody.moods = [mood]

    assert not courier.send_refund(refund.pk, at=NOW)
    refund.refresh_from_db()
    assert (refund.status, refund.tries) == (RefundState.REQUESTED, 1)
    assert not courier.send_refund(refund.pk, at=NOW)
    assert courier.send_refund(refund.pk, at=refund.next_try_at)
    assert not courier.send_refund(refund.pk, at=refund.next_try_at)

    refund.refresh_from_db()
    assert (refund.status, refund.tries) == (RefundState.SUCCEEDED, 2)
    assert list(DemoRefund.objects.values_list("amount", flat=True)) == [Decimal("80.00")]
    assert refund.provider_refund_id == DemoRefund.objects.get().refund_id


def test_a_refund_whose_worker_was_killed_is_taken_up_again(
    moody: Moody, booking: Booking, customer: User
) -> None:
    pay(booking)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    refund = Refund.objects.get()
    Refund.objects.update(status=RefundState.SENDING, claimed_at=NOW, tries=1)

    assert courier.due_refunds(NOW + timedelta(seconds=119)) == []
    assert courier.due_refunds(NOW + timedelta(minutes=2)) == [refund.pk]
    assert courier.send_refund(refund.pk, at=NOW + timedelta(minutes=2))

    assert DemoRefund.objects.count() == 1


def test_a_refused_refund_is_shown_and_the_booking_says_paid_again(
    moody: Moody, booking: Booking, customer: User
) -> None:
    pay(booking)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    assert Booking.objects.get().payment_status == PaymentStatus.REFUNDED
    moody.moods = ["no"]

    assert not courier.send_refund(Refund.objects.get().pk, at=NOW)

    refund = Refund.objects.get()
    assert (refund.status, refund.last_error) == (RefundState.FAILED, "the charge is disputed")
    assert Booking.objects.get().payment_status == PaymentStatus.PAID
    assert "the charge is disputed" in payment_of(booking).attention
    assert payment_of(booking).refundable == Decimal("80.00")
    assert courier.due_refunds(NOW + timedelta(days=1)) == []


def test_the_beats_release_expire_and_refund(
    moody: Moody, booking: Booking, customer: User, make_slot: MakeSlot
) -> None:
    """A lapsed hold with an open page, given up by nobody: place back, page closed."""
    courier.open_session(payment_of(booking).pk, at=NOW)
    Payment.objects.update(expires_at=NOW)

    assert lapse_holds() == 1

    assert DemoSession.objects.get().status == "expired"
    assert Booking.objects.get().lapsed_unpaid
    assert Timeslot.objects.get().taken == 0
    assert lapse_holds() == 0
    assert send_refunds() == 0


def test_the_page_of_what_was_given_up_is_closed_though_nobody_was_woken(
    moody: Moody, booking: Booking, customer: User
) -> None:
    courier.open_session(payment_of(booking).pk, at=NOW)
    PaymentAttempt.objects.update(created_at=timezone.now())
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    assert expire_attempts() == 1

    assert DemoSession.objects.get().status == "expired"
    assert PaymentAttempt.objects.get().status == AttemptState.EXPIRED
    assert expire_attempts() == 0


def test_one_silent_provider_does_not_keep_the_other_holds(
    moody: Moody, booking: Booking, customer: User, make_slot: MakeSlot
) -> None:
    other = book_slot(make_slot(start=START + timedelta(days=1), price=Decimal(20)), customer)
    courier.open_session(payment_of(booking).pk, at=NOW)
    Payment.objects.update(expires_at=NOW)
    moody.moods = ["down"] * 2

    lapse_holds()

    other.refresh_from_db()
    booking.refresh_from_db()
    # Long past the two minutes for which a silent provider is waited for.
    assert (other.status, booking.status) == ("cancelled", "cancelled")
    assert PaymentAttempt.objects.get().last_error == "connection refused"


def cancelled(customer: User, make_slot: MakeSlot, times: int) -> list[Refund]:
    """So many refunds that are due, the oldest first."""
    for number in range(times):
        slot = make_slot(start=START + timedelta(hours=number), price=Decimal("80.00"))
        cancel_booking(booking_id=pay(book_slot(slot, customer)).pk, by=customer, at=NOW)
    return list(Refund.objects.order_by("pk"))


def test_one_refund_that_can_not_be_sent_keeps_no_other(
    moody: Moody, customer: User, make_slot: MakeSlot
) -> None:
    """It went through a provider that is no longer set up here."""
    stuck, other = cancelled(customer, make_slot, 2)
    PaymentAttempt.objects.filter(pk=stuck.attempt_id).update(provider="gone")

    assert send_refunds() == 1

    other.refresh_from_db()
    assert other.status == RefundState.SUCCEEDED


def test_a_no_breaks_the_silence(
    moody: Moody, customer: User, make_slot: MakeSlot, settings: Settings
) -> None:
    """A provider that answers some is asked for all of them in one round."""
    settings.MAX_HOLDS_PER_HOUR = 10**6
    cancelled(customer, make_slot, 5)
    moody.moods = ["down", "down", "no", "down", "ok"]
    moody.calls.clear()

    assert send_refunds() == 1

    assert moody.calls == ["refund"] * 5
