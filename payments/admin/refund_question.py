"""What comes back: asked of staff who may decide about money, and kept for what was seen."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

DISCRETION: Final = "bookings.refund_at_discretion"

CHOICES: Final = {"full": "Everything", "policy": "What the policy says", "none": "Nothing"}

# By the number of what is taken back: what each choice would give.
Amounts = Mapping[str, Mapping[str, str]]


class ReasonForm(forms.Form):
    """Why: kept in the history."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=250,
        widget=UnfoldAdminTextInputWidget,
        help_text="For the history, seen by staff.",
    )


class CancelForm(ReasonForm):
    """Carries the amounts that were seen, so that nothing else is ever paid back."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, shown: Amounts, **kwargs: Any) -> None:
        super().__init__(data, initial={"refund": "full", "shown": json.dumps(shown)}, **kwargs)

    def clean_shown(self) -> dict[str, dict[str, Decimal]]:
        try:
            return {
                number: {choice: Decimal(amount) for choice, amount in amounts.items()}
                for number, amounts in json.loads(self.cleaned_data["shown"] or "{}").items()
            }
        except (ValueError, AttributeError, TypeError, InvalidOperation):
            raise forms.ValidationError("Please open this page anew.") from None


class RefundForm(CancelForm):
    """Whoever may decide about money is asked how much of it goes back; `sums` are in words."""

    refund = forms.ChoiceField(
        label="What comes back",
        choices=list(CHOICES.items()),
        widget=UnfoldAdminRadioSelectWidget,
    )
    field_order = ("refund", "reason", "shown")

    def __init__(self, data: Any, *, shown: Amounts, sums: Mapping[str, str]) -> None:
        super().__init__(data, shown=shown)
        self.fields["refund"].choices = [  # type: ignore[attr-defined]
            (choice, label if choice == "none" else f"{label}: {sums[choice]}")
            for choice, label in CHOICES.items()
        ]
