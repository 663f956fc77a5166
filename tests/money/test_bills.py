"""What the provider says of a subscription: each bill booked once, whatever came before."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from notifications.models import OutgoingMail
from payments.gateways.base import AgreementStatus, InvoiceStatus, ProviderRefund, RefundStatus
from payments.models import (
    ZERO,
    BillingAgreement,
    Payment,
    PaymentAttempt,
    Refund,
)
from payments.policies import ask_again_at, period_end
from payments.services import apply_agreement, apply_refund, refund_by_staff
from payments.states import AgreementState, AttemptState, ClosedBecause, PaymentState, Wanted
from tests.infrastructure.world import NOW
from tests.money.billing import AN_HOUR, bill, hear, told
from tests.money.magazine import PRICE, Magazine, completed, opened, signed_up, subscribe

pytestmark = pytest.mark.usefixtures("magazine")

FIRST = bill("in_1")
RENEWS = period_end(NOW, "month")
SECOND = bill("in_2", covers_from=RENEWS, paid_at=RENEWS + AN_HOUR)
LATER = RENEWS + AN_HOUR + timedelta(minutes=1)


@pytest.fixture
def agreement(magazine: Magazine, customer: User) -> BillingAgreement:
    """Signed up for and paid at NOW; nothing was asked yet."""
    return signed_up(customer.pk)


def booked() -> list[tuple[Any, ...]]:
    """Bill, money, state and what it is for, of each payment, the oldest first."""
    return [
        (
            attempt.invoice_id,
            attempt.captured,
            attempt.payment.status,
            attempt.payment.covers_until,
        )
        for attempt in PaymentAttempt.objects.select_related("payment").order_by("pk")
    ]


def ledger() -> dict[str, Any]:
    """All that could change, but for how often and when it was asked."""
    untold = {"told_at", "answers", "next_ask_at"}
    return {
        "agreements": [
            {key: value for key, value in row.items() if key not in untold}
            for row in BillingAgreement.objects.order_by("pk").values()
        ],
        "payments": list(Payment.objects.order_by("pk").values()),
        "attempts": list(PaymentAttempt.objects.order_by("pk").values()),
        "refunds": list(Refund.objects.order_by("pk").values()),
        "mails": list(OutgoingMail.objects.order_by("pk").values()),
    }


# --- Bills ----------------------------------------------------------------------------------


def test_the_first_bill_is_the_sign_ups_own(agreement: BillingAgreement) -> None:
    exact = bill("in_1", covers_from=NOW + timedelta(seconds=2))

    assert hear(agreement, exact)

    assert booked() == [("in_1", PRICE, PaymentState.PAID, exact.covers_until)]
    assert PaymentAttempt.objects.get().provider_payment_id == "pi_in_1"
    assert agreement.paid_until == exact.covers_until
    assert Refund.objects.count() == 0


def test_a_renewal_is_a_payment_of_its_own_and_extends(
    agreement: BillingAgreement, magazine: Magazine
) -> None:
    hear(agreement, FIRST)

    hear(agreement, FIRST, SECOND, at=LATER)

    assert booked() == [
        ("in_1", PRICE, PaymentState.PAID, RENEWS),
        ("in_2", PRICE, PaymentState.PAID, SECOND.covers_until),
    ]
    renewal = Payment.objects.latest("pk")
    assert renewal.agreement_id == agreement.pk
    assert (renewal.paid_at, renewal.covers_from) == (RENEWS + AN_HOUR, RENEWS)
    assert (renewal.captured, renewal.refundable) == (PRICE, PRICE)
    assert agreement.paid_until == SECOND.covers_until
    assert agreement.next_ask_at == LATER + timedelta(days=1)
    assert magazine.told[1:] == [("changed", agreement.pk)] * 2


def test_the_same_answer_again_changes_nothing(agreement: BillingAgreement) -> None:
    hear(agreement, FIRST, SECOND, at=LATER)
    before = ledger()

    assert hear(agreement, FIRST, SECOND, at=LATER + AN_HOUR)

    assert ledger() == before


def test_both_bills_at_once_after_a_month_of_silence(agreement: BillingAgreement) -> None:
    hear(agreement, FIRST, SECOND, at=LATER)

    assert [row[0] for row in booked()] == ["in_1", "in_2"]
    assert Payment.objects.count() == 2


def test_an_answer_that_was_overtaken_is_not_written(agreement: BillingAgreement) -> None:
    before = agreement.answers
    hear(agreement, FIRST, SECOND, at=LATER)
    state = ledger()

    assert not hear(
        agreement, FIRST, status=AgreementStatus.PAST_DUE, at=LATER + AN_HOUR, seen=before
    )

    assert ledger() == state


def test_an_answer_about_another_subscription_is_refused(agreement: BillingAgreement) -> None:
    state = ledger()
    strange = BillingAgreement(pk=agreement.pk, provider_id="sub_of_another")

    with pytest.raises(ValueError, match="isn't about agreement"):
        apply_agreement(agreement_id=agreement.pk, told=told(strange), seen=0, at=NOW)

    assert ledger() == state


def test_a_trial_ends_in_the_first_bill_with_money(customer: User) -> None:
    agreement = signed_up(customer.pk, trial_days=14)
    ends = NOW + timedelta(days=14)
    trial: dict[str, Any] = {"trial_ends_at": ends}
    nothing = bill("in_0", amount=ZERO, covers_until=ends)
    hear(agreement, nothing, status=AgreementStatus.TRIALING, **trial)
    assert (agreement.status, agreement.paid_until) == (AgreementState.TRIALING, ends)

    first = bill("in_1", covers_from=ends, paid_at=ends + AN_HOUR)
    hear(agreement, nothing, first, at=ends + AN_HOUR, **trial)

    assert booked() == [
        (None, ZERO, PaymentState.PAID, ends),
        ("in_1", PRICE, PaymentState.PAID, first.covers_until),
    ]
    assert (agreement.status, agreement.paid_until) == (AgreementState.ACTIVE, first.covers_until)


@pytest.mark.parametrize(
    "status", [InvoiceStatus.DRAFT, InvoiceStatus.OPEN, InvoiceStatus.DEAD], ids=str
)
def test_what_is_not_paid_extends_nothing(
    agreement: BillingAgreement, status: InvoiceStatus
) -> None:
    waiting = bill("in_2", covers_from=RENEWS, status=status)

    hear(agreement, FIRST, waiting, period_end=waiting.covers_until, at=LATER)

    assert [row[0] for row in booked()] == ["in_1"]
    assert agreement.paid_until == RENEWS
    assert agreement.pay_url == waiting.pay_url


def test_a_failed_renewal_and_its_recovery(agreement: BillingAgreement) -> None:
    failed = bill("in_2", covers_from=RENEWS, status=InvoiceStatus.OPEN)
    hear(agreement, FIRST, failed, status=AgreementStatus.PAST_DUE, at=LATER)
    assert (agreement.status, agreement.paid_until) == (AgreementState.PAST_DUE, RENEWS)
    assert agreement.pay_url == "https://pay.example.com/in_2"

    hear(agreement, FIRST, SECOND, at=LATER + timedelta(days=2))

    assert (agreement.status, agreement.pay_url) == (AgreementState.ACTIVE, "")
    assert agreement.paid_until == SECOND.covers_until


def test_a_time_given_for_nothing_counts(agreement: BillingAgreement) -> None:
    present = bill("in_2", covers_from=RENEWS, amount=ZERO)

    hear(agreement, FIRST, present, at=LATER)

    assert [row[0] for row in booked()] == ["in_1"]
    assert agreement.paid_until == present.covers_until


def test_another_amount_is_booked_and_flagged(agreement: BillingAgreement, manager: User) -> None:
    dearer = bill("in_2", covers_from=RENEWS, amount=Decimal("15.00"))

    hear(agreement, FIRST, dearer, at=LATER)

    renewal = Payment.objects.latest("pk")
    assert (renewal.amount, renewal.captured) == (Decimal("15.00"), Decimal("15.00"))
    assert renewal.attention == "The provider collected 15.00 USD where 12.00 USD were agreed."
    assert agreement.paid_until == dearer.covers_until
    assert OutgoingMail.objects.get(kind="staff_money").to == "desk@example.com"


def test_the_bill_of_a_sign_up_with_another_amount_is_not_booked(customer: User) -> None:
    payment = subscribe(customer.pk)
    completed(opened(payment), amount=Decimal("11.00"))
    agreement = BillingAgreement.objects.get(provider_id="sub_1")

    hear(agreement, bill("in_1", amount=Decimal("11.00")))

    assert booked() == [("in_1", ZERO, PaymentState.OPEN, None)]
    assert PaymentAttempt.objects.get().status == AttemptState.MISMATCH


def test_refunds_find_the_money_of_a_renewal(agreement: BillingAgreement, manager: User) -> None:
    hear(agreement, FIRST, SECOND, at=LATER)
    renewal = Payment.objects.latest("pk")

    refund_by_staff(payment_id=renewal.pk, amount=Decimal("5.00"), by=manager, at=LATER, reason="x")
    elsewhere = ProviderRefund(
        id="re_1",
        status=RefundStatus.SUCCEEDED,
        amount=Decimal("7.00"),
        currency="USD",
        provider_payment_id="pi_in_2",
    )
    assert apply_refund(elsewhere, at=LATER)

    renewal.refresh_from_db()
    assert (renewal.refunded, renewal.refundable) == (PRICE, ZERO)
    assert hear(agreement, FIRST, SECOND, at=LATER + AN_HOUR)
    # Given back out of goodwill: what it was paid for stays.
    assert agreement.paid_until == SECOND.covers_until


# --- The end --------------------------------------------------------------------------------


def want(agreement: BillingAgreement, wanted: Wanted, at: datetime) -> None:
    agreement.refresh_from_db()
    agreement.want(wanted, at=at)


def test_what_we_want_is_confirmed_by_the_provider_alone(agreement: BillingAgreement) -> None:
    want(agreement, Wanted.END_LATER, NOW)
    assert agreement.wants_change()

    hear(agreement, FIRST)
    assert agreement.wants_change()
    hear(agreement, FIRST, ends_at_period_end=True)
    assert (agreement.wanted, agreement.confirmed) == (Wanted.END_LATER, Wanted.END_LATER)
    assert not agreement.wants_change()

    want(agreement, Wanted.RUN, NOW + AN_HOUR)
    hear(agreement, FIRST, ends_at_period_end=True)
    assert agreement.wants_change()
    hear(agreement, FIRST)
    assert not agreement.wants_change()


def test_what_staff_change_at_the_provider_is_taken_over(agreement: BillingAgreement) -> None:
    hear(agreement, FIRST, ends_at_period_end=True, at=NOW + AN_HOUR)
    assert (agreement.wanted, agreement.wanted_at) == (Wanted.END_LATER, NOW + AN_HOUR)
    assert not agreement.wants_change()

    hear(agreement, FIRST, at=NOW + 2 * AN_HOUR)
    assert (agreement.wanted, agreement.confirmed) == (Wanted.RUN, Wanted.RUN)


def test_it_ends(agreement: BillingAgreement, magazine: Magazine) -> None:
    want(agreement, Wanted.END_LATER, NOW)
    hear(agreement, FIRST, ends_at_period_end=True)

    hear(agreement, FIRST, status=AgreementStatus.ENDED, ended_at=RENEWS, at=LATER)

    assert (agreement.status, agreement.ended_at) == (AgreementState.ENDED, RENEWS)
    assert agreement.paid_until == RENEWS
    # For a while it is asked about all the same: a last bill may yet be paid by hand.
    assert agreement.next_ask_at == LATER + (LATER - RENEWS)
    assert not agreement.wants_change()
    assert magazine.told[-1] == ("changed", agreement.pk)


@pytest.mark.parametrize("wanted", [Wanted.END_LATER, Wanted.END_NOW])
def test_a_bill_that_is_collected_after_the_end_was_wanted_goes_back(
    agreement: BillingAgreement, wanted: Wanted
) -> None:
    """The provider hadn't heard yet."""
    hear(agreement, FIRST)
    want(agreement, wanted, RENEWS - AN_HOUR)

    hear(agreement, FIRST, SECOND, at=LATER)
    hear(agreement, FIRST, SECOND, at=LATER + AN_HOUR)

    renewal = Payment.objects.latest("pk")
    assert (renewal.status, renewal.closed_because) == (PaymentState.PAID, ClosedBecause.GIVEN_UP)
    assert (renewal.captured, renewal.refunded) == (PRICE, PRICE)
    assert agreement.paid_until == RENEWS
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["money_returned"]
    assert Refund.objects.count() == 1


