"""A month and the times of a day, laid out for who chooses one: to book it, or to move to it.

Two ways lead through the same calendar; an `Offer` is what they differ in.
"""

from calendar import Calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from django.conf import settings
from django.db.models import Q

from bookings.desk import address, local_day, move_address, said_day, said_price
from bookings.models import Booking, Room, Timeslot
from bookings.policies import earliest_start, latest_start
from bookings.queries import ANY, fits_move, free_days, next_free, slots_between
from common import clock
from common.money import money

FEW_PLACES = 1
MONDAY_FIRST = Calendar()


class Addresses(Protocol):
    """Where a month, a day or a time of the calendar leads."""

    def __call__(
        self, *, month: date | None = ..., day: date | None = ..., slot_id: int | None = ...
    ) -> str: ...


@dataclass(frozen=True)
class Misfit:
    """A free time that isn't for this person, and the word that says why."""

    word: str
    is_own: bool = False


@dataclass(frozen=True)
class Offer:
    """A room's times as they are offered to somebody.

    `only` are the slots that may be chosen, as the database is asked; `misfit` says of a single
    one why it may not, None for one that may; `remark` is an own word about one ('' for none).
    `moves` is the booking that is to be moved.
    """

    room: Room
    to: Addresses
    only: Q = ANY
    misfit: Callable[[Timeslot], Misfit | None] = lambda slot: None
    remark: Callable[[Timeslot], str] = lambda slot: ""
    moves: Booking | None = None


def to_book(room: Room) -> Offer:
    return Offer(room, partial(address, room.pk))


def to_move(booking: Booking) -> Offer:
    """With room, slot and payment at hand: dearer times are shown, but can't be chosen."""

    def misfit(slot: Timeslot) -> Misfit | None:
        if slot.pk == booking.timeslot_id:
            return Misfit("yours now", is_own=True)
        if slot.effective_price > booking.price:
            return Misfit(f"{said_price(slot)}: costs more")
        return None

    def remark(slot: Timeslot) -> str:
        saved = booking.price - slot.effective_price
        if not saved:
            return ""
        less = "less" if booking.is_payment_due else "back"
        return f"{money(saved, settings.CURRENCY)} {less}"

    return Offer(
        booking.room,
        partial(move_address, booking.pk),
        only=fits_move(booking),
        misfit=misfit,
        remark=remark,
        moves=booking,
    )


# --- The month and the day that are shown -----------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """A month, how many free times its days have, and the day whose times are shown."""

    month: date
    free: dict[date, int]
    day: date | None


@dataclass(frozen=True)
class Month:
    """A calendar month of a room, as `components/calendar.html` wants it."""

    first: date
    title: str
    previous_href: str
    next_href: str
    weeks: list[list[dict[str, Any] | None]]


@dataclass(frozen=True)
class Layout:
    """What `bookings/_desk.html` shows beside the room; `slots` are all of the day."""

    month: Month
    day: dict[str, Any]
    slots: list[Timeslot]
    is_day_asked: bool


def lay_out(offer: Offer, where: Mapping[str, Any], *, at: datetime) -> Layout:
    """The month and day of `where` (a cleaned WhereForm), or the first that have something."""
    chosen = _choose_day(offer, where, at)
    slots: list[Timeslot] = []
    if chosen.day is not None:
        slots = slots_between(offer.room, *clock.day_bounds(chosen.day, offer.room.timezone))
    return Layout(
        month=_month_view(offer, chosen, now=at),
        day=_day_side(offer, chosen, slots, at),
        slots=slots,
        # On a phone a day that was asked for is brought into view; one that we chose isn't.
        is_day_asked=chosen.day is not None and where.get("day") == chosen.day,
    )


def _choose_day(offer: Offer, where: Mapping[str, Any], at: datetime) -> Chosen:
    """The day that was asked for, else the first free one; the month around it."""
    room = offer.room
    earliest, latest = reachable_months(room, at)
    day: date | None = where.get("day")
    asked: date | None = where.get("month") or (first_of(day) if day else None)
    month = min(max(asked or earliest, earliest), latest)
    if asked is None:
        month, free = _first_month(offer, month, at)
    else:
        free = free_days(room, *month_bounds(month, room.timezone), at, only=offer.only)
    today = at.astimezone(clock.zone(room.timezone)).date()
    if day is None or day < today or first_of(day) != month:
        day = min(free, default=None)
    return Chosen(month, free, day)


def _first_month(offer: Offer, month: date, at: datetime) -> tuple[date, dict[date, int]]:
    """The first month from `month` on that has something free, and its free days.

    Two are read at once: at the end of a month it is mostly the next that has something.
    """
    room = offer.room
    starts, _ = month_bounds(month, room.timezone)
    _, ends = month_bounds(month_after(month), room.timezone)
    free = free_days(room, starts, ends, at, only=offer.only)
    if not free:
        # All that can be booked at all: seldom needed, and then mostly a month or two.
        _, horizon = month_bounds(reachable_months(room, at)[1], room.timezone)
        free = free_days(room, ends, horizon, at, only=offer.only)
    month = first_of(min(free, default=month))
    return month, {day: count for day, count in free.items() if first_of(day) == month}


