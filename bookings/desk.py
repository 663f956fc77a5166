"""What the booking page shows: rooms to choose from, a month, the times of a day.

Rows become the plain values that templates/components/ ask for; nothing here decides anything.
"""

from calendar import Calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from bookings.models import Room, Timeslot
from bookings.policies import earliest_start, latest_start
from common import clock
from common.money import money

FEW_PLACES = 1
MONDAY_FIRST = Calendar()


def address(
    room_id: int,
    *,
    month: date | None = None,
    day: date | None = None,
    slot_id: int | None = None,
) -> str:
    """The booking page's address for what is chosen so far."""
    query: dict[str, Any] = {"room": room_id}
    if month or day:
        query["month"] = f"{month or day:%Y-%m}"
    if day:
        query["day"] = day.isoformat()
    if slot_id:
        query["slot"] = slot_id
    return f"{reverse('bookings:new')}?{urlencode(query)}"


def slot_address(slot: Timeslot) -> str:
    """Straight to the confirm step of one time."""
    return address(slot.room_id, day=local_day(slot), slot_id=slot.pk)


def local_day(slot: Timeslot) -> date:
    return slot.start_time.astimezone(clock.zone(slot.room.timezone)).date()


def said_day(day: date) -> str:
    """'Thu 8 July'."""
    return f"{day:%a} {day.day} {day:%B}"


def said_price(slot: Timeslot) -> str:
    """'45.00 USD', or 'Free'."""
    price = slot.effective_price
    return money(price, settings.CURRENCY) if price else "Free"


def said_capacity(room: Room) -> str:
    return "For one person" if room.capacity == 1 else f"Up to {room.capacity} people"


def said_rate(room: Room, slots: Iterable[Timeslot]) -> dict[str, str]:
    """`{amount, note}` of what a time costs: of these slots, else the hourly rate; '' unknown."""
    known = {(slot.effective_price, slot.minutes) for slot in slots}
    if len(known) == 1:
        slot = next(iter(slots))
        return {"amount": said_price(slot), "note": f"for {clock.say_length(slot.minutes)}"}
    if known:
        return {"amount": f"from {money(min(known)[0], settings.CURRENCY)}", "note": "a time"}
    if room.hourly_rate:
        return {"amount": money(room.hourly_rate, settings.CURRENCY), "note": "an hour"}
    return {"amount": "", "note": ""}


# --- Rooms ----------------------------------------------------------------------------------


def room_cards(
    rooms: Iterable[Room], next_slots: Mapping[int, Timeslot], *, now: datetime, day: date | None
) -> list[dict[str, Any]]:
    """A card for each room; its door leads to `day` when one was asked for."""
    return [_room_card(room, next_slots.get(room.pk), now, day) for room in rooms]


def _room_card(
    room: Room, slot: Timeslot | None, now: datetime, day: date | None
) -> dict[str, Any]:
    next_free = ""
    if day is not None:
        next_free = said_day(day)
    elif slot is not None:
        next_free = clock.say_soon(slot.start_time, room.timezone, now=now)
    return {
        "room": room,
        "href": address(room.pk, day=day),
        "kind": room.get_room_type_display(),
        "capacity": said_capacity(room),
        "rate": said_rate(room, [slot] if slot else []),
        "next_word": "Free on" if day else "Next free:",
        "next_free": next_free,
    }


def free_card(slot: Timeslot, *, now: datetime) -> dict[str, Any]:
    """A room's next free time as a door of its own."""
    room = slot.room
    return {
        "room": room,
        "starts": f"{_capital(clock.say_soon(slot.start_time, room.timezone, now=now))} "
        f"({room.place})",
        "price": f"{said_price(slot)} for {clock.say_length(slot.minutes)}",
        "href": slot_address(slot),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- The month ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Month:
    """A calendar month of a room, as `components/calendar.html` wants it."""

    first: date
    title: str
    previous_href: str
    next_href: str
    weeks: list[list[dict[str, Any] | None]]


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


def month_view(
    room: Room, first: date, *, free: Mapping[date, int], chosen: date | None, now: datetime
) -> Month:
    """Free days are links, with how many times they have; the ends of the calendar have no door."""
    earliest, latest = reachable_months(room, now)
    today = now.astimezone(clock.zone(room.timezone)).date()

    def shown(day: date) -> dict[str, Any] | None:
        if (day.year, day.month) != (first.year, first.month):
            return None
        count = free.get(day, 0)
        said = f"{day:%A} {day.day} {day:%B}"
        return {
            "number": day.day,
            "date": day.isoformat(),
            "label": f"{said}, {said_count(count)}{', today' if day == today else ''}",
            "href": address(room.pk, day=day) if count else "",
            "is_today": day == today,
            "is_chosen": day == chosen,
        }

    weeks = MONDAY_FIRST.monthdatescalendar(first.year, first.month)
    return Month(
        first=first,
        title=f"{first:%B %Y}",
        previous_href=address(room.pk, month=month_before(first)) if first > earliest else "",
        next_href=address(room.pk, month=month_after(first)) if first < latest else "",
        weeks=[[shown(day) for day in week] for week in weeks],
    )


def said_count(count: int) -> str:
    return "1 free time" if count == 1 else f"{count} free times"


# --- The sides of the card ------------------------------------------------------------------


def room_side(room: Room, slots: Sequence[Timeslot], *, at: datetime) -> dict[str, Any]:
    """The left column; `at` is a moment of the times shown, by which zones are compared."""
    return {
        "name": room.name,
        "about": room.description,
        "picture": room.image_url,
        "kind": room.get_room_type_display(),
        "capacity": said_capacity(room),
        "rate": said_rate(room, slots),
        "place": room.place,
        "zone": room.timezone,
        "at": slots[0].start_time if slots else at,
    }


def steps(current: str, *, room_href: str = "", time_href: str = "") -> list[dict[str, Any]]:
    """Where somebody is on the way, for `components/steps.html`; what is done is a link back."""
    order = [("room", "Room", room_href), ("time", "Time", time_href), ("confirm", "Confirm", "")]
    now = [name for name, _, _ in order].index(current)
    return [
        {
            "label": label,
            "is_done": place < now,
            "is_current": place == now,
            "href": href if place < now else "",
        }
        for place, (_, label, href) in enumerate(order)
    ]


# --- The times of a day ---------------------------------------------------------------------


def times_of(slots: Sequence[Timeslot], *, now: datetime) -> list[dict[str, Any]]:
    """The day's times that lie ahead, for `components/times.html`; what staff closed isn't told."""
    ahead = [slot for slot in slots if slot.start_time > now and not slot.is_blocked]
    prices_differ = len({slot.effective_price for slot in ahead}) > 1
    return [_time(slot, now, prices_differ) for slot in ahead]


def _time(slot: Timeslot, now: datetime, prices_differ: bool) -> dict[str, Any]:
    is_free = slot.is_bookable(now)
    notes = [_places(slot, now)]
    if is_free and prices_differ:
        notes.append(said_price(slot))
    is_last = is_free and slot.max_bookings > 1 and slot.places_left <= FEW_PLACES
    return {
        "at": clock.say_time(slot.start_time, slot.room.timezone),
        "note": " · ".join(notes),
        "tone": "wait" if is_last else "",
        "href": slot_address(slot) if is_free else "",
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
