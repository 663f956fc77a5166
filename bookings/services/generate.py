"""Fill a calendar: many slots from opening hours, however often it is run."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from bookings.models import Room, Timeslot
from bookings.planning import LONGEST_SPAN, Plan, Span, TakenSpans, days_of, slots_of_day
from bookings.services.prices import require_slot_chargeable
from common import clock
from common.errors import InvalidInput, NotFound
from common.service import service

SHOWN = 100


@dataclass(frozen=True)
class SkippedSpan:
    """A time that was left out, because it would overlap `other` (start and end)."""

    start: datetime
    end: datetime
    other: Span


@dataclass
class GenerateResult:
    """What was made, or would be; `timeslots` are the first hundred made, on a dry run all.

    `skipped_spans` are the first hundred that were left out, on a dry run all.
    """

    created: int = 0
    skipped: int = 0
    dry_run: bool = False
    timeslots: list[Timeslot] = field(default_factory=list)
    skipped_spans: list[SkippedSpan] = field(default_factory=list)


def generate_slots(
    *,
    room_id: int,
    plan: Plan,
    price: Decimal | None = None,
    max_bookings: int = 1,
    dry_run: bool = False,
) -> GenerateResult:
    """Make the plan's slots; what overlaps an existing slot is skipped.

    Works in chunks of a week, each in its own transaction under the room's lock, so two at once and
    a second run make nothing twice. Raises NotFound, InvalidInput.
    """
    room = Room.objects.filter(pk=room_id).first()
    if room is None:
        raise NotFound("There is no such room.")
    _require_sensible(plan, max_bookings)
    require_slot_chargeable(price=price, hourly_rate=room.hourly_rate, length=plan.slot_length)

    sample = Timeslot(room=room, price=price, max_bookings=max_bookings)
    result = GenerateResult(dry_run=dry_run)
    for days in _weeks(plan):
        made, skipped = _fill(sample, plan, days, dry_run)
        result.created += len(made)
        result.skipped += len(skipped)
        most = len(skipped) if dry_run else SHOWN - len(result.skipped_spans)
        result.skipped_spans += skipped[: max(most, 0)]
        if dry_run:
            result.timeslots += [
                Timeslot(
                    room=room,
                    start_time=start,
                    end_time=end,
                    price=price,
                    max_bookings=max_bookings,
                )
                for start, end in made
            ]
        else:
            result.timeslots += _as_written(room, made, SHOWN - len(result.timeslots))
    return result


@service
def _fill(
    sample: Timeslot, plan: Plan, days: list[date], dry_run: bool
) -> tuple[list[Span], list[SkippedSpan]]:
    """What was made of these days, or would be, and what was skipped."""
    room = Room.objects.select_for_update().get(pk=sample.room_id)
    zone = clock.zone(room.timezone)
    wanted = [span for day in days for span in slots_of_day(plan, day, zone)]
    if not wanted:
        return [], []
    existing = Timeslot.objects.overlapping(room.pk, wanted[0][0], max(end for _, end in wanted))
    # Its own slots count too: two windows of one day may overlap.
    taken = TakenSpans(existing.order_by().values_list("start_time", "end_time"))
    fresh: list[Span] = []
    skipped: list[SkippedSpan] = []
    for span in wanted:
        if taken.take(*span):
            fresh.append(span)
        elif (other := taken.in_the_way(*span)) is not None:
            skipped.append(SkippedSpan(*span, other))
    if fresh and not dry_run:
        Timeslot.objects.insert_like(sample, fresh)
    return fresh, skipped


def _as_written(room: Room, made: list[Span], most: int) -> list[Timeslot]:
    """The earliest of what was just made, as they are in the database."""
    if most <= 0:
        return []
    starts = sorted(start for start, _ in made)[:most]
    return list(
        Timeslot.objects.filter(room=room, start_time__in=starts)
        .select_related("room")
        .order_by("start_time")
    )


def _weeks(plan: Plan) -> Iterator[list[date]]:
    for _, days in groupby(days_of(plan), key=lambda day: day.isocalendar()[:2]):
        yield list(days)


def _require_sensible(plan: Plan, max_bookings: int) -> None:
    if plan.last_day < plan.first_day:
        raise InvalidInput("The last day lies before the first.", attr="endDate")
    if plan.last_day - plan.first_day >= LONGEST_SPAN:
        raise InvalidInput("At most 366 days at once.", attr="endDate")
    if plan.slot_length < timedelta(minutes=5) or plan.slot_length > timedelta(hours=24):
        raise InvalidInput("A slot lasts from 5 minutes to 24 hours.", attr="slotDuration")
    if plan.buffer < timedelta(0) or plan.buffer > timedelta(hours=24):
        raise InvalidInput("A buffer lasts from 0 minutes to 24 hours.", attr="bufferMinutes")
    if not 1 <= max_bookings <= 10_000:
        raise InvalidInput("A slot has 1 to 10000 places.", attr="maxBookings")
