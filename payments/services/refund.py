"""Money on its way back: a row first, the provider later, by the worker."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from common.errors import InvalidInput, InvalidTransition, NotFound, PermissionRefused
from common.money import is_exact, money
from common.people import lock_people
from common.service import service
from common.wake import wake
from payments import emails
from payments.errors import PaymentDisputed
from payments.models import ZERO, Payment, PaymentAttempt, Refund
from payments.purposes import handler_of
from payments.states import RefundState

if TYPE_CHECKING:
    from accounts.models import User

DISCRETION = "bookings.refund_at_discretion"


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
    `attempt` names the session whose money it is; otherwise the latest paid ones are used. What a
    bank has taken by a dispute isn't sent a second time: staff are told how much that is.
    """
    asked = ZERO
    sources = [attempt] if attempt else list(payment.attempts.filter(captured__gt=0))
    kept = [source.kept for source in sources]
    due = min(amount, sum(kept, ZERO))
    for source, left in zip(sources, kept, strict=True):
        part = min(due - asked, left - source.disputed)
        if part <= 0:
            continue
        _open_row(payment, source, amount=part, reason=reason, by=by, at=at)
        asked += part
    if asked:
        handler_of(payment).on_refunds_changed(payment, at=at)
    if asked < due:
        _tell_of_withheld(payment, due - asked, reason=reason, at=at)
    return asked


@service
def retry_refund(
    *, refund_id: int, by: "User", at: datetime, amount: Decimal | None = None
) -> Refund:
    """Ask for a failed refund anew: a new row, while the failed one stays as it is.

    Never more than is left of what was captured. Raises NotFound, InvalidTransition when it didn't
    fail, was tried again already or nothing is left, InvalidInput for an amount of nothing or a
    fraction of the smallest coin, PermissionRefused for another amount without
    `bookings.refund_at_discretion`, PaymentDisputed when a bank has what is left.
    """
    known = Refund.objects.filter(pk=refund_id).values("payment_id", "payment__user_id").first()
    if known is None:
        raise NotFound("There is no such refund.")
    lock_people(known["payment__user_id"], by.pk)
    failed = _locked_refund(refund_id)
    if not failed.is_retryable:
        raise InvalidTransition("Only a refund that failed can be tried again, and only once.")
    wanted = failed.amount if amount is None else amount
    if wanted != failed.amount and not by.has_perm(DISCRETION):
        raise PermissionRefused("Another amount than the one that failed is a manager's decision.")
    if wanted <= ZERO or not is_exact(wanted, failed.currency):
        raise InvalidInput("Say how much goes back.", attr="amount")
    payment = failed.payment
    left = failed.attempt.refundable
    if left <= ZERO < failed.attempt.kept:
        raise PaymentDisputed
    if left <= ZERO:
        raise InvalidTransition("All that was paid went back already.")
    reason = f"{failed.reason} (tried again)"
    refund = _open_row(
        payment,
        failed.attempt,
        amount=min(wanted, left),
        reason=reason,
        by=by,
        at=at,
        retry_of=failed,
    )
    payment.flag("", instead_of=failed.failure_begins)
    handler_of(payment).on_refunds_changed(payment, at=at)
    return refund


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
    if refund.retry_of_id is not None:
        emails.refund_made_good(refund, at=at)


@service
def note_refund_failed(
    *, refund_id: int, error: str, at: datetime, provider_refund_id: str = ""
) -> None:
    """A definite no: staff are shown it, and the goods no longer say 'refunded'."""
    refund = _locked_refund(refund_id)
    if refund.status != RefundState.SENDING:
        return
    refund.provider_refund_id = provider_refund_id
    fail(refund, error=error, at=at)
    handler_of(refund.payment).on_refunds_changed(refund.payment, at=at)


def fail(refund: Refund, *, error: str, at: datetime) -> None:
    """The row and its flag; the caller holds the locks and tells the goods."""
    refund.done_at = at
    refund.last_error = error
    refund.move_to(RefundState.FAILED)
    refund.payment.flag(refund.failure, instead_of=refund.failure_begins)


def _open_row(
    payment: Payment,
    attempt: PaymentAttempt,
    *,
    amount: Decimal,
    reason: str,
    by: "User | None",
    at: datetime,
    retry_of: Refund | None = None,
) -> Refund:
    refund = Refund.objects.create(
        payment=payment,
        attempt=attempt,
        amount=amount,
        currency=payment.currency,
        reason=reason[:250],
        requested_by=by,
        created_at=at,
        next_try_at=at,
        retry_of=retry_of,
    )
    wake("payments.send_refund", refund.pk)
    return refund


def _tell_of_withheld(payment: Payment, amount: Decimal, *, reason: str, at: datetime) -> None:
    said = (
        f"Not sent back: {money(amount, payment.currency)} ({reason}). The cardholder's bank has "
        "taken that by a dispute."
    )
    payment.flag(said)
    emails.withheld(payment, said, at=at)


def _locked_refund(refund_id: int) -> Refund:
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = Payment.objects.locked(payment_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    refund.payment = payment
    return refund
