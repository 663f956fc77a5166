"""The states of money, as data."""

from typing import Final

from django.db import models

from common.states import Moves


class PaymentState(models.TextChoices):
    """Of one purchase as a whole."""

    OPEN = "open", "waiting for payment"
    PROCESSING = "processing", "being processed by the bank"
    DUE = "due", "due at the desk"
    PAID = "paid", "paid"
    CLOSED = "closed", "closed unpaid"


class ClosedBecause(models.TextChoices):
    """Why a purchase ended without money; decides what late money means."""

    LAPSED = "lapsed", "the hold lapsed"
    GIVEN_UP = "given_up", "given up"
    CANCELLED = "cancelled", "cancelled by staff"
    FAILED = "failed", "the payment failed"


class AttemptState(models.TextChoices):
    """Of one provider session."""

    NEW = "new", "being opened"
    OPEN = "open", "open"
    PAID = "paid", "paid"
    EXPIRED = "expired", "expired"
    MISMATCH = "mismatch", "other amount than ours"


# The provider of what is paid by hand; no gateway stands behind it.
DESK: Final = "desk"


class DeskMethod(models.TextChoices):
    CASH = "cash", "cash"
    CARD = "card", "card terminal"
    TRANSFER = "transfer", "bank transfer"


class RefundState(models.TextChoices):
    REQUESTED = "requested", "on its way"
    SENDING = "sending", "being sent"
    SUCCEEDED = "succeeded", "paid back"
    FAILED = "failed", "failed"


# A closed purchase can still be paid: late money is money.
PAYMENT_MOVES: Final[Moves] = {
    PaymentState.OPEN: {
        PaymentState.PROCESSING,
        PaymentState.DUE,
        PaymentState.PAID,
        PaymentState.CLOSED,
    },
    PaymentState.PROCESSING: {PaymentState.PAID, PaymentState.CLOSED},
    PaymentState.DUE: {PaymentState.PAID, PaymentState.CLOSED},
    PaymentState.CLOSED: {PaymentState.PAID},
    PaymentState.PAID: set(),
}

ATTEMPT_MOVES: Final[Moves] = {
    AttemptState.NEW: {AttemptState.OPEN, AttemptState.PAID, AttemptState.EXPIRED},
    AttemptState.OPEN: {AttemptState.PAID, AttemptState.EXPIRED, AttemptState.MISMATCH},
    AttemptState.EXPIRED: {AttemptState.PAID, AttemptState.MISMATCH},
    AttemptState.PAID: set(),
    AttemptState.MISMATCH: set(),
}

REFUND_MOVES: Final[Moves] = {
    # At the desk nothing is sent: the money is handed over.
    RefundState.REQUESTED: {RefundState.SENDING, RefundState.SUCCEEDED},
    RefundState.SENDING: {RefundState.REQUESTED, RefundState.SUCCEEDED, RefundState.FAILED},
    RefundState.SUCCEEDED: set(),
    RefundState.FAILED: set(),
}

LIVE_ATTEMPTS: Final = (AttemptState.NEW, AttemptState.OPEN)
HOLDING: Final = (PaymentState.OPEN, PaymentState.PROCESSING)
