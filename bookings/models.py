"""Rooms, their timeslots, and who has booked them."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from bookings.policies import (
    RefundStep,
    Tier,
    check_policy,
    effective_price,
    refund_amount,
    refund_percent,
    refund_steps,
)
from bookings.querysets import BookingQuerySet, RoomQuerySet, TimeslotQuerySet
from bookings.states import (
    BOOKING_MOVES,
    BookingStatus,
    CancelCause,
    PaymentStatus,
    RoomType,
)
from common import clock
from common.states import require_move
from payments.models import ZERO, Payment
from payments.states import PaymentState


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
    def policy(self) -> list[Tier]:
        """The refund tiers that a booking made now would be given."""
        if self.refund_policy is not None:
            own: list[Tier] = self.refund_policy
            return own
        sites: list[Tier] = settings.REFUND_POLICY
        return sites

    @property
    def place(self) -> str:
        return clock.place_of(self.timezone)


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


class Booking(models.Model):
    """Somebody's place in a timeslot."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    timeslot = models.ForeignKey(
        Timeslot, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="bookings")
    status = models.CharField(
        max_length=10, choices=BookingStatus.choices, default=BookingStatus.PENDING
    )
    booking_type = models.CharField("type", max_length=50, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    payment_status = models.CharField(
        max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings"
    )
    notes = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    currency = models.CharField(max_length=3)
    refund_policy = models.JSONField(default=list)
    cancel_cause = models.CharField(max_length=10, choices=CancelCause.choices, blank=True)
    refund_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    # The calendar invite: one identity for life, a number that rises with every change.
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar = BookingQuerySet.as_manager()

    class Meta:
        db_table = "bookings"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["user", "status"], name="idx_user_bookings"),
            models.Index(fields=["timeslot"], name="idx_timeslot"),
            models.Index(fields=["status", "created_at"], name="bookings_idx_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=BookingStatus.values), name="bookings_status_known"
            ),
            models.CheckConstraint(
                condition=Q(payment_status__in=PaymentStatus.values),
                name="bookings_payment_status_known",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="bookings_price_positive"),
        ]
        # Bookings are made and moved by services alone: nobody may edit a row by hand.
        default_permissions = ("view",)
        permissions = [
            ("desk_booking", "Can book, confirm, cancel and complete for customers"),
            ("refund_at_discretion", "Can refund more or less than the policy says"),
        ]

    def __str__(self) -> str:
        return f"Booking {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("bookings:detail", args=[self.pk])

    # --- state ---------------------------------------------------------------------------

    def move_to(
        self,
        status: BookingStatus,
        *,
        at: datetime,
        by: Any = None,
        reason: str = "",
        cause: str = "",
    ) -> None:
        """Assign a status and write it into the history. Raises InvalidTransition."""
        require_move(BOOKING_MOVES, self.status, status, thing="booking")
        former, self.status = self.status, status
        self.cancelled_at = at if status == BookingStatus.CANCELLED else None
        self.cancel_cause = cause
        self.save()
        self.record(former, status, at=at, by=by, reason=reason)

    def record(self, former: str, status: str, *, at: datetime, by: Any, reason: str) -> None:
        """One line of history: who, when, from, to, why. `by` None is the system itself."""
        BookingStatusChange.objects.create(
            booking=self, from_status=former, to_status=status, at=at, by=by, reason=reason[:250]
        )

    @property
    def is_pending(self) -> bool:
        return self.status == BookingStatus.PENDING

    @property
    def is_confirmed(self) -> bool:
        return self.status == BookingStatus.CONFIRMED

    @property
    def is_cancelled(self) -> bool:
        return self.status == BookingStatus.CANCELLED

    @property
    def is_over(self) -> bool:
        return self.status in {BookingStatus.COMPLETED, BookingStatus.NO_SHOW}

    @property
    def lapsed_unpaid(self) -> bool:
        return self.is_cancelled and self.cancel_cause == CancelCause.LAPSED

    @property
    def is_processing(self) -> bool:
        """Paid by a method that the bank still has to settle."""
        return self.is_pending and self.payment is not None and self.payment.is_processing

    @property
    def is_payment_due(self) -> bool:
        """Confirmed by staff, to be paid at the desk."""
        return self.payment is not None and self.payment.status == PaymentState.DUE

    def is_payable(self, at: datetime) -> bool:
        """Held, and there is still time to pay."""
        return (
            self.is_pending
            and self.payment is not None
            and self.payment.is_open
            and not self.payment.has_lapsed(at)
        )

    def is_cancellable(self, at: datetime) -> bool:
        """By its holder: while it is held or confirmed, before it starts."""
        return self.is_pending or (self.is_confirmed and self.timeslot.start_time > at)

    @property
    def expires_at(self) -> datetime | None:
        return self.payment.expires_at if self.is_pending and self.payment else None

    # --- money ---------------------------------------------------------------------------

    def refund_percent_at(self, at: datetime) -> int:
        """What a cancel at that moment earns; 0 when nothing was paid."""
        if self.payment is None or self.payment.captured == ZERO:
            return 0
        return refund_percent(self.refund_policy, starts_at=self.timeslot.start_time, at=at)

    def refund_due(self, at: datetime) -> Decimal:
        """The exact amount that a cancel at that moment gives back."""
        return self.refund_for(self.refund_percent_at(at))

    def refund_for(self, percent: int) -> Decimal:
        if self.payment is None:
            return ZERO
        return refund_amount(
            price=self.price,
            percent=percent,
            refundable=self.payment.refundable,
            currency=self.currency,
        )

    @property
    def refunded(self) -> Decimal:
        """What went back or is on its way."""
        return self.payment.refunded if self.payment else ZERO

    @property
    def refund_schedule(self) -> list[RefundStep]:
        """The frozen policy as dates and amounts."""
        return refund_steps(
            self.refund_policy,
            starts_at=self.timeslot.start_time,
            price=self.price,
            currency=self.currency,
        )


class BookingStatusChange(models.Model):
    """A line of a booking's history; never edited."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="history")
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=250, blank=True)

    class Meta:
        db_table = "booking_status_changes"
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_status or 'made'} → {self.to_status}"
