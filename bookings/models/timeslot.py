"""A time in a room, with its places."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from bookings.models.room import MOST_PLACES, Room
from bookings.policies import effective_price
from bookings.querysets import TimeslotQuerySet
from common import clock


class Timeslot(models.Model):
    """A time in a room, with `max_bookings` places."""

    room = models.ForeignKey(
        Room, on_delete=models.CASCADE, related_name="timeslots", db_index=False
    )
    start_time = models.DateTimeField("start")
    end_time = models.DateTimeField("end")
    price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Empty: the room's hourly rate for its length.",
    )
    max_bookings = models.PositiveIntegerField(
        "places", default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_PLACES)]
    )
    taken = models.PositiveIntegerField("places taken", default=0, editable=False)
    is_blocked = models.BooleanField("closed by staff", default=False)
    blocked_reason = models.CharField("why closed", max_length=200, blank=True)
    # Written by the database itself, so it can't drift from the two facts behind it.
    is_available = models.GeneratedField(
        expression=Case(
            When(is_blocked=False, taken__lt=F("max_bookings"), then=Value(True)),
            default=Value(False),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar = TimeslotQuerySet.as_manager()

    class Meta:
        db_table = "timeslots"
        ordering = ["start_time", "pk"]
        indexes = [
            models.Index(fields=["room", "start_time", "end_time"], name="idx_room_time"),
            models.Index(fields=["is_available", "start_time"], name="idx_availability"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["room", "start_time"], name="timeslots_one_start"),
            models.CheckConstraint(
                condition=Q(end_time__gt=F("start_time")), name="timeslots_end_after_start"
            ),
            models.CheckConstraint(
                condition=Q(taken__gte=0, taken__lte=F("max_bookings")),
                name="timeslots_places_not_oversold",
            ),
            models.CheckConstraint(condition=Q(max_bookings__gte=1), name="timeslots_has_a_place"),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0), name="timeslots_price_positive"
            ),
        ]
        permissions = [("block_timeslot", "Can close and reopen timeslots")]

    def __str__(self) -> str:
        return clock.say_span(self.start_time, self.end_time, self.room.timezone)

    @property
    def length(self) -> timedelta:
        return self.end_time - self.start_time

    @property
    def minutes(self) -> int:
        return int(self.length.total_seconds() // 60)

    @property
    def places_left(self) -> int:
        return max(self.max_bookings - self.taken, 0)

    @property
    def effective_price(self) -> Decimal:
        """What a booking costs, in the site's currency; 0 when it is free."""
        return effective_price(
            slot_price=self.price,
            hourly_rate=self.room.hourly_rate,
            length=self.length,
            currency=settings.CURRENCY,
        )

    def is_bookable(self, at: datetime) -> bool:
        """Open, a place free, and bookable by time: what the API calls `isAvailable`."""
        return (
            self.room.is_active
            and not self.is_blocked
            and self.places_left > 0
            and self.start_time > at
            and self.start_time >= at + timedelta(minutes=self.room.min_notice_minutes)
            and self.start_time <= at + timedelta(days=self.room.max_advance_days)
        )
