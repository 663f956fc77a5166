"""Money that changes hands at the desk: cash, card terminal, bank transfer."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from common.errors import InvalidInput, InvalidTransition, NotFound
from common.people import lock_people
from common.service import service
from common.wake import wake
from payments.errors import AmountChanged, CannotDeliver
from payments.models import Payment, PaymentAttempt, Refund
from payments.purposes import handler_of
from payments.queries import live_attempts
from payments.states import (
    DESK,
    AttemptState,
    DeskMethod,
    PaymentState,
    RefundState,
)

if TYPE_CHECKING:
    from accounts.models import User


@service
def mark_due(payment: Payment, *, at: datetime) -> None:
    """Staff deliver now and are paid later; the caller holds the payment's lock."""
    payment.expires_at = None
    payment.move_to(PaymentState.DUE, at=at)
    _close_sessions(payment)


@service
def change_due(payment: Payment, *, amount: Decimal) -> None:
    """What is still owed has become less; the caller holds the payment's lock."""
    if payment.status != PaymentState.DUE:
        raise InvalidTransition("Only what is not paid yet can be changed.")
    payment.amount = amount
    payment.save(update_fields=["amount"])


@service
def take_desk_payment(
    *,
    payment_id: int,
    method: DeskMethod,
    by: "User",
    at: datetime,
    receipt: str = "",
    expected: Decimal | None = None,
) -> Payment:
    """Write down that the whole amount was paid at the desk, and deliver if that waits for it.

    `expected` is the amount that was asked for at the desk. Raises NotFound, InvalidTransition
    when it is paid, closed or with the bank or when what is paid for can't be given any more,
    AmountChanged when another amount is due by now.
    """
    known = Payment.objects.filter(pk=payment_id).values("user_id").first()
    if known is None:
        raise NotFound("There is no such payment.")
    lock_people(known["user_id"], by.pk)
    payment = Payment.objects.locked(payment_id)
    if not payment.takes_desk_money:
        raise InvalidTransition(
            f"No money is due here: this payment is {payment.get_status_display()}."
        )
    if expected is not None and payment.amount != expected:
        raise AmountChanged
    PaymentAttempt.objects.create(
        payment=payment,
        provider=DESK,
        status=AttemptState.PAID,
        amount=payment.amount,
        currency=payment.currency,
        captured=payment.amount,
        method=method,
        receipt=receipt[:100],
        taken_by=by,
        created_at=at,
        paid_at=at,
        expires_at=at,
    )
    payment.move_to(PaymentState.PAID, at=at)
    _close_sessions(payment)
    try:
        handler_of(payment).on_paid(payment, at=at)
    except CannotDeliver as error:
        # It is still in the customer's hand: better not taken than taken and given back.
        raise InvalidTransition(f"Don't take the money: {error.reason}.") from error
    return payment


@service
def note_paid_back(*, refund_id: int, by: "User", at: datetime, receipt: str = "") -> Refund:
    """Write down that a desk payment's refund was handed over.

    Raises NotFound, InvalidInput when the provider gives it back, InvalidTransition when done.
    """
    known = Refund.objects.filter(pk=refund_id).values("payment_id", "payment__user_id").first()
    if known is None:
        raise NotFound("There is no such refund.")
    lock_people(known["payment__user_id"], by.pk)
    Payment.objects.locked(known["payment_id"])
    refund: Refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.attempt.provider != DESK:
        raise InvalidInput("This one goes back the way it was paid, by itself.")
    if refund.status != RefundState.REQUESTED:
        raise InvalidTransition("This refund was handed over already.")
    refund.done_at = at
    refund.done_by = by
    refund.provider_refund_id = receipt[:100]
    refund.move_to(RefundState.SUCCEEDED)
    return refund


def _close_sessions(payment: Payment) -> None:
    for attempt in live_attempts(payment.pk):
        wake("payments.expire_attempt", attempt.pk)
