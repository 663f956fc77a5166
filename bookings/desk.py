"""What the booking page shows: rooms to choose from, the chosen one, what a cancel gives back.

Rows become the plain values that templates/components/ ask for; nothing here decides anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from bookings.models import Room, Timeslot
from common import clock
from common.money import money


def address(
    room_id: int,
    *,
    month: date | None = None,
    day: date | None = None,
    slot_id: int | None = None,
) -> str:
    """The booking page's address for what is chosen so far."""
    query = {"room": room_id} | _chosen(month, day, slot_id)
    return f"{reverse('bookings:new')}?{urlencode(query)}"


def move_address(
    booking_id: int,
    *,
    month: date | None = None,
    day: date | None = None,
    slot_id: int | None = None,
) -> str:
    """The address of moving a booking, for what is chosen so far."""
    here, query = reverse("bookings:move", args=[booking_id]), _chosen(month, day, slot_id)
    return f"{here}?{urlencode(query)}" if query else here


def _chosen(month: date | None, day: date | None, slot_id: int | None) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if month or day:
        query["month"] = f"{month or day:%Y-%m}"
    if day:
        query["day"] = day.isoformat()
    if slot_id:
        query["slot"] = slot_id
    return query


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
    rooms: Iterable[Room],
    slots: Mapping[int, Timeslot],
    *,
    now: datetime,
    day: date | None = None,
    hour: time | None = None,
    best: int | None = None,
) -> list[dict[str, Any]]:
    """A card for each room with its free slot; `best` is the id of the one that fits best.

    Its door leads to `day` when one was asked for, and with `hour` straight to that time.
    """
    return [_room_card(room, slots.get(room.pk), now, day, hour, room.pk == best) for room in rooms]


def _room_card(
    room: Room,
    slot: Timeslot | None,
    now: datetime,
    day: date | None,
    hour: time | None,
    is_best: bool,
) -> dict[str, Any]:
    next_free = ""
    if day is not None:
        next_free = said_day(day)
    elif slot is not None:
        next_free = clock.say_soon(slot.start_time, room.timezone, now=now)
    href = address(room.pk, day=day)
    if slot is not None and hour is not None:
        next_free = clock.say_moment(slot.start_time, room.timezone)
        href = slot_address(slot)
    return {
        "room": room,
        "is_best": is_best,
        "href": href,
        "kind": room.get_room_type_display(),
        "capacity": said_capacity(room),
        "rate": said_rate(room, [slot] if slot else []),
        "next_word": "Free on" if day else "Next free:",
        "next_free": next_free,
    }


def nothing_fits(wanted: Mapping[str, Any], *, largest: int | None) -> str:
    """Why the list is empty, by what was asked for (a cleaned FilterForm), and what to try."""
    people, day, hour = wanted.get("people"), wanted.get("date"), wanted.get("time")
    if people and largest and people > largest:
        return f"Our largest room takes {largest} people. For more, please ask at the desk."
    what = f"No room for {people} people" if people and people > 1 else "No room"
    if day and hour:
        when = f" is free on {said_day(day)} at {hour:%H:%M}"
        return f"{what}{when}. Try another time or another day."
    if day:
        return f"{what} is free on {said_day(day)}. Try another day."
    return f"{what} fits all of that. Ask for less, or look at all of them."


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


# --- The sides of the card ------------------------------------------------------------------


def room_side(room: Room, slots: Sequence[Timeslot], *, at: datetime) -> dict[str, Any]:
    """The left column; `at` is a moment of the times shown, by which zones are compared."""
    return {
        "id": room.pk,
        "name": room.name,
        "about": room.description,
        "picture": room.image_url,
        "small_picture": room.small_image_url,
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
