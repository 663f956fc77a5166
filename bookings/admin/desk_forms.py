"""What staff are asked when they book for a customer or move a booking."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import uuid4

from django import forms
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import User
from bookings.models import Room, Timeslot
from common.forms import LARGEST_ID
from common.staff.times import DayInput

SOMEBODY_NEW: Final = "new"
DUE: Final = "due"
HOLD: Final = "hold"


class DayField(forms.DateField):
    """A day of this age: clocks and databases reckon with all of them, and with the days around."""

    widget = DayInput
    FIRST: Final = date(2000, 1, 1)
    LAST: Final = date(2199, 12, 31)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None and not self.FIRST <= value <= self.LAST:
            raise forms.ValidationError(f"A day lies between {self.FIRST} and {self.LAST}.")


class WhereForm(forms.Form):
    """Room, day and customer that are being looked for: `?room=&day=&who=`."""

    room = forms.ModelChoiceField(
        Room.objects.none(), required=False, widget=UnfoldAdminSelectWidget
    )
    day = DayField(required=False)
    who = forms.CharField(
        label="Customer",
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Name or e-mail"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms = self.fields["room"]
        rooms.queryset = Room.objects.active()  # type: ignore[attr-defined]
        rooms.empty_label = "Choose a room"  # type: ignore[attr-defined]


class DayForm(forms.Form):
    """`?day=`"""

    day = DayField(required=False)


class TimeField(forms.IntegerField):
    """One of these times, by its number; whether it can be had is the service's to say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_value=1,
            max_value=LARGEST_ID,
            widget=UnfoldAdminSelectWidget,
            error_messages={"required": "Choose a time."},
            **kwargs,
        )

    def offer(self, choices: Sequence[tuple[int, str]]) -> None:
        self.widget.choices = [("", "Choose a time"), *choices]


class BookForm(forms.Form):
    """Who gets which time, and how it is paid."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    timeslot = TimeField(label="Time")
    person = forms.CharField(label="For", widget=UnfoldAdminRadioSelectWidget)
    email = forms.EmailField(
        label="Their e-mail address",
        required=False,
        max_length=254,
        widget=UnfoldAdminEmailInputWidget,
        help_text="Mails about the booking go there, and a code to sign in with.",
    )
    name = forms.CharField(
        label="Their name",
        required=False,
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
    )
    payment = forms.ChoiceField(
        label="Payment",
        choices=[
            (DUE, "At the desk: confirmed at once"),
            (HOLD, "Online: held until it is paid"),
        ],
        widget=UnfoldAdminRadioSelectWidget,
        help_text="For paying online you are shown an address to pass on. "
        "What costs nothing is confirmed at once.",
    )
    notes = forms.CharField(
        label="Notes",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="The customer can read them.",
    )

    def __init__(
        self,
        *args: Any,
        slots: Sequence[tuple[int, str]],
        people: Sequence[User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timeslot"].offer(slots)  # type: ignore[attr-defined]
        known = [(str(person.pk), str(person)) for person in people]
        self.fields["person"].widget.choices = [*known, (SOMEBODY_NEW, "Somebody new")]

    def clean_person(self) -> int | None:
        """None is somebody new."""
        chosen: str = self.cleaned_data["person"]
        if chosen == SOMEBODY_NEW:
            return None
        if not chosen.isdecimal() or int(chosen) > LARGEST_ID:
            raise forms.ValidationError("Choose who it is for.")
        return int(chosen)

    def clean(self) -> None:
        super().clean()
        given = self.cleaned_data
        is_new = "person" in given and given["person"] is None
        if is_new and not given.get("email") and "email" not in self.errors:
            self.add_error("email", "Somebody new needs an e-mail address.")

    @staticmethod
    def fresh(**fields: Any) -> dict[str, Any]:
        """What the form begins with."""
        return {"idempotency_key": uuid4(), "payment": DUE, **fields}


class MoveForm(forms.Form):
    """To which time, and why."""

    timeslot = TimeField(label="New time")
    reason = forms.CharField(
        required=False,
        max_length=150,
        widget=UnfoldAdminTextInputWidget,
        help_text="For the booking's history, seen by staff.",
    )

    def __init__(self, *args: Any, slots: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timeslot"].offer(slots)  # type: ignore[attr-defined]


class NotesForm(forms.Form):
    notes = forms.CharField(
        label="Notes of the staff",
        required=False,
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="The customer never sees them.",
    )


def day_of(form: forms.Form, default: date) -> date:
    """The day asked for; the default for none and for nonsense."""
    day: date | None = form.cleaned_data.get("day") if form.is_valid() else None
    return day or default


def preselected(slots: Sequence[Timeslot], wanted: int | None) -> int | None:
    return wanted if wanted in {slot.pk for slot in slots} else None
