"""`/bookings/new`: rooms, then a month and its times. Where somebody is, is in the address."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings import desk
from bookings.forms import FilterForm, WhereForm
from bookings.models import Room, Timeslot
from bookings.queries import find_rooms, free_days, next_free, next_free_slots, slots_between
from bookings.views.confirm import confirm, hold
from common import clock
from common.errors import NotFound
from common.forms import sensible
from common.http import Request

ROOMS_A_PAGE = 24


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: Request) -> HttpResponse:
    """The three steps: a room, a time, the last look before the button; POST is the button."""
    if request.method == "POST":
        return hold(request)
    where = sensible(WhereForm(request.GET))
    if where.get("room") is None:
        return _rooms(request)
    slot_id = where.get("slot")
    if slot_id is not None:
        slot = Timeslot.objects.select_related("room").filter(pk=slot_id).first()
        if slot is not None and slot.room_id == where["room"]:
            return confirm(request, slot)
    return _times(request, _find_room(where["room"]), where, is_slot_gone=slot_id is not None)


def _find_room(room_id: int) -> Room:
    room = Room.objects.filter(pk=room_id).first()
    if room is None:
        raise NotFound("There is no such room. Here is what can be booked.")
    if not room.is_active:
        raise NotFound(f"{room.name} can't be booked at present. Here is what can.")
    return room


# --- First step: rooms ----------------------------------------------------------------------


def _rooms(request: Request) -> HttpResponse:
    form = FilterForm(request.GET)
    wanted = sensible(form)
    day = wanted.get("date")
    rooms = find_rooms(
        Room.objects.active(),
        at=request.at,
        search=wanted.get("search") or "",
        room_type=wanted.get("type") or "",
        day=day,
    )
    page = Paginator(rooms, ROOMS_A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "bookings/rooms.html",
        {
            "form": form,
            "cards": desk.room_cards(
                page, next_free_slots(page, request.at), now=request.at, day=day
            ),
            "page": page,
            "query": f"{query.urlencode()}&" if query else "",
            "is_filtered": any(wanted.values()),
            "steps": desk.steps("room"),
        },
    )


# --- Second step: a month and the times of a day --------------------------------------------


@dataclass(frozen=True)
class _Chosen:
    """A month, how many free times its days have, and the day whose times are shown."""

    month: date
    free: dict[date, int]
    day: date | None


def _times(
    request: Request, room: Room, where: dict[str, Any], *, is_slot_gone: bool
) -> HttpResponse:
    chosen = _choose_day(room, where, request.at)
    slots: list[Timeslot] = []
    if chosen.day is not None:
        slots = slots_between(room, *clock.day_bounds(chosen.day, room.timezone))
    return render(
        request,
        "bookings/desk.html",
        {
            "room": desk.room_side(room, slots, at=request.at),
            "month": desk.month_view(
                room, chosen.month, free=chosen.free, chosen=chosen.day, now=request.at
            ),
            "day": _day_side(room, chosen, slots, request.at),
            "is_slot_gone": is_slot_gone,
            # On a phone a day that was asked for is brought into view; one that we chose isn't.
            "is_day_asked": chosen.day is not None and where.get("day") == chosen.day,
            "steps": desk.steps("time", room_href=reverse("bookings:new")),
        },
    )


def _choose_day(room: Room, where: dict[str, Any], at: datetime) -> _Chosen:
    """The day that was asked for, else the first free one; the month around it."""
    earliest, latest = desk.reachable_months(room, at)
    day: date | None = where.get("day")
    asked: date | None = where.get("month") or (desk.first_of(day) if day else None)
    month = min(max(asked or earliest, earliest), latest)
    free = free_days(room, *desk.month_bounds(month, room.timezone), at)
    if asked is None and not free and (slot := next_free(room, at)) is not None:
        # Nobody asked for this empty month, so the first that has something is shown.
        month = desk.first_of(desk.local_day(slot))
        free = free_days(room, *desk.month_bounds(month, room.timezone), at)
    today = at.astimezone(clock.zone(room.timezone)).date()
    if day is None or day < today or desk.first_of(day) != month:
        day = min(free, default=None)
    return _Chosen(month, free, day)


def _day_side(room: Room, chosen: _Chosen, slots: list[Timeslot], at: datetime) -> dict[str, Any]:
    """The right column: the times of the day, or that there are none, and where to look next."""
    times = desk.times_of(slots, now=at)
    free = sum(1 for time in times if time["href"])
    day = desk.said_day(chosen.day) if chosen.day else ""
    return {
        "title": day or f"{chosen.month:%B}",
        "label": f"Times on {day}",
        "times": times,
        "is_empty": not free,
        "said": f"{day}: {desk.said_count(free)}" if day else f"Nothing free in {chosen.month:%B}",
        "next": _next_free_day(room, chosen, at, has_times=free > 0),
    }


def _next_free_day(
    room: Room, chosen: _Chosen, at: datetime, *, has_times: bool
) -> dict[str, str] | None:
    """The next day of this month with a free time; where nothing is free, also beyond it."""
    later = [day for day in chosen.free if chosen.day is None or day > chosen.day]
    if later:
        return _link(room, min(later))
    if has_times:
        return None
    _, month_ends = desk.month_bounds(chosen.month, room.timezone)
    slot = next_free(room, at, after=month_ends) or next_free(room, at)
    return _link(room, desk.local_day(slot)) if slot else None


def _link(room: Room, day: date) -> dict[str, str]:
    return {"label": desk.said_day(day), "href": desk.address(room.pk, day=day)}
