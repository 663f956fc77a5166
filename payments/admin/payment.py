"""What each purchase costs, and how it stands."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.decorators import display

from common.http import Request
from common.money import money
from common.staff.words import said_stamp
from payments.admin.deeds import PaymentDeeds
from payments.admin.money import StateFilter, agreement_link, person_link
from payments.models import Dispute, Payment
from payments.states import PaymentState

PAYMENT_COLOURS: Final[dict[str, str]] = {
    PaymentState.OPEN: "warning",
    PaymentState.PROCESSING: "info",
    PaymentState.DUE: "warning",
    PaymentState.PAID: "success",
    PaymentState.CLOSED: "default",
}


class AttentionFilter(admin.SimpleListFilter):
    """What somebody must look at: a refund that failed, an amount that isn't ours."""

    title = "needs a look"
    parameter_name = "look"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("yes", "Needs a look")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        return queryset.exclude(attention="") if self.value() == "yes" else queryset


@admin.register(Payment)
class PaymentAdmin(PaymentDeeds):
    colours = PAYMENT_COLOURS
    list_display = (
        "show_what_and_why",
        "show_customer",
        "show_amount",
        "show_state",
        "show_made",
    )
    list_filter = (StateFilter, AttentionFilter)
    list_select_related = ("user",)
    search_fields = ("=pk", "description", "user__email", "user__name", "attempts__session_id")
    search_help_text = "Name, e-mail, what for, or the provider's number"
    views = (
        ("All", ""),
        ("Needs a look", "look=yes"),
        ("Waiting for payment", "status=open"),
        ("Due at the desk", "status=due"),
        ("Paid", "status=paid"),
    )
    change_form_outer_after_template = "admin/payments/payment/sections.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "show_attention",
                    "show_what",
                    "show_person",
                    "show_agreement",
                    "show_covers",
                    "show_amount",
                    "show_full_state",
                    "show_captured",
                    "show_refunded",
                    "show_disputes",
                )
            },
        ),
        ("When", {"fields": ("show_full_made", "show_held", "show_paid", "show_closed")}),
    )

    def get_fieldsets(self, request: Request, obj: Payment | None = None) -> Any:
        """Without the lines that would be empty."""
        if obj is None:
            return self.fieldsets
        empty = {
            "show_attention": not obj.attention,
            "show_agreement": obj.agreement_id is None,
            "show_covers": obj.covers_until is None,
            "show_disputes": not obj.was_disputed,
            "show_held": not (obj.expires_at and (obj.is_open or obj.is_processing)),
            "show_paid": obj.paid_at is None,
            "show_closed": obj.closed_at is None,
        }
        return [
            (title, {"fields": [name for name in part["fields"] if not empty.get(name)]})
            for title, part in self.fieldsets
        ]

    def render_change_form(
        self, request: Request, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        payment: Payment = kwargs["obj"]
        context["subscription"] = _subscription_of(payment)
        context["attempts"] = payment.attempts.select_related("taken_by").order_by("pk")
        context["refunds"] = payment.refunds.select_related(
            "attempt", "retry", "requested_by", "done_by"
        ).order_by("pk")
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    @display(description="for")
    def show_what(self, payment: Payment) -> str:
        return payment.description

    @display(description="for", header=True, ordering="description")
    def show_what_and_why(self, payment: Payment) -> list[str]:
        return [payment.description, payment.attention]

    @display(description="customer", header=True, ordering="user__email")
    def show_customer(self, payment: Payment) -> list[str]:
        person = payment.user
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="customer")
    def show_person(self, payment: Payment) -> str:
        return person_link(payment.user)

    @display(description="renewed by")
    def show_agreement(self, payment: Payment) -> str:
        return agreement_link(payment.agreement) if payment.agreement else ""

    @display(description="for the time")
    def show_covers(self, payment: Payment) -> str:
        return f"{said_stamp(payment.covers_from)} – {said_stamp(payment.covers_until)}"

    @display(description="state", ordering="status", label=PAYMENT_COLOURS)
    def show_state(self, payment: Payment) -> tuple[str, str]:
        said = payment.get_status_display()
        if payment.status == PaymentState.CLOSED and payment.closed_because:
            said = f"unpaid: {payment.get_closed_because_display()}"
        return payment.status, said

    @display(description="needs a look")
    def show_attention(self, payment: Payment) -> str:
        return (
            format_html('<span class="staff-warning">{}</span>', payment.attention)
            if (payment.attention)
            else ""
        )

    @display(description="taken in")
    def show_captured(self, payment: Payment) -> str:
        return money(payment.captured, payment.currency)

    @display(description="given back")
    def show_refunded(self, payment: Payment) -> str:
        return money(payment.refunded, payment.currency)

    @display(description="disputed at the bank")
    def show_disputes(self, payment: Payment) -> str:
        """Each with where its money is."""
        rows = Dispute.objects.filter(attempt__payment=payment).order_by("pk")
        return " ".join(f"{row}. {row.standing}" for row in rows)

    @display(description="held until")
    def show_held(self, payment: Payment) -> str:
        return said_stamp(payment.expires_at)

    @display(description="paid")
    def show_paid(self, payment: Payment) -> str:
        return said_stamp(payment.paid_at)

    @display(description="closed")
    def show_closed(self, payment: Payment) -> str:
        return said_stamp(payment.closed_at)


def _subscription_of(payment: Payment) -> Any:
    """What the sign-up was for; of a renewal that of its agreement's first payment."""
    first = payment
    if payment.agreement is not None:
        agreement = payment.agreement.stray_of or payment.agreement
        first = agreement.payments.order_by("pk").first() or payment
    return getattr(first, "subscription", None)
