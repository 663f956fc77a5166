"""Looks at whether money is true."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from payments.states import CheckState


class MoneyCheck(models.Model):
    """One look at whether money is true, and what it found; never edited."""

    state = models.CharField(max_length=8, choices=CheckState.choices, default=CheckState.WAITING)
    # Of a run of the night's own: the day that it begins, so that there is one each night.
    night = models.DateField(null=True, blank=True, unique=True, editable=False)
    asked_at = models.DateTimeField(default=timezone.now)
    # None: the night's own, or the command's.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    with_repair = models.BooleanField("repairs what is safe", default=False)
    since = models.DateTimeField("looks back until", null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # What it looked at, or why it broke off, in one sentence.
    summary = models.TextField(blank=True)
    found = models.PositiveIntegerField("differences", default=0)
    repaired = models.PositiveIntegerField(default=0)
    # `{text, advice, outcome, payment}` of each, the first few hundred.
    lines = models.JSONField(default=list)

    class Meta:
        db_table = "money_checks"
        default_permissions = ("view",)
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "asked_at"], name="money_checks_idx_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=CheckState.values), name="money_checks_state_known"
            ),
        ]
        permissions = [("run_moneycheck", "Can have money checked, and repaired where it is safe")]

    def __str__(self) -> str:
        return f"Money check {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None
