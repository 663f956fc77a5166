"""Money on staff pages: all of it can be seen, none of it written."""

from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from common.http import Request
from common.money import money
from common.staff.rows import ReadOnlyAdmin, quick_views
from common.staff.words import said_stamp
from payments.models import Payment, PaymentAttempt, Refund
from payments.states import AttemptState, PaymentState, RefundState

PAYMENT_COLOURS: Final = {
    PaymentState.OPEN: "warning",
    PaymentState.PROCESSING: "info",
    PaymentState.DUE: "warning",
    PaymentState.PAID: "success",
    PaymentState.CLOSED: "default",
}
ATTEMPT_COLOURS: Final = {
    AttemptState.NEW: "info",
    AttemptState.OPEN: "info",
    AttemptState.PAID: "success",
    AttemptState.EXPIRED: "default",
    AttemptState.MISMATCH: "danger",
}
REFUND_COLOURS: Final = {
    RefundState.REQUESTED: "warning",
    RefundState.SENDING: "info",
    RefundState.SUCCEEDED: "success",
    RefundState.FAILED: "danger",
}


class StateFilter(admin.SimpleListFilter):
    """By state, in an address short enough to remember: `?status=paid`."""

    title = "state"
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        choices: list[tuple[str, str]] = model_admin.model._meta.get_field("status").choices
        return [(value, label.capitalize()) for value, label in choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(status=self.value()) if self.value() else queryset


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


class MoneyAdmin(ReadOnlyAdmin):
    """What the three lists of money share."""

    list_per_page = 50
    ordering = ("-pk",)
    list_before_template = "admin/staff/quick_views.html"
    views: tuple[tuple[str, str], ...] = ()

    def changelist_view(
        self, request: Request, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"quick_views": quick_views(request, self.views), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def get_readonly_fields(self, request: Request, obj: Any = None) -> list[str]:
        return [name for _, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    @display(description="amount", ordering="amount")
    def show_amount(self, row: Payment | PaymentAttempt | Refund) -> str:
        return money(row.amount, row.currency)

    @display(description="made", ordering="created_at")
    def show_made(self, row: Payment | PaymentAttempt | Refund) -> str:
        return said_stamp(row.created_at)


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    list_display = (
        "show_what",
        "show_customer",
        "show_amount",
        "show_state",
        "show_attention",
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
                    "show_amount",
                    "show_state",
                    "show_captured",
                    "show_refunded",
                )
            },
        ),
        ("When", {"fields": ("show_made", "show_held", "show_paid", "show_closed")}),
    )

    def get_fieldsets(self, request: Request, obj: Payment | None = None) -> Any:
        """Without the lines that would be empty."""
        if obj is None:
            return self.fieldsets
        empty = {
            "show_attention": not obj.attention,
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
        context["attempts"] = payment.attempts.order_by("pk")
        context["refunds"] = payment.refunds.order_by("pk")
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    @display(description="for")
    def show_what(self, payment: Payment) -> str:
        return payment.description

    @display(description="customer", header=True, ordering="user__email")
    def show_customer(self, payment: Payment) -> list[str]:
        person = payment.user
        return [person.name, person.email] if person.name else [person.email, ""]

    @display(description="customer")
    def show_person(self, payment: Payment) -> str:
        return _person_link(payment.user)

    @display(description="state", ordering="status", label=PAYMENT_COLOURS)
    def show_state(self, payment: Payment) -> tuple[str, str]:
        said = payment.get_status_display()
        if payment.status == PaymentState.CLOSED and payment.closed_because:
            said = f"unpaid: {payment.get_closed_because_display()}"
        return payment.status, said

    @display(description="needs a look", ordering="attention")
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

    @display(description="held until")
    def show_held(self, payment: Payment) -> str:
        return said_stamp(payment.expires_at)

    @display(description="paid")
    def show_paid(self, payment: Payment) -> str:
        return said_stamp(payment.paid_at)

    @display(description="closed")
    def show_closed(self, payment: Payment) -> str:
        return said_stamp(payment.closed_at)


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(MoneyAdmin):
    list_display = (
        "show_session",
        "show_customer",
        "show_amount",
        "show_state",
        "show_captured",
        "show_made",
    )
    list_filter = (StateFilter, "provider")
    list_select_related = ("payment__user",)
    search_fields = (
        "session_id",
        "payment__description",
        "payment__user__email",
        "payment__user__name",
    )
    search_help_text = "The provider's number, name, e-mail or what for"
    views = (("All", ""), ("Open", "status=open"), ("Other amount than ours", "status=mismatch"))
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "show_payment",
                    "show_person",
                    "show_amount",
                    "show_state",
                    "show_captured",
                    "last_error",
                )
            },
        ),
        ("At the provider", {"fields": ("provider", "session_id", "idempotency_key")}),
        ("When", {"fields": ("show_made", "show_expiry", "show_asked", "show_paid")}),
    )

    @display(description="provider's number")
    def show_session(self, attempt: PaymentAttempt) -> str:
        return attempt.session_id or f"{attempt.provider}, being opened"

    @display(description="customer", header=True, ordering="payment__user__email")
    def show_customer(self, attempt: PaymentAttempt) -> list[str]:
        person = attempt.payment.user
        return [person.name or person.email, attempt.payment.description]

    @display(description="customer")
    def show_person(self, attempt: PaymentAttempt) -> str:
        return _person_link(attempt.payment.user)

    @display(description="payment")
    def show_payment(self, attempt: PaymentAttempt) -> str:
        return _payment_link(attempt.payment)

    @display(description="state", ordering="status", label=ATTEMPT_COLOURS)
    def show_state(self, attempt: PaymentAttempt) -> tuple[str, str]:
        return attempt.status, attempt.get_status_display()

    @display(description="taken in", ordering="captured")
    def show_captured(self, attempt: PaymentAttempt) -> str:
        return money(attempt.captured, attempt.currency)

    @display(description="ends by itself")
    def show_expiry(self, attempt: PaymentAttempt) -> str:
        return said_stamp(attempt.expires_at)

    @display(description="asked last")
    def show_asked(self, attempt: PaymentAttempt) -> str:
        return said_stamp(attempt.asked_at)

    @display(description="paid")
    def show_paid(self, attempt: PaymentAttempt) -> str:
        return said_stamp(attempt.paid_at)


