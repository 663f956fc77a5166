"""Write down the end of what is over."""

from datetime import datetime, timedelta

from django.conf import settings

from access import emails
from access.policies import JUST_BEFORE, SILENCE_IS_BORNE_FOR
from access.services.ending import end_now
from access.services.locks import lock_subscription
from access.states import SubscriptionStatus
from access.words import said_moment
from common.service import service
from payments.emails import provider_silent
from payments.states import PaymentState

WHY = {
    SubscriptionStatus.CANCELLED: "You had cancelled it, and what was paid for is over now.",
    SubscriptionStatus.PAST_DUE: "Its last payment failed, and the time to make up for it is over.",
}
NEVER_PAID = "Its renewal was never paid."


@service
def wait_for_word(*, subscription_id: int, at: datetime) -> bool:
    """Keep open what is about to end while the provider is silent: it may well be paid.

    Until SILENCE_IS_BORNE_FOR after its ordinary end, and staff are told. False when its end isn't
    near, the provider has answered, or it was waited for long enough.
    """
    subscription = lock_subscription(subscription_id)
    closes, paid_until = subscription.access_until, subscription.paid_until
    if closes is None or paid_until is None or closes > at + JUST_BEFORE:
        return False
    grace = timedelta(days=settings.SUBSCRIPTION_GRACE_DAYS)
    until = paid_until + grace + SILENCE_IS_BORNE_FOR
    if not subscription.is_unheard(at) or until <= max(closes, at):
        return False
    subscription.keep_open(until, at=at, reason="kept open: the payment provider is silent")
    if subscription.payment is not None:
        provider_silent(subscription.payment, open_until=said_moment(until), at=at)
    return True


@service
def expire(*, subscription_id: int, at: datetime) -> bool:
    """End a subscription whose access is over. False when it isn't (any more); again is harmless.

    What the provider still collects for it goes back by itself.
    """
    subscription = lock_subscription(subscription_id)
    if not subscription.is_over(at):
        return False
    former = SubscriptionStatus(subscription.status)
    change = end_now(subscription, at=at, reason=f"over: {former.label.lower()}")
    emails.subscription_ended(subscription, change, why=WHY.get(former, NEVER_PAID), at=at)
    return True


@service
def end_unpaid(*, subscription_id: int, at: datetime) -> bool:
    """Let go of one whose payment is closed. False when there is nothing to do."""
    subscription = lock_subscription(subscription_id)
    payment = subscription.payment
    if not subscription.is_pending or payment is None or payment.status != PaymentState.CLOSED:
        return False
    subscription.move_to(SubscriptionStatus.EXPIRED, at=at, paid_until=None, reason="never paid")
    return True
