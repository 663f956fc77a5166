"""What takes place, and on which terms one may come."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from common import clock
from common.states import require_move
from payments.refund_terms import Tier as RefundTier
from payments.refund_terms import check_policy
from tickets.querysets import EventQuerySet, TierQuerySet
from tickets.states import EVENT_MOVES, EntryMode, EventStatus, EventType, TicketType

MOST_PLACES = 1_000_000
MOST_PER_ORDER = 10
LONG_EVENT = timedelta(days=1)


def site_zone() -> str:
    name: str = settings.TIME_ZONE
    return name


def validate_policy(policy: Any) -> None:
    if (fault := check_policy(policy)) is not None:
        raise ValidationError(fault)


class Event(models.Model):
    """Something that many people come to."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    event_type = models.CharField("type", max_length=12, choices=EventType.choices)
    start_date = models.DateTimeField("start")
    end_date = models.DateTimeField("end")
    location = models.CharField(max_length=255, blank=True)
    is_online = models.BooleanField("online", default=False)
    max_participants = models.PositiveIntegerField(
        "places",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PLACES)],
        help_text="Empty: as many as want to come.",
    )
    current_participants = models.PositiveIntegerField("sold", default=0, editable=False)
    held = models.PositiveIntegerField("held unpaid", default=0, editable=False)
    ticket_price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Empty or 0: free. Not used when there are tiers.",
    )
    status = models.CharField(max_length=10, choices=EventStatus.choices, default=EventStatus.DRAFT)
    image_url = models.CharField(
        "poster",
        max_length=500,
        blank=True,
        validators=[
            RegexValidator(
                r"\A(https?://|/)\S*\Z", "A poster's address begins with https:// or with /."
            )
        ],
    )
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    timezone = models.CharField(
        "time zone", max_length=64, default=site_zone, validators=[clock.validate_zone]
    )
    entry_mode = models.CharField(max_length=6, choices=EntryMode.choices, default=EntryMode.SINGLE)
    doors_open_minutes = models.PositiveIntegerField(
        "doors open",
        default=60,
        validators=[MaxValueValidator(10_080)],
        help_text="Minutes before the start from which tickets are valid.",
    )
    refund_policy = models.JSONField(
        null=True,
        blank=True,
        validators=[validate_policy],
        help_text='Empty for the site\'s own, else like [{"hoursBefore": 168, "percent": 100}].',
    )
    online_url = models.CharField(
        "online address",
        max_length=500,
        blank=True,
        validators=[RegexValidator(r"\Ahttps?://\S+\Z", "An address begins with https://.")],
        help_text="Only ticket holders see it.",
    )
    staff_email = models.EmailField("staff address", blank=True)
    notify_staff = models.BooleanField("tell the staff address", default=True)
    # Holders may cancel for 100 % until then: the event was moved by us.
    free_cancel_until = models.DateTimeField(null=True, blank=True, editable=False)
    moved_at = models.DateTimeField(null=True, blank=True, editable=False)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar = EventQuerySet.as_manager()

    class Meta:
        db_table = "events"
        ordering = ["start_date", "pk"]
        indexes = [
            models.Index(fields=["start_date", "end_date", "status"], name="idx_dates"),
            models.Index(fields=["status", "start_date"], name="events_idx_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(event_type__in=EventType.values), name="events_type_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=EventStatus.values), name="events_status_known"
            ),
            models.CheckConstraint(
                condition=Q(entry_mode__in=EntryMode.values), name="events_entry_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(end_date__gt=F("start_date")), name="events_end_after_start"
            ),
            models.CheckConstraint(
                condition=Q(max_participants__isnull=True)
                | Q(max_participants__gte=F("held") + F("current_participants")),
                name="events_not_oversold",
            ),
            models.CheckConstraint(
                condition=Q(ticket_price__isnull=True) | Q(ticket_price__gte=0),
                name="events_price_positive",
            ),
        ]
        permissions = [
            ("publish_event", "Can publish, move and cancel events"),
            ("door_event", "Can see an event's door"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("tickets:event", args=[self.pk])

    def move_to(
        self, status: EventStatus, *, at: datetime, by: Any = None, reason: str = ""
    ) -> None:
        """Assign a status and write it into the history. Raises InvalidTransition."""
        require_move(EVENT_MOVES, self.status, status, thing="event")
        former, self.status = self.status, status
        self.save(update_fields=["status", "updated_at"])
        EventChange.objects.create(
            event=self, what=f"{former} → {status}", at=at, by=by, reason=reason[:250]
        )

    @property
    def is_draft(self) -> bool:
        return self.status == EventStatus.DRAFT

    @property
    def is_published(self) -> bool:
        return self.status == EventStatus.PUBLISHED

    @property
    def is_cancelled(self) -> bool:
        return self.status == EventStatus.CANCELLED

    @property
    def is_multi_entry(self) -> bool:
        return self.entry_mode == EntryMode.MULTI

    def status_at(self, at: datetime) -> str:
        """As it reads now: past its end it is over, whether or not the beat has said so."""
        if self.is_published and self.end_date <= at:
            return EventStatus.COMPLETED
        return self.status

    def is_over(self, at: datetime) -> bool:
        return self.end_date <= at or self.status == EventStatus.COMPLETED

    def is_on_sale(self, at: datetime) -> bool:
        """Published and not ended; whether anything is left is another question."""
        return self.is_published and self.end_date > at

    @property
    def places_left(self) -> int | None:
        """None when there is no maximum."""
        if self.max_participants is None:
            return None
        return max(self.max_participants - self.current_participants - self.held, 0)

    @property
    def valid_from(self) -> datetime:
        return self.start_date - timedelta(minutes=self.doors_open_minutes)

    @property
    def valid_until(self) -> datetime:
        return self.end_date

    @property
    def price(self) -> Decimal:
        return self.ticket_price or Decimal(0)

    @property
    def policy(self) -> list[RefundTier]:
        """The refund tiers that an order made now would be given."""
        if self.refund_policy is not None:
            own: list[RefundTier] = self.refund_policy
            return own
        sites: list[RefundTier] = settings.TICKET_REFUND_POLICY
        return sites


class Tier(models.Model):
    """One kind of ticket of one event."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="tiers")
    ticket_type = models.CharField("type", max_length=10, choices=TicketType.choices)
    name = models.CharField(max_length=100, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    quota = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    sales_start = models.DateTimeField("sold from", null=True, blank=True)
    sales_end = models.DateTimeField("sold until", null=True, blank=True)
    min_per_order = models.PositiveIntegerField("at least", default=1)
    max_per_order = models.PositiveIntegerField("at most", default=MOST_PER_ORDER)
    is_active = models.BooleanField("offered", default=True)
    held = models.PositiveIntegerField(default=0, editable=False)
    sold = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar = TierQuerySet.as_manager()

    class Meta:
        db_table = "event_tiers"
        ordering = ["price", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["event", "ticket_type"], name="event_tiers_one_a_type"),
            models.CheckConstraint(
                condition=Q(ticket_type__in=TicketType.values), name="event_tiers_type_known"
            ),
            models.CheckConstraint(
                condition=Q(quota__isnull=True) | Q(quota__gte=F("held") + F("sold")),
                name="event_tiers_not_oversold",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="event_tiers_price_positive"),
            models.CheckConstraint(
                condition=Q(min_per_order__gte=1, max_per_order__gte=F("min_per_order")),
                name="event_tiers_limits",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.name or self.get_ticket_type_display()

    @property
    def places_left(self) -> int | None:
        """Of the tier and of the event, whichever is less; None when neither is limited."""
        own = None if self.quota is None else max(self.quota - self.held - self.sold, 0)
        limits = [limit for limit in (own, self.event.places_left) if limit is not None]
        return min(limits) if limits else None

    def is_on_sale(self, at: datetime) -> bool:
        """Offered, inside its window, and enough left for the smallest order."""
        return (
            self.is_active
            and self.event.is_on_sale(at)
            and (self.sales_start is None or self.sales_start <= at)
            and (self.sales_end is None or self.sales_end > at)
            and (self.places_left is None or self.places_left >= self.min_per_order)
        )


class EventChange(models.Model):
    """A line of an event's history: published, moved, cancelled, completed."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="history")
    what = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=250, blank=True)

    class Meta:
        db_table = "event_changes"
        ordering = ["pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.what
