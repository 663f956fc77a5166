"""What can go wrong with money."""

from common.errors import DomainError


class CannotDeliver(Exception):
    """Money came for goods that can't be given any more: all of it goes back.

    `reason` is a sentence for the customer.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class HoldExpired(DomainError):
    code = "hold_expired"
    message = "The time to pay is over and the place was given back. Nothing was charged."


class PaymentCancelled(DomainError):
    code = "cancelled"
    message = "This purchase was cancelled. Nothing was charged."


class TooManyHolds(DomainError):
    code = "too_many_holds"
    message = "You are holding several unpaid places already. Pay or give up one of them first."


class RefundChanged(DomainError):
    """A cancel was asked for at one amount, and by now it earns another; nothing was changed."""

    code = "refund_changed"
    message = "What comes back has changed meanwhile. Look at the amount once more."


class GatewayUnavailable(Exception):
    """The provider gave no clear answer: the effect may or may not have happened."""


class GatewayRefused(Exception):
    """The provider said no, and will say no again."""


class AmountChanged(DomainError):
    """Money was about to be written down at one amount, and by now another is due."""

    code = "amount_changed"
    message = "What is due has changed meanwhile. Look at the amount once more."
