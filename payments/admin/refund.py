"""Money on its way back, and why."""

from typing import Final

from django.contrib import admin
from unfold.decorators import display

from common.staff.words import said_stamp
from payments.admin.money import MoneyAdmin, StateFilter, payment_link, person_link
from payments.models import Refund
from payments.states import RefundState

REFUND_COLOURS: Final[dict[str, str]] = {
    RefundState.REQUESTED: "warning",
    RefundState.SENDING: "info",
    RefundState.SUCCEEDED: "success",
    RefundState.FAILED: "danger",
}


@admin.register(Refund)
class RefundAdmin(MoneyAdmin):
    colours = REFUND_COLOURS
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
                    "show_full_state",
                    "reason",
                    "show_by",
                    "last_error",
                )
            },
        ),
        (
            "On its way",
            {"fields": ("show_full_made", "tries", "show_next", "show_done", "provider_refund_id")},
        ),
    )

    @display(description="customer", header=True, ordering="payment__user__email")
    def show_customer(self, refund: Refund) -> list[str]:
        person = refund.payment.user
        return [person.name or person.email, refund.payment.description]

    @display(description="customer")
    def show_person(self, refund: Refund) -> str:
        return person_link(refund.payment.user)

    @display(description="payment")
    def show_payment(self, refund: Refund) -> str:
        return payment_link(refund.payment)

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
