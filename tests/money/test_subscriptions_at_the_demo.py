"""Plans sold for real at the demo provider: a year of it agrees with the provider's books."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from access.models import Subscription
from access.services import cancel_subscription
from access.states import SubscriptionStatus
from accounts.models import User
from payments import courier
from payments.differences import Moment
from payments.gateways import demo
from payments.gateways.demo import life
from payments.models import BillingAgreement, DemoBill, Payment, PaymentAttempt, Refund
from payments.policies import period_end
from payments.states import AttemptState
from payments.tasks import ask_agreements, send_refunds, tell_agreements
from payments.verify import Tally, check_money
from tests.infrastructure.plans import MakePlan, take
from tests.infrastructure.world import NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def now() -> Iterator[Callable[[datetime], None]]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


def beats() -> None:
    for deed in (tell_agreements, ask_agreements, send_refunds):
        deed()


def signed(subscription: Subscription) -> Subscription:
    assert subscription.payment is not None
    courier.open_session(subscription.payment.pk, at=NOW)
    attempt = subscription.payment.attempts.latest("pk")
    assert demo.pay(str(attempt.session_id), at=NOW)
    courier.ask(attempt.pk, at=NOW)
    beats()
    subscription.refresh_from_db()
    return subscription


def wrong(at: datetime) -> list[str]:
    found = check_money(since=None, now=Moment(at=at), tally=Tally())
    return [str(finding) for finding in found]


def test_a_year_of_renewals_a_failure_and_an_end(
    customer: User, make_plan: MakePlan, now: Callable[[datetime], None]
) -> None:
    held = signed(take(make_plan(), customer))
    assert held.status == SubscriptionStatus.ACTIVE
    end = period_end(NOW, "month")
    for month in range(1, 12):
        held.refresh_from_db()
        assert held.agreement is not None
        number = str(held.agreement.provider_id)
        if month == 4:
            life.set_card(number, works=False)
        now(end + MINUTE)
        beats()
        held.refresh_from_db()
        if month == 4:
            assert held.status == SubscriptionStatus.PAST_DUE
            life.set_card(number, works=True)
            now(end + timedelta(days=2))
            beats()
            held.refresh_from_db()
        assert held.status == SubscriptionStatus.ACTIVE
        end = DemoBill.objects.latest("pk").covers_until
        assert wrong(end - timedelta(days=3)) == []
    assert Payment.objects.count() == DemoBill.objects.count() == 12

    now(end - timedelta(days=5))
    cancel_subscription(subscription_id=held.pk, by=customer, at=end - timedelta(days=5))
    beats()
    held.refresh_from_db()
    assert (held.status, held.paid_until) == (SubscriptionStatus.CANCELLED, end)
    now(end + MINUTE)
    beats()
    held.refresh_from_db()
    assert held.status == SubscriptionStatus.EXPIRED
    assert (Payment.objects.count(), Refund.objects.count()) == (12, 0)
    assert wrong(end + timedelta(hours=1)) == []


def test_a_cancel_that_the_provider_hears_too_late_gives_the_renewal_back(
    customer: User, make_plan: MakePlan, now: Callable[[datetime], None]
) -> None:
    held = signed(take(make_plan(), customer))
    end = period_end(NOW, "month")
    now(end - MINUTE)
    cancel_subscription(subscription_id=held.pk, by=customer, at=end - MINUTE)

    now(end + MINUTE)
    life.look(DemoBill.objects.get().agreement.number)
    beats()
    beats()

    held.refresh_from_db()
    assert DemoBill.objects.count() == 2
    assert [row.amount for row in Refund.objects.all()] == [Decimal("10.00")]
    assert held.paid_until == end
    assert not held.opens_at(end + MINUTE)
    assert wrong(end + timedelta(hours=1)) == []


@pytest.mark.parametrize("trial_days", [0, 14])
def test_signed_up_for_twice_it_is_had_once(
    customer: User, make_plan: MakePlan, trial_days: int
) -> None:
    held = take(make_plan(trial_days=trial_days), customer)
    assert held.payment is not None
    for _ in range(2):
        courier.open_session(held.payment.pk, at=NOW)
        PaymentAttempt.objects.update(status=AttemptState.EXPIRED)
    for attempt in PaymentAttempt.objects.order_by("pk"):
        assert demo.pay(str(attempt.session_id), at=NOW)
        courier.ask(attempt.pk, at=NOW)
    beats()

    held.refresh_from_db()
    stray, kept = BillingAgreement.objects.all()
    assert held.status == (SubscriptionStatus.TRIALING if trial_days else SubscriptionStatus.ACTIVE)
    assert held.agreement == kept
    assert (kept.is_running, stray.is_over) == (True, True)
    assert Refund.objects.count() == (0 if trial_days else 1)
    assert wrong(NOW + timedelta(hours=1)) == []
