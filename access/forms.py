"""The shape of what the pages of plans are asked; the rules are the services'."""

from django import forms


class SubscribeForm(forms.Form):
    """Take this plan at the price that was shown. The key makes a double click one purchase."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    expected_price = forms.DecimalField(
        max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )
    # What the person was told about a trial: with it gone, money would be taken at once.
    trial_days = forms.IntegerField(min_value=0, max_value=1000, widget=forms.HiddenInput)


class LeaveForm(forms.Form):
    """End it, in the state that was shown: by then another end would be another question."""

    as_shown = forms.CharField(max_length=80, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why?",
        required=False,
        max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Only if you like to tell us.",
    )
