"""A plan takes the place of what it includes: as soon as it is paid for, and not in its trial."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from access import emails
from access.emails import Replaced
from access.models import Plan, Subscription
from access.policies import SAME_PERIOD
from access.services.ending import end_now, give_back, unused_money
from access.states import OPENS, RENEWS, PlanInterval, SubscriptionStatus
from payments.models import ZERO, BillingAgreement, Payment
from payments.services import give_up
from payments.states import ClosedBecause


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What taking a plan would end, and what would come back, if it were done at this moment.

    With a trial lower plans go on until `ends_at`, when it is paid for; nobody can say yet what
    will be unused of them then, so their `refund` is 0.
    """

    replaces: tuple[Replaced, ...] = ()
    ends_at: datetime | None = None

    @property
    def refund(self) -> Decimal:
        return sum((each.refund for each in self.replaces), ZERO)


def quote(*, user_id: int, plan: Plan, trial_days: int, at: datetime) -> Quote:
    """What the page says before the click; locks nothing and changes nothing."""
    if trial_days:
        ends_at = at + timedelta(days=trial_days)
        return Quote(
            replaces=tuple(_later(each) for each in _left_at(ends_at, user_id, plan, at)),
            ends_at=ends_at,
        )
    return Quote(
        replaces=tuple(
            Replaced(
                name=each.plan.name,
                refund=unused_money(each, at=at),
                is_paid=each.price > ZERO,
            )
            for each in _lower(user_id, plan, at)
        )
    )


def meanwhile(subscription: Subscription, *, at: datetime) -> str:
    """What goes on beside a trial and ends when that is paid for, in words; '' when nothing is."""
    until = subscription.paid_until
    if not subscription.is_trial or until is None or until <= at:
        return ""
    left = _left_at(until, subscription.user_id, subscription.plan, at)
    return emails.said_meanwhile(subscription.plan.name, [_later(each) for each in left], until)


def ends_for(subscription: Subscription, *, at: datetime) -> str:
    """For the lower plan's own page: which trial ends it when that is paid for; '' when none."""
    if not subscription.opens_at(at) or subscription.interval == PlanInterval.ONCE:
        return ""
    higher = Subscription.objects.of(subscription.user_id).opening(at)
    tried = higher.filter(
        status=SubscriptionStatus.TRIALING,
        plan__rank__gt=subscription.plan.rank,
        paid_until__gt=at,
    )
    first: Subscription | None = tried.select_related("plan").order_by("pk").first()
    if first is None or first.paid_until is None:
        return ""
    if subscription not in _left_at(first.paid_until, first.user_id, first.plan, at):
        return ""
    return emails.said_end_for(first.plan.name, _later(subscription), first.paid_until)


def is_paid_for(subscription: Subscription) -> bool:
    """Its own money stands behind it: not in a trial, nor after it before its first bill is."""
    agreement = subscription.agreement
    if agreement is None or agreement.trial_ends_at is None:
        return True
    until = subscription.paid_until
    return until is not None and until > agreement.trial_ends_at + SAME_PERIOD


def take_place(subscription: Subscription, *, at: datetime, is_told: bool = True) -> list[Replaced]:
    """Let go of what this plan includes, now that it goes on. The person's row is locked.

    Sign-ups that could only be paid in vain are given up, and once it is paid for lower plans end,
    with their unused money. Again is harmless. `is_told`: the caller's own mail says so; else each
    that ends gets one.
    """
    if subscription.status in RENEWS:
        _give_up_included(subscription, at)
    return _replace_lower(subscription, at, is_told=is_told) if is_paid_for(subscription) else []


def _give_up_included(subscription: Subscription, at: datetime) -> None:
    """What can't be delivered beside it any more; a bank's money under way goes back by itself."""
    # The person is locked, and nobody holds two payments without that: no lock here can close a
    # circle, whichever of the two has the lower number.
    pending = Subscription.objects.of(subscription.user_id).filter(
        status=SubscriptionStatus.PENDING, plan__rank__lte=subscription.plan.rank
    )
    others = pending.exclude(pk=subscription.pk).select_related("payment")
    for each in others.order_by("payment_id"):
        if each.payment is not None and each.payment.is_open:
            give_up(payment_id=each.payment.pk, at=at, because=ClosedBecause.REPLACED)


def _replace_lower(subscription: Subscription, at: datetime, *, is_told: bool) -> list[Replaced]:
    replaced = []
    for lower in _lower(subscription.user_id, subscription.plan, at):
        payment = lower.payment_covering(at)
        if payment is not None:
            Payment.objects.locked(payment.pk)
        if lower.agreement_id is not None:
            lower.agreement = BillingAgreement.objects.select_for_update().get(
                pk=lower.agreement_id
            )
        # Reckoned before the end: afterwards nothing is unused.
        due = unused_money(lower, at=at)
        change = end_now(lower, at=at, reason=f"replaced by {subscription.plan.name}")
        given = give_back(payment, due, reason=f"unused share of {lower.plan.name}", at=at)
        if not is_told:
            why = f"{subscription.plan.name} is yours and includes it."
            emails.subscription_ended(lower, change, why=why, refund=given, at=at)
        replaced.append(Replaced(name=lower.plan.name, refund=given, is_paid=lower.price > ZERO))
    return replaced


def _lower(user_id: int, plan: Plan, at: datetime) -> list[Subscription]:
    """Plans of lower rank that are still open; what was paid once stays for ever."""
    found = Subscription.objects.of(user_id).opening(at).filter(plan__rank__lt=plan.rank)
    rows = found.exclude(interval=PlanInterval.ONCE).select_related("plan", "agreement", "user")
    return [each for each in rows.order_by("pk") if each.status in OPENS]


def _left_at(later: datetime, user_id: int, plan: Plan, at: datetime) -> list[Subscription]:
    """Those of them that won't have ended by themselves until then, as they stand."""
    return [
        each
        for each in _lower(user_id, plan, at)
        if each.status != SubscriptionStatus.CANCELLED
        or (each.paid_until is not None and each.paid_until > later)
    ]


def _later(lower: Subscription) -> Replaced:
    return Replaced(name=lower.plan.name, refund=ZERO, is_paid=lower.price > ZERO)