def _day_side(offer: Offer, chosen: Chosen, slots: list[Timeslot], at: datetime) -> dict[str, Any]:
    """The right column: the times of the day, or that there are none, and where to look next."""
    times = times_of(offer, slots, now=at)
    free = sum(1 for time in times if time["href"])
    day = said_day(chosen.day) if chosen.day else ""
    return {
        "title": day or f"{chosen.month:%B}",
        "label": f"Times on {day}",
        "times": times,
        "is_empty": not free,
        "empty_text": (
            "No time of this day fits: yours can be moved to one that costs as much or less."
            if any(offer.misfit(slot) for slot in slots if slot.is_bookable(at))
            else "Everything is taken on this day."
        ),
        "said": f"{day}: {said_count(free)}" if day else f"Nothing free in {chosen.month:%B}",
        "next": _next_free_day(offer, chosen, at, has_times=free > 0),
    }


def _next_free_day(
    offer: Offer, chosen: Chosen, at: datetime, *, has_times: bool
) -> dict[str, str] | None:
    """The next day of this month with a free time; where nothing is free, also beyond it.

    That last look is a fourth query of the page: only when all times of a day that was asked for
    are gone and no later day of its month has any. Reading two months each time to save it would
    cost every other page more.
    """
    later = [day for day in chosen.free if chosen.day is None or day > chosen.day]
    if later:
        return _link(offer, min(later))
    if has_times:
        return None
    _, month_ends = month_bounds(chosen.month, offer.room.timezone)
    slot = next_free(offer.room, at, after=month_ends, only=offer.only)
    return _link(offer, local_day(slot)) if slot else None


def _link(offer: Offer, day: date) -> dict[str, str]:
    return {"label": said_day(day), "href": offer.to(day=day)}


# --- The month --------------------------------------------------------------------------------


def first_of(day: date) -> date:
    return day.replace(day=1)


def month_after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def reachable_months(room: Room, now: datetime) -> tuple[date, date]:
    """The first days of the months in which times can be booked, from this one to the last."""
    zone = clock.zone(room.timezone)
    last = latest_start(at=now, max_advance_days=room.max_advance_days)
    return first_of(now.astimezone(zone).date()), first_of(last.astimezone(zone).date())


def month_bounds(first: date, zone_name: str) -> tuple[datetime, datetime]:
    """[start, end) of the month there."""
    return (
        clock.local_midnight(first, zone_name),
        clock.local_midnight(month_after(first), zone_name),
    )


def _month_view(offer: Offer, chosen: Chosen, *, now: datetime) -> Month:
    """Free days are links, with how many times they have; the ends of the calendar have no door."""
    first = chosen.month
    earliest, latest = reachable_months(offer.room, now)
    today = now.astimezone(clock.zone(offer.room.timezone)).date()

    def shown(day: date) -> dict[str, Any] | None:
        if (day.year, day.month) != (first.year, first.month):
            return None
        count = chosen.free.get(day, 0)
        said = f"{day:%A} {day.day} {day:%B}"
        return {
            "number": day.day,
            "date": day.isoformat(),
            "label": f"{said}, {said_count(count)}{', today' if day == today else ''}",
            "href": offer.to(day=day) if count else "",
            "is_today": day == today,
            "is_chosen": day == chosen.day,
        }

    weeks = MONDAY_FIRST.monthdatescalendar(first.year, first.month)
    return Month(
        first=first,
        title=f"{first:%B %Y}",
        previous_href=offer.to(month=month_before(first)) if first > earliest else "",
        next_href=offer.to(month=month_after(first)) if first < latest else "",
        weeks=[[shown(day) for day in week] for week in weeks],
    )


def said_count(count: int) -> str:
    return "1 free time" if count == 1 else f"{count} free times"


# --- The times of a day -----------------------------------------------------------------------


def times_of(offer: Offer, slots: Sequence[Timeslot], *, now: datetime) -> list[dict[str, Any]]:
    """The day's times that lie ahead, for `components/times.html`; what staff closed isn't told."""
    ahead = [slot for slot in slots if slot.start_time > now and not slot.is_blocked]
    prices_differ = len({slot.effective_price for slot in ahead}) > 1
    return [_time(offer, slot, now, prices_differ) for slot in ahead]


def _time(offer: Offer, slot: Timeslot, now: datetime, prices_differ: bool) -> dict[str, Any]:
    misfit = offer.misfit(slot)
    is_free = slot.is_bookable(now) and misfit is None
    notes = [_places(slot, now)]
    if misfit is not None and (misfit.is_own or slot.is_bookable(now)):
        notes = [misfit.word]
    elif is_free and (remark := offer.remark(slot)):
        notes.append(remark)
    elif is_free and prices_differ:
        notes.append(said_price(slot))
    is_last = is_free and slot.max_bookings > 1 and slot.places_left <= FEW_PLACES
    return {
        "at": clock.say_time(slot.start_time, slot.room.timezone),
        "note": " · ".join(notes),
        "tone": "wait" if is_last else "",
        "href": offer.to(day=local_day(slot), slot_id=slot.pk) if is_free else "",
        "is_chosen": False,
    }


def _places(slot: Timeslot, now: datetime) -> str:
    if slot.places_left == 0:
        return "taken"
    if not slot.is_bookable(now):
        notice = slot.room.min_notice_minutes
        is_near = slot.start_time < earliest_start(at=now, min_notice_minutes=notice)
        return "too soon" if is_near else "not yet"
    if slot.max_bookings == 1:
        # 'Last place' at every time would cry wolf; how long it lasts is worth knowing.
        return f"{slot.minutes} min"
    return "last place" if slot.places_left == 1 else f"{slot.places_left} places"
