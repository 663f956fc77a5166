"""What staff are asked before a customer's subscription is cancelled or ended."""

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminRadioSelectWidget

from access.models import Subscription
from access.services import refund_of
from access.states import EndRefund, PlanInterval
from access.words import said_moment, said_price
from accounts.models import User
from common.money import money
from common.staff.asking import Line, Question
from payments.admin.refund_question import DISCRETION, ReasonForm


class EndForm(ReasonForm):
    """How much goes back; `shown` carries the amounts that were seen."""

    refund = forms.ChoiceField(label="What comes back", widget=UnfoldAdminRadioSelectWidget)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("refund", "reason", "shown")

    def clean_shown(self) -> dict[str, Decimal]:
        try:
            amounts = json.loads(self.cleaned_data["shown"] or "{}")
            return {choice: Decimal(amount) for choice, amount in amounts.items()}
        except (ValueError, AttributeError, TypeError, InvalidOperation):
            raise forms.ValidationError("Please open this page anew.") from None


def end_form(subscription: Subscription, data: Any, *, by: User, at: datetime) -> EndForm:
    """Bound when `data` is given; offers what this person may give and what makes a difference."""
    amounts = {choice: refund_of(subscription, choice.value, at=at) for choice in EndRefund}
    offered = [EndRefund.NONE]
    if subscription.interval != PlanInterval.ONCE and amounts[EndRefund.UNUSED]:
        offered.append(EndRefund.UNUSED)
    if amounts[EndRefund.FULL] and by.has_perm(DISCRETION):
        offered.append(EndRefund.FULL)
    shown = json.dumps({choice.value: str(amounts[choice]) for choice in offered})
    form = EndForm(data, initial={"refund": offered[-1].value, "shown": shown})
    form.fields["refund"].choices = [  # type: ignore[attr-defined]
        (
            choice.value,
            f"{choice.label}: {money(amounts[choice], subscription.currency)}"
            if amounts[choice]
            else choice.label,
        )
        for choice in offered
    ]
    return form


def end_question(subscription: Subscription, form: forms.Form, at: datetime) -> Question:
    """Ending at once."""
    outcome = "It opens nothing from now on, and nothing more is collected."
    if subscription.is_pending:
        outcome = "It was never paid: it is let go, and money that comes all the same goes back."
    elif subscription.payment_covering(at) is None:
        outcome += " Nothing is paid for the time ahead, so nothing comes back."
    return Question(
        title="End this subscription now",
        lead="The customer is told by mail, with what comes back.",
        button="End it now",
        lines=[_line(subscription, outcome)],
        form=form,
        is_danger=True,
    )


def later_question(subscription: Subscription, form: forms.Form, at: datetime) -> Question:
    """Cancelling, as the customer could."""
    until = subscription.paid_until
    outcome = "Nothing is paid for any more: it ends at once."
    if until is not None and until > at:
        outcome = f"It stays open until {said_moment(until)}, and nothing more is collected."
    return Question(
        title="Cancel this subscription",
        lead="As if the customer had cancelled it; they are told by mail and may keep it.",
        button="Cancel it",
        lines=[_line(subscription, outcome)],
        form=form,
        is_danger=True,
    )


def _line(subscription: Subscription, outcome: str) -> Line:
    return Line(
        title=f"{subscription.plan}: {subscription.user.get_full_name()}",
        text=said_price(subscription),
        outcome=outcome,
    )
