"""Keep a cancelled subscription after all, while it is still open."""

from datetime import datetime
from typing import TYPE_CHECKING

from access.errors import AlreadySubscribed
from access.models import Subscription
from access.services.ending import want
from access.services.locks import lock_subscription
from access.services.subscribe import named, standing_in_the_way
from access.services.upgrade import is_paid_for, take_place
from access.states import SubscriptionStatus
from common.errors import InvalidTransition
from common.service import service
from payments.states import Wanted

if TYPE_CHECKING:
    from accounts.models import User


@service
def resume_subscription(*, subscription_id: int, by: "User", at: datetime) -> Subscription:
    """It is renewed again, at the price of before; nothing is paid now.

    Raises NotFound, InvalidTransition (not cancelled, or over), AlreadySubscribed when another
    plan that includes it has begun meanwhile and isn't only tried.
    """
    subscription = lock_subscription(subscription_id, by_id=by.pk, owner_id=by.pk)
    if not subscription.is_resumable(at):
        raise InvalidTransition("Only what is cancelled and still open can be kept.")
    other = standing_in_the_way(user_id=by.pk, plan=subscription.plan, at=at)
    # What is only tried takes no place of lower plans, so these may go on beside it.
    if other is not None and (is_paid_for(other) or other.plan.rank == subscription.plan.rank):
        raise AlreadySubscribed(
            f"You have {other.plan} by now, which includes this plan.",
            details=named(other),
        )
    agreement = subscription.agreement
    assert agreement is not None
    in_trial = agreement.trial_ends_at is not None and at < agreement.trial_ends_at
    subscription.move_to(
        SubscriptionStatus.TRIALING if in_trial else SubscriptionStatus.ACTIVE,
        at=at,
        paid_until=subscription.paid_until,
        by=by,
        reason="kept after all",
    )
    want(agreement, Wanted.RUN, at=at)
    # What was taken meanwhile and this one includes.
    take_place(subscription, at=at, is_told=False)
    return subscription
