"""A paid place with its code, and every attempt at the door."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from common.states import require_move
from payments.models import Payment
from tickets.codes import in_groups, new_code
from tickets.models.event import Event
from tickets.models.order import TicketOrder
from tickets.querysets import TicketQuerySet
from tickets.states import SHOWS_QR, TICKET_MOVES, TicketStatus, TicketType


class ScanType(models.TextChoices):
    CHECK_IN = "check_in", "in"
    CHECK_OUT = "check_out", "out"
    ACCESS = "access", "passage"


class Ticket(models.Model):
    """Lets one person in."""

    ticket_code = models.CharField(max_length=50, unique=True, default=new_code, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tickets", db_index=False
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="tickets", db_index=False
    )
    order = models.ForeignKey(TicketOrder, on_delete=models.PROTECT, related_name="tickets")
    ticket_type = models.CharField(
        max_length=10, choices=TicketType.choices, default=TicketType.STANDARD
    )
    status = models.CharField(
        max_length=10, choices=TicketStatus.choices, default=TicketStatus.ACTIVE
    )
    price_paid = models.DecimalField(max_digits=10, decimal_places=2)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="tickets"
    )
    check_in_time = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    is_inside = models.BooleanField(default=False, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    refund_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    refund_amount = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)

    objects: ClassVar = TicketQuerySet.as_manager()

    class Meta:
        db_table = "tickets"
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["user", "status"], name="idx_user_tickets"),
            models.Index(fields=["event", "status"], name="idx_event_tickets"),
            models.Index(fields=["ticket_code"], name="idx_ticket_code"),
            models.Index(fields=["valid_from", "valid_until", "status"], name="idx_validity"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=TicketStatus.values), name="tickets_status_known"
            ),
            models.CheckConstraint(
                condition=Q(ticket_type__in=TicketType.values), name="tickets_type_known"
            ),
            models.CheckConstraint(condition=Q(price_paid__gte=0), name="tickets_price_positive"),
        ]
        permissions = [
            ("scan_ticket", "Can scan and validate tickets"),
        ]

    def __str__(self) -> str:
        return f"Ticket {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("tickets:detail", args=[self.pk])

    def move_to(self, status: TicketStatus, *, at: datetime) -> None:
        """Assign a status. Raises InvalidTransition."""
        require_move(TICKET_MOVES, self.status, status, thing="ticket")
        self.status = status
        if status in {TicketStatus.CANCELLED, TicketStatus.REFUNDED}:
            self.cancelled_at = self.cancelled_at or at
        self.save()

    def status_at(self, at: datetime) -> str:
        """As it reads now: past its time it is expired, whether or not the beat has said so."""
        if self.status == TicketStatus.ACTIVE and at > self.valid_until:
            return TicketStatus.EXPIRED
        return self.status

    def label_at(self, at: datetime) -> str:
        return str(TicketStatus(self.status_at(at)).label)

    def shows_qr(self, at: datetime) -> bool:
        """A dead ticket shows none."""
        return self.status_at(at) in SHOWS_QR

    def is_cancellable(self, at: datetime) -> bool:
        """By its holder: not after check-in, not after the start."""
        return (
            self.status == TicketStatus.ACTIVE
            and self.check_in_time is None
            and self.event.start_date > at
        )

    @property
    def is_used(self) -> bool:
        return self.status == TicketStatus.USED

    @property
    def code_in_groups(self) -> str:
        return in_groups(self.ticket_code)

    def refund_due(self, at: datetime) -> Decimal:
        """The exact amount that a cancel at that moment gives back."""
        return self.order.refund_for(self.order.refund_percent_at(at))


class TicketScan(models.Model):
    """One attempt at a door with its verdict; unknown codes too, by their hash alone."""

    ticket = models.ForeignKey(
        Ticket,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="scans",
        db_index=False,
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, null=True, blank=True, related_name="scans"
    )
    scanned_at = models.DateTimeField(default=timezone.now)
    scan_location = models.CharField(max_length=100, blank=True)
    scan_type = models.CharField(max_length=10, choices=ScanType.choices, default=ScanType.ACCESS)
    scanner_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="scans",
    )
    metadata = models.JSONField(default=dict, blank=True)
    scan_id = models.UUIDField(null=True, blank=True, unique=True)
    code_hash = models.CharField(max_length=64)
    accepted = models.BooleanField(default=False)
    code = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "ticket_scans"
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["ticket", "scanned_at"], name="idx_ticket_scans"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(scan_type__in=ScanType.values), name="ticket_scans_type_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scan_type} {self.scanned_at:%H:%M}"
