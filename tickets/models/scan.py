"""Every attempt at a door, and the links by which a borrowed phone may scan there."""

from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models.event import Event
from tickets.models.ticket import Ticket
from tickets.querysets import ScanQuerySet
from tickets.states import ScanType, TicketStatus


class ScannerLink(models.Model):
    """Lets whoever opens it scan at one gate of one event until a time, and nothing else.

    Its token is shown once, when the link is made; only the hash is kept.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="scanner_links")
    gate = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Of the page that it was asked for on: that page sent again makes no other.
    form_key = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    expires_at = models.DateTimeField("works until")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="scanner_links"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # To the minute: written on the way in, at most once a minute.
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "scanner_links"
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [
            ("manage_scannerlink", "Can make and revoke scanner links"),
        ]

    def __str__(self) -> str:
        return self.gate

    @staticmethod
    def hash_of(token: str) -> str:
        return sha256(token.encode()).hexdigest()

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def has_expired(self, at: datetime) -> bool:
        return self.expires_at <= at

    def is_usable(self, at: datetime) -> bool:
        return not self.is_revoked and not self.has_expired(at)


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
    # At whose door: where the scanner didn't say, that of the ticket.
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
    scanner_link = models.ForeignKey(
        ScannerLink, on_delete=models.PROTECT, null=True, blank=True, related_name="scans"
    )
    metadata = models.JSONField(default=dict, blank=True)
    scan_id = models.UUIDField(null=True, blank=True, unique=True)
    # What the scanner itself asked with: a repeat of its scan id must say the same.
    code_hash = models.CharField(max_length=64)
    asked_event = models.PositiveIntegerField(null=True, blank=True)
    accepted = models.BooleanField(default=False)
    code = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=100, blank=True)

    # What an accepted scan found: what undoing it puts back.
    status_before = models.CharField(max_length=10, choices=TicketStatus.choices, blank=True)
    inside_before = models.BooleanField(null=True, blank=True)
    check_in_before = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_by_link = models.ForeignKey(
        ScannerLink, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects: ClassVar = ScanQuerySet.as_manager()

    class Meta:
        db_table = "ticket_scans"
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["ticket", "scanned_at"], name="idx_ticket_scans"),
            models.Index(fields=["event", "scanned_at"], name="ticket_scans_idx_event"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(scan_type__in=ScanType.values), name="ticket_scans_type_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scan_type} {self.scanned_at:%H:%M}"

    @staticmethod
    def hash_of(code: str) -> str:
        """Of a code as `codes.normalize` gives it."""
        return sha256(code.encode()).hexdigest()

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None

    @property
    def counts(self) -> bool:
        """Accepted and still standing."""
        return self.accepted and not self.is_undone

    @property
    def scanned_by(self) -> str:
        """Who held the scanner, in words: a person's name, or the gate of a link."""
        if self.scanner_user is not None:
            return self.scanner_user.get_full_name()
        return f"link for {self.scanner_link.gate}" if self.scanner_link is not None else ""
