"""What a plan takes the place of, and when: at once when it is paid, after a trial, never twice."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from access.errors import AlreadySubscribed
from access.models import Plan, Subscription
from access.services import (
    cancel_subscription,
    expire,
    quote,
    resume_subscription,
    tell_trial_ends,
)
from access.services.follow import follow
from access.states import PlanInterval, SubscriptionStatus
from accounts.models import User
from notifications.models import OutgoingMail
from payments import courier
from payments.gateways.demo import clock_at
from payments.models import BillingAgreement, DemoSession, Payment, Refund
from payments.states import AgreementState, ClosedBecause, PaymentState, Wanted
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import MakePlan, begin, card, everything, hear, sign_up, take
from tests.infrastructure.world import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Basic is paid from 2 July to 2 August, 8:00; the trial of Plus runs over half of that.
TRIAL_BEGINS = NOW + DAY + 12 * HOUR
TRIAL_ENDS = NOW + 15 * DAY + 12 * HOUR
MEANWHILE = (
    "Basic goes on meanwhile. When Plus is paid for, on Fri 17 Jul 2026, "
    "Basic ends and what is unused of it goes back."
)
S = SubscriptionStatus


def mails() -> list[tuple[str, str]]:
    rows = OutgoingMail.objects.order_by("pk")
    return [
        (mail.kind.removeprefix("subscription_"), mail.context.get("plan", "")) for mail in rows
    ]


def refunds() -> list[Decimal]:
    return list(Refund.objects.order_by("pk").values_list("amount", flat=True))


def status(subscription: Subscription) -> str:
    subscription.refresh_from_db()
    return subscription.status


@pytest.fixture
def basic(plan: Plan, customer: User) -> Subscription:
    return begin(take(plan, customer))


@pytest.fixture
def plus(make_plan: MakePlan) -> Plan:
    return make_plan("plus", rank=2, price=Decimal("20.00"), trial_days=14)


@pytest.fixture
def tried(basic: Subscription, plus: Plan, customer: User) -> Subscription:
    return begin(take(plus, customer, at=TRIAL_BEGINS), at=TRIAL_BEGINS)


# --- a trial ------------------------------------------------------------------------------------


def test_a_trial_ends_nothing_and_gives_nothing_back(
    basic: Subscription, tried: Subscription
) -> None:
    hear(tried, at=TRIAL_ENDS - HOUR)

    assert (status(basic), status(tried)) == (S.ACTIVE, S.TRIALING)
    assert refunds() == []
    assert basic.agreement is not None
    assert basic.agreement.wanted == Wanted.RUN
    started = OutgoingMail.objects.latest("pk").context
    assert (started["replaced"], started["meanwhile"]) == ("", MEANWHILE)


def test_the_lower_one_ends_when_the_trial_is_paid_for_once(
    basic: Subscription, tried: Subscription
) -> None:
    for at in (TRIAL_ENDS, TRIAL_ENDS, TRIAL_ENDS + HOUR, TRIAL_ENDS + DAY):
        hear(tried, at=at)
        hear(basic, at=at)

    assert (status(basic), status(tried)) == (S.EXPIRED, S.ACTIVE)
    # Of 31 days 15.5 lay ahead.
    assert refunds() == [Decimal("5.00")]
    assert mails() == [
        ("started", "Basic"),
        ("started", "Plus"),
        ("renewed", "Plus"),
        ("ended", "Basic"),
    ]
    ended = OutgoingMail.objects.latest("pk").context
    assert (ended["why"], ended["refund"]) == ("Plus is yours and includes it.", "5.00 USD")
    hear(basic, at=NOW + 40 * DAY)
    assert Payment.objects.filter(agreement=basic.agreement).count() == 1


def test_until_its_first_bill_is_paid_the_lower_one_goes_on(
    basic: Subscription, tried: Subscription
) -> None:
    card(tried, works=False, at=TRIAL_BEGINS)

    hear(tried, at=TRIAL_ENDS + HOUR)

    assert (status(basic), status(tried)) == (S.ACTIVE, S.PAST_DUE)
    assert refunds() == []

    card(tried, works=True, at=TRIAL_ENDS + 2 * HOUR)
    hear(tried, at=TRIAL_ENDS + 2 * HOUR)

    assert (status(basic), status(tried)) == (S.EXPIRED, S.ACTIVE)
    assert len(refunds()) == 1


def test_running_there_while_its_first_bill_is_a_draft_ends_nothing(
    basic: Subscription, tried: Subscription
) -> None:
    """Stripe calls it active for an hour before it collects."""
    assert tried.agreement_id is not None
    BillingAgreement.objects.filter(pk=tried.agreement_id).update(status=AgreementState.ACTIVE)
    agreement = BillingAgreement.objects.get(pk=tried.agreement_id)
    follow(agreement, at=TRIAL_ENDS)

    assert (status(basic), status(tried)) == (S.ACTIVE, S.ACTIVE)
    hear(tried, at=TRIAL_ENDS + HOUR)
    assert (status(basic), status(tried)) == (S.EXPIRED, S.ACTIVE)


def test_a_trial_that_is_never_paid_leaves_the_lower_one(
    basic: Subscription, tried: Subscription, customer: User
) -> None:
    cancel_subscription(subscription_id=tried.pk, by=customer, at=TRIAL_BEGINS + DAY)
    hear(tried, at=TRIAL_BEGINS + DAY)
    hear(tried, at=TRIAL_ENDS + HOUR)
    hear(basic, at=NOW + 32 * DAY)

    assert (status(basic), status(tried)) == (S.ACTIVE, S.EXPIRED)
    assert refunds() == []


@pytest.mark.parametrize("is_over", [False, True])
def test_a_lower_one_that_was_cancelled_meanwhile(
    basic: Subscription, tried: Subscription, customer: User, is_over: bool
) -> None:
    cancel_subscription(subscription_id=basic.pk, by=customer, at=TRIAL_BEGINS + DAY)
    hear(basic, at=TRIAL_BEGINS + DAY)
    if is_over:
        Subscription.objects.filter(pk=basic.pk).update(
            paid_until=TRIAL_ENDS - DAY, access_until=TRIAL_ENDS - DAY
        )
        expire(subscription_id=basic.pk, at=TRIAL_ENDS - DAY)

    hear(tried, at=TRIAL_ENDS)
    hear(tried, at=TRIAL_ENDS + HOUR)

    assert (status(basic), status(tried)) == (S.EXPIRED, S.ACTIVE)
    assert refunds() == ([] if is_over else [Decimal("5.00")])
    assert mails().count(("ended", "Basic")) == 1


def test_the_lower_one_is_kept_after_all_beside_a_trial_and_not_beside_what_is_paid(
    basic: Subscription, tried: Subscription, customer: User
) -> None:
    cancel_subscription(subscription_id=basic.pk, by=customer, at=TRIAL_BEGINS + DAY)
    resume_subscription(subscription_id=basic.pk, by=customer, at=TRIAL_BEGINS + DAY)
    assert status(basic) == S.ACTIVE

    cancel_subscription(subscription_id=basic.pk, by=customer, at=TRIAL_BEGINS + DAY)
    Subscription.objects.filter(pk=tried.pk).update(
        status=S.ACTIVE, paid_until=TRIAL_ENDS + 31 * DAY
    )
    before = everything()
    with pytest.raises(AlreadySubscribed):
        resume_subscription(subscription_id=basic.pk, by=customer, at=TRIAL_BEGINS + DAY)
    assert everything() == before


def test_a_trial_that_is_kept_after_all_ends_nothing_before_it_is_paid(
    basic: Subscription, tried: Subscription, customer: User
) -> None:
    cancel_subscription(subscription_id=tried.pk, by=customer, at=TRIAL_BEGINS + DAY)
    resume_subscription(subscription_id=tried.pk, by=customer, at=TRIAL_BEGINS + 2 * DAY)
    assert (status(basic), status(tried)) == (S.ACTIVE, S.TRIALING)

    hear(tried, at=TRIAL_ENDS)

    assert (status(basic), status(tried)) == (S.EXPIRED, S.ACTIVE)
    assert refunds() == [Decimal("5.00")]


def test_a_paid_one_ends_both_the_trial_and_what_went_on_beside_it(
    basic: Subscription, tried: Subscription, make_plan: MakePlan, customer: User
) -> None:
    house = make_plan("house", rank=3, price=Decimal("50.00"))

    higher = begin(take(house, customer, at=TRIAL_ENDS - HOUR), at=TRIAL_ENDS - HOUR)

    assert [status(each) for each in (basic, tried, higher)] == [S.EXPIRED, S.EXPIRED, S.ACTIVE]
    assert refunds() == [Decimal("5.01")]
    assert OutgoingMail.objects.latest("pk").context["replaced"] == "Basic and Plus"


# --- what is said before and meanwhile ----------------------------------------------------------


def test_before_the_click_a_trial_says_that_the_lower_one_goes_on(
    visit: MakeVisitor, customer: User, basic: Subscription, plus: Plan
) -> None:
    said = quote(user_id=customer.pk, plan=plus, trial_days=14, at=NOW)
    page = visit(customer).get("/plans/plus/subscribe")

    assert ([each.name for each in said.replaces], said.refund) == (["Basic"], Decimal(0))
    assert said.ends_at == NOW + 14 * DAY
    assert "You can try Plus beside what you have" in page.text
    assert MEANWHILE.replace("Fri 17", "Thu 16") in page.text
    assert "takes the place of" not in page.text
    plans = visit(customer).get("/plans")
    assert plans.href("Try it for 14 days") == "/plans/plus/subscribe"


def test_what_ends_by_itself_before_is_not_spoken_of(
    customer: User, basic: Subscription, plus: Plan
) -> None:
    cancel_subscription(subscription_id=basic.pk, by=customer, at=NOW)

    near = quote(user_id=customer.pk, plan=plus, trial_days=14, at=NOW)
    far = quote(user_id=customer.pk, plan=plus, trial_days=40, at=NOW)

    assert [len(near.replaces), len(far.replaces)] == [1, 0]


def test_both_pages_and_the_mail_say_it_meanwhile(
    visit: MakeVisitor, customer: User, basic: Subscription, plus: Plan
) -> None:
    tried = begin(take(plus, customer))
    until = "Thu 16 Jul 2026"

    assert MEANWHILE.replace("Fri 17 Jul 2026", until) in (
        visit(customer).get(f"/subscriptions/{tried.pk}").text
    )
    assert (
        f"You are trying Plus meanwhile. When that is paid for, on {until}, Basic ends and what "
        "is unused of it goes back."
    ) in visit(customer).get(f"/subscriptions/{basic.pk}").text
    assert tell_trial_ends(subscription_id=tried.pk, at=NOW + 12 * DAY)
    mail = OutgoingMail.objects.latest("pk")
    assert mail.context["meanwhile"] == MEANWHILE.replace("Fri 17 Jul 2026", until)


# --- sign-ups that could only be paid in vain ---------------------------------------------------


def _begin(plan: Plan, customer: User, at: datetime = NOW) -> Subscription:
    held = take(plan, customer, at=at)
    if held.payment is not None:
        sign_up(held, at=at)
    return held


@pytest.mark.parametrize(
    "begun",
    [
        {"price": Decimal(30)},
        {"price": Decimal(30), "trial_days": 14},
        {"price": Decimal(30), "interval": PlanInterval.ONCE},
        {"price": 0},
    ],
    ids=["paid", "trial", "once", "free"],
)
def test_what_a_begun_plan_includes_cannot_be_paid_any_more(
    make_plan: MakePlan, customer: User, stranger: User, begun: dict[str, object]
) -> None:
    plans = [make_plan("lower"), make_plan("equal", rank=2), make_plan("higher", rank=3)]
    pending = [take(each, customer) for each in plans]
    someone_elses = take(plans[0], stranger)
    if begun["price"]:
        # Three at most may wait.
        pending[1].refresh_from_db()
        cancel_subscription(subscription_id=pending[1].pk, by=customer, at=NOW)

    _begin(make_plan("plus", rank=2, **begun), customer)

    kept = Subscription.objects.filter(status=S.PENDING).order_by("pk")
    assert list(kept) == [pending[2], someone_elses]
    by_us = ClosedBecause.REPLACED
    by_them = ClosedBecause.GIVEN_UP if begun["price"] else by_us
    for each, because in zip(pending[:2], (by_us, by_them), strict=True):
        payment = Payment.objects.get(subscription=each)
        assert (payment.status, payment.closed_because) == (PaymentState.CLOSED, because)
    assert refunds() == []


def test_what_the_bank_has_already_is_left_to_it(
    make_plan: MakePlan, plan: Plan, customer: User
) -> None:
    waiting = take(plan, customer)
    Payment.objects.filter(subscription=waiting).update(status=PaymentState.PROCESSING)

    _begin(make_plan("plus", rank=2), customer)

    assert status(waiting) == S.PENDING


def test_its_page_at_the_provider_is_closed_too(
    make_plan: MakePlan, plan: Plan, customer: User
) -> None:
    waiting = take(plan, customer)
    assert waiting.payment is not None
    with clock_at(NOW):
        courier.open_session(waiting.payment.pk, at=NOW)
    attempt = waiting.payment.attempts.get()
    higher = begin(take(make_plan("plus", rank=2), customer))

    with clock_at(NOW):
        courier.expire(attempt.pk, at=NOW)
    assert DemoSession.objects.get(session_id=attempt.session_id).status == "expired"
    assert (status(waiting), status(higher)) == (S.EXPIRED, S.ACTIVE)
    assert refunds() == []


def test_keeping_a_plan_after_all_gives_up_what_it_includes(
    make_plan: MakePlan, plan: Plan, customer: User
) -> None:
    higher = begin(take(make_plan("plus", rank=2), customer))
    cancel_subscription(subscription_id=higher.pk, by=customer, at=NOW)
    waiting = take(plan, customer)

    resume_subscription(subscription_id=higher.pk, by=customer, at=NOW + HOUR / 2)

    assert (status(waiting), status(higher)) == (S.EXPIRED, S.ACTIVE)
