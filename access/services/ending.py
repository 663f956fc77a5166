"""The end of a subscription and of what is collected for it; the caller holds the locks."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from access.models import Subscription, SubscriptionStatusChange
from access.policies import unused_share
from access.states import PlanInterval, SubscriptionStatus
from payments.models import ZERO, BillingAgreement, Payment
from payments.services import request_refund
from payments.states import Wanted

if TYPE_CHECKING:
    from accounts.models import User


def want(agreement: BillingAgreement | None, wanted: Wanted, *, at: datetime) -> None:
    """Let the provider be told, unless it has ended or was asked for the same already."""
    if agreement is None or agreement.is_over or agreement.wanted == wanted:
        return
    agreement.want(wanted, at=at)


def end_now(
    subscription: Subscription, *, at: datetime, reason: str, by: "User | None" = None
) -> SubscriptionStatusChange:
    """It opens nothing from now on, and nothing more is collected for it."""
    subscription.move_to(
        SubscriptionStatus.EXPIRED,
        at=at,
        paid_until=subscription.paid_until,
        by=by,
        reason=reason,
    )
    want(subscription.agreement, Wanted.END_NOW, at=at)
    return last_change(subscription)


def last_change(subscription: Subscription) -> SubscriptionStatusChange:
    change: SubscriptionStatusChange = subscription.history.latest("pk")
    return change


def unused_money(subscription: Subscription, *, at: datetime) -> Decimal:
    """What of the last payment is for time that lies ahead; nothing of what never ends.

    Never more than is left of it.
    """
    payment = subscription.payment_covering(at)
    if payment is None or subscription.interval == PlanInterval.ONCE:
        return ZERO
    assert payment.covers_from is not None
    assert payment.covers_until is not None
    share = unused_share(
        payment.captured,
        covers_from=payment.covers_from,
        covers_until=payment.covers_until,
        at=at,
        currency=payment.currency,
    )
    return min(share, payment.refundable)


def give_back(
    payment: Payment | None,
    amount: Decimal,
    *,
    reason: str,
    at: datetime,
    by: "User | None" = None,
) -> Decimal:
    """Have `amount` of this payment sent back; returns what really goes."""
    if payment is None or amount <= ZERO:
        return ZERO
    locked = Payment.objects.locked(payment.pk)
    return request_refund(locked, amount=amount, reason=reason, at=at, by=by)
