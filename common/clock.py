"""Time zones and how an instant is said to a person."""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from django.core.exceptions import ValidationError


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


def validate_zone(name: str) -> None:
    """Model validator: an IANA name such as 'Europe/Berlin'."""
    if name not in zone_names():
        raise ValidationError(f"'{name}' isn't a time zone; write it like Europe/Berlin.")


def local_midnight(day: date, zone_name: str) -> datetime:
    """The first instant of `day` in that zone, in UTC."""
    return datetime.combine(day, time.min, tzinfo=zone(zone_name)).astimezone(UTC)


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """[start, end) of the calendar day in that zone: 23, 24 or 25 hours."""
    return local_midnight(day, zone_name), local_midnight(day + timedelta(days=1), zone_name)


def place_of(zone_name: str) -> str:
    """'Europe/Berlin' -> 'Berlin', as it is said to people."""
    return zone_name.rsplit("/", 1)[-1].replace("_", " ")


def say_day(at: datetime, zone_name: str) -> str:
    """'Thu 8 July' in that zone."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%a} {local.day} {local:%B}"


def say_date(at: datetime, zone_name: str) -> str:
    """'Thu 8 Jul 2027': where the year matters."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%a} {local.day} {local:%b %Y}"


def say_time(at: datetime, zone_name: str) -> str:
    return f"{at.astimezone(zone(zone_name)):%H:%M}"


def say_moment(at: datetime, zone_name: str) -> str:
    """'Thu 8 July, 09:00'."""
    return f"{say_day(at, zone_name)}, {say_time(at, zone_name)}"


def say_hours(start: datetime, end: datetime, zone_name: str) -> str:
    """'09:00–09:30', where the day is told beside it; names the second day when it is another."""
    first = say_time(start, zone_name)
    if is_same_day(start, end, zone_name):
        return f"{first}–{say_time(end, zone_name)}"
    # With spaces, else '20:00–Mon 20 July' reads as one word.
    return f"{first} – {say_moment(end, zone_name)}"


def is_same_day(one: datetime, other: datetime, zone_name: str) -> bool:
    here = zone(zone_name)
    return one.astimezone(here).date() == other.astimezone(here).date()


def say_soon(at: datetime, zone_name: str, *, now: datetime) -> str:
    """'today, 09:00', 'tomorrow, 09:00', else 'Thu 8 July, 09:00': as one says what comes next."""
    days = (at.astimezone(zone(zone_name)).date() - now.astimezone(zone(zone_name)).date()).days
    day = {0: "today", 1: "tomorrow"}.get(days) or say_day(at, zone_name)
    return f"{day}, {say_time(at, zone_name)}"


def say_length(minutes: int) -> str:
    """'30 minutes', '1 hour', '1 hour 30 minutes'."""
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append("1 hour" if hours == 1 else f"{hours} hours")
    if rest or not hours:
        parts.append("1 minute" if rest == 1 else f"{rest} minutes")
    return " ".join(parts)


def say_span(start: datetime, end: datetime, zone_name: str) -> str:
    """'Thu 8 July, 09:00–09:30 (Berlin)'; names the second day when it is another."""
    hours = say_hours(start, end, zone_name)
    return f"{say_day(start, zone_name)}, {hours} ({place_of(zone_name)})"
