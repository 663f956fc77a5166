"""A subscription's life against the demo provider: renewed, failed, recovered, cancelled, ended."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from access import emails, tasks
from access.errors import AlreadySubscribed
from access.models import Plan, Subscription
from access.services import (
    cancel_subscription,
    expire,
    quote,
    resume_subscription,
    tell_trial_ends,
)
from access.states import SUBSCRIPTION_MOVES, PlanInterval, SubscriptionStatus
from accounts.models import User
from common.errors import InvalidTransition
from notifications.models import OutgoingMail
from notifications.samples import has_sample
from payments.gateways.base import AgreementStatus, InvoiceStatus
from payments.models import Payment, Refund
from payments.services import refund_by_staff
from payments.states import Wanted
from tests.infrastructure.plans import MakePlan, begin, card, everything, hear, sign_up, take
from tests.infrastructure.world import NOW
from tests.money.billing import bill
from tests.money.billing import hear as hear_of

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
# Signed up for on 2 July at 8:00.
AUGUST = NOW.replace(month=8)
SEPTEMBER = NOW.replace(month=9)
GRACE_ENDS = AUGUST + 7 * DAY
S = SubscriptionStatus


def mails() -> list[str]:
    return [mail.kind.removeprefix("subscription_") for mail in OutgoingMail.objects.order_by("pk")]


def shown(subscription: Subscription) -> tuple[str, datetime | None, datetime | None]:
    subscription.refresh_from_db()
    return subscription.status, subscription.paid_until, subscription.access_until


def refunds() -> list[Decimal]:
    return list(Refund.objects.order_by("pk").values_list("amount", flat=True))


@pytest.fixture
def running(plan: Plan, customer: User) -> Subscription:
    return begin(take(plan, customer))


# --- the table of moves ------------------------------------------------------------------------


@pytest.mark.parametrize("target", list(S))
@pytest.mark.parametrize("source", list(S))
def test_every_cell_of_the_table(plan: Plan, customer: User, source: S, target: S) -> None:
    subscription = take(plan, customer)
    Subscription.objects.update(status=source, paid_until=AUGUST)
    subscription.refresh_from_db()
    before = everything()

    if source == target:
        subscription.move_to(target, at=NOW, paid_until=AUGUST)
        assert everything() == before
    elif target in SUBSCRIPTION_MOVES[source]:
        subscription.move_to(target, at=NOW, paid_until=AUGUST)
        assert list(subscription.history.values_list("from_status", "to_status")) == [
            (source, target)
        ]
    else:
        with pytest.raises(InvalidTransition):
            subscription.move_to(target, at=NOW, paid_until=AUGUST)
        assert everything() == before


# --- renewal -----------------------------------------------------------------------------------


def test_it_is_renewed_and_each_bill_is_told_once(running: Subscription) -> None:
    for at in (AUGUST + HOUR, AUGUST + HOUR, AUGUST + DAY):
        hear(running, at=at)

    assert shown(running) == (S.ACTIVE, SEPTEMBER, SEPTEMBER + 7 * DAY)
    assert mails() == ["started", "renewed"]
    facts = OutgoingMail.objects.get(kind="subscription_renewed").context
    assert (facts["paid"], facts["covers"]) == (
        "10.00 USD",
        "Sun 2 Aug 2026 to Wed 2 Sep 2026",
    )


def test_months_that_nobody_heard_of_are_all_told(running: Subscription) -> None:
    hear(running, at=NOW.replace(month=10) + HOUR)

    assert shown(running)[:2] == (S.ACTIVE, NOW.replace(month=11))
    assert mails() == ["started", "renewed", "renewed", "renewed"]


def test_a_renewal_that_fails_keeps_open_for_the_grace_time(running: Subscription) -> None:
    card(running, works=False, at=NOW)

    hear(running, at=AUGUST)
    hear(running, at=AUGUST + DAY)

    assert shown(running) == (S.PAST_DUE, AUGUST, GRACE_ENDS)
    assert mails() == ["started", "payment_failed"]
    assert running.opens_at(GRACE_ENDS - SECOND)
    assert not running.opens_at(GRACE_ENDS)


def test_it_recovers(running: Subscription) -> None:
    card(running, works=False, at=NOW)
    hear(running, at=AUGUST)
    card(running, works=True, at=AUGUST + DAY)

    hear(running, at=AUGUST + DAY)

    assert shown(running)[:2] == (S.ACTIVE, SEPTEMBER)
    assert mails() == ["started", "payment_failed", "renewed"]


def test_a_bill_paid_while_the_provider_is_asked_is_no_failed_payment(
    running: Subscription,
) -> None:
    """It says how the plan stands before it tells its bills: the plan may be told as it was."""
    assert running.agreement is not None
    paid = bill("in_2", covers_from=AUGUST, paid_at=AUGUST + HOUR)

    hear_of(running.agreement, paid, status=AgreementStatus.PAST_DUE, at=AUGUST + HOUR)
    hear_of(running.agreement, paid, at=AUGUST + 2 * HOUR)

    assert shown(running)[:2] == (S.ACTIVE, SEPTEMBER)
    assert mails() == ["started", "renewed"]


def test_one_of_two_failed_bills_that_is_paid_is_told(running: Subscription) -> None:
    assert running.agreement is not None
    paid = bill("in_2", covers_from=AUGUST, paid_at=SEPTEMBER + DAY)
    failed = bill("in_3", covers_from=SEPTEMBER, status=InvoiceStatus.OPEN)

    hear_of(running.agreement, paid, failed, status=AgreementStatus.PAST_DUE, at=SEPTEMBER + DAY)

    assert shown(running)[:2] == (S.PAST_DUE, SEPTEMBER)
    assert mails() == ["started", "renewed", "payment_failed"]


def test_one_that_does_not_recover_ends(running: Subscription) -> None:
    card(running, works=False, at=NOW)
    hear(running, at=AUGUST)

    assert not expire(subscription_id=running.pk, at=GRACE_ENDS - SECOND)
    assert expire(subscription_id=running.pk, at=GRACE_ENDS)
    assert not expire(subscription_id=running.pk, at=GRACE_ENDS)
    hear(running, at=GRACE_ENDS)

    assert shown(running) == (S.EXPIRED, AUGUST, GRACE_ENDS)
    assert running.agreement is not None
    running.agreement.refresh_from_db()
    assert (running.agreement.wanted, running.agreement.is_over) == (Wanted.END_NOW, True)
    assert mails() == ["started", "payment_failed", "ended"]
    assert refunds() == []


def test_money_collected_for_a_time_that_was_never_open_goes_back(running: Subscription) -> None:
    """The provider had renewed it, and nobody heard of it until the grace time was over."""
    expire(subscription_id=running.pk, at=GRACE_ENDS)

    hear(running, at=GRACE_ENDS + HOUR)
    hear(running, at=GRACE_ENDS + 2 * HOUR)

    assert shown(running)[0] == S.EXPIRED
    assert refunds() == [Decimal("10.00")]
    assert mails() == ["started", "ended", "money_returned"]


# --- cancelling and keeping ---------------------------------------------------------------------


def test_what_is_cancelled_stays_open_until_its_end(running: Subscription, customer: User) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW + DAY)
    hear(running, at=NOW + DAY)

    assert shown(running) == (S.CANCELLED, AUGUST, AUGUST)
    assert running.opens_at(AUGUST - SECOND)
    assert not running.opens_at(AUGUST)
    hear(running, at=AUGUST + HOUR)
    assert shown(running)[0] == S.EXPIRED
    assert Payment.objects.count() == 1
    assert mails() == ["started", "cancelled", "ended"]


def test_what_is_kept_after_all_is_renewed(running: Subscription, customer: User) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW + DAY)
    hear(running, at=NOW + DAY)

    resume_subscription(subscription_id=running.pk, by=customer, at=AUGUST - SECOND)
    hear(running, at=AUGUST - SECOND)
    hear(running, at=AUGUST + HOUR)

    assert shown(running)[:2] == (S.ACTIVE, SEPTEMBER)


def test_what_is_over_is_not_kept(running: Subscription, customer: User) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW)
    before = everything()

    with pytest.raises(InvalidTransition):
        resume_subscription(subscription_id=running.pk, by=customer, at=AUGUST)
    assert everything() == before


def test_beside_another_plan_that_includes_it_it_is_not_kept(
    make_plan: MakePlan, running: Subscription, customer: User
) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW)
    other = begin(take(make_plan("other"), customer))
    before = everything()

    with pytest.raises(AlreadySubscribed) as refused:
        resume_subscription(subscription_id=running.pk, by=customer, at=NOW)

    assert refused.value.details == {
        "subscriptionId": other.pk,
        "planId": other.plan_id,
        "planName": "Other",
    }
    assert everything() == before


def test_a_renewal_that_was_faster_than_the_cancel_goes_back(
    running: Subscription, customer: User
) -> None:
    """Cancelled an hour after the provider had renewed it, which nobody had heard of yet."""
    cancel_subscription(subscription_id=running.pk, by=customer, at=AUGUST + HOUR)

    hear(running, at=AUGUST + HOUR)
    hear(running, at=AUGUST + DAY)

    assert shown(running)[0] == S.EXPIRED
    assert refunds() == [Decimal("10.00")]
    assert mails() == ["started", "ended", "money_returned"]


def test_one_whose_payment_failed_is_cancelled_at_once(
    running: Subscription, customer: User
) -> None:
    card(running, works=False, at=NOW)
    hear(running, at=AUGUST)

    cancel_subscription(subscription_id=running.pk, by=customer, at=AUGUST + DAY)
    hear(running, at=AUGUST + DAY)

    assert shown(running) == (S.EXPIRED, AUGUST, AUGUST + DAY)
    assert mails() == ["started", "payment_failed", "ended"]


def test_a_free_one_ends_at_once(make_plan: MakePlan, customer: User) -> None:
    held = take(make_plan(price=0), customer)

    cancel_subscription(subscription_id=held.pk, by=customer, at=NOW + DAY)

    assert shown(held) == (S.EXPIRED, None, NOW + DAY)


@pytest.mark.parametrize("state", ["cancelled", "expired", "once"])
def test_what_cannot_be_cancelled(
    make_plan: MakePlan, plan: Plan, customer: User, state: str
) -> None:
    if state == "once":
        held = take(make_plan("archive", interval=PlanInterval.ONCE), customer)
        sign_up(held)
    else:
        held = begin(take(plan, customer))
        cancel_subscription(subscription_id=held.pk, by=customer, at=NOW)
        if state == "expired":
            expire(subscription_id=held.pk, at=AUGUST)
    before = everything()

    with pytest.raises(InvalidTransition):
        cancel_subscription(subscription_id=held.pk, by=customer, at=NOW)
    assert everything() == before


# --- trial --------------------------------------------------------------------------------------


def test_a_trial_becomes_a_paid_one(make_plan: MakePlan, customer: User) -> None:
    held = begin(take(make_plan(trial_days=14), customer))
    ends = NOW + 14 * DAY
    assert shown(held)[:2] == (S.TRIALING, ends)

    hear(held, at=ends + HOUR)

    assert shown(held)[:2] == (S.ACTIVE, ends.replace(month=8))
    assert mails() == ["started", "renewed"]


def test_a_cancelled_trial_costs_nothing(make_plan: MakePlan, customer: User) -> None:
    held = begin(take(make_plan(trial_days=14), customer))
    ends = NOW + 14 * DAY

    cancel_subscription(subscription_id=held.pk, by=customer, at=NOW + DAY)
    hear(held, at=NOW + DAY)

    assert shown(held) == (S.CANCELLED, ends, ends)
    hear(held, at=ends + HOUR)
    assert shown(held)[0] == S.EXPIRED
    assert list(Payment.objects.values_list("amount", flat=True)) == [Decimal(0)]


def test_a_trial_that_is_kept_is_a_trial_again(make_plan: MakePlan, customer: User) -> None:
    held = begin(take(make_plan(trial_days=14), customer))
    cancel_subscription(subscription_id=held.pk, by=customer, at=NOW + DAY)

    resume_subscription(subscription_id=held.pk, by=customer, at=NOW + 2 * DAY)

    assert shown(held)[:2] == (S.TRIALING, NOW + 14 * DAY)


def test_the_end_of_a_trial_is_told_three_days_before(make_plan: MakePlan, customer: User) -> None:
    held = begin(take(make_plan(trial_days=14), customer))
    soon = NOW + 11 * DAY

    assert not tell_trial_ends(subscription_id=held.pk, at=soon - SECOND)
    with time_machine.travel(soon, tick=False):
        assert [tasks.tell_trials(), tasks.tell_trials()] == [1, 0]

    assert mails() == ["started", "trial_ends"]
    facts = OutgoingMail.objects.get(kind="subscription_trial_ends").context
    assert (facts["until_moment"], facts["amount"]) == (
        "Thu 16 Jul 2026, 08:00 (UTC)",
        "10.00 USD",
    )


def test_a_short_trial_was_told_at_its_beginning(make_plan: MakePlan, customer: User) -> None:
    held = begin(take(make_plan(trial_days=3), customer))

    assert not tell_trial_ends(subscription_id=held.pk, at=NOW + DAY)
    assert mails() == ["started"]


# --- a higher plan ------------------------------------------------------------------------------


def test_a_higher_plan_ends_the_lower_and_gives_its_unused_share_back(
    make_plan: MakePlan, running: Subscription, customer: User
) -> None:
    studio = make_plan("studio", rank=2, price=Decimal("20.00"))
    # Of 31 days 15.5 lie ahead.
    half = NOW + 15 * DAY + 12 * HOUR
    higher = take(studio, customer, at=half)
    said = quote(user_id=customer.pk, plan=studio, trial_days=0, at=half)
    assert shown(running)[0] == S.ACTIVE

    begin(higher, at=half)

    assert [(each.name, each.refund) for each in said.replaces] == [("Basic", Decimal("5.00"))]
    assert shown(running)[0] == S.EXPIRED
    assert running.access_until == half
    assert shown(higher)[0] == S.ACTIVE
    assert refunds() == [Decimal("5.00")]
    assert mails() == ["started", "started"]
    facts = OutgoingMail.objects.latest("pk").context
    assert (facts["replaced"], facts["refund"]) == ("Basic", "5.00 USD")
    hear(running, at=half)
    hear(running, at=AUGUST + DAY)
    assert Payment.objects.filter(agreement=running.agreement).count() == 1


def test_what_was_bought_for_ever_stays_beside_a_higher_plan(
    make_plan: MakePlan, customer: User
) -> None:
    archive = take(make_plan("archive", interval=PlanInterval.ONCE), customer)
    sign_up(archive)

    begin(take(make_plan("studio", rank=2), customer))

    assert shown(archive)[0] == S.ACTIVE
    assert refunds() == []


# --- money back elsewhere -----------------------------------------------------------------------


def test_money_back_out_of_goodwill_leaves_it_open(running: Subscription, manager: User) -> None:
    assert running.payment_id is not None

    refund_by_staff(
        payment_id=running.payment_id, amount=Decimal(10), by=manager, at=NOW, reason="goodwill"
    )

    assert shown(running)[0] == S.ACTIVE


# --- the clock ----------------------------------------------------------------------------------


def test_the_beat_ends_what_is_over(running: Subscription, customer: User) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW)

    with time_machine.travel(AUGUST - SECOND, tick=False):
        assert tasks.expire_over() == 0
    with time_machine.travel(AUGUST, tick=False):
        assert [tasks.expire_over(), tasks.expire_over()] == [1, 0]

    assert mails() == ["started", "cancelled", "ended"]


def test_every_mail_has_a_sample() -> None:
    assert [kind for kind in emails.KINDS if not has_sample(kind)] == []
