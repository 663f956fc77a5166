"""The ledger: one payment a purchase, its attempts, its refunds.

Every amount that is shown can be recomputed from these rows.
"""

import secrets
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.states import require_move
from payments.states import (
    ATTEMPT_MOVES,
    DESK,
    HOLDING,
    LIVE_ATTEMPTS,
    PAYMENT_MOVES,
    REFUND_MOVES,
    AttemptState,
    ClosedBecause,
    DeskMethod,
    PaymentState,
    RefundState,
)

ZERO = Decimal("0.00")


def new_token() -> str:
    """An address that can't be guessed: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    return secrets.token_hex(20)


class PaymentQuerySet(models.QuerySet["Payment"]):
    def holding(self) -> "PaymentQuerySet":
        """Unpaid and still holding something."""
        return self.filter(status__in=HOLDING)

    def lapsed(self, at: datetime) -> "PaymentQuerySet":
        return self.filter(status=PaymentState.OPEN, expires_at__lte=at)

    def locked(self, pk: int) -> "Payment":
        return self.select_for_update().get(pk=pk)


class Payment(models.Model):
    """What one purchase costs and how it stands."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments"
    )
    purpose = models.CharField(max_length=20)
    description = models.CharField(max_length=250)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=12, choices=PaymentState.choices, default=PaymentState.OPEN
    )
    closed_because = models.CharField(max_length=12, choices=ClosedBecause.choices, blank=True)
    token = models.CharField(max_length=64, unique=True, default=new_token)
    expires_at = models.DateTimeField("held until", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    attention = models.TextField("needs a look", blank=True)

    objects: ClassVar = PaymentQuerySet.as_manager()

    class Meta:
        db_table = "payments"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["status", "expires_at"], name="payments_idx_lapse"),
            models.Index(fields=["user", "status"], name="payments_idx_user"),
            models.Index(fields=["user", "created_at"], name="payments_idx_recent"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=PaymentState.values), name="payments_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description} ({self.get_status_display()})"

    def move_to(self, status: PaymentState, *, at: datetime) -> None:
        """Assign a state; the caller saves nothing else and holds the row's lock."""
        require_move(PAYMENT_MOVES, self.status, status, thing="payment")
        self.status = status
        if status == PaymentState.PAID:
            self.paid_at = at
        if status == PaymentState.CLOSED:
            self.closed_at = at
        self.save()

    @property
    def is_open(self) -> bool:
        return self.status == PaymentState.OPEN

    @property
    def is_processing(self) -> bool:
        return self.status == PaymentState.PROCESSING

    @property
    def is_paid(self) -> bool:
        return self.status == PaymentState.PAID

    @property
    def takes_desk_money(self) -> bool:
        """Nothing was paid yet, and it still may be, at the desk."""
        return self.status in {PaymentState.OPEN, PaymentState.DUE}

    def has_lapsed(self, at: datetime) -> bool:
        """True once an unpaid hold's time is over, whether or not anybody released it yet."""
        return self.is_open and self.expires_at is not None and self.expires_at <= at

    @property
    def is_by_hand(self) -> bool:
        """Paid at the desk, all of it, so it is handed back there too."""
        paid = [attempt for attempt in self.attempts.all() if attempt.captured > ZERO]
        return bool(paid) and all(attempt.provider == DESK for attempt in paid)

    @property
    def captured(self) -> Decimal:
        """What has really come in."""
        return sum((attempt.captured for attempt in self.attempts.all()), ZERO)

    @property
    def refunded(self) -> Decimal:
        """What went back or is on its way back; a failed refund is neither."""
        return sum((refund.amount for refund in self.refunds.all() if refund.is_live), ZERO)

    @property
    def refundable(self) -> Decimal:
        return self.captured - self.refunded


class PaymentAttempt(models.Model):
    """One session at a provider; its parameters are frozen so that a retry sends the same."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    provider = models.CharField(max_length=12)
    status = models.CharField(max_length=12, choices=AttemptState.choices, default=AttemptState.NEW)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    params = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=64, unique=True, default=new_key)
    session_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    url = models.CharField(max_length=1000, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    captured = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO)
    last_error = models.TextField(blank=True)
    # At the desk: how, which receipt, by whom.
    method = models.CharField(max_length=10, choices=DeskMethod.choices, blank=True)
    receipt = models.CharField("receipt number", max_length=100, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="desk_payments",
    )

    class Meta:
        db_table = "payment_attempts"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "asked_at"], name="attempts_idx_open")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AttemptState.values), name="attempts_status_known"
            ),
            models.CheckConstraint(condition=Q(captured__gte=0), name="attempts_captured_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.session_id or self.idempotency_key}"

    @property
    def is_live(self) -> bool:
        """True while somebody may still be paying there."""
        return self.status in LIVE_ATTEMPTS

    def move_to(self, status: AttemptState) -> None:
        require_move(ATTEMPT_MOVES, self.status, status, thing="attempt")
        self.status = status
        self.save()


class Refund(models.Model):
    """Money on its way back, and why."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=12, choices=RefundState.choices, default=RefundState.REQUESTED
    )
    reason = models.CharField(max_length=250)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="requested_refunds",
    )
    idempotency_key = models.CharField(max_length=64, unique=True, default=new_key)
    provider_refund_id = models.CharField(max_length=255, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="handed_over_refunds",
    )
    last_error = models.TextField(blank=True)
    # One failed refund is tried again once at most; should that fail too, it is the one to retry.
    retry_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="retry"
    )

    class Meta:
        db_table = "refunds"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "next_try_at"], name="refunds_idx_due")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refunds_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=RefundState.values), name="refunds_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.get_status_display()})"

    @property
    def is_by_hand(self) -> bool:
        """To be handed over at the desk, where it was paid."""
        return self.attempt.provider == DESK

    @property
    def is_to_hand_over(self) -> bool:
        """Waits for somebody at the desk to give it back."""
        return self.is_by_hand and self.status == RefundState.REQUESTED

    @property
    def is_retryable(self) -> bool:
        """It failed, and nobody has asked for it anew."""
        return self.status == RefundState.FAILED and not hasattr(self, "retry")

    @property
    def is_live(self) -> bool:
        """Counts as given back: everything but a refund that failed."""
        return self.status != RefundState.FAILED

    def move_to(self, status: RefundState) -> None:
        require_move(REFUND_MOVES, self.status, status, thing="refund")
        self.status = status
        self.save()


class DemoSession(models.Model):
    """The demo provider's own books: what Stripe would know, kept apart from our ledger."""

    session_id = models.CharField(max_length=64, unique=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=8, default="open")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=250)
    return_url = models.CharField(max_length=500)
    expires_at = models.DateTimeField()
    declined = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "demo_sessions"
        default_permissions = ()

    def __str__(self) -> str:
        return self.session_id


class DemoRefund(models.Model):
    """A refund in the demo provider's books."""

    session = models.ForeignKey(DemoSession, on_delete=models.PROTECT, related_name="refunds")
    idempotency_key = models.CharField(max_length=64, unique=True)
    refund_id = models.CharField(max_length=64, unique=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        db_table = "demo_refunds"
        default_permissions = ()

    def __str__(self) -> str:
        return self.refund_id
