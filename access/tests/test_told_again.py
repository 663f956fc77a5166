"""What is told by the clock and by the provider: again when it must be, never twice."""

from datetime import timedelta
from typing import Any

import pytest

from access.emails import mails_about, trials_over
from access.models import Plan, Subscription
from access.services import (
    cancel_subscription,
    resume_subscription,
    tell_trial_ends,
    trial_days_for,
)
from access.states import SubscriptionStatus
from access.words import said_date
from accounts.models import User
from notifications.models import OutgoingMail
from notifications.registry import find_kind
from payments.gateways.base import AgreementStatus, InvoiceStatus
from payments.models import Refund
from payments.services import lapse
from payments.states import Wanted
from tests.infrastructure.plans import MakePlan, begin, sign_up, take
from tests.infrastructure.world import NOW
from tests.money.billing import bill, hear

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AUGUST = NOW.replace(month=8)
TRIAL_ENDS = NOW + 14 * DAY
S = SubscriptionStatus


# --- the end of a trial -------------------------------------------------------------------------


def told_of_the_end() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="subscription_trial_ends").order_by("pk"))


def cancel_and_keep(held: Subscription, person: User, at: Any) -> None:
    cancel_subscription(subscription_id=held.pk, by=person, at=at)
    resume_subscription(subscription_id=held.pk, by=person, at=at + HOUR)


@pytest.fixture
def tried(make_plan: MakePlan, customer: User) -> Subscription:
    return begin(take(make_plan(trial_days=14), customer))


def test_a_trial_that_was_cancelled_and_kept_is_told_of_anew(
    tried: Subscription, customer: User
) -> None:
    soon = TRIAL_ENDS - 2 * DAY
    assert tell_trial_ends(subscription_id=tried.pk, at=soon)

    cancel_and_keep(tried, customer, soon + HOUR)
    again = [tell_trial_ends(subscription_id=tried.pk, at=soon + 3 * HOUR) for _ in range(2)]

    assert again == [True, False]
    first, second = told_of_the_end()
    assert list(mails_about(tried).filter(pk__in=[first.pk, second.pk])) == [first, second]
    # Should the first still wait for a server that was away, it is told once all the same.
    assert list(trials_over([first, second], soon + 4 * HOUR)) == [first.pk]


def test_what_waits_while_it_is_kept_is_left_to_the_next_telling(
    tried: Subscription, customer: User
) -> None:
    soon = TRIAL_ENDS - 2 * DAY
    tell_trial_ends(subscription_id=tried.pk, at=soon)
    [waits] = told_of_the_end()
    assert trials_over([waits], soon) == {}

    cancel_and_keep(tried, customer, soon + HOUR)

    assert trials_over([waits], soon + 3 * HOUR) == {
        waits.pk: "The trial was cancelled and kept meanwhile: it is told anew."
    }


def test_one_that_was_kept_before_it_was_told_is_told_once(
    tried: Subscription, customer: User
) -> None:
    cancel_and_keep(tried, customer, NOW + DAY)

    for hours in range(0, 72, 12):
        tell_trial_ends(subscription_id=tried.pk, at=TRIAL_ENDS - 3 * DAY + hours * HOUR)

    assert len(told_of_the_end()) == 1


def test_a_short_trial_that_is_kept_is_told_of(make_plan: MakePlan, customer: User) -> None:
    """At its beginning all was said; the cancel said that nothing is collected."""
    held = begin(take(make_plan(trial_days=2), customer))
    assert not tell_trial_ends(subscription_id=held.pk, at=NOW + HOUR)

    cancel_and_keep(held, customer, NOW + 2 * HOUR)

    assert tell_trial_ends(subscription_id=held.pk, at=NOW + 4 * HOUR)


# --- a payment that fails -----------------------------------------------------------------------


