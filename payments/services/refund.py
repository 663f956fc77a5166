"""Money on its way back: a row first, the provider later, by the worker."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Sum

from common.service import service
from common.wake import wake
from payments.models import ZERO, Payment, PaymentAttempt, Refund
from payments.purposes import handler_of
from payments.states import RefundState

if TYPE_CHECKING:
    from accounts.models import User


@service
def request_refund(
    payment: Payment,
    *,
    amount: Decimal,
    reason: str,
    at: datetime,
    by: "User | None" = None,
    attempt: PaymentAttempt | None = None,
) -> Decimal:
    """Open refund rows for `amount`, never above what was captured; returns what they come to.

    The caller holds the payment's lock, so two at once can't give the same money back twice.
    `attempt` names the session whose money it is; otherwise the latest paid ones are used.
    """
    left = min(amount, payment.refundable)
    asked = ZERO
    sources = [attempt] if attempt else list(payment.attempts.filter(captured__gt=0))
    for source in sources:
        part = min(left, source.captured - _given_back(source))
        if part <= 0:
            continue
        refund = Refund.objects.create(
            payment=payment,
            attempt=source,
            amount=part,
            currency=payment.currency,
            reason=reason[:250],
            requested_by=by,
            created_at=at,
            next_try_at=at,
        )
        wake("payments.send_refund", refund.pk)
        asked += part
        left -= part
    if asked:
        handler_of(payment).on_refunds_changed(payment, at=at)
    return asked


@service
def note_refund_sent(*, refund_id: int, provider_refund_id: str, at: datetime) -> None:
    """The provider has it."""
    refund = _locked_refund(refund_id)
    if refund.status != RefundState.SENDING:
        return
    refund.provider_refund_id = provider_refund_id
    refund.done_at = at
    refund.last_error = ""
    refund.move_to(RefundState.SUCCEEDED)


@service
def note_refund_failed(*, refund_id: int, error: str, at: datetime) -> None:
    """A definite no: staff are shown it, and the goods no longer say 'refunded'."""
    refund = _locked_refund(refund_id)
    if refund.status != RefundState.SENDING:
        return
    refund.done_at = at
    refund.last_error = error
    refund.move_to(RefundState.FAILED)
    payment = refund.payment
    payment.attention = f"The refund of {refund.amount} {refund.currency} failed: {error}"
    payment.save(update_fields=["attention"])
    handler_of(payment).on_refunds_changed(payment, at=at)


def _locked_refund(refund_id: int) -> Refund:
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = Payment.objects.locked(payment_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    refund.payment = payment
    return refund


def _given_back(attempt: PaymentAttempt) -> Decimal:
    live = attempt.refunds.exclude(status=RefundState.FAILED)
    return live.aggregate(total=Sum("amount"))["total"] or ZERO
