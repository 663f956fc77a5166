"""What the door says, for pages without a script and for the door's figures.

static/js/scanner/verdict.js says the same.
"""

from datetime import datetime
from typing import Any, Final

from common import clock
from tickets.models import Event, Ticket, TicketScan
from tickets.states import ScanType

DONE: Final = {ScanType.CHECK_IN: "IN", ScanType.CHECK_OUT: "OUT", ScanType.ACCESS: "PASS"}
REASONS: Final = {
    "not_found": "Unknown code",
    "wrong_event": "Wrong event",
    "not_yet_valid": "Too early",
    "expired": "Ticket expired",
    "cancelled": "Ticket cancelled",
    "refunded": "Ticket refunded",
    "event_cancelled": "Event is cancelled",
    "not_inside": "Not checked in",
    "already_used": "Already in",
    "already_inside": "Already in",
}
AGAIN: Final = frozenset({"already_used", "already_inside"})


def said_reason(code: str, reason: str = "") -> str:
    """A refusal in three words."""
    return REASONS.get(code) or reason or "Not accepted"


def tone_of(scan: TicketScan) -> str:
    """Green, amber or red: yes, again, no."""
    return "yes" if scan.accepted else "again" if scan.code in AGAIN else "no"


def told(
    scan: TicketScan, first: TicketScan | None, *, event: Event, at: datetime
) -> dict[str, Any]:
    """The verdict of a scan: tone, one huge word, why, whose ticket, which kind."""
    tone, ticket = tone_of(scan), scan.ticket
    person = {
        "name": ticket.attendee_name if ticket else "",
        "kind": ticket.order.label if ticket else "",
    }
    if tone == "yes":
        return {"tone": tone, "word": DONE[ScanType(scan.scan_type)], "why": "", **person}
    if tone == "again":
        when = said_time(first.scanned_at, event.timezone, now=at) if first else ""
        where = first.scan_location if first else ""
        why = ", ".join(part for part in (when, where) if part)
        return {"tone": tone, "word": "ALREADY IN", "why": why, **person}
    why = said_reason(scan.code, scan.reason)
    if scan.code == "not_yet_valid" and ticket is not None:
        why = f"{why}: from {_from(ticket, event, at)}"
    return {"tone": tone, "word": "NO", "why": why, **person}


def said_time(moment: datetime, zone: str, *, now: datetime) -> str:
    """'14:02' by the event's clock; with the weekday when that was another day."""
    time, zone_info = clock.say_time(moment, zone), clock.zone(zone)
    day = moment.astimezone(zone_info).date()
    return time if day == now.astimezone(zone_info).date() else f"{day:%a} {time}"


def _from(ticket: Ticket, event: Event, at: datetime) -> str:
    return said_time(ticket.valid_from, event.timezone, now=at)
