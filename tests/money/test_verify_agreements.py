"""Subscriptions here and at the provider: what differs is found, said in words, set right."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from accounts.models import User
from payments import courier
from payments.differences import Moment
from payments.gateways import demo
from payments.gateways.demo import life
from payments.models import (
    BillingAgreement,
    DemoAgreement,
    DemoSession,
    MoneyCheck,
    Payment,
    PaymentAttempt,
    Refund,
)
from payments.policies import period_end
from payments.services import note_refund_failed, note_seen
from payments.states import AgreementState, AttemptState, RefundState, Wanted
from payments.tasks import ask_agreements, send_refunds, tell_agreements
from payments.verify import Finding, Tally, check_money, nightly_check
from tests.infrastructure.world import NOW
from tests.money.magazine import Magazine, subscribe

pytestmark = pytest.mark.usefixtures("magazine")

RENEWS = period_end(NOW, "month")
# A quarter of an hour later nothing is on its way any more.
LATER = NOW + timedelta(minutes=15)


@pytest.fixture(autouse=True)
def now() -> Iterator[Callable[[datetime], None]]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


def sign_up(customer: User, *, trial_days: int = 0, is_heard: bool = True) -> BillingAgreement:
    payment = subscribe(customer.pk, trial_days=trial_days)
    courier.open_session(payment.pk, at=NOW)
    attempt = PaymentAttempt.objects.latest("pk")
    assert demo.pay(str(attempt.session_id), at=NOW)
    if is_heard:
        courier.ask(attempt.pk, at=NOW)
        ask_agreements()
    return BillingAgreement.objects.get(payments=payment)


@pytest.fixture
def agreement(customer: User) -> BillingAgreement:
    """Running and paid for a month, there and here."""
    return sign_up(customer)


def look(at: datetime = LATER, *, with_repair: bool = False) -> list[Finding]:
    now = Moment(at=at)
    return list(check_money(since=None, now=now, tally=Tally(), with_repair=with_repair))


def kinds(at: datetime = LATER) -> list[str]:
    return [finding.difference.kind for finding in look(at)]


def said(at: datetime = LATER) -> str:
    [finding] = look(at)
    return finding.difference.text


def repair(at: datetime = LATER) -> list[str]:
    return [finding.outcome for finding in look(at, with_repair=True)]


def test_trials_renewals_cancels_and_second_sign_ups_at_rest_are_true(
    customer: User, now: Callable[[datetime], None]
) -> None:
    sign_up(customer, trial_days=14)
    ended = sign_up(customer)
    ended.refresh_from_db()
    ended.want(Wanted.END_LATER, at=NOW)
    twice = subscribe(customer.pk)
    courier.open_session(twice.pk, at=NOW)
    PaymentAttempt.objects.filter(payment=twice).update(status=AttemptState.EXPIRED)
    courier.open_session(twice.pk, at=NOW)
    for attempt in PaymentAttempt.objects.filter(payment=twice):
        assert demo.pay(str(attempt.session_id), at=NOW)
        courier.ask(attempt.pk, at=NOW)
    for moment in (
        NOW,
        RENEWS + timedelta(minutes=2),
        period_end(RENEWS, "month") + timedelta(minutes=15),
    ):
        now(moment)
        for deed in (tell_agreements, ask_agreements, send_refunds):
            deed()

    tally = Tally()
    at = period_end(RENEWS, "month") + timedelta(hours=1)
    assert list(check_money(since=None, now=Moment(at=at), tally=tally)) == []
    assert tally.agreements == 4
    assert Payment.objects.count() == 7
    assert str(tally).startswith("7 payments agree with what was bought and with demo (4 sessions,")
    assert "4 subscriptions" in str(tally)


def test_the_night_agrees_too(agreement: BillingAgreement, now: Callable[[datetime], None]) -> None:
    now(RENEWS + timedelta(minutes=2))
    ask_agreements()
    assert Payment.objects.count() == 2

    nightly_check(at=RENEWS + timedelta(minutes=30))

    assert MoneyCheck.objects.get().state == "clean"


def test_a_sign_up_that_nobody_heard_of(customer: User) -> None:
    agreement = sign_up(customer, is_heard=False)
    PaymentAttempt.objects.update(asked_at=NOW)

    # The session tells nothing of when it was paid; its subscription does.
    assert "sign_up_unheard" in kinds()
    repair()

    agreement.refresh_from_db()
    assert agreement.status == AgreementState.ACTIVE
    ask_agreements()
    assert kinds() == []


def test_what_is_young_is_on_its_way(customer: User) -> None:
    sign_up(customer, is_heard=False)

    assert kinds(NOW + timedelta(minutes=4)) == []


def test_a_renewal_that_is_not_booked(
    agreement: BillingAgreement, now: Callable[[datetime], None]
) -> None:
    late = RENEWS + timedelta(minutes=15)
    now(RENEWS)
    life.look(str(agreement.provider_id))
    now(late)
    bill = DemoAgreement.objects.get().bills.first()
    assert bill is not None

    assert said(late) == (
        f"agreement {agreement.pk} (The Magazine, a month, {agreement.provider_id}): bill "
        f"{bill.number} of 12.00 USD was paid there, and isn't booked here."
    )
    assert repair(late) == ["asked; the subscription is running"]
    assert kinds(late) == []


def test_what_has_ended_there(agreement: BillingAgreement, now: Callable[[datetime], None]) -> None:
    DemoAgreement.objects.update(ended_at=NOW)

    assert kinds(NOW + timedelta(minutes=4)) == []
    assert said().endswith("has ended there, and is 'running' here.")
    assert repair() == ["asked; the subscription is ended"]
    assert kinds() == []


def test_what_has_ended_here_alone(agreement: BillingAgreement) -> None:
    BillingAgreement.objects.update(status=AgreementState.ENDED, ended_at=NOW, next_ask_at=None)

    assert said().endswith("has ended here, and is 'running' there: it is collected on.")
    assert repair() == ["asked; the subscription is running"]
    assert kinds() == []


def test_a_failed_renewal_that_nobody_heard_of(
    agreement: BillingAgreement, now: Callable[[datetime], None]
) -> None:
    life.set_card(str(agreement.provider_id), works=False)
    late = RENEWS + timedelta(minutes=15)
    now(late)

    assert said(late).endswith("is 'a payment failed' there, and 'running' here.")
    repair(late)
    assert kinds(late) == []


def test_an_end_that_somebody_said_there(agreement: BillingAgreement) -> None:
    DemoAgreement.objects.update(ends_at_period_end=True)

    assert said().endswith("will end there when what is paid for is over, which isn't known here.")
    repair()
    agreement.refresh_from_db()
    assert agreement.wanted == Wanted.END_LATER
    assert kinds() == []


def test_a_wish_that_was_never_confirmed(agreement: BillingAgreement) -> None:
    agreement.refresh_from_db()
    agreement.want(Wanted.END_NOW, at=NOW)

    assert kinds(NOW + timedelta(minutes=4)) == []
    assert said().endswith(
        "was to end at once, since 2026-07-02 08:00 UTC, and isn't brought to it."
    )
    assert repair() == ["told and confirmed"]
    assert kinds() == []


def test_two_for_one_sign_up(agreement: BillingAgreement, customer: User) -> None:
    second = sign_up(customer)
    Payment.objects.filter(agreement=second).update(agreement=agreement)
    BillingAgreement.objects.filter(pk=second.pk).update(
        stray_of=agreement, wanted=Wanted.END_NOW, wanted_at=NOW
    )

    found = said()
    assert f"is a second one, beside agreement {agreement.pk}, for one and the same" in found
    repair()
    assert kinds() == []


def test_money_of_a_second_sign_up_that_is_kept(
    agreement: BillingAgreement, customer: User
) -> None:
    """Its seller has nothing to say of it: it was never given anything for."""
    second = sign_up(customer)
    BillingAgreement.objects.filter(pk=second.pk).update(
        stray_of=agreement, wanted=Wanted.END_NOW, wanted_at=NOW
    )
    assert courier.tell_agreement(second.pk, at=NOW)

    assert kinds() == ["empty_handed"]
    repair()
    send_refunds()
    assert kinds() == []


def test_money_of_a_second_sign_up_that_could_not_go_back_is_named_until_it_has(
    agreement: BillingAgreement, customer: User
) -> None:
    """Its refund failed, and somebody has looked: that alone gives nothing back."""
    second = sign_up(customer)
    BillingAgreement.objects.filter(pk=second.pk).update(
        stray_of=agreement, wanted=Wanted.END_NOW, wanted_at=NOW
    )
    assert courier.tell_agreement(second.pk, at=NOW)
    repair()
    refund = Refund.objects.get()
    Refund.objects.update(status=RefundState.SENDING)
    note_refund_failed(refund_id=refund.pk, error="No such card.", at=NOW)
    assert kinds() == ["refund_failed"]

    note_seen(payment_id=refund.payment_id)

    assert kinds() == ["empty_handed"]
    repair()
    assert list(Refund.objects.all()) == [refund]


def test_one_that_the_provider_does_not_know(agreement: BillingAgreement) -> None:
    BillingAgreement.objects.update(provider_id="demo_sub_of_nobody")

    assert sorted(kinds()) == ["agreement_unknown", "agreement_unknown_there"]
    assert all(not finding.difference.is_repairable for finding in look())


def test_one_of_another_site_is_none_of_ours(agreement: BillingAgreement) -> None:
    DemoSession.objects.update(for_agreement=None)
    BillingAgreement.objects.update(provider_id=None, status=AgreementState.NEW)

    assert kinds() == []


def test_a_trial_without_money_is_no_difference(customer: User, magazine: Magazine) -> None:
    sign_up(customer, trial_days=14)

    assert kinds() == []
