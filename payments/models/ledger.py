"""One payment a purchase, its attempts, its refunds, its disputes.

Every amount that is shown can be recomputed from these rows.
"""

import secrets
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Least
from django.utils import timezone

from common.money import money
from common.states import require_move
from payments.models.agreement import BillingAgreement
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


class Dispute(models.Model):
    """The cardholder's bank wants money back; as the provider last told it."""

    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, related_name="disputes")
    provider_dispute_id = models.CharField(max_length=255, unique=True)
    # The provider's word: 'needs_response', 'won', 'lost', ...
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=100, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    # What the bank has of it now.
    withdrawn = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO)
    is_closed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    # The provider's time of what is written here; what it told earlier doesn't overwrite it.
    told_at = models.DateTimeField()

    class Meta:
        db_table = "disputes"
        default_permissions = ("view",)
        ordering = ["-pk"]

    def __str__(self) -> str:
        said = [money(self.amount, self.currency), self.reason, self.status]
        return ", ".join(word.replace("_", " ") for word in said if word)

    @property
    def standing(self) -> str:
        """Where its money is, as a sentence for staff."""
        taken = money(self.withdrawn, self.currency)
        if self.withdrawn and self.is_closed:
            return f"The bank keeps {taken} for good."
        if self.withdrawn:
            return f"The bank has taken {taken} until it is decided."
        if self.is_closed:
            return "The money is with us."
        return "The bank only asks so far: the money is with us."