def test_kept_after_all_it_does_not_count_what_went_back(agreement: BillingAgreement) -> None:
    hear(agreement, FIRST)
    want(agreement, Wanted.END_LATER, RENEWS - AN_HOUR)
    hear(agreement, FIRST, SECOND, at=LATER)

    want(agreement, Wanted.RUN, LATER)
    hear(agreement, FIRST, SECOND, at=LATER + AN_HOUR)

    assert agreement.paid_until == RENEWS
    assert Refund.objects.count() == 1


def test_a_bill_that_was_paid_before_is_kept(agreement: BillingAgreement) -> None:
    """Renewed, cancelled, and only then heard of."""
    hear(agreement, FIRST)
    want(agreement, Wanted.END_LATER, LATER)

    hear(agreement, FIRST, SECOND, ends_at_period_end=True, at=LATER + AN_HOUR)

    assert agreement.paid_until == SECOND.covers_until
    assert Refund.objects.count() == 0


def test_a_bill_that_is_paid_after_the_provider_gave_up_goes_back(
    agreement: BillingAgreement,
) -> None:
    """By hand, on the bill's own page: nothing is given for it any more."""
    hear(agreement, FIRST)
    ended = RENEWS + timedelta(days=14)
    late = bill("in_2", covers_from=RENEWS, paid_at=ended + AN_HOUR)

    hear(agreement, FIRST, late, status=AgreementStatus.ENDED, ended_at=ended, at=ended + AN_HOUR)

    assert Refund.objects.get().amount == PRICE
    assert agreement.paid_until == RENEWS


