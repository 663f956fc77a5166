"""Staff end a customer's subscription: when what is paid for is over, or at once, with money."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from access import emails
from access.models import Subscription
from access.services.cancel import stop
from access.services.ending import end_now, give_back, unused_money
from access.services.locks import lock_subscription
from access.states import EndRefund, PlanInterval, SubscriptionStatus
from common.errors import InvalidInput, InvalidTransition, PermissionRefused
from common.service import service
from payments.errors import RefundChanged
from payments.models import ZERO
from payments.services import close_payment
from payments.states import ClosedBecause

if TYPE_CHECKING:
    from accounts.models import User

When = Literal["period_end", "now"]

MANAGE = "access.manage_subscription"
DISCRETION = "bookings.refund_at_discretion"


def refund_of(subscription: Subscription, choice: str, *, at: datetime) -> Decimal:
    """What would go back if it ended now; reads alone."""
    payment = subscription.payment_covering(at)
    if payment is None or choice == EndRefund.NONE:
        return ZERO
    if choice == EndRefund.UNUSED:
        return unused_money(subscription, at=at)
    return payment.refundable


@service
def end_by_staff(
    *,
    subscription_id: int,
    by: "User",
    at: datetime,
    when: When,
    refund: str = EndRefund.NONE,
    reason: str = "",
    expected: Decimal | None = None,
) -> Subscription:
    """End it for its owner, who is told. `expected` is the refund that was shown.

    Raises NotFound, PermissionRefused, InvalidTransition (over; nothing that it could run to),
    InvalidInput (money back while it goes on; an unused share of what never ends), RefundChanged.
    """
    if not by.has_perm(MANAGE):
        raise PermissionRefused("Ending a customer's subscription is a manager's decision.")
    if refund == EndRefund.FULL and not by.has_perm(DISCRETION):
        raise PermissionRefused("Giving back all of it is a manager's decision.")
    subscription = lock_subscription(subscription_id, by_id=by.pk)
    if subscription.status == SubscriptionStatus.EXPIRED:
        raise InvalidTransition("This has ended already.")
    reason = reason.strip() or "ended by staff"
    if subscription.is_pending:
        _let_go(subscription, by=by, at=at, reason=reason)
    elif when == "period_end":
        _end_later(subscription, refund, by=by, at=at, reason=reason)
    else:
        _end_at_once(subscription, refund, by=by, at=at, reason=reason, expected=expected)
    return subscription


def _let_go(subscription: Subscription, *, by: "User", at: datetime, reason: str) -> None:
    """Nothing was paid and nothing was open, so nobody is told."""
    assert subscription.payment is not None
    close_payment(subscription.payment, because=ClosedBecause.CANCELLED, at=at)
    subscription.move_to(SubscriptionStatus.EXPIRED, at=at, paid_until=None, by=by, reason=reason)


def _end_later(
    subscription: Subscription, refund: str, *, by: "User", at: datetime, reason: str
) -> None:
    if refund != EndRefund.NONE:
        raise InvalidInput("Money goes back only for what ends now.", attr="refund")
    if subscription.status == SubscriptionStatus.CANCELLED:
        raise InvalidTransition("This is cancelled already; it can still be ended now.")
    if not subscription.is_renewing:
        raise InvalidTransition("This never ends by itself. End it now instead.")
    stop(subscription, by=by, at=at, reason=reason)


def _end_at_once(
    subscription: Subscription,
    refund: str,
    *,
    by: "User",
    at: datetime,
    reason: str,
    expected: Decimal | None,
) -> None:
    if refund == EndRefund.UNUSED and subscription.interval == PlanInterval.ONCE:
        raise InvalidInput("This was bought for ever: give back all of it or none.", attr="refund")
    payment = subscription.payment_covering(at)
    due = refund_of(subscription, refund, at=at)
    if expected is not None and expected != due:
        raise RefundChanged
    change = end_now(subscription, at=at, by=by, reason=reason)
    given = give_back(payment, due, reason=reason, by=by, at=at)
    emails.subscription_ended(subscription, change, why="We have ended it.", refund=given, at=at)
