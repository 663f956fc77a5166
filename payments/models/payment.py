"""One payment a purchase.

Every amount that is shown can be recomputed from its attempts, its refunds and its disputes.
"""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.states import require_move
from payments.models.agreement import BillingAgreement
from payments.models.defaults import ZERO, new_token
from payments.states import (
    DESK,
    HOLDING,
    PAYMENT_MOVES,
    AttemptState,
    ClosedBecause,
    PaymentState,
)

if TYPE_CHECKING:
    from payments.models.refund import Refund


class PaymentQuerySet(models.QuerySet["Payment"]):
    def holding(self) -> "PaymentQuerySet":
        """Unpaid and still holding something."""
        return self.filter(status__in=HOLDING)

    def lapsed(self, at: datetime) -> "PaymentQuerySet":
        return self.filter(status__in=HOLDING, expires_at__lte=at)

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
    # While the bank is at it: when its money would come too late.
    expires_at = models.DateTimeField("held until", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    attention = models.TextField("needs a look", blank=True)
    # Of a subscription: what it renews by, and the time that this payment is for.
    agreement = models.ForeignKey(
        BillingAgreement, on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    covers_from = models.DateTimeField(null=True, blank=True)
    covers_until = models.DateTimeField(null=True, blank=True)

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
            # Nothing is due when a subscription begins with days for trial.
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount=0, agreement__isnull=False),
                name="payments_amount_due",
            ),
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
        is_due = self.status in {PaymentState.OPEN, PaymentState.DUE}
        # Only the provider can collect it again and again.
        return is_due and self.agreement_id is None

    @property
    def has_strange_money(self) -> bool:
        """Unpaid, and yet something was charged: another amount than ours, with staff now."""
        if self.is_paid:
            return False
        return self.attempts.filter(status=AttemptState.MISMATCH).exists()

    def has_lapsed(self, at: datetime) -> bool:
        """True once an unpaid hold's time is over, whether or not anybody released it yet."""
        is_holding = self.status in HOLDING
        return is_holding and self.expires_at is not None and self.expires_at <= at

    def flag(self, line: str, *, instead_of: str = "") -> None:
        """Ask staff for a look, in a line of its own; `instead_of` is how an outdated one begins.

        The caller holds the row's lock.
        """
        lines = self.attention.splitlines()
        kept = [each for each in lines if not (instead_of and each.startswith(instead_of))]
        if line and line not in kept:
            kept.append(line)
        if kept != lines:
            self.attention = "\n".join(kept)
            self.save(update_fields=["attention"])

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
    def is_all_given_back(self) -> bool:
        """True when nothing of what came in is left, whichever session brought it."""
        return self.kept == ZERO

    @property
    def kept(self) -> Decimal:
        """What of each session's own money no refund gives back.

        One session's money can be asked for twice for a while (here, and in the provider's own
        pages): that takes nothing from what another session brought.
        """
        return sum((max(left, ZERO) for left, _ in self._what_is_left()), ZERO)

    @property
    def refundable(self) -> Decimal:
        """What of it can go back: what is kept, but for what banks have taken by disputes."""
        free = (max(left - disputed, ZERO) for left, disputed in self._what_is_left())
        return sum(free, ZERO)

    @property
    def disputed(self) -> Decimal:
        """What cardholders' banks have taken of it: while they decide, or for good."""
        return sum((min(each.disputed, each.captured) for each in self.attempts.all()), ZERO)

    @property
    def was_disputed(self) -> bool:
        """Whatever came of it."""
        return any(attempt.disputes.all() for attempt in self.attempts.all())

    def _what_is_left(self) -> list[tuple[Decimal, Decimal]]:
        """Of each session: its money less its refunds, and what of it is disputed."""
        given: dict[int, Decimal] = {}
        for refund in self.refunds.all():
            if refund.is_live:
                given[refund.attempt_id] = given.get(refund.attempt_id, ZERO) + refund.amount
        return [
            (attempt.captured - given.get(attempt.pk, ZERO), attempt.disputed)
            for attempt in self.attempts.all()
        ]

    @property
    def has_failed_refund(self) -> bool:
        """One failed, and nobody has asked for it anew."""
        return any(refund.is_retryable for refund in self.refunds.all())

    @property
    def failed_refunds(self) -> Decimal:
        """What failed, wasn't asked for anew, and staff are still to look at."""
        failed = (each for each in self.refunds.all() if self.tells_of(each) and each.is_retryable)
        return sum((refund.amount for refund in failed), ZERO)

    def tells_of(self, refund: "Refund") -> bool:
        """True while staff are asked to look at the failure of just this refund."""
        lines = self.attention.splitlines()
        return any(line.startswith(refund.failure_begins) for line in lines)
