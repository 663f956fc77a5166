"""`/bookings/new`: rooms, then a month and its times. Where somebody is, is in the address."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings import desk
from bookings.choosing import lay_out, to_book
from bookings.forms import FilterForm, WhereForm
from bookings.models import Room, Timeslot
from bookings.queries import find_rooms, largest_capacity, next_free_slots, slots_free_on
from bookings.views.confirm import confirm, hold
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
    people, day, hour = wanted.get("people"), wanted.get("date"), wanted.get("time")
    rooms = find_rooms(
        Room.objects.active(),
        at=request.at,
        search=wanted.get("search") or "",
        room_type=wanted.get("type") or "",
        min_capacity=people or 0,
        day=day,
        hour=hour,
    )
    page = Paginator(rooms, ROOMS_A_PAGE).get_page(request.GET.get("page"))
    if day is None:
        slots = next_free_slots(page, request.at)
    else:
        slots = slots_free_on(page, day, request.at, hour=hour)
    has_best = people is not None and page.number == 1 and len(page) > 1
    is_filtered = any(wanted.values())
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "bookings/rooms.html",
        {
            "form": form,
            "cards": desk.room_cards(
                page,
                slots,
                now=request.at,
                day=day,
                hour=hour,
                best=page[0].pk if has_best else None,
            ),
            "nothing_fits": (
                desk.nothing_fits(wanted, largest=largest_capacity())
                if is_filtered and not page
                else ""
            ),
            "page": page,
            "query": f"{query.urlencode()}&" if query else "",
            "is_filtered": is_filtered,
            "steps": desk.steps("room"),
        },
    )


# --- Second step: a month and the times of a day --------------------------------------------


def _times(
    request: Request, room: Room, where: dict[str, Any], *, is_slot_gone: bool
) -> HttpResponse:
    layout = lay_out(to_book(room), where, at=request.at)
    return render(
        request,
        "bookings/desk.html",
        {
            "room": desk.room_side(room, layout.slots, at=request.at),
            "layout": layout,
            "is_slot_gone": is_slot_gone,
            "steps": desk.steps("time", room_href=reverse("bookings:new")),
        },
    )
