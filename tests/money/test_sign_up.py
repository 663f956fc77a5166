"""A subscription begins: by its first money, or with days for trial; or it must not begin."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from common.errors import InvalidTransition
from notifications.models import OutgoingMail
from payments.models import ZERO, BillingAgreement, Payment, Refund
from payments.policies import period_end
from payments.queries import open_holds, seconds_until_next_hold
from payments.services import close_payment, take_desk_payment
from payments.states import (
    AgreementState,
    AttemptState,
    ClosedBecause,
    DeskMethod,
    Interval,
    PaymentState,
    Wanted,
)
from tests.infrastructure.world import NOW, MakeBooking
from tests.money.magazine import PRICE, Magazine, completed, opened, subscribe

pytestmark = pytest.mark.usefixtures("magazine")


def day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "interval", "end"),
    [
        (day(2026, 7, 2), Interval.MONTH, day(2026, 8, 2)),
        (day(2026, 12, 31), Interval.MONTH, day(2027, 1, 31)),
        (day(2027, 1, 31), Interval.MONTH, day(2027, 2, 28)),
        (day(2028, 1, 30), Interval.MONTH, day(2028, 2, 29)),
        (day(2026, 11, 30), Interval.QUARTER, day(2027, 2, 28)),
        (day(2028, 2, 29), Interval.YEAR, day(2029, 2, 28)),
    ],
)
def test_a_time_that_is_paid_for_ends_on_the_same_day_or_on_the_months_last(
    start: datetime, interval: Interval, end: datetime
) -> None:
    assert period_end(start, interval) == end


def test_the_first_money_begins_it(magazine: Magazine, customer: User) -> None:
    payment = subscribe(customer.pk)
    assert payment.amount == PRICE
    assert BillingAgreement.objects.get().status == AgreementState.NEW

    completed(opened(payment), invoice_id="in_1")

    agreement = BillingAgreement.objects.get()
    assert (agreement.provider_id, agreement.status) == ("sub_1", AgreementState.ACTIVE)
    assert agreement.paid_until == period_end(NOW, "month")
    assert (agreement.trial_ends_at, agreement.next_ask_at) == (None, NOW)
    payment = Payment.objects.get()
    assert (payment.status, payment.captured) == (PaymentState.PAID, PRICE)
    assert (payment.covers_from, payment.covers_until) == (NOW, agreement.paid_until)
    assert payment.attempts.get().invoice_id == "in_1"
    assert magazine.told == [("paid", payment.pk)]


def test_days_for_trial_begin_it_with_nothing_to_pay(magazine: Magazine, customer: User) -> None:
    payment = subscribe(customer.pk, trial_days=14)
    assert payment.amount == ZERO
    assert BillingAgreement.objects.get().amount == PRICE

    completed(opened(payment))

    agreement = BillingAgreement.objects.get()
    assert agreement.status == AgreementState.TRIALING
    assert agreement.trial_ends_at == agreement.paid_until == NOW + timedelta(days=14)
    payment = Payment.objects.get()
    assert (payment.status, payment.captured, payment.refundable) == (PaymentState.PAID, ZERO, ZERO)
    assert magazine.told == [("paid", payment.pk)]


@pytest.mark.parametrize(("trial_days", "back"), [(0, [PRICE]), (14, [])])
def test_what_cannot_be_given_any_more_is_ended_and_its_money_goes_back(
    magazine: Magazine, customer: User, trial_days: int, back: list[Decimal]
) -> None:
    magazine.refusal = "it isn't printed any more"
    payment = subscribe(customer.pk, trial_days=trial_days)

    completed(opened(payment))

    agreement = BillingAgreement.objects.get()
    assert (agreement.provider_id, agreement.wanted) == ("sub_1", Wanted.END_NOW)
    assert agreement.wants_change()
    assert list(Refund.objects.values_list("amount", flat=True)) == back
    payment = Payment.objects.get()
    assert (payment.status, payment.closed_because) == (PaymentState.PAID, ClosedBecause.LAPSED)
    assert ("closed", payment.pk) in magazine.told
    assert OutgoingMail.objects.filter(kind="money_returned").count() == len(back)


@pytest.mark.parametrize(("trial_days", "back"), [(0, [PRICE]), (14, [])])
def test_signed_up_twice_is_two_subscriptions_there_and_the_second_shall_end(
    magazine: Magazine, customer: User, trial_days: int, back: list[Decimal]
) -> None:
    payment = subscribe(customer.pk, trial_days=trial_days)
    first, second = opened(payment), opened(payment, name="cs_2")
    completed(first)

    completed(second, number="sub_2", at=NOW + timedelta(minutes=1))
    completed(second, number="sub_2", at=NOW + timedelta(minutes=2))

    stray, kept = BillingAgreement.objects.all()
    assert (kept.provider_id, kept.wanted, kept.stray_of) == ("sub_1", Wanted.RUN, None)
    assert (stray.provider_id, stray.wanted, stray.stray_of) == ("sub_2", Wanted.END_NOW, kept)
    assert stray.is_running
    assert stray.amount == PRICE
    assert list(Refund.objects.values_list("amount", "attempt_id")) == [
        (amount, second.pk) for amount in back
    ]
    assert [what for what, _ in magazine.told if what != "refunds"] == ["paid"]


def test_another_amount_than_agreed_never_counts_and_is_not_collected_again(
    magazine: Magazine, customer: User
) -> None:
    payment = subscribe(customer.pk)

    completed(opened(payment), amount=Decimal("11.00"))

    stray, agreement = BillingAgreement.objects.all()
    assert (agreement.provider_id, agreement.status) == (None, AgreementState.NEW)
    assert (stray.provider_id, stray.wanted, stray.stray_of) == (
        "sub_1",
        Wanted.END_NOW,
        agreement,
    )
    assert stray.wants_change()
    payment = Payment.objects.get()
    assert (payment.status, payment.captured) == (PaymentState.OPEN, ZERO)
    assert payment.attempts.get().status == AttemptState.MISMATCH
    assert "11.00 USD" in payment.attention
    assert magazine.told == []


def test_the_right_amount_after_another_one_begins_it_and_loses_sight_of_neither(
    magazine: Magazine, customer: User
) -> None:
    payment = subscribe(customer.pk)
    first, second = opened(payment), opened(payment, name="cs_2")
    completed(first, amount=Decimal("11.00"))

    completed(second, number="sub_2", at=NOW + timedelta(minutes=1))

    assert set(BillingAgreement.objects.values_list("provider_id", "wanted", "status")) == {
        ("sub_1", Wanted.END_NOW, AgreementState.ACTIVE),
        ("sub_2", Wanted.RUN, AgreementState.ACTIVE),
    }
    assert magazine.told == [("paid", payment.pk)]


def test_what_was_given_up_and_is_signed_all_the_same_asks_the_seller(
    magazine: Magazine, customer: User
) -> None:
    magazine.refusal = "you gave it up"
    payment = subscribe(customer.pk)
    attempt = opened(payment)
    close_payment(payment, because=ClosedBecause.GIVEN_UP, at=NOW)

    completed(attempt)

    assert BillingAgreement.objects.get().wanted == Wanted.END_NOW
    assert Refund.objects.get().amount == PRICE
    assert Payment.objects.get().closed_because == ClosedBecause.GIVEN_UP


def test_a_subscription_takes_no_place_and_is_no_hold(
    customer: User, make_booking: MakeBooking
) -> None:
    for _ in range(11):
        subscribe(customer.pk)
    make_booking()

    assert open_holds(customer.pk, at=NOW) == 1
    assert seconds_until_next_hold(customer.pk, at=NOW) == 0


def test_a_subscription_cannot_be_paid_at_the_desk(customer: User, manager: User) -> None:
    payment = subscribe(customer.pk)

    assert not payment.takes_desk_money
    with pytest.raises(InvalidTransition, match="No money is due here"):
        take_desk_payment(payment_id=payment.pk, method=DeskMethod.CASH, by=manager, at=NOW)
