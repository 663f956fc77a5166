"""Money on its way back, and why."""

from typing import Final

from django.contrib import admin
from unfold.decorators import display

from common.staff.words import said_stamp
from payments.admin.deeds import RefundDeeds
from payments.admin.money import StateFilter, payment_link, person_link
from payments.models import Refund
from payments.states import RefundState

REFUND_COLOURS: Final[dict[str, str]] = {
    RefundState.REQUESTED: "warning",
    RefundState.SENDING: "info",
    RefundState.SUCCEEDED: "success",
    RefundState.FAILED: "danger",
}


@admin.register(Refund)
class RefundAdmin(RefundDeeds):
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
    list_select_related = ("payment__user", "requested_by", "attempt", "done_by")
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
            {
                "fields": (
                    "show_full_made",
                    "tries",
                    "show_next",
                    "show_done",
                    "show_retry",
                    "provider_refund_id",
                )
            },
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
        if refund.is_to_hand_over:
            return "to be handed back at the desk"
        is_due = refund.status == RefundState.REQUESTED
        return said_stamp(refund.next_try_at) if is_due else ""

    @display(description="done")
    def show_done(self, refund: Refund) -> str:
        by = f", by {refund.done_by.get_full_name()}" if refund.done_by else ""
        return f"{said_stamp(refund.done_at)}{by}" if refund.done_at else ""

    @display(description="tried again")
    def show_retry(self, refund: Refund) -> str:
        """The row that this one repeats, or the one that repeats it."""
        if refund.retry_of_id is not None:
            return f"repeats refund {refund.retry_of_id}"
        return f"by refund {refund.retry.pk}" if hasattr(refund, "retry") else ""
