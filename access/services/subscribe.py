"""Take a plan: free ones begin at once, others when they are paid, or with days for trial."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from access import emails
from access.errors import AlreadySubscribed, NotOnSale, PriceChanged, TooManyPending
from access.models import Plan, Subscription
from access.policies import MOST_PENDING, TIME_TO_PAY
from access.services.expire import expire
from access.services.upgrade import take_place
from access.states import OPENS, RENEWS, SubscriptionStatus
from access.words import said_moment
from accounts.errors import EmailUnverified
from accounts.models import User
from common.errors import NotFound
from common.service import service
from common.throttle import count_one
from payments.models import Payment
from payments.services import give_up, open_agreement, open_payment
from payments.states import ClosedBecause, Interval

PURPOSE = "subscription"


@service
def subscribe(
    *, user_id: int, plan_id: int, at: datetime, expected: Decimal | None = None
) -> Subscription:
    """Begin to take a plan; what was begun and not paid is gone on with.

    `expected` is the price that the person was shown. Raises NotFound, NotOnSale, PriceChanged,
    PermissionRefused (`email_unverified`), AlreadySubscribed, TooManyPending, Throttled (as many as
    holds within an hour).
    """
    # The person's row first: two requests of one person come one by one.
    user = User.objects.lock(user_id)[user_id]
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise NotFound("There is no such plan.")
    if not plan.is_active:
        raise NotOnSale
    if expected is not None and expected != plan.price:
        raise PriceChanged
    if not user.has_verified_email:
        raise EmailUnverified
    _require_new(user, plan, at)
    trial_days = trial_days_for(user_id=user_id, plan=plan)
    if (earlier := _go_on(user, plan, trial_days, at)) is not None:
        return earlier
    # What is refused is undone, so only those that were begun count.
    count_one("subscribe", by=str(user.pk), most=settings.MAX_HOLDS_PER_HOUR, seconds=3600, at=at)

    subscription = Subscription(
        user=user,
        plan=plan,
        price=plan.price,
        currency=plan.currency,
        interval=plan.interval,
        trial_days=trial_days,
        created_at=at,
    )
    if plan.is_free:
        return _begin_free(subscription, at)
    subscription.payment = _open(subscription, at)
    subscription.agreement = subscription.payment.agreement
    subscription.save()
    return subscription


def trial_days_for(*, user_id: int, plan: Plan) -> int:
    """One trial a person, and none of a plan that they have had already."""
    if not plan.trial_days or has_had_trial(user_id=user_id, plan=plan):
        return 0
    return plan.trial_days


def has_had_trial(*, user_id: int, plan: Plan) -> bool:
    """Or this plan without one. What never began doesn't count."""
    begun = Subscription.objects.of(user_id).begun()
    had = begun.filter(plan_id=plan.pk) | begun.filter(trial_days__gt=0)
    return had.exists()


def standing_in_the_way(
    *, user_id: int, plan: Plan, at: datetime, besides: int = 0
) -> Subscription | None:
    """What includes this plan already and goes on; `besides` isn't looked at."""
    running = Subscription.objects.of(user_id).opening(at).filter(plan__rank__gte=plan.rank)
    found = running.filter(status__in=RENEWS).exclude(pk=besides).select_related("plan")
    first: Subscription | None = found.order_by("-plan__rank", "pk").first()
    return first


def refusal_of(*, user_id: int, plan: Plan, at: datetime) -> AlreadySubscribed | None:
    """Why somebody can't take this plan beside what they have; None when they can."""
    held = standing_in_the_way(user_id=user_id, plan=plan, at=at)
    if held is not None:
        same = held.plan_id == plan.pk
        says = "You have this plan already." if same else f"{held.plan} includes this plan."
        return AlreadySubscribed(says, details=named(held))
    mine = Subscription.objects.of(user_id).select_related("plan", "agreement")
    for each in mine.filter(status=SubscriptionStatus.CANCELLED, plan_id=plan.pk):
        if each.is_resumable(at):
            assert each.paid_until is not None
            return AlreadySubscribed(
                f"You cancelled this plan, and it is open until {said_moment(each.paid_until)}. "
                "Keep it instead: then nothing is paid twice.",
                details=named(each),
            )
    return None


def _require_new(user: User, plan: Plan, at: datetime) -> None:
    for each in Subscription.objects.of(user.pk).filter(status__in=OPENS):
        if each.is_over(at):
            # Nobody has written its end down yet; it mustn't stand in anybody's way.
            expire(subscription_id=each.pk, at=at)
    if (refusal := refusal_of(user_id=user.pk, plan=plan, at=at)) is not None:
        raise refusal


def named(subscription: Subscription) -> dict[str, object]:
    """What an `already_subscribed` carries of the one that is in the way."""
    return {
        "subscriptionId": subscription.pk,
        "planId": subscription.plan_id,
        "planName": subscription.plan.name,
    }


def _go_on(user: User, plan: Plan, trial_days: int, at: datetime) -> Subscription | None:
    """The one that was chosen before and can still be paid, at the terms that hold now.

    Others that can't be, or offer a second trial, are given up.
    """
    found = None
    pending = Subscription.objects.of(user.pk).filter(status=SubscriptionStatus.PENDING)
    left = 0
    for each in list(pending.select_related("plan", "payment", "agreement").order_by("pk")):
        payment = each.payment
        if payment is None:
            continue
        is_same = each.plan_id == plan.pk
        terms = (plan.price, plan.currency, plan.interval, trial_days)
        # The bank has it already: nobody shall pay a second time meanwhile.
        holds = payment.is_processing or (
            payment.is_open and not payment.has_lapsed(at) and _terms(each) == terms
        )
        if is_same and holds and found is None:
            found = each
        elif payment.is_processing:
            left += 1
        elif is_same or payment.has_lapsed(at) or (each.trial_days and trial_days):
            give_up(payment_id=payment.pk, at=at, because=ClosedBecause.REPLACED)
        else:
            left += 1
    if found is None and not plan.is_free and left >= MOST_PENDING:
        raise TooManyPending
    return found


def _terms(subscription: Subscription) -> tuple[object, ...]:
    return (
        subscription.price,
        subscription.currency,
        subscription.interval,
        subscription.trial_days,
    )


def _begin_free(subscription: Subscription, at: datetime) -> Subscription:
    subscription.save()
    subscription.move_to(
        SubscriptionStatus.ACTIVE, at=at, paid_until=None, by=subscription.user, reason="free"
    )
    replaced = take_place(subscription, at=at)
    emails.subscription_started(subscription, replaced=replaced, at=at)
    return subscription


def _open(subscription: Subscription, at: datetime) -> Payment:
    plan = subscription.plan
    if not plan.is_renewed:
        return open_payment(
            user_id=subscription.user_id,
            purpose=PURPOSE,
            amount=plan.price,
            description=plan.name,
            at=at,
            expires_at=at + TIME_TO_PAY,
        )
    return open_agreement(
        user_id=subscription.user_id,
        purpose=PURPOSE,
        amount=plan.price,
        interval=Interval(plan.interval),
        trial_days=subscription.trial_days,
        description=plan.name,
        at=at,
        expires_at=at + TIME_TO_PAY,
    )
