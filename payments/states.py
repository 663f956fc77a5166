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
    # Its owner chose otherwise, and we let go of it for them.
    REPLACED = "replaced", "another choice took its place"
    CANCELLED = "cancelled", "cancelled by staff"
    FAILED = "failed", "the payment failed"


class AttemptState(models.TextChoices):
    """Of one provider session."""

    NEW = "new", "being opened"
    OPEN = "open", "open"
    PAID = "paid", "paid"
    EXPIRED = "expired", "expired"
    FAILED = "failed", "the bank said no"
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


class CheckState(models.TextChoices):
    """Of one look at whether money is true."""

    WAITING = "waiting", "waiting for the worker"
    RUNNING = "running", "running"
    CLEAN = "clean", "all true"
    FOUND = "found", "differences found"
    BROKEN = "broken", "broke off"


class EventState(models.TextChoices):
    """Of what a provider has told us by a webhook."""

    RECEIVED = "received", "not applied yet"
    DONE = "done", "applied"
    FAILED = "failed", "failed, tried again"
    IGNORED = "ignored", "nothing to do"


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
    AttemptState.NEW: {
        AttemptState.OPEN,
        AttemptState.PAID,
        AttemptState.EXPIRED,
        AttemptState.FAILED,
        AttemptState.MISMATCH,
    },
    AttemptState.OPEN: {
        AttemptState.PAID,
        AttemptState.EXPIRED,
        AttemptState.FAILED,
        AttemptState.MISMATCH,
    },
    AttemptState.EXPIRED: {AttemptState.PAID, AttemptState.MISMATCH},
    AttemptState.FAILED: {AttemptState.PAID, AttemptState.MISMATCH},
    AttemptState.PAID: set(),
    AttemptState.MISMATCH: set(),
}

REFUND_MOVES: Final[Moves] = {
    # At the desk nothing is sent: the money is handed over.
    RefundState.REQUESTED: {RefundState.SENDING, RefundState.SUCCEEDED, RefundState.FAILED},
    RefundState.SENDING: {RefundState.REQUESTED, RefundState.SUCCEEDED, RefundState.FAILED},
    # A bank may still send back what the provider had taken on.
    RefundState.SUCCEEDED: {RefundState.FAILED},
    # Refused as we heard it, and in the provider's books after all: its books are the truth.
    RefundState.FAILED: {RefundState.SUCCEEDED},
}

LIVE_ATTEMPTS: Final = (AttemptState.NEW, AttemptState.OPEN)
UNAPPLIED: Final = (EventState.RECEIVED, EventState.FAILED)
HOLDING: Final = (PaymentState.OPEN, PaymentState.PROCESSING)


class Interval(models.TextChoices):
    """How often a subscription is paid."""

    MONTH = "month", "month"
    QUARTER = "quarter", "quarter"
    YEAR = "year", "year"


class AgreementState(models.TextChoices):
    """Of a billing agreement, as the provider last told it."""

    # Its first session isn't completed (yet).
    NEW = "new", "not begun"
    TRIALING = "trialing", "in its trial"
    ACTIVE = "active", "running"
    PAST_DUE = "past_due", "a payment failed"
    ENDED = "ended", "ended"


AGREEMENT_RUNS: Final = (
    AgreementState.TRIALING,
    AgreementState.ACTIVE,
    AgreementState.PAST_DUE,
)


class Wanted(models.TextChoices):
    """What we want of the provider about a billing agreement."""

    RUN = "run", "to go on"
    END_LATER = "end_later", "to end when what is paid for is over"
    END_NOW = "end_now", "to end at once"
