"""What staff do with money: take it at the desk, hand it back, ask for a refund anew."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from common.errors import DomainError
from common.http import Request
from common.money import money, quantize
from common.staff.asking import Line, Question, ask, is_answered
from payments.admin.money import MoneyAdmin
from payments.models import ZERO, Payment, Refund, WebhookEvent
from payments.refund_words import said_of_disputed
from payments.services import (
    note_paid_back,
    note_seen,
    refund_by_staff,
    retry_refund,
    take_desk_payment,
)
from payments.states import DeskMethod

if TYPE_CHECKING:
    from accounts.models import User

DESK: Final = "bookings.desk_booking"
DISCRETION: Final = "bookings.refund_at_discretion"

METHODS: Final = [(method.value, method.label.capitalize()) for method in DeskMethod]


class TakeForm(forms.Form):
    """How it was paid. Carries the amount that was seen, so that no other is ever written down."""

    method = forms.ChoiceField(label="How", choices=METHODS, widget=UnfoldAdminRadioSelectWidget)
    receipt = forms.CharField(
        label="Receipt number",
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="As it stands on the receipt or in the bank's statement.",
    )
    shown = forms.DecimalField(widget=forms.HiddenInput)


class GiveBackForm(forms.Form):
    """How much and why. Carries what was left when it was looked at: a second click gives none."""

    amount = forms.DecimalField(
        label="What goes back",
        min_value=Decimal("0.01"),
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    reason = forms.CharField(
        label="Reason",
        max_length=250,
        widget=UnfoldAdminTextInputWidget,
        help_text="For the records, seen by staff.",
    )
    message = forms.CharField(
        label="Message to the customer",
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Stands in the mail that tells of the money.",
    )
    shown = forms.DecimalField(widget=forms.HiddenInput)


class HandBackForm(forms.Form):
    receipt = forms.CharField(
        label="Receipt number",
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="What the customer signed, or the number of the transfer.",
    )


class SeenForm(forms.Form):
    """Carries what was shown: what has come since is not settled by it."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)


class RetryForm(forms.Form):
    """Only whoever may decide about money is asked how much goes back."""

    amount = forms.DecimalField(
        label="What goes back",
        min_value=Decimal("0.01"),
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )


class MoneyDeeds(MoneyAdmin):
    """Deeds with one row: asked first, done by a service, noted in Django's log of actions."""

    change_form_outer_before_template = "admin/staff/actions.html"

    def has_desk_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm(DESK))

    def ask_and_do(
        self,
        request: Request,
        row: Payment | Refund | WebhookEvent,
        question: Question,
        deed: Callable[[dict[str, Any]], str],
    ) -> HttpResponse:
        """The question until it is answered; then the deed, and back to where one came from."""
        page = reverse(f"admin:payments_{self.opts.model_name}_change", args=[row.pk])
        back = _back(request, page)
        is_ready = question.form is None or question.form.is_valid()
        if not (is_answered(request) and is_ready):
            return ask(self, request, question, back=back)
        try:
            said = deed(question.form.cleaned_data if question.form else {})
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.log_change(request, row, said)
            self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(back)

    def row(self, request: Request, object_id: str) -> Any:
        """Raises Http404."""
        found = self.get_object(request, object_id) if object_id.isdecimal() else None
        if found is None:
            raise Http404("There is no such row.")
        return found


