"""Scan a ticket at the door, and take a scan back."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError

from accounts.models import User
from common.errors import InvalidTransition, NotFound
from common.people import lock_people
from common.service import service
from tickets.codes import normalize
from tickets.errors import ScanIdReused
from tickets.models import Event, ScannerLink, Ticket, TicketScan
from tickets.queries import facts_of, find_by_code, known_at_the_door
from tickets.rules import UNKNOWN, Verdict, after_scan, judge_scan
from tickets.states import ScanType, TicketStatus

UNDO_WITHIN: Final = timedelta(minutes=15)
# A scan goes with the ticket as it left it: what was given back since stays given back.
UNDOABLE: Final = frozenset({TicketStatus.ACTIVE, TicketStatus.USED, TicketStatus.EXPIRED})


def scan_ticket(
    *,
    code: str,
    scan_type: ScanType,
    at: datetime,
    location: str = "",
    event_id: int | None = None,
    scan_id: UUID | None = None,
    by: User | None = None,
    link: ScannerLink | None = None,
) -> TicketScan:
    """Let somebody in or out, or count a passage; the stored attempt with its verdict.

    A refusal isn't an error: it is stored and returned like an acceptance (`accepted`, `code`,
    `reason`). A link's own event and gate hold, whatever was asked. A repeated `scan_id` gets
    the stored attempt back before any rule is looked at. Raises ScanIdReused when it was used for
    something else.
    """
    if link is not None:
        event_id, location = link.event_id, link.gate
    asked: dict[str, Any] = {
        "code_hash": TicketScan.hash_of(normalize(code)),
        "scan_type": scan_type,
        "asked_event": event_id,
    }
    try:
        return _scan(code, asked, location=location, scan_id=scan_id, by=by, link=link, at=at)
    except IntegrityError:
        # The scan id is taken: whatever was decided here is undone, and the first verdict counts.
        # Nobody looks for it beforehand: hardly any scan is a repeat, and the index knows.
        if (stored := _stored(scan_id, asked)) is None:
            raise
        return stored


@service
def _scan(
    code: str,
    asked: dict[str, Any],
    *,
    location: str,
    scan_id: UUID | None,
    by: User | None,
    link: ScannerLink | None,
    at: datetime,
) -> TicketScan:
    if by is not None:
        # People before tickets, as in every service: the row below points at this one.
        lock_people(by.pk)
    ticket = find_by_code(code)
    scan = TicketScan(
        **asked,
        ticket=ticket,
        scanned_at=at,
        scan_location=location,
        scan_id=scan_id,
        scanner_user=by,
        scanner_link=link,
    )
    verdict = UNKNOWN if ticket is None else _decide(scan, ticket, at)
    scan.accepted, scan.code, scan.reason = verdict.valid, verdict.code, verdict.reason
    scan.event_id = _door_of(scan, link)
    scan.save(force_insert=True)
    return scan


def _decide(scan: TicketScan, ticket: Ticket, at: datetime) -> Verdict:
    """Judge the ticket, and change it if it is let through: one guarded UPDATE by primary key.

    Who loses that to another scanner, or to a cancel, judges what it has become, now locked.
    """
    verdict = _judge_and_claim(scan, ticket, at)
    if verdict is None:
        Ticket.objects.locked(ticket.pk)
        scan.ticket = known_at_the_door(Ticket.objects.at_the_door().get(pk=ticket.pk))
        verdict = _judge_and_claim(scan, scan.ticket, at)
        assert verdict is not None
    return verdict


def _judge_and_claim(scan: TicketScan, ticket: Ticket, at: datetime) -> Verdict | None:
    """None when the ticket isn't any more as it was judged."""
    facts = facts_of(ticket)
    verdict = judge_scan(facts, scan.scan_type, at=at, event_id=scan.asked_event)
    if not verdict.valid:
        return verdict
    status, is_inside = after_scan(facts, scan.scan_type)
    changes: dict[str, Any] = {}
    if (status, is_inside) != (facts.status, facts.is_inside):
        changes = {"status": status, "is_inside": is_inside, "updated_at": at}
    if scan.scan_type == ScanType.CHECK_IN:
        changes["check_in_time"] = at
    if not Ticket.objects.claim(ticket, **changes):
        return None
    scan.status_before, scan.inside_before = ticket.status, ticket.is_inside
    scan.check_in_before = ticket.check_in_time
    for name, value in changes.items():
        setattr(ticket, name, value)
    return verdict


def _door_of(scan: TicketScan, link: ScannerLink | None) -> int | None:
    """The event at whose door this was: the one asked for if there is one, else the ticket's."""
    own = scan.ticket.event_id if scan.ticket is not None else None
    asked = scan.asked_event
    if asked is None or asked == own or link is not None:
        return asked or own
    return asked if Event.objects.filter(pk=asked).exists() else None


def _stored(scan_id: UUID | None, asked: dict[str, Any]) -> TicketScan | None:
    """The attempt of that id. Raises ScanIdReused when it asked for something else."""
    if scan_id is None:
        return None
    stored = TicketScan.objects.with_everything().filter(scan_id=scan_id).first()
    if stored is None:
        return None
    if any(getattr(stored, name) != asked[name] for name in asked):
        raise ScanIdReused
    return stored


@service
def undo_scan(
    *, scan_id: int, at: datetime, by: User | None = None, link: ScannerLink | None = None
) -> TicketScan:
    """Take back the last accepted scan of a ticket: the ticket is again as the scan found it.

    `scan_id` is the row's number. Staff may undo any scan, a link its own. Raises NotFound,
    InvalidTransition (refused or undone already, not the last, older than 15 minutes, given back
    since).
    """
    own = TicketScan.objects.all() if link is None else TicketScan.objects.filter(scanner_link=link)
    known = own.filter(pk=scan_id).values("ticket_id").first()
    if known is None:
        raise NotFound("There is no such scan.")
    if known["ticket_id"] is None:
        raise InvalidTransition("This code was unknown; there is nothing to undo.")

    if by is not None:
        lock_people(by.pk)
    ticket = Ticket.objects.locked(known["ticket_id"])
    scan: TicketScan = TicketScan.objects.with_everything().get(pk=scan_id)
    _require_undoable(scan, ticket, at)

    if scan.scan_type != ScanType.ACCESS:
        if ticket.status == TicketStatus.USED and scan.status_before == TicketStatus.ACTIVE:
            ticket.status = TicketStatus.ACTIVE
        ticket.is_inside = bool(scan.inside_before)
        ticket.check_in_time = scan.check_in_before
        ticket.save(update_fields=["status", "is_inside", "check_in_time", "updated_at"])
    scan.undone_at, scan.undone_by, scan.undone_by_link = at, by, link
    scan.save(update_fields=["undone_at", "undone_by", "undone_by_link"])
    scan.ticket = known_at_the_door(Ticket.objects.at_the_door().get(pk=ticket.pk))
    return scan


def _require_undoable(scan: TicketScan, ticket: Ticket, at: datetime) -> None:
    if not scan.accepted:
        raise InvalidTransition("This scan was refused; there is nothing to undo.")
    if scan.is_undone:
        raise InvalidTransition("This scan was undone already.")
    if at - scan.scanned_at > UNDO_WITHIN:
        raise InvalidTransition("A scan can be undone for 15 minutes.")
    last = ticket.scans.standing().order_by("-pk").values_list("pk", flat=True).first()
    if last != scan.pk:
        raise InvalidTransition("This ticket was scanned again since; only the last can be undone.")
    if ticket.status not in UNDOABLE:
        raise InvalidTransition(f"This ticket is {ticket.label_at(at).lower()}.")
