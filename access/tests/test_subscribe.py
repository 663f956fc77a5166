"""Taking a plan: what is written down, and every refusal with nothing changed."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from access.errors import AlreadySubscribed, NotOnSale, PriceChanged, TooManyPending
from access.models import Plan, Subscription, SubscriptionStatusChange
from access.policies import MOST_PENDING, TIME_TO_PAY
from access.services import cancel_subscription
from access.states import PlanInterval, SubscriptionStatus
from accounts.errors import EmailUnverified
from accounts.models import User
from common.errors import DomainError, NotFound, Throttled
from common.models import Count
from notifications.models import OutgoingMail
from payments.models import BillingAgreement, Payment, Refund
from payments.services import give_up, lapse
from payments.states import AgreementState, PaymentState
from tests.infrastructure.api import MakeApi, error_of
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import MakePlan, everything, sign_up, take
from tests.infrastructure.world import NOW, MakeUser

MONTH = timedelta(days=31)  # from 2 July to 2 August
PENDING, TRIALING = SubscriptionStatus.PENDING, SubscriptionStatus.TRIALING
ACTIVE, EXPIRED = SubscriptionStatus.ACTIVE, SubscriptionStatus.EXPIRED


def states_of(user: User) -> list[tuple[str, str]]:
    rows = Subscription.objects.of(user.pk).order_by("pk")
    return [(each.plan.slug, each.status) for each in rows]


def test_a_renewed_plan_waits_for_its_sign_up(plan: Plan, customer: User) -> None:
    subscription = take(plan, customer)

    payment, agreement = subscription.payment, subscription.agreement
    assert payment is not None
    assert agreement is not None
    assert states_of(customer) == [("basic", PENDING)]
    assert (payment.amount, payment.purpose, payment.agreement_id) == (
        Decimal("10.00"),
        "subscription",
        agreement.pk,
    )
    assert payment.expires_at == NOW + TIME_TO_PAY
    assert (agreement.amount, agreement.interval, agreement.status) == (
        Decimal("10.00"),
        "month",
        AgreementState.NEW,
    )
    assert not subscription.opens_at(NOW)
    assert not OutgoingMail.objects.exists()


def test_what_is_paid_once_needs_no_agreement(make_plan: MakePlan, customer: User) -> None:
    plan = make_plan("archive", interval=PlanInterval.ONCE, price=Decimal("99.00"))

    subscription = take(plan, customer)

    assert subscription.agreement is None
    assert subscription.payment is not None
    assert subscription.payment.amount == Decimal("99.00")
    assert not BillingAgreement.objects.exists()


def test_a_free_plan_begins_at_once(make_plan: MakePlan, customer: User) -> None:
    subscription = take(make_plan("open", price=0), customer)

    assert states_of(customer) == [("open", ACTIVE)]
    assert (subscription.paid_until, subscription.access_until) == (None, None)
    assert subscription.opens_at(NOW)
    assert not Payment.objects.exists()
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["subscription_started"]


def test_a_trial_is_signed_up_for_nothing(make_plan: MakePlan, customer: User) -> None:
    subscription = take(make_plan(trial_days=14), customer)

    assert subscription.payment is not None
    assert subscription.payment.amount == 0
    assert subscription.trial_days == 14
    assert subscription.agreement is not None
    assert subscription.agreement.amount == Decimal("10.00")


# --- going on with what was begun --------------------------------------------------------------


def test_the_same_plan_twice_is_one_purchase(plan: Plan, customer: User) -> None:
    first = take(plan, customer)

    second = take(plan, customer, at=NOW + TIME_TO_PAY - timedelta(seconds=1))

    assert second.pk == first.pk
    assert second.payment == first.payment
    assert states_of(customer) == [("basic", PENDING)]


def test_one_that_has_lapsed_makes_room_for_a_new_one(plan: Plan, customer: User) -> None:
    first = take(plan, customer)

    second = take(plan, customer, at=NOW + TIME_TO_PAY)

    assert second.pk != first.pk
    assert states_of(customer) == [("basic", EXPIRED), ("basic", PENDING)]


def test_another_price_makes_a_new_one(plan: Plan, customer: User) -> None:
    first = take(plan, customer)
    Plan.objects.update(price=Decimal("12.00"))

    second = take(plan, customer)

    assert second.pk != first.pk
    assert states_of(customer) == [("basic", EXPIRED), ("basic", PENDING)]
    assert second.payment is not None
    assert second.payment.amount == Decimal("12.00")


def test_of_two_trials_one_is_left(make_plan: MakePlan, customer: User) -> None:
    take(make_plan("basic", trial_days=7), customer)

    take(make_plan("studio", trial_days=14, rank=2), customer)

    assert states_of(customer) == [("basic", EXPIRED), ("studio", PENDING)]


# --- refusals ----------------------------------------------------------------------------------


def refused(error: type[DomainError], plan_id: int, user: User, **fields: Any) -> DomainError:
    before = everything()
    with pytest.raises(error) as caught:
        take(Plan(pk=plan_id), user, **fields)
    assert everything() == before
    return caught.value


def test_an_unknown_plan(customer: User) -> None:
    refused(NotFound, 404, customer)


def test_a_plan_that_is_not_on_sale(plan: Plan, customer: User) -> None:
    Plan.objects.update(is_active=False)

    assert refused(NotOnSale, plan.pk, customer).code == "not_on_sale"


def test_another_price_than_was_shown(plan: Plan, customer: User) -> None:
    refused(PriceChanged, plan.pk, customer, expected=Decimal("9.99"))


def test_an_address_that_is_not_confirmed(plan: Plan, make_user: MakeUser) -> None:
    person = make_user("new@example.com", verified=False)

    error = refused(EmailUnverified, plan.pk, person)

    assert (error.status, error.code) == (403, "email_unverified")


@pytest.mark.parametrize("wanted_rank", [1, 2])
def test_one_that_includes_it(make_plan: MakePlan, customer: User, wanted_rank: int) -> None:
    held = take(make_plan("studio", rank=2), customer)
    sign_up(held)

    error = refused(AlreadySubscribed, make_plan("x", rank=wanted_rank).pk, customer)

    assert error.details == {
        "subscriptionId": held.pk,
        "planId": held.plan_id,
        "planName": "Studio",
    }


def test_a_free_one_that_includes_it(make_plan: MakePlan, plan: Plan, customer: User) -> None:
    take(make_plan("open", price=0), customer)

    refused(AlreadySubscribed, plan.pk, customer)


def test_one_that_was_bought_for_ever(make_plan: MakePlan, plan: Plan, customer: User) -> None:
    sign_up(take(make_plan("archive", interval=PlanInterval.ONCE), customer))

    refused(AlreadySubscribed, plan.pk, customer)


def test_the_same_one_cancelled_and_open_is_kept_instead(plan: Plan, customer: User) -> None:
    held = take(plan, customer)
    sign_up(held)
    cancel_subscription(subscription_id=held.pk, by=customer, at=NOW)

    assert "Keep it" in refused(AlreadySubscribed, plan.pk, customer).message


def test_another_one_cancelled_is_not_in_the_way(make_plan: MakePlan, customer: User) -> None:
    held = take(make_plan("basic"), customer)
    sign_up(held)
    cancel_subscription(subscription_id=held.pk, by=customer, at=NOW)

    take(make_plan("other"), customer)

    assert states_of(customer) == [("basic", "cancelled"), ("other", PENDING)]


def test_one_that_is_over_by_the_clock_is_not_in_the_way(plan: Plan, customer: User) -> None:
    sign_up(take(plan, customer))
    [held] = Subscription.objects.all()
    assert held.access_until is not None

    refused(AlreadySubscribed, plan.pk, customer, at=held.access_until - timedelta(seconds=1))
    take(plan, customer, at=held.access_until)

    assert states_of(customer) == [("basic", EXPIRED), ("basic", PENDING)]


def test_several_chosen_and_none_paid(make_plan: MakePlan, customer: User) -> None:
    for number in range(MOST_PENDING):
        take(make_plan(f"p{number}"), customer)

    refused(TooManyPending, make_plan("more").pk, customer)
    take(Plan.objects.get(slug="p0"), customer)

    assert len(states_of(customer)) == MOST_PENDING


# --- one trial a person ------------------------------------------------------------------------


def test_nobody_gets_a_second_trial(make_plan: MakePlan, customer: User, stranger: User) -> None:
    basic = make_plan("basic", trial_days=7)
    studio = make_plan("studio", trial_days=14, rank=2)
    sign_up(take(basic, customer))

    second, other = take(studio, customer), take(studio, stranger)

    assert (second.trial_days, other.trial_days) == (0, 14)
    assert second.payment is not None
    assert second.payment.amount == Decimal("10.00")


def test_a_trial_that_never_began_was_none(make_plan: MakePlan, customer: User) -> None:
    plan = make_plan(trial_days=7)
    first = take(plan, customer)
    cancel_subscription(subscription_id=first.pk, by=customer, at=NOW)

    assert take(plan, customer).trial_days == 7


# --- its end without money ---------------------------------------------------------------------


def test_what_is_given_up_has_ended(plan: Plan, customer: User) -> None:
    subscription = take(plan, customer)

    cancel_subscription(subscription_id=subscription.pk, by=customer, at=NOW)

    subscription.refresh_from_db()
    assert subscription.status == EXPIRED
    assert subscription.started_at is None
    assert not subscription.opens_at(NOW)
    assert list(SubscriptionStatusChange.objects.values_list("from_status", "to_status")) == [
        (PENDING, EXPIRED)
    ]
    assert not OutgoingMail.objects.exists()


def test_what_lapses_has_ended(plan: Plan, customer: User) -> None:
    subscription = take(plan, customer)
    assert subscription.payment is not None

    assert not lapse(
        payment_id=subscription.payment.pk, at=NOW + TIME_TO_PAY - timedelta(seconds=1)
    )
    assert lapse(payment_id=subscription.payment.pk, at=NOW + TIME_TO_PAY)

    assert states_of(customer) == [("basic", EXPIRED)]


# --- money that comes --------------------------------------------------------------------------


def test_the_money_begins_it(plan: Plan, customer: User) -> None:
    subscription = take(plan, customer)

    sign_up(subscription)

    assert subscription.status == ACTIVE
    assert (subscription.started_at, subscription.paid_until) == (NOW, NOW + MONTH)
    assert subscription.access_until == NOW + MONTH + timedelta(days=7)
    [mail] = OutgoingMail.objects.all()
    assert mail.kind == "subscription_started"
    assert (mail.context["paid"], mail.context["until"]) == ("10.00 USD", "Sun 2 Aug 2026")


def test_money_after_the_time_to_pay_begins_it_still(plan: Plan, customer: User) -> None:
    subscription = take(plan, customer)
    assert subscription.payment is not None
    lapse(payment_id=subscription.payment.pk, at=NOW + TIME_TO_PAY)

    sign_up(subscription, at=NOW + timedelta(hours=2))

    assert subscription.status == ACTIVE
    assert not Payment.objects.get().refunds.exists()


def test_money_after_giving_up_goes_back(plan: Plan, customer: User) -> None:
    subscription = take(plan, customer)
    assert subscription.payment is not None
    give_up(payment_id=subscription.payment.pk, at=NOW)

    sign_up(subscription)

    payment = Payment.objects.get()
    assert (subscription.status, payment.status) == (EXPIRED, PaymentState.PAID)
    assert [refund.amount for refund in payment.refunds.all()] == [Decimal("10.00")]
    assert payment.agreement is not None
    assert payment.agreement.wanted == "end_now"


def test_late_money_for_what_one_has_by_now_goes_back(plan: Plan, customer: User) -> None:
    first = take(plan, customer)
    later = NOW + TIME_TO_PAY
    second = take(plan, customer, at=later)
    sign_up(second, at=later)

    sign_up(first, at=later)

    assert states_of(customer) == [("basic", EXPIRED), ("basic", ACTIVE)]
    backs = Refund.objects.values_list("payment_id", "amount")
    assert list(backs) == [(first.payment_id, Decimal("10.00"))]


# --- how often ---------------------------------------------------------------------------------


def begin_and_give_up(plan: Plan, user: User, *, at: datetime = NOW) -> None:
    begun = take(plan, user, at=at)
    cancel_subscription(subscription_id=begun.pk, by=user, at=at)


def test_ten_are_begun_within_an_hour_and_no_more(
    plan: Plan, customer: User, stranger: User
) -> None:
    for minutes in range(10):
        begin_and_give_up(plan, customer, at=NOW + timedelta(minutes=minutes))
    before = everything()

    with pytest.raises(Throttled) as error:
        take(plan, customer, at=NOW + timedelta(minutes=10))

    assert error.value.details == {"retryAfter": 50 * 60}
    assert everything() == before
    take(plan, stranger)
    assert take(plan, customer, at=NOW + timedelta(hours=1)).status == PENDING


def test_what_is_gone_on_with_or_refused_does_not_count(plan: Plan, customer: User) -> None:
    begun = take(plan, customer)
    for _ in range(20):
        assert take(plan, customer) == begun
        with pytest.raises(PriceChanged):
            take(plan, customer, expected=Decimal(1))

    assert Count.objects.get().count == 1


def test_too_many_are_429_on_the_page_and_over_the_api(
    visit: MakeVisitor, api: MakeApi, plan: Plan, customer: User, settings: Settings
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 1
    begin_and_give_up(plan, customer)
    visitor = visit(customer)

    page = visitor.send(visitor.get("/plans/basic/subscribe"), "Pay 10.00 USD")
    answer = api(customer).post("/subscriptions", {"planId": plan.pk})

    assert (page.status, page.response["Retry-After"]) == (429, "3600")
    assert "That was a lot in a short time" in page.text
    assert (answer.status_code, error_of(answer)["code"]) == (429, "throttled")
    assert answer["Retry-After"] == "3600"
