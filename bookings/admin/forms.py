"""Times as staff type them: a day and an hour by the room's own clock."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
)

from bookings.models import MOST_PLACES, Room, Timeslot
from bookings.planning import MONDAY_TO_FRIDAY, Plan, Window, same_hours
from common import clock
from common.staff.rows import RefusingForm
from common.staff.times import DayInput, HourInput, instant

WEEKDAYS: Final = (
    (1, "Mon"),
    (2, "Tue"),
    (3, "Wed"),
    (4, "Thu"),
    (5, "Fri"),
    (6, "Sat"),
    (7, "Sun"),
)
TIME_FIELDS: Final = ("day", "starts", "minutes")
FOUR_WEEKS: Final = timedelta(days=27)


class MinutesField(forms.IntegerField):
    widget = UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=5, max_value=24 * 60, **kwargs)


class TimeslotForm(RefusingForm, forms.ModelForm[Timeslot]):
    """One time. The counter of places isn't here: only bookings move it."""

    # Somebody relies on the time of a slot that was ever booked: it isn't offered for change.
    is_time_fixed: ClassVar = False
    fields_by_attr: ClassVar = {
        "startTime": "starts",
        "endTime": "minutes",
        "maxBookings": "max_bookings",
    }

    day = forms.DateField(widget=DayInput)
    starts = forms.TimeField(
        label="From", widget=HourInput, help_text="By the clock of the room's own time zone."
    )
    minutes = MinutesField(label="Length, in minutes")

    class Meta:
        model = Timeslot
        fields = ("room", "price", "max_bookings")
        labels: ClassVar = {"max_bookings": "Places"}
        help_texts: ClassVar = {
            "price": "Empty: the room's price per hour for its length. 0: free.",
            "max_bookings": "How many can book this time.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        slot: Timeslot = self.instance
        if self.is_time_fixed:
            for name in TIME_FIELDS:
                del self.fields[name]
        elif not slot._state.adding:
            local = slot.start_time.astimezone(clock.zone(slot.room.timezone))
            self.initial = {
                "day": local.date(),
                "starts": local.time().replace(tzinfo=None),
                "minutes": slot.minutes,
                **self.initial,
            }

    def clean(self) -> None:
        super().clean()
        room = self.cleaned_data.get("room") or (self.instance.room if self.instance.pk else None)
        day, starts, minutes = (
            self.cleaned_data.get(name) for name in ("day", "starts", "minutes")
        )
        if room and day and starts is not None and minutes:
            start = instant(day, starts, room.timezone)
            if start is None:
                self.add_error("starts", "The clocks are put forward then: that hour isn't there.")
            else:
                self.cleaned_data["start_time"] = start
                self.cleaned_data["end_time"] = start + timedelta(minutes=minutes)
        self.refuse()

    def changes(self) -> dict[str, Any]:
        """What `edit_slot` is to change."""
        values: dict[str, Any] = {
            name: self.cleaned_data[name]
            for name in ("price", "max_bookings")
            if name in self.changed_data
        }
        if set(TIME_FIELDS) & set(self.changed_data):
            values |= {name: self.cleaned_data[name] for name in ("start_time", "end_time")}
        return values


class GenerateForm(forms.Form):
    """Opening hours, to be filled with times."""

    room = forms.ModelChoiceField(
        Room.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose a room"
    )
    first_day = forms.DateField(label="From", widget=DayInput)
    last_day = forms.DateField(label="Up to and including", widget=DayInput)
    weekdays = forms.TypedMultipleChoiceField(
        label="On",
        choices=WEEKDAYS,
        coerce=int,
        initial=list(MONDAY_TO_FRIDAY),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    opens = forms.TimeField(label="Opens", initial=time(9), widget=HourInput)
    closes = forms.TimeField(
        label="Closes",
        initial=time(17),
        widget=HourInput,
        help_text="By the room's own clock; 00:00 is midnight. For a lunch break make the morning "
        "first, then the afternoon.",
    )
    minutes = MinutesField(label="Length of each time, in minutes", initial=30)
    price = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="For each time. Empty: the room's price per hour for its length. 0: free.",
    )
    places = forms.IntegerField(
        initial=1,
        min_value=1,
        max_value=MOST_PLACES,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many can book each time.",
    )

    # Which of these a refusal of the service is about.
    fields_by_attr: ClassVar = {
        "roomId": "room",
        "startDate": "first_day",
        "endDate": "last_day",
        "slotDuration": "minutes",
        "price": "price",
        "maxBookings": "places",
    }

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        rooms = Room.objects.active()
        self.fields["room"].queryset = rooms  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        given = self.cleaned_data
        room, first, last = (given.get(name) for name in ("room", "first_day", "last_day"))
        if room and first and first < self.at.astimezone(clock.zone(room.timezone)).date():
            self.add_error("first_day", "This day is over.")
        elif first and last and last < first:
            self.add_error("last_day", "The last day lies before the first.")
        opens, closes = given.get("opens"), given.get("closes")
        if opens is not None and opens == closes != time(0):
            self.add_error("closes", "It closes the moment it opens.")

    def plan(self) -> Plan:
        given = self.cleaned_data
        hours = Window(given["opens"], given["closes"])
        return Plan(
            first_day=given["first_day"],
            last_day=given["last_day"],
            slot_length=timedelta(minutes=given["minutes"]),
            hours=same_hours(hours, given["weekdays"]),
        )


def first_month(today: date) -> dict[str, date]:
    """Four weeks from today: what the generator's page offers."""
    return {"first_day": today, "last_day": today + FOUR_WEEKS}


def by_day(slots: Iterable[Timeslot], zone_name: str) -> list[dict[str, Any]]:
    """Slots grouped by their local day: the day in words and its hours."""
    days: dict[date, dict[str, Any]] = {}
    for slot in slots:
        local = slot.start_time.astimezone(clock.zone(zone_name)).date()
        found = days.setdefault(
            local, {"day": clock.say_date(slot.start_time, zone_name), "times": []}
        )
        found["times"].append(clock.say_time(slot.start_time, zone_name))
    return list(days.values())
