"""Plans, subscriptions, resources."""

from access.models.plan import HIGHEST_RANK, LONGEST_TRIAL, Plan
from access.models.resource import AccessLog, Resource, private_storage
from access.models.subscription import Subscription, SubscriptionStatusChange

__all__ = [
    "HIGHEST_RANK",
    "LONGEST_TRIAL",
    "AccessLog",
    "Plan",
    "Resource",
    "Subscription",
    "SubscriptionStatusChange",
    "private_storage",
]
