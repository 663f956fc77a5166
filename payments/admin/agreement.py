"""What is collected again and again, as the provider last told it; looked at, never written."""

from typing import Any, Final

from django.contrib import admin
from django.http import HttpResponse
from django.utils.html import format_html
from unfold.decorators import display

from common.http import Request
from common.money import money
from common.staff.words import said_day_and_time, said_stamp
from payments.admin.money import MoneyAdmin, StateFilter, agreement_link, person_link
from payments.models import BillingAgreement
from payments.states import AgreementState

AGREEMENT_COLOURS: Final[dict[str, str]] = {
    AgreementState.NEW: "default",
    AgreementState.TRIALING: "info",
    AgreementState.ACTIVE: "success",
    AgreementState.PAST_DUE: "danger",
    AgreementState.ENDED: "default",
}
PAYMENTS_SHOWN: Final = 60


@admin.register(BillingAgreement)
class BillingAgreementAdmin(MoneyAdmin):
    colours = AGREEMENT_COLOURS
    list_display = (
        "show_what_and_wish",
        "show_customer",
        "show_price",
        "show_state",
        "show_paid_until",
    )
    list_filter = (StateFilter, "interval")
    list_select_related = ("user",)
    search_fields = ("=pk", "provider_id", "description", "user__email", "user__name")
    search_help_text = "Name, e-mail, what for, or the provider's number"
    views = (
        ("All", ""),
        ("Running", "status=active"),
        ("In trial", "status=trialing"),
        ("A payment failed", "status=past_due"),
        ("Ended", "status=ended"),
    )
    change_form_outer_after_template = "admin/payments/agreement_payments.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "show_what",
                    "show_person",
                    "show_price",
                    "show_full_state",
                    "show_wish",
                    "show_original",
                )
            },
        ),
        (
            "When",
            {"fields": ("show_full_made", "show_trial", "show_full_paid_until", "show_ended")},
        ),
        (
            "At the provider",
            {
                "fields": (
                    "provider",
                    "provider_id",
                    "show_told",
                    "show_next",
                    "tries",
                    "last_error",
                )
            },
        ),
    )

    def get_fieldsets(self, request: Request, obj: BillingAgreement | None = None) -> Any:
        """Without the lines that would be empty."""
        if obj is None:
            return self.fieldsets
        empty = {
            "show_original": obj.stray_of_id is None,
            "show_trial": obj.trial_ends_at is None,
            "show_ended": obj.ended_at is None,
            "show_next": obj.next_ask_at is None,
            "tries": not obj.tries,
            "last_error": not obj.last_error,
        }
        return [
            (title, {"fields": [name for name in part["fields"] if not empty.get(name)]})
            for title, part in self.fieldsets
        ]

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        agreement: BillingAgreement = kwargs["obj"]
        payments = agreement.payments.prefetch_related("attempts", "refunds").order_by("-pk")
        context["payments"] = list(payments[:PAYMENTS_SHOWN])
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    @display(description="for")
    def show_what(self, agreement: BillingAgreement) -> str:
        return agreement.description

    @display(description="for", header=True, ordering="description")
    def show_what_and_wish(self, agreement: BillingAgreement) -> list[str]:
        return [agreement.description, self._unconfirmed(agreement)]

    @display(description="customer", header=True, ordering="user__email")
    def show_customer(self, agreement: BillingAgreement) -> list[str]:
        person = agreement.user
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="customer")
    def show_person(self, agreement: BillingAgreement) -> str:
        return person_link(agreement.user)

    @display(description="costs", ordering="amount")
    def show_price(self, agreement: BillingAgreement) -> str:
        price = money(agreement.amount, agreement.currency)
        return f"{price} a {agreement.get_interval_display()}"

    @display(description="state", ordering="status", label=AGREEMENT_COLOURS)
    def show_state(self, agreement: BillingAgreement) -> tuple[str, str]:
        return agreement.status, agreement.get_status_display()

    @display(description="wanted")
    def show_wish(self, agreement: BillingAgreement) -> str:
        wanted = agreement.get_wanted_display()
        return self._unconfirmed(agreement) or f"{wanted}; the provider agrees"

    @display(description="why it is here")
    def show_original(self, agreement: BillingAgreement) -> str:
        """Of one that nobody ordered."""
        if agreement.stray_of is None:
            return ""
        return format_html(
            "Nobody ordered this one. The sign-up for {} was completed a second time, or with "
            "another amount than agreed, and that began it. It is ended at the provider at once; "
            "what it took in stands on the payment of that sign-up.",
            agreement_link(agreement.stray_of),
        )

    @display(description="paid until", header=True, ordering="paid_until")
    def show_paid_until(self, agreement: BillingAgreement) -> list[str]:
        return said_day_and_time(agreement.paid_until) if agreement.paid_until else ["", ""]

    @display(description="paid until")
    def show_full_paid_until(self, agreement: BillingAgreement) -> str:
        return said_stamp(agreement.paid_until)

    @display(description="trial until")
    def show_trial(self, agreement: BillingAgreement) -> str:
        return said_stamp(agreement.trial_ends_at)

    @display(description="ended")
    def show_ended(self, agreement: BillingAgreement) -> str:
        return said_stamp(agreement.ended_at)

    @display(description="heard of last")
    def show_told(self, agreement: BillingAgreement) -> str:
        return said_stamp(agreement.told_at)

    @display(description="asked next")
    def show_next(self, agreement: BillingAgreement) -> str:
        return said_stamp(agreement.next_ask_at)

    def _unconfirmed(self, agreement: BillingAgreement) -> str:
        if not agreement.wants_change():
            return ""
        return f"{agreement.get_wanted_display()}; the provider hasn't confirmed it yet"
