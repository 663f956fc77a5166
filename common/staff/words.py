"""How staff pages say what belongs to no room."""

from datetime import datetime

from django.conf import settings

from common import clock


def said_stamp(at: datetime | None) -> str:
    """An instant by the site's own clock, for rows that belong to no room."""
    if at is None:
        return ""
    zone = settings.TIME_ZONE
    return f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)} ({clock.place_of(zone)})"
