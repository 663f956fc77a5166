"""Telling everybody who holds tickets for an event: in batches, resumable, nobody twice."""

from datetime import datetime
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from tickets.models.event import Event


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def unfinished(self) -> "CampaignQuerySet":
        return self.filter(finished_at__isnull=True)

    def advance(self, pk: int, *, seen: int, to: int) -> bool:
        """Note how far it has come; False when another worker was faster."""
        return bool(self.filter(pk=pk, cursor=seen).update(cursor=to))

    def finish(self, pk: int, *, at: datetime) -> None:
        self.filter(pk=pk, finished_at__isnull=True).update(finished_at=at)


class Campaign(models.Model):
    """One change of an event that all its orders must follow.

    `cursor` is the last order that was done. What is done to an order is safe to do again, so a
    worker that dies between an order and its cursor does no harm.
    """

    CANCELLED: Final = "cancelled"
    MOVED: Final = "moved"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="campaigns")
    kind = models.CharField(max_length=10)
    sequence = models.PositiveIntegerField()
    reason = models.CharField(max_length=250, blank=True)
    facts = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    cursor = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = CampaignQuerySet.as_manager()

    class Meta:
        db_table = "event_campaigns"
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["finished_at"], name="event_campaigns_idx_open")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["cancelled", "moved"]), name="event_campaigns_kind_known"
            ),
            models.UniqueConstraint(
                fields=["event", "sequence"], name="event_campaigns_one_a_change"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.kind}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def done(self) -> int:
        """How many orders are behind the cursor."""
        return self.event.orders.filter(pk__lte=self.cursor).count()
