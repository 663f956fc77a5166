"""Times as staff type them: a day and an hour by the room's own clock."""

from datetime import timedelta
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
)

from bookings.models import Timeslot
from common import clock
from common.staff.rows import RefusingForm
from common.staff.times import DayInput, HourInput, instant

TIME_FIELDS: Final = ("day", "starts", "minutes")


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
