"""What a subscription does when its money comes, doesn't come, or goes back."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from access import emails
from access.models import Subscription
from access.policies import LONGEST_PROCESSING
from access.services.ending import end_now
from access.services.follow import follow
from access.services.subscribe import has_had_trial, standing_in_the_way
from access.services.upgrade import meanwhile, take_place
from access.states import OPENS, PlanInterval, SubscriptionStatus
from access.verify_money import subscription_differences, unpaid_subscriptions
from payments.differences import Difference, Moment
from payments.errors import CannotDeliver
from payments.models import BillingAgreement, Payment
from payments.states import ClosedBecause

# Why money that comes for it all the same goes back; what only lapsed can still begin.
NO_MORE = {
    ClosedBecause.GIVEN_UP: "you had given it up before the money came",
    ClosedBecause.REPLACED: "you had chosen something else before the money came",
    ClosedBecause.CANCELLED: "it was cancelled before the money came",
}


class SubscriptionPurpose:
    """Implements payments.purposes.SubscriptionHandler; the payment's row is locked by the caller.

    Payments of renewals come here too; they are told from sign-ups by `Subscription.payment`.
    """

    own_label = "See your subscription"
    shop_label = "See all plans"
    # Nobody else goes without because one person takes their time to pay.
    holds_places = False

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        subscription = _locked(payment)
        if subscription is None or subscription.payment_id != payment.pk:
            # A renewal: the agreement tells of it.
            return
        if subscription.status in OPENS:
            return
        if payment.closed_because in NO_MORE:
            raise CannotDeliver(NO_MORE[ClosedBecause(payment.closed_because)])
        if subscription.started_at is not None:
            raise CannotDeliver("it was over before the money came")
        held = standing_in_the_way(
            user_id=subscription.user_id,
            plan=subscription.plan,
            at=at,
            besides=subscription.pk,
        )
        if held is not None:
            raise CannotDeliver(f"you have {held.plan} already")
        is_tried = bool(subscription.trial_days)
        if is_tried and has_had_trial(user_id=subscription.user_id, plan=subscription.plan):
            # Another was chosen and begun after the time to sign up for this one was over.
            raise CannotDeliver("you have had your trial already")
        agreement = payment.agreement
        in_trial = agreement is not None and bool(agreement.trial_ends_at)
        subscription.agreement = agreement
        subscription.move_to(
            SubscriptionStatus.TRIALING if in_trial else SubscriptionStatus.ACTIVE,
            at=at,
            paid_until=agreement.paid_until if agreement else None,
            reason="trial begun" if in_trial else "paid",
        )
        replaced = take_place(subscription, at=at)
        emails.subscription_started(
            subscription, replaced=replaced, meanwhile=meanwhile(subscription, at=at), at=at
        )

    def on_closed(self, payment: Payment, *, at: datetime) -> None:
        subscription = _locked(payment)
        if subscription is None or subscription.payment_id != payment.pk:
            return
        if subscription.is_pending:
            reason = str(ClosedBecause(payment.closed_because).label)
            subscription.move_to(SubscriptionStatus.EXPIRED, at=at, paid_until=None, reason=reason)

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        """A subscription carries no amounts of refunds; a failed one is flagged on the payment."""

    def on_refunded_elsewhere(self, payment: Payment, *, at: datetime) -> bool:
        subscription = _locked(payment)
        if subscription is None:
            return False
        if not _is_of_now(subscription, payment, at):
            # That time was had: somebody has to look.
            return not _was_never_had(subscription, payment)
        if subscription.status in OPENS:
            change = end_now(subscription, at=at, reason="refunded at the payment provider")
            emails.subscription_ended(
                subscription,
                change,
                why="What you paid for it went back to you.",
                refund=payment.captured,
                at=at,
            )
        return False

    def on_agreement_changed(self, agreement: BillingAgreement, *, at: datetime) -> None:
        follow(agreement, at=at)

    def too_late_at(self, payment: Payment, *, at: datetime) -> datetime:
        return at + LONGEST_PROCESSING

    def staff_email(self, payment: Payment) -> str:
        return ""

    def differences(self, payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
        return subscription_differences(payments, now=now)

    def unpaid_goods(self, *, since: datetime | None, now: Moment) -> Iterator[Difference]:
        return unpaid_subscriptions(since=since, now=now)

    def return_url(self, payment: Payment) -> str:
        found = _of(payment)
        return found.get_absolute_url() if found else self.shop_url()

    def shop_url(self) -> str:
        return reverse("access:plans")

    def time_zone(self, payment: Payment) -> str:
        zone: str = settings.TIME_ZONE
        return zone


def _of(payment: Payment) -> Subscription | None:
    """The subscription that a sign-up or a renewal pays for."""
    found = Subscription.objects.select_related("plan", "user").filter(payment_id=payment.pk)
    if payment.agreement_id is not None:
        found = found | Subscription.objects.select_related("plan", "user").filter(
            agreement_id=payment.agreement_id
        )
    first: Subscription | None = found.first()
    return first


def _locked(payment: Payment) -> Subscription | None:
    known = _of(payment)
    if known is None:
        return None
    agreement = None
    if known.agreement_id is not None:
        agreement = BillingAgreement.objects.select_for_update().get(pk=known.agreement_id)
    subscription: Subscription = Subscription.objects.locked(known.pk)
    subscription.user = known.user
    subscription.agreement = agreement
    return subscription


def _is_of_now(subscription: Subscription, payment: Payment, at: datetime) -> bool:
    """It pays for time that isn't over, so its whole refund ends the subscription."""
    if subscription.interval == PlanInterval.ONCE:
        return True
    return payment.covers_until is not None and at < payment.covers_until


def _was_never_had(subscription: Subscription, payment: Payment) -> bool:
    """It came for a time for which the subscription was never open."""
    if subscription.started_at is None or payment.closed_because:
        return True
    ended = subscription.ended_at
    return ended is not None and payment.covers_from is not None and payment.covers_from >= ended
