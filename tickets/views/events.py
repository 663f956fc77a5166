"""`/events`: what takes place, under the months, with one quiet row of filters."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common import clock
from common.forms import sensible
from common.http import Request
from tickets.forms import FilterForm
from tickets.posters import months
from tickets.queries import events_to_show

EVENTS_A_PAGE = 24
LAST_DAY = date(9999, 12, 30)


@never_cache
@require_safe
def events(request: Request) -> HttpResponse:
    """Published events, the next first; the past ones for who asks for their dates."""
    form = FilterForm(request.GET)
    wanted = sensible(form)
    found = events_to_show(
        request.at,
        event_type=wanted.get("type") or "",
        search=wanted.get("search") or "",
        is_online={"yes": True, "no": False}.get(wanted.get("online") or ""),
        **_dates(wanted),
    )
    page = Paginator(found.prefetch_related("tiers"), EVENTS_A_PAGE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "tickets/events.html",
        {
            "form": form,
            "months": months(page, at=request.at),
            "page": page,
            "query": f"{query.urlencode()}&" if query else "",
            "is_filtered": any(wanted.values()),
        },
    )


def _dates(wanted: dict[str, Any]) -> dict[str, datetime | None]:
    """Whole days by the site's own clock: no event's zone is known before it is found."""
    since, until = wanted.get("since"), wanted.get("until")
    return {
        "starts_from": _midnight(since) if since else None,
        "starts_until": _midnight(min(until, LAST_DAY) + timedelta(days=1)) if until else None,
    }


def _midnight(day: date) -> datetime:
    # The first and last days that there are would leave the calendar in some zones.
    inside = min(max(day, date(1900, 1, 1)), LAST_DAY)
    return clock.local_midnight(inside, settings.TIME_ZONE)
