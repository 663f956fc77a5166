"""Many times closed or opened at once: a holiday, an illness, an afternoon."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bookings.models import Room, Timeslot
from common import clock
from common.errors import InvalidInput
from common.service import service

LONGEST = timedelta(days=366)
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Range:
    """Days, both inclusive, and if given hours; by the clock of each room.

    A time that only reaches into the hours counts as well. Hours without an end reach to midnight.
    """

    first_day: date
    last_day: date
    opens: time | None = None
    closes: time | None = None

    def require_sensible(self) -> None:
        """Raises InvalidInput."""
        if self.last_day < self.first_day:
            raise InvalidInput("The last day lies before the first.", attr="endDate")
        if self.last_day - self.first_day >= LONGEST:
            raise InvalidInput("At most 366 days at once.", attr="endDate")
        if self.opens and self.closes and self.closes <= self.opens:
            raise InvalidInput("The hours end before they begin.", attr="endTime")

    def weeks(self) -> Iterator[tuple[date, date]]:
        """[first, end) of at most seven days each."""
        day, end = self.first_day, self.last_day + A_DAY
        while day < end:
            yield day, min(day + A_WEEK, end)
            day += A_WEEK

    def covers(self, slot: Timeslot, zone: str) -> bool:
        """Whether its hours are meant; the day was looked at already."""
        starts = slot.start_time.astimezone(clock.zone(zone))
        ends = slot.end_time.astimezone(clock.zone(zone))
        if self.closes and self.closes <= starts.time():
            return False
        ends_same_day = ends.date() == starts.date()
        return not (self.opens and ends_same_day and ends.time() <= self.opens)


def slots_in(room: Room, days: tuple[date, date], wanted: Range, at: datetime) -> list[Timeslot]:
    """Times of these days [first, end) that are meant and haven't begun."""
    begins = clock.local_midnight(days[0], room.timezone)
    ends = clock.local_midnight(days[1], room.timezone)
    slots = Timeslot.objects.filter(
        room=room, start_time__gte=max(begins, at), start_time__lt=ends
    ).order_by("start_time")
    return [slot for slot in slots if wanted.covers(slot, room.timezone)]


def set_blocked_range(
    *,
    room_ids: Collection[int],
    wanted: Range,
    blocked: bool,
    at: datetime,
    reason: str = "",
) -> int:
    """Close these rooms' times, or open them again; those who have a place keep it.

    Returns how many were changed: what stood so already keeps its reason. Weeks are transactions
    of their own, so that nobody who books meanwhile waits for long; a second run does no harm.
    Raises InvalidInput.
    """
    wanted.require_sensible()
    changed = 0
    for room in Room.objects.filter(pk__in=room_ids).order_by("pk"):
        for days in wanted.weeks():
            slots = slots_in(room, days, wanted, at)
            pks = [slot.pk for slot in slots if slot.is_blocked != blocked]
            if pks:
                changed += _set_blocked(pks, blocked, reason)
    return changed


@service
def _set_blocked(pks: list[int], blocked: bool, reason: str) -> int:
    slots = Timeslot.objects.filter(pk__in=pks, is_blocked=not blocked)
    return slots.update(is_blocked=blocked, blocked_reason=reason[:200] if blocked else "")
