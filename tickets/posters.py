"""Events as cards in a list, under the months in which they begin."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from common import clock
from tickets.models import Event
from tickets.offers import is_sold_out, said_price
from tickets.queries import is_scarce
from tickets.telling import said_when, said_where


def months(events: Iterable[Event], *, at: datetime) -> list[dict[str, Any]]:
    """Cards under 'July 2027', by each event's own clock; `events` in the order of their start."""
    groups = groupby(events, key=_month)
    return [
        {"title": title, "cards": [poster_card(event, at=at) for event in group]}
        for title, group in groups
    ]


def poster_card(event: Event, *, at: datetime) -> dict[str, Any]:
    """What a card says; `event` with its tiers at hand."""
    return {
        "event": event,
        "href": event.get_absolute_url(),
        "when": said_when(event),
        # 'Online' stands there as a mark.
        "where": "" if event.is_online else said_where(event),
        "price": said_price(event, at=at),
        "marks": list(marks_of(event, at=at)),
    }


def home_card(event: Event, *, now: datetime) -> dict[str, str]:
    """What the front page says of an event."""
    starts = clock.say_soon(event.start_date, event.timezone, now=now)
    mark = next((mark for mark in marks_of(event, at=now) if mark["label"] != "Free"), None)
    return {
        "href": event.get_absolute_url(),
        "title": event.name,
        "text": f"{starts[:1].upper()}{starts[1:]} ({clock.place_of(event.timezone)})",
        "note": said_price(event, at=now),
        "picture": event.name,
        "url": event.image_url,
        "mark": mark["label"] if mark else "",
        "tone": mark["tone"] if mark else "",
    }


def marks_of(event: Event, *, at: datetime) -> Iterable[dict[str, str]]:
    """'Sold out' or 'Few left', 'Online', 'Free'."""
    if is_sold_out(event):
        yield {"label": "Sold out", "tone": "bad", "icon": "close"}
    if event.is_online:
        yield {"label": "Online", "tone": "accent", "icon": "globe"}
    yield from marks_of_its_page(event, at=at)


def marks_of_its_page(event: Event, *, at: datetime) -> Iterable[dict[str, str]]:
    """'Few left', 'Free': its page says in words that it is sold out, and where it is."""
    if is_scarce(event) and not is_sold_out(event):
        yield {"label": "Few left", "tone": "wait", "icon": "hourglass"}
    if said_price(event, at=at) == "Free":
        yield {"label": "Free", "tone": "good", "icon": "check"}


def _month(event: Event) -> str:
    local = event.start_date.astimezone(clock.zone(event.timezone))
    return f"{local:%B %Y}"
