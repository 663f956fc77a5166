"""Doors as the scanner offers them: which events, which gates, which directions."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from common import clock
from tickets.models import Event, ScannerLink, TicketScan
from tickets.states import EventStatus, ScanType

# A door is offered from two weeks before it opens (to try things out) to half a day after its end.
BEFORE: Final = timedelta(days=14)
AFTER: Final = timedelta(hours=12)
DOORS_SHOWN: Final = 30
GATES_SHOWN: Final = 30
SCANS_READ: Final = 300

DIRECTIONS: Final = (
    {"value": ScanType.CHECK_IN.value, "label": "In"},
    {"value": ScanType.CHECK_OUT.value, "label": "Out"},
    {"value": ScanType.ACCESS.value, "label": "Passage"},
)


def events_at_doors(at: datetime) -> QuerySet[Event]:
    """Events whose doors matter around now, those that are on first."""
    events: QuerySet[Event] = (
        Event.objects.filter(status__in=[EventStatus.PUBLISHED, EventStatus.COMPLETED])
        .filter(start_date__lt=at + BEFORE, end_date__gt=at - AFTER)
        .order_by("start_date", "pk")[:DOORS_SHOWN]
    )
    return events


def offered(event: Event, *, at: datetime) -> dict[str, Any]:
    """One event as a choice."""
    return {
        "id": event.pk,
        "name": event.name,
        "when": clock.say_span(event.start_date, event.end_date, event.timezone),
        "place": event.location,
        "is_now": event.valid_from <= at <= event.valid_until,
    }


def gates_known(event_ids: Iterable[int]) -> list[str]:
    """Names of gates that links or late scans of these events have used: nobody types twice."""
    events = set(event_ids)
    linked = ScannerLink.objects.filter(event__in=events).order_by().values_list("gate", flat=True)
    # The latest of all doors, by the primary key: however many scans there are, it costs the same.
    latest = TicketScan.objects.order_by("-pk").values_list("event_id", "scan_location")
    scanned = {gate for event_id, gate in latest[:SCANS_READ] if event_id in events}
    return sorted({*linked, *scanned} - {""}, key=str.casefold)[:GATES_SHOWN]


def at_the_desk(event: Event) -> dict[str, Any]:
    """What the scanner's page is told of its event."""
    return {"id": event.pk, "name": event.name, "zone": event.timezone}
