"""Cancel a subscription: nothing more is collected, and what is paid for stays open."""

from datetime import datetime
from typing import TYPE_CHECKING

from access import emails
from access.models import Subscription
from access.services.ending import end_now, last_change, want
from access.services.locks import lock_subscription
from access.states import SubscriptionStatus
from common.errors import InvalidTransition
from common.service import service
from payments.services import give_up
from payments.states import Wanted

if TYPE_CHECKING:
    from accounts.models import User


@service
def cancel_subscription(
    *, subscription_id: int, by: "User", at: datetime, reason: str = ""
) -> Subscription:
    """Cancel one's own: open until what is paid for or the trial ends; free and unpaid ones end.

    Raises NotFound, InvalidTransition (over, cancelled before, paid once for ever).
    """
    subscription = lock_subscription(subscription_id, by_id=by.pk, owner_id=by.pk)
    if subscription.is_pending:
        assert subscription.payment is not None
        give_up(payment_id=subscription.payment.pk, at=at)
        subscription.refresh_from_db()
        return subscription
    if not subscription.is_cancellable():
        raise InvalidTransition(_why_not(subscription))
    stop(subscription, by=by, at=at, reason=reason or "cancelled")
    return subscription


def stop(subscription: Subscription, *, by: "User", at: datetime, reason: str) -> None:
    """No renewal; open as long as it is paid for. The caller holds the locks."""
    by_staff = by.pk != subscription.user_id
    if subscription.paid_until is None or subscription.paid_until <= at:
        # Free, or what was paid for is over: there is nothing left to keep.
        change = end_now(subscription, at=at, by=by, reason=reason)
        why = "We have ended it." if by_staff else "You have cancelled it."
        emails.subscription_ended(subscription, change, why=why, at=at)
        return
    subscription.move_to(
        SubscriptionStatus.CANCELLED,
        at=at,
        paid_until=subscription.paid_until,
        by=by,
        reason=reason,
    )
    want(subscription.agreement, Wanted.END_LATER, at=at)
    emails.subscription_cancelled(subscription, last_change(subscription), by_staff=by_staff, at=at)


def _why_not(subscription: Subscription) -> str:
    if subscription.status == SubscriptionStatus.CANCELLED:
        return "This is cancelled already."
    if subscription.status == SubscriptionStatus.EXPIRED:
        return "This has ended already."
    return "This was paid once and is never renewed, so there is nothing to cancel."
