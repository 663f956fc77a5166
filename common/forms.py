"""What the forms of several apps share."""

from typing import Any

from django import forms

LARGEST_ID = 2**31 - 1


class CancelForm(forms.Form):
    """Let go of what was bought, at the amount that was shown."""

    expected_refund = forms.DecimalField(
        max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )
    # Asked about something unpaid: paid meanwhile, it is another question, whatever the amount.
    is_hold = forms.BooleanField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why?",
        required=False,
        max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Only if you like to tell us.",
    )


def sensible(form: forms.Form) -> dict[str, Any]:
    """What of a form of the address line makes sense; the rest counts as not said."""
    form.is_valid()
    return form.cleaned_data
