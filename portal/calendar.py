"""The personal calendar to subscribe to, and the link that ends reminders."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import RemindersForm
from accounts.models import User
from accounts.opting_out import read_token
from accounts.services import choose_reminders, close_calendar, open_calendar
from bookings import emails as booking_emails
from bookings.queries import for_calendar as bookings_for_calendar
from common.http import HttpResponseSeeOther, Request
from notifications.calendar import Entry, feed
from tickets import emails as ticket_emails
from tickets.queries import for_calendar as orders_for_calendar

# What is over stays a while: a calendar is also a diary.
KEPT_FOR: Final = timedelta(days=60)


@require_safe
def calendar(request: Request, token: str) -> HttpResponse:
    """All that somebody has booked, for calendar programs; whoever knows the address may read."""
    user = get_object_or_404(User, calendar_token=token, is_active=True)
    ics = feed(_entries(user, request.at), name=settings.SITE_NAME)
    etag = quote_etag(hashlib.sha256(ics).hexdigest()[:32])
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(ics, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def calendar_url(user: User) -> str:
    """The feed's address for calendar programs; '' while there is none."""
    if not user.calendar_token:
        return ""
    path = reverse("portal:calendar", args=[user.calendar_token])
    return f"webcal://{settings.SITE_URL.split('//', 1)[-1]}{path}"


@login_required
@require_POST
def change_calendar(request: Request) -> HttpResponse:
    """A new secret address (the old one ends at once), or none."""
    assert isinstance(request.user, User)
    if request.POST.get("do") == "close":
        close_calendar(user_id=request.user.pk)
        messages.success(request, "The calendar's address has ended.")
    else:
        open_calendar(user_id=request.user.pk)
        messages.success(request, "Your calendar has a new address.")
    return HttpResponseSeeOther(reverse("portal:account") + "#calendar")


@login_required
@require_POST
def change_reminders(request: Request) -> HttpResponse:
    """Reminders by e-mail, on or off."""
    form = RemindersForm(request.POST)
    wanted = form.is_valid() and form.cleaned_data["wants_reminders"]
    assert isinstance(request.user, User)
    choose_reminders(user_id=request.user.pk, wanted=wanted)
    said = "You will be reminded by e-mail." if wanted else "No more reminders by e-mail."
    messages.success(request, said)
    return HttpResponseSeeOther(reverse("portal:account"))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reminders_off(request: Request, token: str) -> HttpResponse:
    """The link of a reminder: asks, and on the button (or a mail program's one click) it is done.

    Looking changes nothing, because mail programs look at links by themselves. There is nothing
    to forge: the token in the address says whose reminders end, and no cookie is asked for.
    """
    user_id = read_token(token)
    if user_id is None or not User.objects.filter(pk=user_id).exists():
        raise Http404
    if request.method == "POST":
        choose_reminders(user_id=user_id, wanted=False)
    return render(request, "portal/reminders_off.html", {"is_done": request.method == "POST"})


def _entries(user: User, at: datetime) -> Iterator[Entry]:
    since = at - KEPT_FOR
    # The stamp is the change's, not the moment of asking: unchanged is the same bytes, and 304.
    for booking in bookings_for_calendar(user.pk, since=since):
        yield booking_emails.entry_from_facts(
            booking_emails.facts_of(booking, at=booking.updated_at)
        )
    for order in orders_for_calendar(user.pk, since=since):
        yield ticket_emails.entry_from_facts(ticket_emails.facts_of(order, at=order.updated_at))
