"""Opening hours as staff write them down, for one room or several."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from bookings.admin.desk_forms import DayField
from bookings.admin.forms import MinutesField
from bookings.models import MOST_PLACES, Room
from bookings.planning import MONDAY_TO_FRIDAY, Plan, Window, parse_windows
from common import clock

WEEKDAYS: Final = (
    (1, "Monday"),
    (2, "Tuesday"),
    (3, "Wednesday"),
    (4, "Thursday"),
    (5, "Friday"),
    (6, "Saturday"),
    (7, "Sunday"),
)
FOUR_WEEKS: Final = timedelta(days=27)
MOST_ROOMS: Final = 50
MOST_DAYS: Final = 366


class WindowsField(forms.CharField):
    """'09:00-12:00, 13:00-17:00'"""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=200, **kwargs)

    def clean(self, value: Any) -> list[Window]:
        text: str = super().clean(value)
        try:
            return parse_windows(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class DaysField(forms.CharField):
    """Days of the calendar, one after the other; '2026-12-24 to 2027-01-02' is all between."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def clean(self, value: Any) -> frozenset[date]:
        text: str = super().clean(value)
        days: set[date] = set()
        for part in re.split(r"[,;\n]", text):
            if part.strip():
                days |= set(_span(part.strip()))
        if len(days) > MOST_DAYS:
            raise forms.ValidationError("These are more days than a year has.")
        return frozenset(days)


def _span(text: str) -> Iterator[date]:
    first, _, last = (part.strip() for part in text.partition(" to "))
    try:
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise forms.ValidationError(
            f"'{text}' isn't a day such as 2026-12-24, nor '2026-12-24 to 2027-01-02'."
        ) from None
    if not timedelta(0) <= end - day <= timedelta(days=MOST_DAYS):
        raise forms.ValidationError(f"'{text}' ends before it begins, or is too long.")
    while day <= end:
        yield day
        day += timedelta(days=1)


class GenerateForm(forms.Form):
    """Opening hours, to be filled with times."""

    rooms = forms.ModelMultipleChoiceField(
        Room.objects.none(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Choose at least one room."},
    )
    first_day = DayField(label="From")
    last_day = DayField(label="Up to and including", help_text="At most a year at once.")
    breaks = WindowsField(label="Breaks, every day", help_text="As in 12:30-13:00. Empty: none.")
    excluded = DaysField(
        label="Closed on",
        required=False,
        max_length=2000,
        help_text="Holidays: one day a line, as in 2026-12-24 or 2026-12-24 to 2027-01-02.",
    )
    minutes = MinutesField(label="Length of each time, in minutes", initial=30)
    buffer = forms.IntegerField(
        label="Pause after each time, in minutes",
        initial=0,
        min_value=0,
        max_value=24 * 60,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    price = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="For each time. Empty: the room's price per hour for its length. 0: free.",
    )
    places = forms.IntegerField(
        label="Places",
        initial=1,
        min_value=1,
        max_value=MOST_PLACES,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many can book each time.",
    )

    # Which of these a refusal of the service is about.
    fields_by_attr: ClassVar = {
        "roomId": "rooms",
        "startDate": "first_day",
        "endDate": "last_day",
        "slotDuration": "minutes",
        "bufferMinutes": "buffer",
        "price": "price",
        "maxBookings": "places",
    }

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        self.fields["rooms"].queryset = Room.objects.active()  # type: ignore[attr-defined]
        for number, name in WEEKDAYS:
            self.fields[f"hours_{number}"] = WindowsField(
                label=name, initial="09:00-17:00" if number in MONDAY_TO_FRIDAY else ""
            )

    def hours_fields(self) -> list[forms.BoundField]:
        return [self[f"hours_{number}"] for number, _ in WEEKDAYS]

    def clean(self) -> None:
        super().clean()
        given = self.cleaned_data
        rooms, first, last = (given.get(name) for name in ("rooms", "first_day", "last_day"))
        if rooms and len(rooms) > MOST_ROOMS:
            self.add_error("rooms", f"At most {MOST_ROOMS} rooms at once.")
        if rooms and first and first < min(self._today(room) for room in rooms):
            self.add_error("first_day", "This day is over.")
        elif first and last and last < first:
            self.add_error("last_day", "The last day lies before the first.")
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("last_day", f"At most {MOST_DAYS} days at once.")
        hours = [given.get(f"hours_{number}") for number, _ in WEEKDAYS]
        if not self.errors and not any(hours):
            self.add_error("hours_1", "Write down the hours of at least one day.")

    def plan(self) -> Plan:
        given = self.cleaned_data
        return Plan(
            first_day=given["first_day"],
            last_day=given["last_day"],
            slot_length=timedelta(minutes=given["minutes"]),
            hours={
                number: given[f"hours_{number}"]
                for number, _ in WEEKDAYS
                if given[f"hours_{number}"]
            },
            breaks=given["breaks"],
            buffer=timedelta(minutes=given["buffer"]),
            excluded=given["excluded"],
        )

    def _today(self, room: Room) -> date:
        return self.at.astimezone(clock.zone(room.timezone)).date()


def first_month(today: date) -> dict[str, date]:
    """Four weeks from today: what the generator's page offers."""
    return {"first_day": today, "last_day": today + FOUR_WEEKS}