class PaymentDeeds(MoneyDeeds):
    actions_detail = ("take_money", "give_back", "seen")

    def get_actions_detail(self, request: Request, object_id: int) -> Any:
        payment = self.get_object(request, str(object_id))
        wanted = {
            "payments_payment_take_money": payment is not None and payment.takes_desk_money,
            "payments_payment_give_back": payment is not None and payment.refundable > ZERO,
            "payments_payment_seen": payment is not None and payment.attention != "",
        }
        buttons = super().get_actions_detail(request, object_id)
        return [button for button in buttons if wanted[button.action_name]]

    @action(description="Take payment", permissions=["desk"], icon="point_of_sale")
    def take_money(self, request: Request, object_id: str) -> HttpResponse:
        payment: Payment = self.row(request, object_id)
        amount = money(payment.amount, payment.currency)
        form = TakeForm(
            request.POST if is_answered(request) else None,
            initial={"method": DeskMethod.CASH, "shown": payment.amount},
        )
        lead = (
            f"Take exactly {amount}. With this click it counts as paid, "
            "and your name stands beside it."
        )
        line = Line(
            title=amount,
            text=payment.description,
            outcome=""
            if payment.takes_desk_money
            else f"No money is due here: this payment is {payment.get_status_display()}.",
            is_possible=payment.takes_desk_money,
        )

        def take(given: dict[str, Any]) -> str:
            take_desk_payment(
                payment_id=payment.pk,
                method=DeskMethod(given["method"]),
                receipt=given["receipt"],
                expected=given["shown"],
                by=cast("User", request.user),
                at=request.at,
            )
            how = DeskMethod(given["method"]).label
            return f"{amount} paid at the desk ({how})."

        question = Question(
            title="Take payment", lead=lead, button=f"{amount} received", lines=[line], form=form
        )
        return self.ask_and_do(request, payment, question, take)

    def has_discretion_permission(self, request: Request, obj: Any = None) -> bool:
        return bool(request.user.has_perm(DISCRETION))

    @action(description="Give money back", permissions=["discretion"], icon="undo")
    def give_back(self, request: Request, object_id: str) -> HttpResponse:
        payment: Payment = self.row(request, object_id)
        left, currency = payment.refundable, payment.currency
        form = GiveBackForm(
            request.POST if is_answered(request) else None,
            initial={"amount": quantize(left, currency), "shown": left},
        )
        how = "It goes back the way it was paid."
        if payment.is_by_hand:
            how = "It was paid at the desk, so it is handed back there."
        given = ""
        if payment.refunded:
            given = f", {money(payment.refunded, currency)} went or go back"
        limit = "There is nothing left that could go back."
        if left > ZERO:
            limit = f"At most {money(left, currency)} can go back."
        line = Line(
            title=payment.description,
            text=f"{money(payment.captured, currency)} were paid{given}.",
            outcome=f"{limit} {said_of_disputed(payment)}".rstrip(),
            is_possible=left > ZERO,
        )

        def give(answered: dict[str, Any]) -> str:
            amount = refund_by_staff(
                payment_id=payment.pk,
                amount=answered["amount"],
                reason=answered["reason"],
                message=answered["message"],
                expected_left=answered["shown"],
                by=cast("User", request.user),
                at=request.at,
            )
            return f"{money(amount, currency)} are on their way back, and the customer is told."

        question = Question(
            title="Give money back",
            lead=f"To {payment.user.get_full_name()}, without cancelling anything: what was bought "
            f"stays as it is. {how}",
            button="Give it back",
            lines=[line],
            form=form,
        )
        return self.ask_and_do(request, payment, question, give)

    @action(description="Seen", permissions=["desk"], icon="visibility")
    def seen(self, request: Request, object_id: str) -> HttpResponse:
        payment: Payment = self.row(request, object_id)
        line = Line(title=payment.description, text=payment.attention or "Nothing is noted here.")
        form = SeenForm(
            request.POST if is_answered(request) else None, initial={"shown": payment.attention}
        )
        question = Question(
            title="Somebody has looked at it",
            lead="It leaves the list of what needs a look; what happened stays in the records.",
            button="It is settled",
            lines=[line],
            form=form,
        )

        def note(given: dict[str, Any]) -> str:
            said = note_seen(payment_id=payment.pk, shown=given["shown"])
            return f"Seen: {said}" if said else "There was nothing to look at."

        return self.ask_and_do(request, payment, question, note)


class RefundDeeds(MoneyDeeds):
    actions_detail = ("handed_back", "retry")

    def get_actions_detail(self, request: Request, object_id: int) -> Any:
        refund = self.get_object(request, str(object_id))
        wanted = {
            "payments_refund_handed_back": refund is not None and refund.is_to_hand_over,
            "payments_refund_retry": refund is not None and refund.is_retryable,
        }
        buttons = super().get_actions_detail(request, object_id)
        return [button for button in buttons if wanted[button.action_name]]

    @action(description="Handed back", permissions=["desk"], icon="payments")
    def handed_back(self, request: Request, object_id: str) -> HttpResponse:
        refund: Refund = self.row(request, object_id)
        amount = money(refund.amount, refund.currency)
        state = refund.get_status_display()
        line = Line(
            title=f"{amount} to {refund.payment.user.get_full_name()}",
            text=refund.payment.description,
            outcome="" if refund.is_to_hand_over else f"Nothing to hand over: it is {state}.",
            is_possible=refund.is_to_hand_over,
        )

        def note(given: dict[str, Any]) -> str:
            note_paid_back(
                refund_id=refund.pk,
                receipt=given["receipt"],
                by=cast("User", request.user),
                at=request.at,
            )
            return f"{amount} handed back."

        question = Question(
            title="Hand the money back",
            lead=f"It was paid at the desk, so {amount} go back by hand: in cash, at the card "
            "terminal or by transfer. Press the button once the customer has it.",
            button=f"{amount} handed back",
            lines=[line],
            form=HandBackForm(request.POST if is_answered(request) else None),
        )
        return self.ask_and_do(request, refund, question, note)

    @action(description="Try again", permissions=["desk"], icon="replay")
    def retry(self, request: Request, object_id: str) -> HttpResponse:
        refund: Refund = self.row(request, object_id)
        amount = money(refund.amount, refund.currency)
        form = None
        if request.user.has_perm(DISCRETION):
            data = request.POST if is_answered(request) else None
            form = RetryForm(data, initial={"amount": refund.amount})
        line = Line(
            title=f"{amount} to {refund.payment.user.get_full_name()}",
            text=refund.last_error or refund.payment.description,
            outcome=""
            if refund.is_retryable
            else "This one didn't fail, or was tried again already.",
            is_possible=refund.is_retryable,
        )

        def again(given: dict[str, Any]) -> str:
            fresh = retry_refund(
                refund_id=refund.pk,
                amount=given.get("amount"),
                by=cast("User", request.user),
                at=request.at,
            )
            return f"{money(fresh.amount, fresh.currency)} are on their way back again."

        question = Question(
            title="Try the refund again",
            lead="A new refund is asked for; the one that failed stays in the records. "
            "The customer is told once it worked.",
            button="Pay back again",
            lines=[line],
            form=form,
        )
        return self.ask_and_do(request, refund, question, again)


def _back(request: Request, page: str) -> str:
    """`?next=` within the staff pages, else the row's own page."""
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith(reverse("admin:index")) else page