def test_each_try_that_fails_is_told_once(plan: Plan, customer: User) -> None:
    held = take(plan, customer)
    attempt = sign_up(held)
    agreement = held.agreement
    assert agreement is not None
    first = bill(str(attempt.invoice_id))

    def fails(tries: int, *, days: int) -> None:
        at = AUGUST + days * DAY
        unpaid = bill(
            "in_2",
            covers_from=AUGUST,
            status=InvoiceStatus.OPEN,
            tries=tries,
            # After the last try nobody tries again.
            next_try_at=at + 3 * DAY if tries < 4 else None,
        )
        hear(agreement, first, unpaid, at=at, status=AgreementStatus.PAST_DUE)

    for tries, days in [(1, 0), (1, 1), (2, 3), (2, 3), (4, 5), (4, 6)]:
        fails(tries, days=days)

    mails = OutgoingMail.objects.filter(kind="subscription_payment_failed").order_by("pk")
    told = [(mail.created_at, mail.context["is_again"], mail.context["next_try"]) for mail in mails]
    assert told == [
        (AUGUST, False, said_date(AUGUST + 3 * DAY)),
        (AUGUST + 3 * DAY, True, said_date(AUGUST + 6 * DAY)),
        (AUGUST + 5 * DAY, True, ""),
    ]
    texts = [find_kind(mail.kind).builder(mail).text for mail in mails]
    assert ["We try again on" in text for text in texts] == [True, True, False]
    paid = bill("in_2", covers_from=AUGUST, paid_at=AUGUST + 6 * DAY)
    hear(agreement, first, paid, at=AUGUST + 6 * DAY)
    held.refresh_from_db()
    agreement.refresh_from_db()
    assert (held.status, agreement.failed_tries) == (S.ACTIVE, 0)
    assert agreement.next_collect_at is None


# --- one trial a person -------------------------------------------------------------------------


@pytest.fixture
def plus(make_plan: MakePlan) -> Plan:
    return make_plan("plus", rank=2, trial_days=14)


def test_a_sign_up_that_was_given_up_costs_nobody_their_trial(
    make_plan: MakePlan, plus: Plan, customer: User
) -> None:
    begun = take(make_plan(trial_days=14), customer)
    cancel_subscription(subscription_id=begun.pk, by=customer, at=NOW)

    assert trial_days_for(user_id=customer.pk, plan=plus) == 14
    assert take(plus, customer).trial_days == 14


def test_after_a_trial_an_upgrade_is_paid_from_the_first_day(
    tried: Subscription, plus: Plan, customer: User
) -> None:
    higher = take(plus, customer, at=NOW + DAY)

    assert higher.trial_days == 0
    assert higher.payment is not None
    assert higher.payment.amount == plus.price
    sign_up(higher, at=NOW + DAY)
    tried.refresh_from_db()
    assert (higher.status, tried.status) == (S.ACTIVE, S.EXPIRED)
    assert trial_days_for(user_id=customer.pk, plan=plus) == 0


def test_of_two_trials_that_are_signed_up_for_the_second_does_not_begin(
    make_plan: MakePlan, plus: Plan, customer: User
) -> None:
    """The first one's time had run out when the other was chosen, and its page was still open."""
    late = take(plus, customer)
    assert late.payment is not None
    after = NOW + 2 * HOUR
    lapse(payment_id=late.payment.pk, at=after)
    had = take(make_plan(trial_days=14), customer, at=after)
    sign_up(had, at=after)

    sign_up(late, at=after)

    had.refresh_from_db()
    assert (had.status, late.status) == (S.TRIALING, S.EXPIRED)
    assert late.agreement is not None
    late.agreement.refresh_from_db()
    assert late.agreement.wanted == Wanted.END_NOW
    assert not Refund.objects.exists()


def test_the_second_of_two_trials_chosen_at_once_lets_go_of_the_first(
    make_plan: MakePlan, plus: Plan, customer: User
) -> None:
    first = take(plus, customer)
    second = take(make_plan(trial_days=14), customer)

    sign_up(second)
    sign_up(first)

    second.refresh_from_db()
    assert (first.status, second.status) == (S.EXPIRED, S.TRIALING)
