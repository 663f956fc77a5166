"""What is booked, and on which terms."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from bookings import pictures
from bookings.querysets import RoomQuerySet
from bookings.states import RoomType
from common import clock
from notifications.policies import check_reminders
from payments.refund_terms import Tier, check_policy


def site_zone() -> str:
    name: str = settings.TIME_ZONE
    return name


# What lies beyond these is a slip of the keyboard; and instants can't be reckoned without end.
ONE_YEAR_IN_MINUTES = 525_600
TEN_YEARS_IN_DAYS = 3_650
MOST_PLACES = 10_000
MOST_SEATS = 100_000


def validate_policy(policy: Any) -> None:
    if (fault := check_policy(policy)) is not None:
        raise ValidationError(fault)


def validate_reminders(hours: Any) -> None:
    if (fault := check_reminders(hours)) is not None:
        raise ValidationError(fault)


class Room(models.Model):
    """What is booked: a chair at the dentist's, a coach's hour, a meeting room."""

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    capacity = models.PositiveIntegerField(
        "seats", default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_SEATS)]
    )
    room_type = models.CharField("type", max_length=12, choices=RoomType.choices)
    hourly_rate = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    is_active = models.BooleanField("can be booked", default=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    timezone = models.CharField(
        "time zone",
        max_length=64,
        default=site_zone,
        validators=[clock.validate_zone],
        help_text="As in Europe/Berlin: opening hours and days are meant there.",
    )
    min_notice_minutes = models.PositiveIntegerField(
        "shortest notice",
        default=60,
        validators=[MaxValueValidator(ONE_YEAR_IN_MINUTES)],
        help_text="Minutes before the start; later is too late.",
    )
    max_advance_days = models.PositiveIntegerField(
        "how far ahead",
        default=90,
        validators=[MaxValueValidator(TEN_YEARS_IN_DAYS)],
        help_text="Days from now; further is not yet bookable.",
    )
    allow_repeat_booking = models.BooleanField(
        "one person may book several places of one slot", default=False
    )
    refund_policy = models.JSONField(
        null=True,
        blank=True,
        validators=[validate_policy],
        help_text='Empty for the site\'s own, else like [{"hoursBefore": 24, "percent": 100}].',
    )
    reminder_hours = models.JSONField(
        "reminders",
        null=True,
        blank=True,
        validators=[validate_reminders],
        help_text="Hours before the start, like [24, 2]; empty for the site's own, [] for none.",
    )
    staff_email = models.EmailField("staff address", blank=True)
    notify_staff = models.BooleanField(
        "tell the staff address", default=True, help_text="When somebody books, moves or cancels."
    )
    image_url = models.CharField(
        "picture",
        max_length=500,
        blank=True,
        validators=[
            RegexValidator(
                r"\A(https?://|/)\S*\Z", "A picture's address begins with https:// or with /."
            )
        ],
    )

    objects: ClassVar = RoomQuerySet.as_manager()

    class Meta:
        db_table = "rooms"
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(room_type__in=RoomType.values), name="rooms_type_known"
            ),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="rooms_capacity_positive"),
            models.CheckConstraint(
                condition=Q(hourly_rate__isnull=True) | Q(hourly_rate__gte=0),
                name="rooms_rate_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hours_of_reminders(self) -> list[float]:
        """How long before the start people are reminded."""
        if self.reminder_hours is not None:
            own: list[float] = self.reminder_hours
            return own
        sites: list[float] = settings.REMINDER_HOURS
        return sites

    @property
    def policy(self) -> list[Tier]:
        """The refund tiers that a booking made now would be given."""
        if self.refund_policy is not None:
            own: list[Tier] = self.refund_policy
            return own
        sites: list[Tier] = settings.REFUND_POLICY
        return sites

    @property
    def small_image_url(self) -> str:
        """Half as wide, where the picture is one of ours."""
        return pictures.small(self.image_url)

    @property
    def place(self) -> str:
        return clock.place_of(self.timezone)
