"""Somebody's place, its states and its money."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from bookings.models.room import Room
from bookings.models.timeslot import Timeslot
from bookings.querysets import BookingQuerySet
from bookings.states import BOOKING_MOVES, BookingStatus, CancelCause, PaymentStatus
from common.states import require_move
from payments.models import ZERO, Payment
from payments.refund_terms import (
    RefundStep,
    best_tier_ends,
    refund_amount,
    refund_percent,
    refund_steps,
)
from payments.states import PaymentState

# How a move stands in the history, before the former time.
MOVED_FROM: Final = "moved from "


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
    free_cancel_until = models.DateTimeField(null=True, blank=True)
    staff_notes = models.TextField("notes of the staff", blank=True)
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
            ("view_reports", "Can see what the bookings brought in"),
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
        if self.free_cancel_until is not None and at <= self.free_cancel_until:
            return 100
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
    def reads_refunded(self) -> bool:
        """What `paymentStatus` says once it was paid.

        Of a cancelled one: any money is on its way back. Of one that stands, all of it; a part
        leaves it paid, and so does a move to a time that costs less or nothing.
        """
        if self.payment is None or self.payment.refunded == ZERO:
            return False
        return self.is_cancelled or (self.price > ZERO and self.payment.is_all_given_back)

    @property
    def refund_schedule(self) -> list[RefundStep]:
        """The frozen policy as dates and amounts."""
        return refund_steps(
            self.refund_policy,
            starts_at=self.timeslot.start_time,
            price=self.price,
            currency=self.currency,
            free_until=self.free_until(self.timeslot.start_time),
        )

    @property
    def whole_back_until(self) -> datetime | None:
        """Until when a cancel gives back all of it, by the policy or by a move by staff."""
        best = self.refund_schedule[0]
        return best.until if best.percent == 100 else None

    def free_until(self, starts_at: datetime) -> datetime | None:
        """Until when a move by staff allows to cancel for all of it, starting at `starts_at`."""
        if self.free_cancel_until is None:
            return None
        # The holder may have moved on to an earlier time since.
        return min(self.free_cancel_until, starts_at)

    def saved_by(self, price: Decimal) -> Decimal:
        """What a move to a time at that price gives back."""
        if self.payment is None or self.payment.captured == ZERO:
            return ZERO
        return max(min(self.price - price, self.payment.refundable), ZERO)

    @property
    def moves_until(self) -> datetime:
        """Until when its holder may move it: while a cancel would earn the most."""
        return best_tier_ends(self.refund_policy, starts_at=self.timeslot.start_time)

    def is_movable(self, at: datetime) -> bool:
        """By its holder."""
        return self.is_confirmed and at <= self.moves_until and self.timeslot.start_time > at


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

    @property
    def moved_from(self) -> str:
        """'Thu 9 July, 11:00' where this is a move to another time, else ''."""
        is_move = self.from_status == self.to_status
        if not is_move or not self.reason.startswith(MOVED_FROM):
            return ""
        # What staff said of it comes after the time and is theirs.
        return self.reason.removeprefix(MOVED_FROM).split(": ")[0]
