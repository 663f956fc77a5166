"""A purchase: it holds places while it is unpaid, and has tickets only when it is paid."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from common.money import percent_of
from common.states import require_move
from payments.models import ZERO, Payment
from payments.refund_terms import RefundStep, refund_percent, refund_steps
from tickets.models.event import Event, Tier
from tickets.querysets import OrderQuerySet
from tickets.states import ORDER_MOVES, OrderStatus, TicketType

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket


class TicketOrder(models.Model):
    """So many tickets of one kind for one event."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ticket_orders"
    )
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="orders")
    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="orders"
    )
    ticket_type = models.CharField(max_length=10, choices=TicketType.choices)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=10, choices=OrderStatus.choices, default=OrderStatus.PENDING
    )
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="ticket_orders"
    )
    refund_policy = models.JSONField(default=list)
    # What the tier asked for when it was sold: a group may not shrink below it.
    min_per_order = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=250, blank=True)

    objects: ClassVar = OrderQuerySet.as_manager()

    class Meta:
        db_table = "ticket_orders"
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["user", "status"], name="ticket_orders_idx_user"),
            models.Index(fields=["event", "status"], name="ticket_orders_idx_event"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OrderStatus.values), name="ticket_orders_status_known"
            ),
            models.CheckConstraint(
                condition=Q(ticket_type__in=TicketType.values), name="ticket_orders_type_known"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="ticket_orders_quantity"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="ticket_orders_amount"),
        ]
        permissions = [
            ("desk_ticketorder", "Can cancel tickets and orders for customers"),
        ]

    def __str__(self) -> str:
        return f"Order {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("tickets:order", args=[self.pk])

    def move_to(self, status: OrderStatus, *, at: datetime, reason: str = "") -> None:
        """Assign a status. Raises InvalidTransition."""
        require_move(ORDER_MOVES, self.status, status, thing="order")
        self.status = status
        self.closed_at = None if status == OrderStatus.PAID else at
        self.close_reason = reason[:250]
        self.save()

    def remember_tickets(self, tickets: "Sequence[Ticket]") -> None:
        """Know its tickets, which have just been written, without reading them back."""
        known = self.tickets.all()
        known._result_cache = list(tickets)
        self._prefetched_objects_cache = {"tickets": known}

    @property
    def is_pending(self) -> bool:
        return self.status == OrderStatus.PENDING

    @property
    def is_paid(self) -> bool:
        return self.status == OrderStatus.PAID

    @property
    def is_processing(self) -> bool:
        return self.is_pending and self.payment is not None and self.payment.is_processing

    def is_payable(self, at: datetime) -> bool:
        return (
            self.is_pending
            and self.payment is not None
            and self.payment.is_open
            and not self.payment.has_lapsed(at)
        )

    @property
    def expires_at(self) -> datetime | None:
        return self.payment.expires_at if self.is_pending and self.payment else None

    # --- money ---------------------------------------------------------------------------

    def refund_percent_at(self, at: datetime) -> int:
        """What a cancel at that moment earns; 0 when nothing was paid."""
        if self.payment is None or self.payment.captured == ZERO:
            return 0
        # Who gives back what we are about to wind up gets no less than who waits for it.
        if self.event.is_cancelled:
            return 100
        free_until = self.free_cancel_until
        if free_until is not None and at <= free_until:
            return 100
        return refund_percent(self.refund_policy, starts_at=self.event.start_date, at=at)

    @property
    def free_cancel_until(self) -> datetime | None:
        """Until when all comes back because we moved the event; not for who bought after that."""
        moved_at = self.event.moved_at
        knew = moved_at is None or self.created_at > moved_at
        return None if knew else self.event.free_cancel_until

    def refund_for(self, percent: int, *, tickets: int = 1) -> Decimal:
        """What so many tickets give back at that percentage."""
        if self.payment is None:
            return ZERO
        return min(self.refund_for_one(percent) * tickets, max(self.payment.refundable, ZERO))

    def refund_for_one(self, percent: int) -> Decimal:
        """One ticket's share, whatever has been captured."""
        return percent_of(self.unit_price, percent, self.currency)

    @property
    def refund_schedule(self) -> list[RefundStep]:
        """For one ticket."""
        return refund_steps(
            self.refund_policy,
            starts_at=self.event.start_date,
            price=self.unit_price,
            currency=self.currency,
            free_until=self.free_cancel_until,
        )

    def may_shrink_to(self, tickets: int) -> bool:
        """False when a group would become smaller than it was sold; none at all is no group."""
        return tickets == 0 or tickets >= self.min_per_order

    @property
    def label(self) -> str:
        return self.tier.label if self.tier else self.get_ticket_type_display()
