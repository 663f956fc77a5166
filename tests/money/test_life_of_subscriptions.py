"""Any order of taking, paying, renewing, failing, cancelling and ending: money and access agree."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from access import services
from access.models import Plan, Subscription, SubscriptionStatusChange
from access.policies import SAME_PERIOD
from access.services.upgrade import is_paid_for
from access.states import OPENS, RENEWS, PlanInterval, SubscriptionStatus
from access.verify_money import subscription_differences, unpaid_subscriptions
from accounts.models import User
from accounts.roles import MANAGER, write_roles
from common.errors import DomainError
from notifications.models import OutgoingMail
from payments import courier
from payments.differences import Moment
from payments.gateways import demo
from payments.gateways.demo import clock_at
from payments.models import (
    ZERO,
    BillingAgreement,
    DemoBill,
    DemoSession,
    Payment,
    PaymentAttempt,
)
from payments.services import give_up, lapse
from payments.states import PaymentState
from tests.infrastructure.world import NOW

Row = TypeVar("Row", bound=Model)
nth = st.integers(min_value=0, max_value=40)


class LifeOfSubscriptions(RuleBasedStateMachine):
    """Two people, five plans, a manager, a clock, and a provider that renews by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        # As in any test that is undone: the gateway's door doesn't count it.
        self.undo._from_testcase = True  # type: ignore[attr-defined]
        self.undo.__enter__()
        self.at = NOW

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @initialize(first=nth, second=nth)
    def open_the_house(self, first: int, second: int) -> None:
        write_roles(apps)
        self.people = [User.objects.create_user(f"p{n}@example.com") for n in range(2)]
        for person in self.people:
            person.mark_verified()
        self.manager = User.objects.create_user("boss@example.com", is_staff=True)
        self.manager.groups.add(Group.objects.get(name=MANAGER))
        plans = [
            ("open", "0", "month", 0, 1),
            ("basic", "10.01", "month", 0, 1),
            ("studio", "25.00", "quarter", 14, 2),
            ("house", "99.99", "year", 0, 3),
            ("archive", "50.00", "once", 0, 2),
        ]
        self.plans = [
            Plan.objects.create(
                slug=slug,
                name=slug,
                price=Decimal(price),
                interval=PlanInterval(interval),
                trial_days=trial,
                rank=rank,
            )
            for slug, price, interval, trial, rank in plans
        ]
        # Lives that have begun: steps are few, and most of them find nothing to do without.
        self.somebody_takes_a_plan_and_pays(0, first)
        self.somebody_takes_a_plan_and_pays(1, second)

    # --- what can happen ----------------------------------------------------------------------

    @rule(person=nth, plan=nth)
    def somebody_takes_a_plan(self, person: int, plan: int) -> None:
        self.attempt(
            lambda: services.subscribe(
                user_id=self.people[person % 2].pk,
                plan_id=self.plans[plan % len(self.plans)].pk,
                at=self.at,
            )
        )

    @rule(person=nth, plan=nth)
    def somebody_takes_a_plan_and_pays(self, person: int, plan: int) -> None:
        self.somebody_takes_a_plan(person, plan)
        self.somebody_signs_up(0, is_heard=True)

    @rule()
    def nobody_hears_anything_for_long(self) -> None:
        self.at += timedelta(days=40)
        self.the_beats_run()

    @rule(which=nth, is_heard=st.booleans())
    def somebody_signs_up(self, which: int, is_heard: bool) -> None:
        payment = self.pick(Payment.objects.filter(status=PaymentState.OPEN), which)
        if payment is None:
            return
        with clock_at(self.at):
            self.attempt(lambda: courier.open_session(payment.pk, at=self.at))
            for attempt in payment.attempts.exclude(session_id=None):
                demo.pay(str(attempt.session_id), at=self.at)
                if is_heard:
                    courier.ask(attempt.pk, at=self.at)

    @rule(which=nth)
    def we_hear_of_a_sign_up(self, which: int) -> None:
        signed = PaymentAttempt.objects.filter(session_id__startswith="demo_")
        if attempt := self.pick(signed, which):
            with clock_at(self.at):
                courier.ask(attempt.pk, at=self.at)

    @rule(which=nth)
    def we_hear_of_an_agreement(self, which: int) -> None:
        known = BillingAgreement.objects.exclude(provider_id=None)
        if agreement := self.pick(known, which):
            with clock_at(self.at):
                courier.ask_agreement(agreement.pk, at=self.at)

    @rule()
    def the_provider_is_told(self) -> None:
        self.tell()

    @rule(which=nth, works=st.booleans())
    def the_bank_changes_its_mind(self, which: int, works: bool) -> None:
        known = BillingAgreement.objects.exclude(provider_id=None)
        if agreement := self.pick(known, which):
            with clock_at(self.at):
                demo.set_card(str(agreement.provider_id), works=works)

    @rule(which=nth)
    def somebody_cancels(self, which: int) -> None:
        if found := self.pick(Subscription.objects.all(), which):
            self.attempt(
                lambda: services.cancel_subscription(
                    subscription_id=found.pk, by=found.user, at=self.at
                )
            )

    @rule(which=nth)
    def somebody_keeps_it(self, which: int) -> None:
        if found := self.pick(Subscription.objects.all(), which):
            self.attempt(
                lambda: services.resume_subscription(
                    subscription_id=found.pk, by=found.user, at=self.at
                )
            )

    @rule(which=nth, refund=st.sampled_from(["none", "unused", "full"]))
    def staff_end_it(self, which: int, refund: str) -> None:
        # Rarely: after it there is little left to happen.
        if which % 4 == 0 and (found := self.pick(Subscription.objects.all(), which // 4)):
            self.attempt(
                lambda: services.end_by_staff(
                    subscription_id=found.pk,
                    by=self.manager,
                    at=self.at,
                    when="now",
                    refund=refund,
                )
            )

    @rule(which=nth)
    def somebody_gives_up(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            self.attempt(lambda: give_up(payment_id=payment.pk, at=self.at))

    @rule(minutes=st.sampled_from([1, 61, 60 * 24, 60 * 24 * 8, 60 * 24 * 31]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def the_beats_run(self) -> None:
        over = Subscription.objects.filter(status__in=OPENS, access_until__lte=self.at)
        for pk in list(over.values_list("pk", flat=True)):
            services.expire(subscription_id=pk, at=self.at)
        for payment in Payment.objects.lapsed(self.at):
            lapse(payment_id=payment.pk, at=self.at)
        for pk in Subscription.objects.values_list("pk", flat=True):
            services.tell_trial_ends(subscription_id=pk, at=self.at)

    # --- what must always be true -------------------------------------------------------------

    @invariant()
    def nothing_opens_longer_than_what_grants_it(self) -> None:
        grace = timedelta(days=7)
        for each in Subscription.objects.select_related("agreement", "payment"):
            if each.status not in OPENS:
                assert not each.opens_at(self.at)
                continue
            if each.price > ZERO:
                assert each.payment is not None
                assert each.payment.is_paid
            if each.agreement is None:
                assert each.access_until is None
                continue
            paid = each.agreement.paid_until
            assert paid is not None
            assert each.paid_until is not None
            assert each.access_until is not None
            assert each.paid_until <= paid
            more = timedelta(0) if each.status == SubscriptionStatus.CANCELLED else grace
            assert each.access_until == each.paid_until + more

    @invariant()
    def nobody_pays_for_two_where_one_includes_the_other(self) -> None:
        """Beside a trial a lower plan goes on, until the trial is paid for."""
        for person in getattr(self, "people", []):
            mine = Subscription.objects.of(person.pk).opening(self.at).filter(status__in=RENEWS)
            renewed = mine.exclude(interval=PlanInterval.ONCE).select_related("agreement", "plan")
            paid = [each for each in renewed if is_paid_for(each)]
            tried = [each for each in renewed if not is_paid_for(each)]
            assert len(paid) <= 1
            assert len(tried) <= 1
            for each in paid:
                assert all(trial.plan.rank > each.plan.rank for trial in tried)

    @invariant()
    def no_money_goes_back_for_a_trial(self) -> None:
        """Only what somebody has paid for takes the place of what they had paid for."""
        for each in Subscription.objects.filter(trial_days__gt=0).select_related("agreement"):
            if each.started_at is not None and not is_paid_for(each):
                ended = SubscriptionStatusChange.objects.filter(
                    subscription__user=each.user_id,
                    reason=f"replaced by {each.plan.name}",
                    at__gte=each.started_at,
                )
                assert not ended.exists()

    @invariant()
    def nothing_waits_to_be_paid_in_vain(self) -> None:
        for each in Subscription.objects.filter(
            status=SubscriptionStatus.PENDING, payment__status=PaymentState.OPEN
        ).select_related("plan"):
            # What is over by the clock alone stands in nobody's way.
            held = Subscription.objects.of(each.user_id).opening(self.at)
            assert not held.filter(
                status__in=RENEWS, plan__rank__gte=each.plan.rank, started_at__gte=each.created_at
            ).exists()

    @invariant()
    def no_more_goes_back_than_came(self) -> None:
        for payment in Payment.objects.prefetch_related("attempts__refunds", "refunds"):
            assert payment.refunded <= payment.captured

    @invariant()
    def nobody_is_told_twice(self) -> None:
        keys = list(OutgoingMail.objects.values_list("key", flat=True))
        assert len(keys) == len(set(keys))

    @invariant()
    def nobody_tries_twice(self) -> None:
        for person in getattr(self, "people", []):
            tried = Subscription.objects.of(person.pk).begun().filter(trial_days__gt=0)
            assert tried.count() <= 1

    def come_to_rest(self) -> None:
        """All is heard of and told; then each coin is for time that was open, or went back."""
        for _ in range(3):
            with clock_at(self.at):
                for attempt in PaymentAttempt.objects.filter(session_id__startswith="demo_"):
                    courier.expire(attempt.pk, at=self.at)
                self.tell()
                for agreement in BillingAgreement.objects.exclude(provider_id=None):
                    courier.ask_agreement(agreement.pk, at=self.at)
            self.the_beats_run()
        self.nothing_opens_longer_than_what_grants_it()
        self.every_coin_is_booked()
        for payment in Payment.objects.filter(status=PaymentState.PAID, amount__gt=0):
            self.was_delivered_or_went_back(payment)
        now = Moment(at=self.at + timedelta(hours=1))
        found = [
            *subscription_differences(list(Payment.objects.order_by("pk")), now=now),
            *unpaid_subscriptions(since=None, now=now),
        ]
        assert [str(each) for each in found] == []

    def every_coin_is_booked(self) -> None:
        once = DemoSession.objects.filter(status="paid", interval="")
        bills = DemoBill.objects.filter(status="paid")
        taken = sum(once.values_list("amount", flat=True), ZERO)
        taken += sum(bills.values_list("amount", flat=True), ZERO)
        assert taken == sum(PaymentAttempt.objects.values_list("captured", flat=True), ZERO)

    def was_delivered_or_went_back(self, payment: Payment) -> None:
        kept = payment.captured - payment.refunded
        found = Subscription.objects.filter(payment=payment)
        if payment.agreement_id is not None:
            found = found | Subscription.objects.filter(agreement_id=payment.agreement_id)
        subscription = found.first()
        if subscription is None or subscription.started_at is None:
            # Nothing was ever given for it.
            assert kept == ZERO
            return
        until = subscription.paid_until
        if payment.covers_until is None or until is None:
            return
        if payment.covers_until > until + SAME_PERIOD:
            assert kept == ZERO, f"{payment.covers_until} after {until}"

    # --- how it is done -----------------------------------------------------------------------

    def tell(self) -> None:
        wants = BillingAgreement.objects.exclude(provider_id=None)
        with clock_at(self.at):
            for agreement in wants:
                courier.tell_agreement(agreement.pk, at=self.at)

    def attempt(self, work: Callable[[], object]) -> None:
        """A refusal is fine: what matters is what is true after it."""
        with contextlib.suppress(DomainError):
            work()

    def pick(self, rows: QuerySet[Row], which: int) -> Row | None:
        found = list(rows.order_by("pk"))
        return found[which % len(found)] if found else None


@pytest.mark.django_db
def test_any_life_of_subscriptions_keeps_money_and_access_true() -> None:
    run_state_machine_as_test(
        LifeOfSubscriptions,
        settings=how(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
