"""What became of a ticket, in order: made, let in, taken back, expired."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from accounts.models import User
from tickets.models import Ticket, TicketScan, TicketStatusChange
from tickets.querysets import TicketQuerySet
from tickets.states import ScanType, TicketStatus


@dataclass(frozen=True)
class StatusLine:
    """Who moved the ticket from where to where, when and why. `by` None: by itself, or a link."""

    from_status: str
    to_status: str
    at: datetime
    by: User | None
    reason: str = ""

    @property
    def by_id(self) -> int | None:
        return self.by.pk if self.by else None


def with_history(tickets: TicketQuerySet) -> TicketQuerySet:
    """With what `history_of` reads, in two queries for all of them."""
    changes = TicketStatusChange.objects.select_related("by")
    check_ins = TicketScan.objects.filter(accepted=True, scan_type=ScanType.CHECK_IN)
    scans = check_ins.select_related("scanner_user", "undone_by")
    return tickets.prefetch_related(Prefetch("history", changes), Prefetch("scans", scans))


def history_of(ticket: Ticket) -> list[StatusLine]:
    """Oldest first; `from_status` is '' where it was made.

    Without a query when the ticket was read `with_history`.
    """
    lines = [StatusLine("", TicketStatus.ACTIVE, ticket.created_at, ticket.user)]
    lines += [
        StatusLine(change.from_status, change.to_status, change.at, change.by, change.reason)
        for change in ticket.history.all()
    ]
    lines += _at_the_door(ticket)
    return sorted(lines, key=lambda line: line.at)


def _at_the_door(ticket: Ticket) -> list[StatusLine]:
    """A check-in that used the ticket up, and the undoing of it, as the scans tell them."""
    if ticket.event.is_multi_entry:
        return []
    active, used = TicketStatus.ACTIVE, TicketStatus.USED
    lines = []
    for scan in ticket.scans.all():
        if not (scan.accepted and scan.scan_type == ScanType.CHECK_IN):
            continue
        if scan.status_before != active:
            continue
        where = f"let in at {scan.scan_location}" if scan.scan_location else "let in"
        lines.append(StatusLine(active, used, scan.scanned_at, scan.scanner_user, where))
        if scan.undone_at is not None:
            lines.append(StatusLine(used, active, scan.undone_at, scan.undone_by, "scan undone"))
    return lines
