"""The front page, one's account, and the small addresses that every site has."""

import re

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import resolve, reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from access.telling import failed_payment, told_briefly
from accounts.forms import NameForm, RemindersForm
from accounts.models import User
from accounts.services import rename
from bookings import desk, telling
from bookings.models import Booking, Room
from bookings.queries import next_free_slots, next_of
from common.http import HttpResponseSeeOther, Request
from portal.calendar import calendar_url
from portal.styleguide import sample
from tickets import posters
from tickets import telling as tickets_telling
from tickets.models import TicketOrder
from tickets.queries import events_to_show, next_order_of

ROOMS_SHOWN = 6
EVENTS_SHOWN = 3
# A colour as CSS writes it, and nothing that could end the declaration.
COLOUR = re.compile(
    r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|(rgb|hsl|oklch|oklab|lab|lch)\([^;{}]{1,60}\)"
)


OFFERS = {
    "office": "an office",
    "consultation": "a consultation",
    "meeting": "a meeting room",
    "treatment": "a treatment",
}


@never_cache
@require_safe
def home(request: Request) -> HttpResponse:
    """What can be booked, what is free next, and what is next for who is signed in."""
    rooms = list(Room.objects.active())
    soonest = sorted(
        next_free_slots(rooms, request.at).values(),
        key=lambda slot: (slot.start_time, slot.room.name),
    )[:ROOMS_SHOWN]
    coming = list(events_to_show(request.at).prefetch_related("tiers")[:EVENTS_SHOWN])
    booking, order = _next(request)
    return render(
        request,
        "portal/home.html",
        {
            "offer": _offer(rooms, has_events=bool(coming)),
            "free": [desk.free_card(slot, now=request.at) for slot in soonest],
            "more_rooms": max(len(rooms) - len(soonest), 0),
            "events": [posters.home_card(event, now=request.at) for event in coming],
            "failed": failed_payment(request.user.pk, at=request.at) if request.user.pk else None,
            "next": telling.told(booking, at=request.at) if booking else None,
            "next_tickets": tickets_telling.told_order(order, at=request.at) if order else None,
            "next_title": (
                "Waiting for you"
                if (booking and booking.is_pending) or (order and order.is_pending)
                else "Next for you"
            ),
            "at": request.at,
            "hold_seconds": int(settings.HOLD_MINUTES * 60),
        },
    )


def _next(request: Request) -> tuple[Booking | None, TicketOrder | None]:
    """The one thing that is next for somebody: a hold before all, else what begins first."""
    if request.user.pk is None:
        return None, None
    booking = next_of(request.user.pk, request.at)
    order = next_order_of(request.user.pk, request.at)
    if booking is None or order is None:
        return booking, order
    if booking.is_pending != order.is_pending:
        return (booking, None) if booking.is_pending else (None, order)
    if booking.is_pending:
        is_first = (booking.expires_at or request.at) <= (order.expires_at or request.at)
    else:
        is_first = booking.timeslot.start_time <= order.event.start_date
    return (booking, None) if is_first else (None, order)


def _offer(rooms: list[Room], *, has_events: bool) -> dict[str, str]:
    """What can be had here, in one sentence."""
    kinds = list(dict.fromkeys(OFFERS[room.room_type] for room in rooms))
    if not kinds and has_events:
        return {
            "title": "Find an event",
            "text": "See what is on, choose your tickets and pay: the places are yours.",
        }
    if not kinds:
        return {
            "title": "Nothing can be booked at present",
            "text": "Please look in again soon.",
        }
    listed = kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    return {
        "title": f"Book {listed}",
        "text": (
            "See what is free and what is on, choose and pay: the place is yours."
            if has_events
            else "See what is free, choose your time and pay: the place is yours."
        ),
    }


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: Request) -> HttpResponse:
    """One's name, the ways to sign in, and the way out."""
    assert isinstance(request.user, User)
    form = NameForm(request.POST or None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        rename(user_id=request.user.pk, name=form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return HttpResponseSeeOther(reverse("portal:account"))
    return render(
        request,
        "portal/account.html",
        {
            "form": form,
            "reminders": RemindersForm(initial={"wants_reminders": request.user.wants_reminders}),
            "subscriptions": told_briefly(request.user.pk, at=request.at),
            "calendar_url": calendar_url(request.user),
        },
        status=400 if form.errors else 200,
    )


@cache_control(public=True, max_age=300)
@require_safe
def brand_css(request: Request) -> HttpResponse:
    """The one colour that a house brings; static/css/tokens.css derives the rest from it."""
    accent = settings.BRAND_ACCENT.strip()
    rule = f":root {{ --accent: {accent}; }}\n" if COLOUR.fullmatch(accent) else ""
    return HttpResponse(rule, content_type="text/css; charset=utf-8")


@require_safe
def favicon(request: Request) -> HttpResponse:
    """Where browsers look that were told nothing, such as on the API's pages."""
    return HttpResponsePermanentRedirect(static("img/favicon.svg"))


@require_safe
def styleguide(request: Request) -> HttpResponse:
    """Every part of the pages, alive; in the demo alone."""
    if not settings.IS_DEMO:
        raise Http404
    return render(request, "styleguide.html", sample(request.at))


@require_safe
def without_slash(request: Request, path: str) -> HttpResponse:
    """The same address without the slash at its end."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"/{path}" + (f"?{query}" if query else ""))


@require_safe
def with_slash(request: Request, path: str) -> HttpResponse:
    """The account page of that address, which allauth ends with a slash.

    Raises Http404 when there is none.
    """
    resolve(f"/{path}/")
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"/{path}/" + (f"?{query}" if query else ""))
