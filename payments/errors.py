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


class PaymentDisputed(DomainError):
    """The money is with the cardholder's bank, so it can't be given back as well."""

    code = "disputed"
    message = (
        "The cardholder's bank has taken this money back because of a dispute, so it can't go back "
        "a second time. If the dispute is won, it can."
    )


PAID_MEANWHILE = "It has been paid meanwhile. Look once more before you give it back."


class GatewayUnavailable(Exception):
    """The provider gave no clear answer: the effect may or may not have happened.

    `is_replay`: it repeated an unclear answer that it keeps under our idempotency key, so asking
    again under this key will never bring another.
    """

    def __init__(self, message: str = "", *, is_replay: bool = False) -> None:
        self.is_replay = is_replay
        super().__init__(message)


class GatewayRefused(Exception):
    """The provider said no, and will say no again."""


class EmailRefused(GatewayRefused):
    """The provider doesn't take the customer's e-mail address; all else it has not looked at."""


class BadSignature(Exception):
    """A webhook that the provider didn't sign, or signed too long ago."""


class UnreadableEvent(Exception):
    """The provider signed something whose shape we don't know."""


class AnswerOvertaken(Exception):
    """Another answer about the same subscription was written while the provider was asked."""


class UnsignedWebhook(DomainError):
    code = "bad_signature"
    status = 400
    message = "This isn't signed by the provider, or was signed too long ago."


class EventNotApplied(DomainError):
    code = "not_applied"
    status = 500
    message = "This was stored and could not be applied. Please send it again."


class AmountChanged(DomainError):
    """Money was about to be written down at one amount, and by now another is due."""

    code = "amount_changed"
    message = "What is due has changed meanwhile. Look at the amount once more."
