"""The shape of what the pages about events and tickets are asked; the rules are the services'."""

from django import forms

from common.forms import LARGEST_ID
from tickets.states import EventType, TicketType

WHERE = [("", "Anywhere"), ("no", "In person"), ("yes", "Online")]


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class FilterForm(forms.Form):
    """The quiet row above the events. What makes no sense filters nothing."""

    search = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    type = forms.ChoiceField(
        label="What", required=False, choices=[("", "Anything"), *EventType.choices]
    )
    since = _day("From")
    until = _day("Until")
    online = forms.ChoiceField(label="Where", required=False, choices=WHERE)


class ChoiceForm(forms.Form):
    """What somebody has chosen on an event's page: `?type=&quantity=`."""

    type = forms.ChoiceField(required=False, choices=TicketType.choices)
    quantity = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class BuyForm(forms.Form):
    """Take these tickets at the sum that was shown. The key makes a double click one purchase."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    ticket_type = forms.ChoiceField(choices=TicketType.choices, widget=forms.HiddenInput)
    quantity = forms.IntegerField(min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput)
    expected_amount = forms.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )
