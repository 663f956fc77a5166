"""The shape of what the booking pages are asked; the rules are the services'."""

from typing import Any

from django import forms

from bookings.states import RoomType
from common.forms import LARGEST_ID

MOST_PEOPLE = 10_000


class FilterForm(forms.Form):
    """The quiet row above the rooms. What makes no sense filters nothing."""

    search = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    type = forms.ChoiceField(
        label="What for",
        required=False,
        choices=[("", "Anything"), *RoomType.choices],
    )
    people = forms.IntegerField(
        label="People",
        required=False,
        min_value=1,
        max_value=MOST_PEOPLE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    date = forms.DateField(
        label="Free on",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    time = forms.TimeField(
        label="At",
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        wanted = super().clean() or {}
        if wanted.get("time") and not wanted.get("date"):
            self.add_error("time", "On which day?")
        return wanted


class WhereForm(forms.Form):
    """Where somebody is on the booking page: `?room=&month=&day=&slot=`."""

    room = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    month = forms.DateField(required=False, input_formats=["%Y-%m"])
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    slot = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class HoldForm(forms.Form):
    """Take this time at the price that was shown. The key makes a double click one purchase."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    room = forms.IntegerField(min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    slot = forms.IntegerField(min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    expected_price = forms.DecimalField(
        max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )
    notes = forms.CharField(
        label="Notes for us",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What we should know before you come.",
    )


class MoveForm(forms.Form):
    """Move a booking to this time, at the price that was shown."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    slot = forms.IntegerField(min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    expected_price = forms.DecimalField(
        max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )
