"""What a provider told us, signed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from payments.states import EventState


class WebhookEvent(models.Model):
    """Something that a provider told us, signed; stored before it is applied."""

    provider = models.CharField(max_length=12)
    event_id = models.CharField("provider's number", max_length=255, unique=True)
    kind = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    # The provider's number of the money that it is about, '' when it names none.
    about = models.CharField(max_length=255, blank=True, db_index=True)
    state = models.CharField(max_length=10, choices=EventState.choices, default=EventState.RECEIVED)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    # At the provider.
    created_at = models.DateTimeField("happened")
    received_at = models.DateTimeField("received", default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField("applied", null=True, blank=True)

    class Meta:
        db_table = "provider_events"
        verbose_name = "event of the provider"
        verbose_name_plural = "events of the provider"
        default_permissions = ("view",)
        permissions = [("replay_webhookevent", "Can apply an event of the provider again")]
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "next_try_at"], name="provider_events_idx_due"),
            models.Index(fields=["received_at"], name="provider_events_idx_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=EventState.values), name="provider_events_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.event_id})"
