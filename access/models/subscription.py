"""Who has which plan, and until when."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from access.models.plan import Plan
from access.policies import LAST_LOOK, WORD_IS_FRESH_FOR
from access.states import (
    OPENS,
    RENEWS,
    SUBSCRIPTION_MOVES,
    PlanInterval,
    SubscriptionStatus,
)
from common.states import require_move
from payments.models import BillingAgreement, Payment
from payments.states import AGREEMENT_RUNS, PaymentState


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of(self, user_id: int) -> "SubscriptionQuerySet":
        return self.filter(user_id=user_id)

    def opening(self, at: datetime) -> "SubscriptionQuerySet":
        """Those that open something now."""
        return self.filter(Q(access_until__isnull=True) | Q(access_until__gt=at), status__in=OPENS)

    def begun(self) -> "SubscriptionQuerySet":
        """Without those that never came to anything."""
        return self.filter(started_at__isnull=False)

    def ending_unheard(self, at: datetime) -> "SubscriptionQuerySet":
        """About to end, or over, without a fresh word of the provider on whether they are paid."""
        is_old = Q(agreement__told_at__isnull=True)
        is_old |= Q(agreement__told_at__lte=at - WORD_IS_FRESH_FOR)
        return self.filter(
            is_old,
            status__in=RENEWS,
            access_until__lte=at + LAST_LOOK,
            agreement__status__in=AGREEMENT_RUNS,
        )

    def locked(self, pk: int) -> "Subscription":
        # The row alone: MariaDB can't lock one of two joined rows, and its plan must stay free.
        return self.select_for_update().get(pk=pk)


class Subscription(models.Model):
    """A plan that somebody has, at the price of the day when they took it.

    `paid_until` is the end of what is paid for (None: for ever), `access_until` when it stops
    opening things as it stands: later than the former while a renewal may still come.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(
        max_length=10, choices=SubscriptionStatus.choices, default=SubscriptionStatus.PENDING
    )
    price = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8, choices=PlanInterval.choices)
    trial_days = models.PositiveSmallIntegerField(default=0)
    # Of the sign-up; None when the plan is free.
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="subscription"
    )
    # None when nothing is ever collected again.
    agreement = models.OneToOneField(
        BillingAgreement, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(null=True, blank=True)
    paid_until = models.DateTimeField(null=True, blank=True)
    access_until = models.DateTimeField(null=True, blank=True)
    # Stays open at least so long: the provider was silent when it would have ended.
    kept_until = models.DateTimeField(null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # When the mail went out that says when the trial ends and what is collected then.
    trial_told_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = SubscriptionQuerySet.as_manager()

    class Meta:
        db_table = "subscriptions"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["user", "status"], name="subscriptions_idx_user"),
            models.Index(fields=["status", "access_until"], name="subscriptions_idx_ends"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=SubscriptionStatus.values),
                name="subscriptions_status_known",
            ),
            models.CheckConstraint(
                condition=Q(interval__in=PlanInterval.values), name="subscriptions_interval_known"
            ),
        ]
        permissions = [("manage_subscription", "Can cancel and end subscriptions of customers")]

    def __str__(self) -> str:
        return f"{self.plan} ({self.get_status_display()})"

    def get_absolute_url(self) -> str:
        return reverse("access:subscription", args=[self.pk])

    def move_to(
        self,
        status: SubscriptionStatus,
        *,
        at: datetime,
        paid_until: datetime | None,
        by: Any = None,
        reason: str = "",
    ) -> None:
        """Assign a state and the end of what is paid for, and write the line of history.

        The same state with another end (a renewal) is no move. The caller holds the row's lock.
        Raises InvalidTransition.
        """
        if status != self.status:
            require_move(SUBSCRIPTION_MOVES, self.status, status, thing="subscription")
        elif paid_until == self.paid_until:
            return
        former, self.status = self.status, status
        self.paid_until = paid_until
        self.access_until = self._access_until(at)
        if status in OPENS:
            self.started_at = self.started_at or at
            self.ended_at = None
        if status in RENEWS:
            self.cancelled_at = None
        if status == SubscriptionStatus.CANCELLED:
            self.cancelled_at = at
        if former == SubscriptionStatus.CANCELLED:
            # They were told that nothing is collected: when that is, is said anew.
            self.trial_told_at = None
        if status == SubscriptionStatus.EXPIRED:
            self.ended_at = at
        self.save()
        self._write_down(former, at=at, by=by, reason=reason)

    def _write_down(self, former: str, *, at: datetime, reason: str, by: Any = None) -> None:
        SubscriptionStatusChange.objects.create(
            subscription=self,
            from_status=former,
            to_status=self.status,
            paid_until=self.paid_until,
            at=at,
            by=by,
            reason=reason[:250],
        )

    def _access_until(self, at: datetime) -> datetime | None:
        if self.status not in OPENS:
            return at
        if self.paid_until is None or self.status == SubscriptionStatus.CANCELLED:
            return self.paid_until
        ends = self.paid_until + timedelta(days=settings.SUBSCRIPTION_GRACE_DAYS)
        return max(ends, self.kept_until or ends)

    def keep_open(self, until: datetime, *, at: datetime, reason: str) -> None:
        """Open a while longer than it is paid for, with a line of history.

        The caller holds the row's lock.
        """
        self.kept_until = until
        self.access_until = self._access_until(at)
        self.save(update_fields=["kept_until", "access_until", "updated_at"])
        self._write_down(self.status, at=at, reason=reason)

    def opens_at(self, at: datetime) -> bool:
        """Whether it opens something now; what `SubscriptionQuerySet.opening` asks of rows."""
        if self.status not in OPENS:
            return False
        return self.access_until is None or at < self.access_until

    def is_over(self, at: datetime) -> bool:
        """It opens nothing any more, and nobody has written that down yet."""
        return self.status in OPENS and not self.opens_at(at)

    def is_unheard(self, at: datetime) -> bool:
        """Nobody knows whether it is paid; what `SubscriptionQuerySet.ending_unheard` asks of rows.

        Whether it is about to end is the caller's to know.
        """
        agreement = self.agreement
        if self.status not in RENEWS or agreement is None or not agreement.is_running:
            return False
        return agreement.told_at is None or agreement.told_at <= at - WORD_IS_FRESH_FOR

    @property
    def is_pending(self) -> bool:
        return self.status == SubscriptionStatus.PENDING

    @property
    def is_trial(self) -> bool:
        return self.status == SubscriptionStatus.TRIALING

    @property
    def is_renewing(self) -> bool:
        """Will be collected again, if nobody cancels it."""
        return self.status in RENEWS and self.agreement_id is not None

    def is_cancellable(self) -> bool:
        """By its owner: it is renewed, or free; what is paid once has nothing to cancel."""
        return self.is_renewing or (self.status in RENEWS and self.price == 0)

    def is_resumable(self, at: datetime) -> bool:
        """Cancelled, and still running: it may be kept after all."""
        return (
            self.status == SubscriptionStatus.CANCELLED
            and self.agreement is not None
            and not self.agreement.is_over
            and self.opens_at(at)
        )

    def payment_covering(self, at: datetime) -> Payment | None:
        """The payment that the time `at` was bought with; None in a trial and when it is free."""
        if self.interval == PlanInterval.ONCE:
            return self.payment
        if self.agreement_id is None:
            return None
        paid = Payment.objects.filter(
            agreement_id=self.agreement_id,
            status=PaymentState.PAID,
            # Not what came too late and went back.
            closed_because="",
            amount__gt=0,
            covers_from__lte=at,
            covers_until__gt=at,
        )
        return paid.order_by("pk").last()


class SubscriptionStatusChange(models.Model):
    """A line of a subscription's history; never edited. `by` None is the system itself."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="history")
    from_status = models.CharField(max_length=10, choices=SubscriptionStatus.choices)
    to_status = models.CharField(max_length=10, choices=SubscriptionStatus.choices)
    paid_until = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=250, blank=True)

    class Meta:
        db_table = "subscription_status_changes"
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
