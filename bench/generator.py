"""Generated timeslots a second, beside a raw bulk insert of the same rows.

The raw side gets its rows ready made and writes them in one transaction by the driver's own
`executemany`: no reading, no overlap, no weeks, no locks. It is the floor, not a rival.
"""

import statistics
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any, NamedTuple

from django.db import connection

from bookings.models import Room, Timeslot
from bookings.planning import Plan, Window, days_of, same_hours, slots_of_day
from bookings.services import generate_slots
from bookings.states import RoomType
from common import clock

ROUNDS = 5
GOAL = 0.3
YEAR = timedelta(days=364)  # with its first day a year of 365
QUARTER = timedelta(minutes=15)
EVERY_DAY = range(1, 8)
HOURS = {
    "nine to four": Window(time(9), time(16)),
    "round the clock": Window(time(0), time(0)),
}
COLUMNS = (
    "room_id, start_time, end_time, price, max_bookings, taken, is_blocked, blocked_reason, "
    "created_at"
)


class Round(NamedTuple):
    """Seconds of both for one room and one year."""

    service: float
    raw: float
    again: float


def measure() -> None:
    """Print the timeslots a second of both and their ratio, for a year of one room."""
    print("A year of 15-minute timeslots for one room")
    print(f"medians of {ROUNDS} rounds; goal: {GOAL} of the raw insert\n")
    print(
        f"  {'':<18}{'rows':>8}{'service/s':>12}{'raw SQL/s':>12}"
        "   ratio (lowest to highest round)   a second run, all skipped"
    )
    for title, window in HOURS.items():
        _print_line(title, window)


def _print_line(title: str, window: Window) -> None:
    first = date(2027, 1, 1)
    plan = Plan(
        first_day=first,
        last_day=first + YEAR,
        slot_length=QUARTER,
        hours=same_hours(window, EVERY_DAY),
    )
    zone = clock.zone("Europe/Berlin")
    spans = [span for day in days_of(plan) for span in slots_of_day(plan, day, zone)]
    rounds = [_round(plan, spans) for _ in range(ROUNDS)]
    ratios = sorted(one.raw / one.service for one in rounds)
    count = len(spans)
    service, raw, again = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    print(
        f"  {title:<18}{count:>8,}{count / service:>12,.0f}{count / raw:>12,.0f}"
        f"   {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        f"{'':<14}{again:.2f} s",
        flush=True,
    )


def _round(plan: Plan, spans: list[tuple[datetime, datetime]]) -> Round:
    ours, theirs = _room(), _room()
    began = perf_counter()
    result = generate_slots(room_id=ours.pk, plan=plan)
    made = perf_counter()
    rerun = generate_slots(room_id=ours.pk, plan=plan)
    skipped = perf_counter()
    _insert(theirs.pk, spans)
    inserted = perf_counter()
    assert result.created == rerun.skipped == len(spans)
    assert rerun.created == 0
    assert _rows(ours) == _rows(theirs), "the raw loop left other rows"
    # The next round finds the table as this one did.
    Timeslot.objects.filter(room__in=[ours, theirs]).delete()
    return Round(service=made - began, raw=inserted - skipped, again=skipped - made)


def _room() -> Room:
    return Room.objects.create(
        name="Room",
        room_type=RoomType.MEETING,
        hourly_rate=Decimal(80),
        timezone="Europe/Berlin",
    )


def _insert(room_id: int, spans: Iterable[tuple[datetime, datetime]]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (room_id, start.replace(tzinfo=None), end.replace(tzinfo=None), None, 1, 0, 0, "", now)
        for start, end in spans
    ]
    driver = connection.connection
    driver.autocommit(False)
    with driver.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO timeslots ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", rows
        )
    driver.commit()
    driver.autocommit(True)


def _rows(room: Room) -> list[Any]:
    return list(
        Timeslot.objects.filter(room=room)
        .order_by("start_time")
        .values_list("start_time", "end_time", "price", "max_bookings", "taken", "is_available")
    )
