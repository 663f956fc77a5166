"""Refusals around plans and what they open, worded for the person who reads them."""

from access.decisions import Decision
from common.errors import DomainError


class NotOnSale(DomainError):
    code = "not_on_sale"
    message = "This plan can't be taken (any more)."


class PriceChanged(DomainError):
    """The plan was wanted for another price than it has by now; nothing was begun."""

    code = "price_changed"
    message = "The price has just changed. Please look at it once more."


class AlreadySubscribed(DomainError):
    """Carries `subscriptionId`, `planId` and `planName` of the one that is in the way."""

    code = "already_subscribed"
    message = "You have this plan already, or one that includes it."


class TooManyPending(DomainError):
    """Several plans were chosen and none of them paid."""

    code = "too_many_holds"
    message = "You have chosen several plans and paid none. Pay or give up one of them first."


class NoAccess(DomainError):
    """Carries `decision`, and as `wouldGrant` what would open it."""

    code = "no_access"
    status = 403
    message = "This isn't open to you right now."

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(decision.reason, details={"wouldGrant": list(decision.would_grant)})
