"""Mails that go out by the clock."""

from datetime import datetime

from access import emails
from access.policies import TRIAL_IS_TOLD_BEFORE
from access.services.locks import lock_subscription
from access.services.upgrade import meanwhile
from access.states import SubscriptionStatus
from common.service import service


@service
def tell_trial_ends(*, subscription_id: int, at: datetime) -> bool:
    """Say when the trial ends and what is collected then; True when it was said now.

    Once, and once more when it was cancelled and kept. A trial as short as that was told all of it
    at its beginning.
    """
    subscription = lock_subscription(subscription_id)
    ends, began = subscription.paid_until, subscription.started_at
    if subscription.status != SubscriptionStatus.TRIALING or subscription.trial_told_at:
        return False
    assert ends is not None
    assert began is not None
    if not at < ends <= at + TRIAL_IS_TOLD_BEFORE:
        return False
    subscription.trial_told_at = at
    subscription.save(update_fields=["trial_told_at", "updated_at"])
    was_kept = subscription.history.filter(from_status=SubscriptionStatus.CANCELLED).exists()
    if ends - began <= TRIAL_IS_TOLD_BEFORE and not was_kept:
        return False
    emails.trial_ends(subscription, meanwhile=meanwhile(subscription, at=at), at=at)
    return True
