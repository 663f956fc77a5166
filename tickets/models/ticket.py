"""A paid place with its code."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

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
            # Before the next one, and made before it: MariaDB checks a foreign key by the first
            # index that fits. By one with the status in it, each change of a status would lock
            # the holder's row after the ticket's, against the order of locks.
            models.Index(fields=["user"], name="tickets_idx_holder"),
            models.Index(fields=["user", "status"], name="idx_user_tickets"),
            models.Index(fields=["event", "status"], name="idx_event_tickets"),
            models.Index(fields=["ticket_code"], name="idx_ticket_code"),
            models.Index(fields=["valid_from", "valid_until", "status"], name="idx_validity"),
            # Not the status first: MariaDB would go by it for the door's guarded UPDATE (`claim`).
            models.Index(fields=["valid_until", "status"], name="tickets_idx_expiry"),
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

    def move_to(
        self, status: TicketStatus, *, at: datetime, by: Any = None, reason: str = ""
    ) -> "TicketStatusChange":
        """Assign a status. Raises InvalidTransition.

        Returns the line of history, for the caller to write together with those of other tickets.
        """
        require_move(TICKET_MOVES, self.status, status, thing="ticket")
        former, self.status = self.status, status
        if status in {TicketStatus.CANCELLED, TicketStatus.REFUNDED}:
            self.cancelled_at = self.cancelled_at or at
        self.save()
        return TicketStatusChange(
            ticket=self, from_status=former, to_status=status, at=at, by=by, reason=reason[:250]
        )

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
    def attendee_name(self) -> str:
        """'' when nobody told: a door must not be shown an address in its place."""
        return " ".join(self.user.name.split())

    @property
    def code_in_groups(self) -> str:
        return in_groups(self.ticket_code)

    def refund_due(self, at: datetime) -> Decimal:
        """The exact amount that a cancel at that moment gives back."""
        return self.order.refund_for(self.order.refund_percent_at(at))


class TicketStatusChange(models.Model):
    """A line of a ticket's history; never edited. `by` None is the system itself.

    That it was made stands on the ticket, and what the door did in its scans: `tickets.history`
    tells all of it in order.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="history")
    from_status = models.CharField(max_length=10)
    to_status = models.CharField(max_length=10)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=250, blank=True)

    class Meta:
        db_table = "ticket_status_changes"
        default_permissions = ("view",)
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
