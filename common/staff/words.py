"""How staff pages say things."""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string

from common import clock


def said_stamp(at: datetime | None, zone: str = "") -> str:
    """An instant by the clock of `zone`; without one by the site's, for rows of no room."""
    if at is None:
        return ""
    zone = zone or settings.TIME_ZONE
    return f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)} ({clock.place_of(zone)})"


def said_day_and_time(at: datetime | None) -> list[str]:
    """The same in two parts, for the two lines of a list."""
    day, _, time = said_stamp(at).partition(", ")
    return [day, time]


def mark(text: str, colour: str) -> str:
    """A word in a soft colour, as in the lists: success, warning, danger, info or default."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})
