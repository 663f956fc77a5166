"""Each try to pay, at a provider or at the desk."""

from typing import Any, Final

from django.contrib import admin
from unfold.decorators import display

from common.http import Request
from common.money import money
from common.staff.words import said_stamp
from payments.admin.money import MoneyAdmin, StateFilter, payment_link, person_link
from payments.models import PaymentAttempt
from payments.states import DESK, AttemptState

ATTEMPT_COLOURS: Final[dict[str, str]] = {
    AttemptState.NEW: "info",
    AttemptState.OPEN: "info",
    AttemptState.PAID: "success",
    AttemptState.EXPIRED: "default",
    AttemptState.MISMATCH: "danger",
}


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(MoneyAdmin):
    colours = ATTEMPT_COLOURS
    list_display = (
        "show_session",
        "show_customer",
        "show_amount",
        "show_state",
        "show_captured",
        "show_made",
    )
    list_filter = (StateFilter, "provider")
    list_select_related = ("payment__user", "taken_by")
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
                    "show_full_state",
                    "show_captured",
                    "last_error",
                )
            },
        ),
        ("At the provider", {"fields": ("provider", "session_id", "idempotency_key")}),
        ("At the desk", {"fields": ("method", "receipt", "show_taken_by")}),
        ("When", {"fields": ("show_full_made", "show_expiry", "show_asked", "show_paid")}),
    )

    def get_fieldsets(self, request: Request, obj: PaymentAttempt | None = None) -> Any:
        """At a provider or at the desk, not both."""
        other = "At the provider" if obj and obj.provider == DESK else "At the desk"
        return [part for part in self.fieldsets if part[0] != other]

    @display(description="provider's number")
    def show_session(self, attempt: PaymentAttempt) -> str:
        if attempt.provider == DESK:
            return f"At the desk, {attempt.get_method_display()}"
        return attempt.session_id or f"{attempt.provider}, being opened"

    @display(description="taken by")
    def show_taken_by(self, attempt: PaymentAttempt) -> str:
        return attempt.taken_by.get_full_name() if attempt.taken_by else ""

    @display(description="customer", header=True, ordering="payment__user__email")
    def show_customer(self, attempt: PaymentAttempt) -> list[str]:
        person = attempt.payment.user
        return [person.name or person.email, attempt.payment.description]

    @display(description="customer")
    def show_person(self, attempt: PaymentAttempt) -> str:
        return person_link(attempt.payment.user)

    @display(description="payment")
    def show_payment(self, attempt: PaymentAttempt) -> str:
        return payment_link(attempt.payment)

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
