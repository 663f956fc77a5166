"""Money that comes again by itself, as agreed with a customer and collected by the provider."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.wake import wake
from payments.states import AGREEMENT_RUNS, AgreementState, Interval, Wanted


class BillingAgreement(models.Model):
    """A subscription as the provider knows it; what it is for is the seller's matter.

    `paid_until` is the end of the last time that was paid for (or of the trial), never a promise.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agreements"
    )
    purpose = models.CharField(max_length=20)
    description = models.CharField(max_length=250)
    # What each interval costs, after the trial.
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8, choices=Interval.choices)
    trial_days = models.PositiveSmallIntegerField(default=0)
    provider = models.CharField(max_length=12)
    # The provider's number of it, None until its first session is completed.
    provider_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    status = models.CharField(
        max_length=10, choices=AgreementState.choices, default=AgreementState.NEW
    )
    paid_until = models.DateTimeField(null=True, blank=True)
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # What we want of the provider, and what it has last confirmed.
    wanted = models.CharField(max_length=10, choices=Wanted.choices, default=Wanted.RUN)
    wanted_at = models.DateTimeField(null=True, blank=True)
    confirmed = models.CharField(max_length=10, choices=Wanted.choices, default=Wanted.RUN)
    # Where a bill that failed can be paid by hand, '' when none is open.
    pay_url = models.CharField(max_length=1000, blank=True)
    # How often it was tried in vain to collect that bill, 0 when none is open.
    failed_tries = models.PositiveIntegerField(default=0)
    # When the provider tries that bill again by itself.
    next_collect_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # When the provider's answer was written here, and how many were so far: one that was asked for
    # before the last of them may be older than it, and doesn't overwrite it.
    told_at = models.DateTimeField(null=True, blank=True)
    answers = models.PositiveIntegerField(default=0)
    # Since when somebody is telling the provider what we want: two at once could arrive in the
    # wrong order.
    claimed_at = models.DateTimeField(null=True, blank=True)
    # What it was last told, '' once it has clearly answered: till then that may yet take effect.
    telling = models.CharField(max_length=10, choices=Wanted.choices, blank=True)
    next_ask_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    # The agreement whose sign-up was completed by this one a second time, or with another amount:
    # nobody wanted it.
    stray_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="strays"
    )

    objects: ClassVar = models.Manager()

    class Meta:
        db_table = "billing_agreements"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["status", "next_ask_at"], name="agreements_idx_due"),
            models.Index(fields=["user", "status"], name="agreements_idx_user"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="agreements_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=AgreementState.values), name="agreements_status_known"
            ),
            models.CheckConstraint(
                condition=Q(interval__in=Interval.values), name="agreements_interval_known"
            ),
            models.CheckConstraint(
                condition=Q(wanted__in=Wanted.values) & Q(confirmed__in=Wanted.values),
                name="agreements_wanted_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description} ({self.get_status_display()})"

    @property
    def is_running(self) -> bool:
        """The provider would collect the next bill, as far as we know."""
        return self.status in AGREEMENT_RUNS

    @property
    def is_over(self) -> bool:
        return self.status == AgreementState.ENDED

    def wants_change(self) -> bool:
        """True while the provider has not confirmed what we want, or may do something else yet."""
        is_settled = self.wanted == self.confirmed and self.telling in {"", self.wanted}
        return not (is_settled or self.is_over)

    def want(self, wanted: Wanted, *, at: datetime) -> None:
        """Note what the provider shall be told; a worker tells it after commit.

        What hasn't begun yet is told as soon as it has. The caller holds the row's lock.
        """
        self.wanted = wanted
        self.wanted_at = at
        self.next_ask_at = at
        self.tries = 0
        self.save(update_fields=["wanted", "wanted_at", "next_ask_at", "tries"])
        if self.is_running:
            wake("payments.tell_agreement", self.pk)
