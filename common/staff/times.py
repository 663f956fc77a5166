"""Moments as staff type them: a day and an hour by the clock of some place."""

from datetime import UTC, date, datetime, time
from typing import Any

from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock


class DayInput(UnfoldAdminTextInputWidget):
    """The browser's own calendar."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value


class HourInput(UnfoldAdminTextInputWidget):
    """The browser's own clock."""

    input_type = "time"

    def format_value(self, value: Any) -> str | None:
        return f"{value:%H:%M}" if isinstance(value, time) else value


def instant(day: date, hour: time, zone_name: str) -> datetime | None:
    """That moment of the wall clock in UTC, the first one when there are two; None when none."""
    zone = clock.zone(zone_name)
    there = datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
    is_real = there.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, hour)
    return there if is_real else None


def wall_clock(at: datetime, zone_name: str) -> datetime:
    """What the clock on the wall there shows, without a zone."""
    return at.astimezone(clock.zone(zone_name)).replace(tzinfo=None)
