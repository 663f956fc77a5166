"""Money on its way back."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.money import money
from common.states import require_move
from payments.models.attempt import PaymentAttempt
from payments.models.defaults import new_key
from payments.models.payment import Payment
from payments.states import DESK, REFUND_MOVES, RefundState


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
    # When the idempotency key was first used: the provider keeps it for a day.
    key_used_at = models.DateTimeField(null=True, blank=True)
    # The provider repeats an unclear answer under this key: only its books can tell.
    is_key_spent = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="handed_over_refunds",
    )
    # In the provider's own pages, by somebody who went round us.
    is_made_elsewhere = models.BooleanField(default=False)
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

    @property
    def failure_begins(self) -> str:
        """How its line on the payment begins: by its number, for two may fail alike."""
        return f"Refund {self.pk} of "

    @property
    def failure(self) -> str:
        """What staff are shown on the payment."""
        said = " ".join(self.last_error.split())
        return f"{self.failure_begins}{money(self.amount, self.currency)} failed: {said}"

    def move_to(self, status: RefundState) -> None:
        require_move(REFUND_MOVES, self.status, status, thing="refund")
        self.status = status
        self.save()
