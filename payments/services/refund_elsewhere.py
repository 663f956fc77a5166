"""What the provider says about a refund, ours or one that somebody made in its own pages."""

from datetime import datetime
from decimal import Decimal

from common.money import money
from common.service import service
from payments import emails
from payments.gateways.base import ProviderRefund, RefundStatus
from payments.models import ZERO, Payment, PaymentAttempt, Refund
from payments.purposes import handler_of
from payments.services.known import lock_money
from payments.services.refund import fail
from payments.states import AttemptState, RefundState

MADE_ELSEWHERE = "refunded at the provider"
# How its line on the payment begins.
SAID = "Refunded at the provider:"


@service
def apply_refund(refund: ProviderRefund, *, at: datetime) -> bool:
    """Book what the provider says about a refund. Any order, any number of times.

    One that was made elsewhere becomes a row of its own. When nothing is left of what came in, the
    unused goods end and their places are free; else staff are told.

    False when the money that it is about is not booked, yet.
    """
    attempt = lock_money(refund.provider_payment_id)
    if attempt is None:
        return False
    if attempt.status == AttemptState.MISMATCH:
        # Never booked as paid, so there is nothing to book it against; staff asked for it.
        attempt.payment.flag(
            f"Of the other amount {money(refund.amount, refund.currency)} went back "
            f"({refund.id}, {refund.status})."
        )
        return True
    if attempt.captured == ZERO:
        return False
    payment = attempt.payment
    row = _row_of(refund, attempt)
    if row is None:
        row = _new_row(refund, attempt, at)
        if refund.status == RefundStatus.FAILED:
            # As a refusal that we heard ourselves, with a way to try again.
            row.status = RefundState.SENDING
            fail(row, error=refund.failure or "the bank sent it back", at=at)
    elif not _update(row, refund, at):
        return True
    handler_of(payment).on_refunds_changed(payment, at=at)
    if row.is_made_elsewhere:
        _look_at_the_whole(payment, row, at)
    return True


def _row_of(refund: ProviderRefund, attempt: PaymentAttempt) -> Refund | None:
    rows = Refund.objects.select_for_update().filter(attempt=attempt)
    found = rows.filter(provider_refund_id=refund.id).first()
    if found is None and refund.refund_id is not None:
        found = rows.filter(pk=refund.refund_id, provider_refund_id="").first()
    if found is not None:
        found.payment = attempt.payment
    return found


def _new_row(refund: ProviderRefund, attempt: PaymentAttempt, at: datetime) -> Refund:
    return Refund.objects.create(
        payment=attempt.payment,
        attempt=attempt,
        amount=refund.amount,
        currency=refund.currency,
        status=RefundState.SUCCEEDED,
        reason=MADE_ELSEWHERE,
        is_made_elsewhere=True,
        provider_refund_id=refund.id,
        created_at=refund.created_at or at,
        next_try_at=at,
        done_at=at,
    )


def _update(row: Refund, refund: ProviderRefund, at: datetime) -> bool:
    """False when it is what we know, or older than what we know."""
    if refund.status == RefundStatus.FAILED:
        if row.status == RefundState.FAILED:
            return False
        row.provider_refund_id = refund.id
        fail(row, error=refund.failure or "the bank sent it back", at=at)
        return True
    # That it failed is the last word about a refund.
    if row.status == RefundState.SUCCEEDED or row.provider_refund_id == refund.id:
        return False
    row.provider_refund_id = refund.id
    row.done_at = at
    row.last_error = ""
    row.move_to(RefundState.SUCCEEDED)
    row.payment.flag("", instead_of=row.failure_begins)
    if row.retry_of_id is not None:
        emails.refund_made_good(row, at=at)
    return True


def _look_at_the_whole(payment: Payment, row: Refund, at: datetime) -> None:
    """What refunds made elsewhere come to, and what that means for the goods."""
    given = elsewhere(payment)
    said = f"{SAID} {money(given, payment.currency)} of {money(payment.captured, payment.currency)}"
    if given == ZERO:
        payment.flag("", instead_of=SAID)
    elif not payment.is_all_given_back:
        payment.flag(f"{said}. What was bought stays valid.", instead_of=SAID)
        emails.refunded_elsewhere(payment, row, at=at)
    elif handler_of(payment).on_refunded_elsewhere(payment, at=at):
        payment.flag(f"{said}, and some of what was bought is used already.", instead_of=SAID)
        emails.refunded_elsewhere(payment, row, at=at)
    else:
        payment.flag("", instead_of=SAID)


def elsewhere(payment: Payment) -> Decimal:
    """What went back, or is on its way back, by refunds that were made elsewhere."""
    rows = payment.refunds.filter(is_made_elsewhere=True)
    return sum((row.amount for row in rows if row.is_live), ZERO)
