"""Book for a customer: who, when, how it is paid; known by name or e-mail, or made on the spot."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.models import User
from accounts.queries import find_people
from bookings.admin.desk_forms import DUE, SOMEBODY_NEW, BookForm, WhereForm, day_of, preselected
from bookings.desk import local_day
from bookings.models import Booking, Room, Timeslot
from bookings.openings import next_open, open_on
from bookings.services import book_for_customer, book_for_newcomer
from bookings.services.release import release_lapsed_holds
from common import clock
from common.errors import DomainError
from common.forms import LARGEST_ID
from common.http import Request
from common.idempotency import once
from common.money import money

PEOPLE_SHOWN: Final = 8
# Refusals after which the same key must be sent again, so that nothing is booked twice.
KEEPS_KEY: Final = frozenset({"busy", "idempotency_in_progress"})
SENT_BEFORE: Final = DomainError(
    "This form was sent before, or came incomplete. Press the button again.",
    code="idempotency_key_reused",
)


@dataclass
class Search:
    """What was looked for and what there is."""

    form: WhereForm
    room: Room | None
    day: date | None
    slots: list[Timeslot]
    people: list[User]
    wanted: int | None


def book_page(model_admin: Any, request: Request) -> HttpResponse:
    """GET finds people and times, POST books."""
    search = _search(request)
    error: DomainError | None = None
    form = _form(search)
    if request.method == "POST":
        form = _form(search, request.POST)
        if form.is_valid():
            try:
                return _book(model_admin, request, form.cleaned_data)
            except DomainError as refusal:
                error = SENT_BEFORE if refusal.code == SENT_BEFORE.code else refusal
                form = _form_again(search, request, error)
        elif "idempotency_key" in form.errors:
            error = SENT_BEFORE
            form = _form_again(search, request, error)
    return _page(model_admin, request, search, form, error)


def _search(request: Request) -> Search:
    asked = request.GET.get("timeslot", "")
    slot = None
    if asked.isdecimal() and int(asked) <= LARGEST_ID:
        slot = Timeslot.objects.select_related("room").filter(pk=int(asked)).first()
    found = {"who": request.GET.get("who", "")}
    if slot is not None and not request.GET.get("room"):
        form = WhereForm({**found, "room": slot.room_id, "day": local_day(slot).isoformat()})
    else:
        form = WhereForm(request.GET)
    form.is_valid()
    room: Room | None = form.cleaned_data.get("room")
    day = None
    if room is not None:
        today = request.at.astimezone(clock.zone(room.timezone)).date()
        day = day_of(form, today)
        form = WhereForm({**found, "room": room.pk, "day": day.isoformat()})
    return Search(
        form=form,
        room=room,
        day=day,
        slots=open_on(room, day, request.at) if room and day else [],
        people=find_people(form.data.get("who", ""), limit=PEOPLE_SHOWN),
        wanted=slot.pk if slot else None,
    )


def _form(search: Search, data: Any = None) -> BookForm:
    who = str(search.form.data.get("who", "")).strip()
    people = search.people
    is_sure = len(people) == 1 or (people and people[0].email == who.lower())
    # Found, but more than one: nobody is chosen for the person at the desk.
    person = str(people[0].pk) if is_sure else "" if people else SOMEBODY_NEW
    initial = BookForm.fresh(
        timeslot=preselected(search.slots, search.wanted),
        person=person,
        email=who if "@" in who else "",
        name="" if people or "@" in who else who,
    )
    return BookForm(data, initial=initial, slots=_choices(search), people=people)


def _form_again(search: Search, request: Request, refusal: DomainError) -> BookForm:
    """The same answers with a fresh key, unless the first try may still go through."""
    sent = request.POST.copy()
    if refusal.code not in KEEPS_KEY:
        sent["idempotency_key"] = str(BookForm.fresh()["idempotency_key"])
    again = _form(search, sent)
    if refusal.attr in again.fields:
        again.add_error(refusal.attr, refusal.message)
    return again


def _choices(search: Search) -> list[tuple[int, str]]:
    return [(slot.pk, said_opening(slot)) for slot in search.slots]


def said_opening(slot: Timeslot) -> str:
    """'09:00–09:30, 45.00 USD, 3 places left'."""
    price = slot.effective_price
    said = [
        clock.say_hours(slot.start_time, slot.end_time, slot.room.timezone),
        money(price, settings.CURRENCY) if price else "free",
    ]
    if slot.max_bookings > 1:
        said.append(f"{slot.places_left} of {slot.max_bookings} places left")
    return ", ".join(said)


def _book(model_admin: Any, request: Request, given: dict[str, Any]) -> HttpResponse:
    """Booked once, however often the button is pressed. Raises DomainError."""
    wanted: dict[str, Any] = {
        "timeslot_id": given["timeslot"],
        "notes": given["notes"],
        "payment_due": given["payment"] == DUE,
    }
    if given["person"] is None:
        whom: dict[str, Any] = {"email": given["email"], "name": given["name"]}
    else:
        whom = {"user_id": given["person"]}
    by, at = cast(User, request.user), request.at
    booked: list[Booking] = []

    def work() -> HttpResponse:
        if given["person"] is None:
            booking = book_for_newcomer(**whom, **wanted, by=by, at=at)
        else:
            booking = book_for_customer(**whom, **wanted, by=by, at=at)
        booked[:] = [booking]
        return HttpResponseRedirect(reverse("admin:bookings_booking_change", args=[booking.pk]))

    # In transactions of their own, so before the one that the key's answer is stored in.
    release_lapsed_holds(timeslot_id=given["timeslot"], at=at)
    answer = once(
        request,
        key=str(given["idempotency_key"]),
        body=json.dumps([whom, wanted], sort_keys=True).encode(),
        work=work,
    )
    for booking in booked:
        said = _said(booking)
        model_admin.log_change(request, booking, said)
        model_admin.message_user(request, said, messages.SUCCESS)
    return answer


def _said(booking: Booking) -> str:
    sentence = f"{booking} of {booking.user.get_full_name()} is"
    if booking.is_payment_due:
        return f"{sentence} confirmed; {money(booking.price, booking.currency)} due at the desk."
    if booking.is_pending and booking.expires_at is not None:
        until = clock.say_moment(booking.expires_at, booking.room.timezone)
        return f"{sentence} held until {until}. Pass on the address to pay at, which stands below."
    return f"{sentence} confirmed."


def _page(
    model_admin: Any,
    request: Request,
    search: Search,
    form: BookForm,
    error: DomainError | None,
) -> HttpResponse:
    room, day = search.room, search.day
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Book for a customer",
        "opts": model_admin.opts,
        "search": search.form,
        "form": form,
        "room": room,
        "day_said": clock.say_date(clock.local_midnight(day, room.timezone), room.timezone)
        if room and day
        else "",
        "has_times": bool(search.slots),
        "next_way": _next_way(search, request) if room and not search.slots else None,
        "who": search.form.data.get("who", ""),
        "is_found": bool(search.people),
        "error": error.message if error and error.attr not in form.fields else "",
        "alternatives": _alternatives(error, search) if error else [],
        "back": reverse("admin:bookings_booking_changelist"),
    }
    status = error.status if error else 200
    return TemplateResponse(request, "admin/bookings/booking/book.html", context, status=status)


def _next_way(search: Search, request: Request) -> dict[str, str] | None:
    """Where the next free time is, when the day has none."""
    assert search.room is not None
    assert search.day is not None
    _, ends = clock.day_bounds(search.day, search.room.timezone)
    slot = next_open(search.room, max(ends, request.at))
    return _way(slot, search) if slot else None


def _alternatives(error: DomainError, search: Search) -> list[dict[str, str]]:
    return [_way(slot, search) for slot in error.details.get("alternatives", [])]


def _way(slot: Timeslot, search: Search) -> dict[str, str]:
    query = {"timeslot": slot.pk, "who": search.form.data.get("who", "")}
    return {
        "said": clock.say_moment(slot.start_time, slot.room.timezone),
        "url": f"{reverse('admin:bookings_booking_book')}?{urlencode(query)}",
    }
