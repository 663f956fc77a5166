"""Opening hours become slots: plain Python, right about time zones and switch days."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
LONGEST_SPAN = timedelta(days=366)

# Start and end in UTC.
Span = tuple[datetime, datetime]


@dataclass(frozen=True, order=True)
class Window:
    """From `start` to `end` on the wall clock; an end of 00:00 is the next midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to generate for one room.

    `hours` maps ISO weekdays (Monday = 1) to that day's windows; a missing day is closed.
    """

    first_day: date
    last_day: date
    slot_length: timedelta
    hours: Mapping[int, Sequence[Window]]
    breaks: Sequence[Window] = ()
    buffer: timedelta = timedelta(0)
    excluded: Collection[date] = field(default_factory=frozenset)


def same_hours(
    window: Window, weekdays: Collection[int] = MONDAY_TO_FRIDAY
) -> dict[int, list[Window]]:
    """One window on each of these weekdays."""
    return {weekday: [window] for weekday in weekdays}


def parse_windows(text: str) -> list[Window]:
    """'09:00-12:00, 13:00-17:00' as windows, in order; none for ''.

    An end of 00:00 is midnight. Raises ValueError, in words, for what is no such list or overlaps.
    """
    windows = sorted(_window(part) for part in text.replace("–", "-").split(",") if part.strip())
    for earlier, later in pairwise(windows):
        if earlier.end <= earlier.start or earlier.end > later.start:
            raise ValueError(f"{earlier} and {later} overlap.")
    return windows


def _window(text: str) -> Window:
    opens, _, closes = (part.strip() for part in text.partition("-"))
    try:
        window = Window(_clock_time(opens), _clock_time(closes))
    except ValueError:
        raise ValueError(f"'{text.strip()}' isn't like 09:00-17:00.") from None
    if window.start == window.end != time(0):
        raise ValueError(f"{window} closes the moment it opens.")
    return window


def _clock_time(text: str) -> time:
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2):
        raise ValueError(text)
    return time(int(hour), int(minute))


def days_of(plan: Plan) -> Iterator[date]:
    """The days that are open, first to last, both inclusive."""
    day = plan.first_day
    while day <= plan.last_day:
        if day not in plan.excluded and plan.hours.get(day.isoweekday()):
            yield day
        day += timedelta(days=1)


def slots_of_day(plan: Plan, day: date, zone: ZoneInfo) -> Iterator[Span]:
    """Start and end in UTC of each slot of `day`.

    The windows are wall-clock hours, the slots elapsed time inside them: on the autumn switch day
    00:00-06:00 has seven one-hour slots, on the spring one five. A slot fits wholly inside a
    window and touches no break.
    """
    breaks = [_instants(day, window, zone) for window in plan.breaks]
    for window in sorted(plan.hours.get(day.isoweekday(), ())):
        opens, closes = _instants(day, window, zone)
        start = opens
        while start + plan.slot_length <= closes:
            end = start + plan.slot_length
            pause = next((b for b in breaks if b[0] < end and b[1] > start), None)
            if pause is not None:
                start = pause[1]
                continue
            yield start, end
            start = end + plan.buffer


class TakenSpans:
    """Spans of time that are taken; whether another is free is told without looking at each."""

    def __init__(self, spans: Iterable[Span]) -> None:
        # In order, and none overlapping another: rows that do are one span here.
        self._spans: list[Span] = []
        for start, end in sorted(spans):
            if self._spans and start < self._spans[-1][1]:
                begins, ends = self._spans.pop()
                self._spans.append((begins, max(ends, end)))
            else:
                self._spans.append((start, end))

    def take(self, start: datetime, end: datetime) -> bool:
        """Add the span and return True, unless it overlaps one that is taken."""
        if self.in_the_way(start, end) is not None:
            return False
        self._spans.insert(bisect_left(self._spans, (end,)), (start, end))
        return True

    def in_the_way(self, start: datetime, end: datetime) -> Span | None:
        """The last taken span that overlaps this one."""
        place = bisect_left(self._spans, (end,))
        # Those before `place` begin before this one ends; the last of them ends last.
        if place and self._spans[place - 1][1] > start:
            return self._spans[place - 1]
        return None


def _instants(day: date, window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = day if window.end > window.start else day + timedelta(days=1)
    return (
        datetime.combine(day, window.start, tzinfo=zone).astimezone(UTC),
        datetime.combine(last, window.end, tzinfo=zone).astimezone(UTC),
    )