@admin.register(Refund)
class RefundAdmin(MoneyAdmin):
    list_display = (
        "show_customer",
        "show_amount",
        "show_state",
        "reason",
        "show_by",
        "show_made",
    )
    list_filter = (StateFilter,)
    list_select_related = ("payment__user", "requested_by")
    search_fields = (
        "provider_refund_id",
        "reason",
        "payment__description",
        "payment__user__email",
        "payment__user__name",
    )
    search_help_text = "Name, e-mail, reason or the provider's number"
    views = (
        ("All", ""),
        ("Failed", "status=failed"),
        ("On their way", "status=requested"),
        ("Paid back", "status=succeeded"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "show_payment",
                    "show_person",
                    "show_amount",
                    "show_state",
                    "reason",
                    "show_by",
                    "last_error",
                )
            },
        ),
        (
            "On its way",
            {"fields": ("show_made", "tries", "show_next", "show_done", "provider_refund_id")},
        ),
    )

    @display(description="customer", header=True, ordering="payment__user__email")
    def show_customer(self, refund: Refund) -> list[str]:
        person = refund.payment.user
        return [person.name or person.email, refund.payment.description]

    @display(description="customer")
    def show_person(self, refund: Refund) -> str:
        return _person_link(refund.payment.user)

    @display(description="payment")
    def show_payment(self, refund: Refund) -> str:
        return _payment_link(refund.payment)

    @display(description="state", ordering="status", label=REFUND_COLOURS)
    def show_state(self, refund: Refund) -> tuple[str, str]:
        return refund.status, refund.get_status_display()

    @display(description="asked for by", ordering="requested_by__email")
    def show_by(self, refund: Refund) -> str:
        return refund.requested_by.get_full_name() if refund.requested_by else "by itself"

    @display(description="next try")
    def show_next(self, refund: Refund) -> str:
        is_due = refund.status == RefundState.REQUESTED
        return said_stamp(refund.next_try_at) if is_due else ""

    @display(description="done")
    def show_done(self, refund: Refund) -> str:
        return said_stamp(refund.done_at)


def _person_link(person: Any) -> str:
    return format_html(
        '<a class="staff-link" href="{}">{}</a>',
        reverse("admin:accounts_user_change", args=[person.pk]),
        person,
    )


def _payment_link(payment: Payment) -> str:
    return format_html(
        '<a class="staff-link" href="{}">{}</a>',
        reverse("admin:payments_payment_change", args=[payment.pk]),
        payment.description,
    )
