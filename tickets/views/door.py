"""What goes on at an event's doors, for who stands there and for who runs them."""

from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from common import clock
from common.http import Request
from tickets.door import Door, Gate, door_of
from tickets.door_words import DONE, said_reason, said_time, tone_of
from tickets.models import Event, TicketScan
from tickets.states import EventStatus, ScanType

# The chart's own units: a bar is eight wide, with a gap of two.
BAR: Final = 10
HEIGHT: Final = 100


@require_safe
def door(request: Request, event_id: int) -> HttpResponse:
    """The whole page, or with `?part=figures` what is fetched anew every few seconds."""
    if not request.user.has_perm("tickets.door_event"):
        raise PermissionDenied
    event = get_object_or_404(Event.objects.exclude(status=EventStatus.DRAFT), pk=event_id)
    context = {"event": event, **_figures(event, request.at)}
    if request.GET.get("part") == "figures":
        return TemplateResponse(request, "admin/tickets/event/door_figures.html", context)
    context |= {
        **admin.site.each_context(request),
        "title": f"Door of {event.name}",
        "when": clock.say_span(event.start_date, event.end_date, event.timezone),
        "can_scan": request.user.has_perm("tickets.scan_ticket"),
        "can_open_event": request.user.has_perm("tickets.view_event"),
    }
    return TemplateResponse(request, "admin/tickets/event/door.html", context)


def _figures(event: Event, at: datetime) -> dict[str, Any]:
    told = door_of(event, at=at)
    zone = event.timezone
    return {
        "attendance": told.attendance,
        "share": _share(told.attendance.checked_in, told.attendance.expected),
        "as_of": clock.say_time(at, zone),
        "opens": clock.say_soon(event.valid_from, zone, now=at) if at < event.valid_from else "",
        "is_cancelled": event.is_cancelled,
        "is_over": at > event.valid_until,
        "gates": [_gate(gate, zone, at) for gate in told.gates],
        "refusals": _refusals(told),
        "chart": _chart(told, zone),
        "recent": [_scan(scan, zone, at) for scan in told.recent],
    }


def _gate(gate: Gate, zone: str, at: datetime) -> dict[str, Any]:
    return {
        "name": gate.gate or "No gate named",
        "checked_in": gate.checked_in,
        "checked_out": gate.checked_out,
        "passages": gate.passages,
        "refused": gate.refused,
        "last": said_time(gate.last_scan_at, zone, now=at),
    }


def _refusals(told: Door) -> list[dict[str, Any]]:
    """By the words that the door says: two codes may share them."""
    counted: dict[str, int] = {}
    for code, count in told.refusals:
        words = said_reason(code)
        counted[words] = counted.get(words, 0) + count
    most = max(counted.values(), default=0)
    rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
    return [
        {"reason": reason, "count": count, "share": _share(count, most)} for reason, count in rows
    ]


def _chart(told: Door, zone: str) -> dict[str, Any] | None:
    """A bar for each minute of the last hour; None when nobody came in it."""
    most = max((count for _minute, count in told.arrivals), default=0)
    if not most:
        return None
    bars = [
        {
            "x": number * BAR + 1,
            "height": (height := round(count / most * HEIGHT, 1)),
            "y": round(HEIGHT - height, 1),
            "said": f"{clock.say_time(minute, zone)}: {count}",
        }
        for number, (minute, count) in enumerate(told.arrivals)
    ]
    return {
        "bars": bars,
        "width": len(bars) * BAR,
        "first": clock.say_time(told.arrivals[0][0], zone),
        "last": clock.say_time(told.arrivals[-1][0], zone),
        "most": most,
        "now": told.arrivals[-1][1],
        "sum": sum(count for _minute, count in told.arrivals),
    }


def _scan(scan: TicketScan, zone: str, at: datetime) -> dict[str, Any]:
    ticket = scan.ticket
    return {
        "tone": "undone" if scan.is_undone else tone_of(scan),
        "time": said_time(scan.scanned_at, zone, now=at),
        "name": (ticket.attendee_name if ticket else "") or "–",
        "kind": ticket.order.label if ticket else "",
        "what": _said_scan(scan),
        "gate": scan.scan_location,
    }


def _said_scan(scan: TicketScan) -> str:
    if scan.is_undone:
        return "Undone"
    if scan.accepted:
        return DONE[ScanType(scan.scan_type)].capitalize()
    return said_reason(scan.code, scan.reason)


def _share(part: int, of: int) -> int:
    return round(part * 100 / of) if of else 0
