"""Moments as staff type them: a day and an hour by the clock of some place."""

from datetime import UTC, date, datetime, time
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100


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


class MomentInput(UnfoldAdminTextInputWidget):
    """The browser's own calendar and clock in one."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> str | None:
        return f"{value:%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else value


class MomentField(forms.Field):
    """A moment of the wall clock, without a zone: the form that has the zone makes it an instant.

    Cleans to a naive datetime of whole minutes, or None.
    """

    widget = MomentInput

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise forms.ValidationError("Please enter a day and an hour.") from None
        if moment.tzinfo is not None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise forms.ValidationError(f"Please enter a day up to the year {LAST_YEAR}.")
        return moment.replace(second=0, microsecond=0)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            moment = self.to_python(data)
        except forms.ValidationError:
            return True
        shown = initial.replace(second=0, microsecond=0) if initial else None
        return bool(moment != shown)
