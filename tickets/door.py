"""What is going on at an event's doors: who is in, who is still to come, what was refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncMinute

from common.prepared import Prepared
from tickets.models import Event, Ticket, TicketScan
from tickets.states import ScanType

# The line of arrivals shows the last hour; the list the last twenty scans.
ARRIVALS_FOR: Final = timedelta(hours=1)
RECENT: Final = 20
# After these the door wants to know when and where the ticket was first.
TOLD_WITH_FIRST: Final = frozenset({"already_used", "already_inside"})
COUNTED_AS: Final[Mapping[str, str]] = {
    ScanType.CHECK_IN: "checked_in",
    ScanType.CHECK_OUT: "checked_out",
    ScanType.ACCESS: "passages",
}


@dataclass(frozen=True)
class Attendance:
    """Tickets that take a place: all of them, those that came, those that are in now."""

    expected: int
    checked_in: int
    inside: int

    @property
    def to_come(self) -> int:
        return self.expected - self.checked_in


@dataclass(frozen=True)
class Gate:
    """One gate by its name, '' where none was said; what was undone doesn't count."""

    gate: str
    checked_in: int
    checked_out: int
    passages: int
    refused: int
    last_scan_at: datetime


@dataclass(frozen=True)
class Door:
    attendance: Attendance
    gates: list[Gate]
    # By code, the most frequent first.
    refusals: list[tuple[str, int]]
    # Each minute of the last hour, the oldest first, also those in which nobody came.
    arrivals: list[tuple[datetime, int]]
    recent: list[TicketScan]


def door_of(event: Event, *, at: datetime) -> Door:
    """The door's view of an event; six sums and lists, however many tickets there are."""
    gates, refusals = _gates_and_refusals(event)
    return Door(
        attendance=attendance_of(event),
        gates=gates,
        refusals=refusals,
        arrivals=_arrivals(event, at),
        recent=recent_scans(event),
    )


def attendance_of(event: Event) -> Attendance:
    counted: dict[str, int] = (
        Ticket.objects.live()
        .filter(event=event)
        .aggregate(
            expected=Count("pk"),
            checked_in=Count("check_in_time"),
            inside=Count("pk", filter=Q(is_inside=True)),
        )
    )
    return Attendance(**counted)


def recent_scans(event: Event, *, most: int = RECENT) -> list[TicketScan]:
    """The last attempts at this event's doors, the latest first."""
    return list(TicketScan.objects.with_everything().filter(event=event).order_by("-pk")[:most])


# As it stood then: a repeat of the scanner gets the same answer, whatever was undone since.
_FIRST: Final = Prepared(
    lambda at, ticket_id, pk: TicketScan.objects.filter(
        Q(undone_at__isnull=True) | Q(undone_at__gt=at),
        ticket_id=ticket_id,
        scan_type=ScanType.CHECK_IN,
        accepted=True,
        pk__lt=pk,
    ).order_by("-pk")[:1],
    values=3,
)


def first_scan_of(scan: TicketScan) -> TicketScan | None:
    """The check-in that a refused second one came too late for."""
    if scan.ticket_id is None or scan.code not in TOLD_WITH_FIRST:
        return None
    return _FIRST.find(scan.scanned_at, scan.ticket_id, scan.pk)


def _gates_and_refusals(event: Event) -> tuple[list[Gate], list[tuple[str, int]]]:
    rows = (
        TicketScan.objects.filter(event=event)
        .order_by()
        .values("scan_location", "scan_type", "accepted", "code")
        .annotate(
            count=Count("pk", filter=Q(undone_at__isnull=True)),
            last=Max("scanned_at"),
        )
    )
    gates: dict[str, dict[str, Any]] = {}
    refusals: dict[str, int] = {}
    for row in rows:
        gate = gates.setdefault(
            row["scan_location"],
            {"checked_in": 0, "checked_out": 0, "passages": 0, "refused": 0, "last": row["last"]},
        )
        gate["last"] = max(gate["last"], row["last"])
        if row["accepted"]:
            gate[COUNTED_AS[row["scan_type"]]] += row["count"]
        else:
            gate["refused"] += row["count"]
            refusals[row["code"]] = refusals.get(row["code"], 0) + row["count"]
    return (
        [
            Gate(gate=name, last_scan_at=sums.pop("last"), **sums)
            for name, sums in sorted(gates.items())
        ],
        sorted(refusals.items(), key=lambda refusal: (-refusal[1], refusal[0])),
    )


def _arrivals(event: Event, at: datetime) -> list[tuple[datetime, int]]:
    last = at.astimezone(UTC).replace(second=0, microsecond=0)
    first = last - ARRIVALS_FOR + timedelta(minutes=1)
    counted = dict(
        TicketScan.objects.standing()
        .filter(event=event, scan_type=ScanType.CHECK_IN, scanned_at__gte=first)
        .order_by()
        .values_list(TruncMinute("scanned_at", tzinfo=UTC))
        .annotate(count=Count("pk"))
    )
    minutes = int(ARRIVALS_FOR.total_seconds() // 60)
    return [
        (minute, counted.get(minute, 0))
        for minute in (first + timedelta(minutes=number) for number in range(minutes))
    ]
