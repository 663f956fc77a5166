"""A payment's sessions at a provider, and what came in by each."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Least
from django.utils import timezone

from common.states import require_move
from payments.models.defaults import ZERO, new_key
from payments.models.payment import Payment
from payments.states import ATTEMPT_MOVES, LIVE_ATTEMPTS, AttemptState, DeskMethod


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
    # The provider's number of the money itself: what its refunds and disputes name.
    provider_payment_id = models.CharField(max_length=255, blank=True, db_index=True)
    # The provider's number of the bill of a subscription that this money settles: booked once.
    invoice_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    # The provider's number of the subscription that its session began.
    agreement_number = models.CharField(max_length=255, blank=True, db_index=True)
    url = models.CharField(max_length=1000, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    captured = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO)
    # What banks have taken of it by disputes, so that lists needn't ask for these.
    disputed = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO)
    # For sums: no dispute takes more than came in.
    AT_BANKS: ClassVar = Least("disputed", "captured")
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
            models.CheckConstraint(condition=Q(disputed__gte=0), name="attempts_disputed_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.session_id or self.idempotency_key}"

    @property
    def is_live(self) -> bool:
        """True while somebody may still be paying there."""
        return self.status in LIVE_ATTEMPTS

    @property
    def kept(self) -> Decimal:
        """What of its own money no refund gives back."""
        given = (refund.amount for refund in self.refunds.all() if refund.is_live)
        return max(self.captured - sum(given, ZERO), ZERO)

    @property
    def refundable(self) -> Decimal:
        """What of it can go back."""
        return max(self.kept - self.disputed, ZERO)

    @property
    def taken_by_banks(self) -> Decimal:
        """What its disputes say: what `disputed` is to be."""
        taken = [dispute for dispute in self.disputes.all() if dispute.withdrawn > ZERO]
        if any(dispute.currency != self.currency for dispute in taken):
            # There is no rate to reckon it by.
            return self.amount
        return min(sum((dispute.withdrawn for dispute in taken), ZERO), self.amount)

    def move_to(self, status: AttemptState) -> None:
        require_move(ATTEMPT_MOVES, self.status, status, thing="attempt")
        self.status = status
        self.save()
