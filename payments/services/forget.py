"""What money leaves open, and the traces of a person in its rows."""

from common.service import service
from payments.models import BillingAgreement, Payment, PaymentAttempt, Refund, WebhookEvent
from payments.states import (
    HOLDING,
    LIVE_ATTEMPTS,
    UNAPPLIED,
    AgreementState,
    PaymentState,
    RefundState,
)


def is_money_open(user_id: int) -> bool:
    """True while anything is to be paid, to be paid back, or looked at for this person."""
    payments = Payment.objects.filter(user_id=user_id)
    return (
        payments.filter(status__in=(*HOLDING, PaymentState.DUE)).exists()
        or payments.exclude(attention="").exists()
        or PaymentAttempt.objects.filter(
            payment__user_id=user_id, status__in=LIVE_ATTEMPTS
        ).exists()
        or Refund.objects.filter(
            payment__user_id=user_id, status__in=(RefundState.REQUESTED, RefundState.SENDING)
        ).exists()
        or BillingAgreement.objects.filter(user_id=user_id, provider_id__isnull=False)
        .exclude(status=AgreementState.ENDED)
        .exists()
    )


@service
def forget_payer(*, user_id: int) -> None:
    """Empty the address that sessions were made with, and what the provider told about them.

    Amounts, numbers and dates stay: money must remain countable.
    """
    attempts = PaymentAttempt.objects.filter(payment__user_id=user_id)
    numbers = set()
    for attempt in attempts.order_by("pk"):
        numbers |= {attempt.provider_payment_id, attempt.session_id or ""}
        if attempt.params.get("customerEmail"):
            attempt.params["customerEmail"] = ""
            attempt.save(update_fields=["params"])
    # What they wrote when they cancelled.
    Refund.objects.filter(requested_by_id=user_id).update(reason="cancelled")
    told = WebhookEvent.objects.filter(about__in=numbers - {""})
    told.exclude(state__in=UNAPPLIED).update(payload={})