def test_the_first_bill_of_a_second_sign_up_is_booked_once(
    customer: User, magazine: Magazine
) -> None:
    payment = subscribe(customer.pk)
    completed(opened(payment))
    completed(opened(payment, name="cs_2"), number="sub_2")
    stray = BillingAgreement.objects.get(provider_id="sub_2")
    before = [what for what, _ in magazine.told]

    hear(stray, bill("in_9"), status=AgreementStatus.ENDED, ended_at=NOW)

    assert Payment.objects.count() == 1
    assert PaymentAttempt.objects.get(session_id="cs_2").provider_payment_id == "pi_in_9"
    assert Refund.objects.get().amount == PRICE
    assert Payment.objects.get().covers_until == RENEWS
    # Nothing was ever given for it: its seller hears nothing.
    assert [what for what, _ in magazine.told] == before


def test_a_second_bill_of_a_second_sign_up_goes_back_too(customer: User) -> None:
    payment = subscribe(customer.pk)
    completed(opened(payment))
    completed(opened(payment, name="cs_2"), number="sub_2")
    stray = BillingAgreement.objects.get(provider_id="sub_2")

    hear(stray, bill("in_9"), bill("in_10", covers_from=RENEWS), at=LATER)

    rows = Refund.objects.order_by("pk").values_list("attempt__invoice_id", "amount")
    assert list(rows) == [("in_9", PRICE), ("in_10", PRICE)]


def test_what_has_not_begun_there_is_asked_about_soon(agreement: BillingAgreement) -> None:
    hear(agreement, status=AgreementStatus.INCOMPLETE)

    assert agreement.status == AgreementState.ACTIVE
    assert agreement.next_ask_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("paid_until", "asked"),
    [
        (None, timedelta(days=1)),
        (timedelta(days=20), timedelta(days=1)),
        (timedelta(hours=3), timedelta(hours=3, minutes=1)),
        (timedelta(0), timedelta(minutes=1)),
        (-timedelta(minutes=2), timedelta(minutes=5)),
        (-timedelta(minutes=40), timedelta(minutes=40)),
        (-timedelta(days=9), timedelta(hours=6)),
    ],
)
def test_it_is_asked_about_when_a_renewal_is_due_and_daily(
    paid_until: timedelta | None, asked: timedelta
) -> None:
    ends = None if paid_until is None else NOW + paid_until

    assert ask_again_at(paid_until=ends, at=NOW) == NOW + asked
