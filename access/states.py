"""The states of a subscription, as data."""

from typing import Final

from django.db import models

from common.states import Moves


class PlanInterval(models.TextChoices):
    """How often a plan is paid; ONCE is paid once and never ends."""

    MONTH = "month", "a month"
    QUARTER = "quarter", "a quarter"
    YEAR = "year", "a year"
    ONCE = "once", "once"


class SubscriptionStatus(models.TextChoices):
    # Chosen, not paid (yet): opens nothing.
    PENDING = "pending", "Not paid yet"
    TRIALING = "trialing", "In trial"
    ACTIVE = "active", "Running"
    PAST_DUE = "past_due", "Payment failed"
    # Won't be renewed; what was paid for stays open until its end.
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Ended"


SUBSCRIPTION_MOVES: Final[Moves] = {
    SubscriptionStatus.PENDING: {
        SubscriptionStatus.TRIALING,
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.EXPIRED,
    },
    SubscriptionStatus.TRIALING: {
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.PAST_DUE,
        SubscriptionStatus.CANCELLED,
        SubscriptionStatus.EXPIRED,
    },
    SubscriptionStatus.ACTIVE: {
        SubscriptionStatus.PAST_DUE,
        SubscriptionStatus.CANCELLED,
        SubscriptionStatus.EXPIRED,
    },
    SubscriptionStatus.PAST_DUE: {
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.CANCELLED,
        SubscriptionStatus.EXPIRED,
    },
    SubscriptionStatus.CANCELLED: {
        # Kept after all, before its end.
        SubscriptionStatus.TRIALING,
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.EXPIRED,
    },
    # Late money for a checkout that had lapsed.
    SubscriptionStatus.EXPIRED: {SubscriptionStatus.TRIALING, SubscriptionStatus.ACTIVE},
}

# Will be renewed, so it opens a while longer than it was paid for: a renewal takes its time.
RENEWS: Final = (
    SubscriptionStatus.TRIALING,
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PAST_DUE,
)
# May open something, until `access_until`.
OPENS: Final = (*RENEWS, SubscriptionStatus.CANCELLED)


class ResourceKind(models.TextChoices):
    PAGE = "page", "Page"
    FILE = "file", "File"
    LINK = "link", "Link"


class GrantedBy(models.TextChoices):
    """By which right somebody may come in; PUBLIC needs none."""

    PUBLIC = "public", "public"
    STAFF = "staff", "staff"
    SUBSCRIPTION = "subscription", "subscription"
    BOOKING = "booking", "booking"
    TICKET = "ticket", "ticket"


class EndRefund(models.TextChoices):
    """What goes back when staff end a subscription."""

    NONE = "none", "Nothing"
    UNUSED = "unused", "The unused share"
    FULL = "full", "All of the last payment"
