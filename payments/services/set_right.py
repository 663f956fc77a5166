"""What `verify_money --repair` does with rows: what the system itself would have done in time."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from common.people import lock_people
from common.service import service
from payments import emails
from payments.errors import CannotDeliver
from payments.models import Payment
from payments.purposes import handler_of
from payments.services.begin import end_undelivered
from payments.services.close import close_payment
from payments.services.refund import request_refund
from payments.states import ClosedBecause


@service
def deliver_paid(*, payment_id: int, at: datetime) -> Decimal:
    """Give what was paid for and never given; where that can't be done any more, all money back.

    The caller has seen that it was never given. Returns what goes back.
    """
    payment = lock_payment(payment_id)
    try:
        with transaction.atomic():
            handler_of(payment).on_paid(payment, at=at)
    except CannotDeliver as error:
        attempt = payment.attempts.filter(captured__gt=0).order_by("pk").last()
        back = request_refund(payment, amount=payment.refundable, reason=error.reason, at=at)
        if attempt is not None:
            emails.money_returned(payment, attempt, error.reason, at=at)
        end_undelivered(payment, at=at)
        if not payment.closed_because:
            # It was still held: nobody else would ever let go of what is paid for.
            payment.closed_because = ClosedBecause.LAPSED
            payment.save(update_fields=["closed_because"])
            handler_of(payment).on_closed(payment, at=at)
        return back
    return Decimal(0)


@service
def give_back(*, payment_id: int, amount: Decimal, at: datetime) -> Decimal:
    """Ask for a refund that is owed and was never asked for. Returns what goes back."""
    payment = lock_payment(payment_id)
    return request_refund(payment, amount=amount, reason="owed since it ended", at=at)


@service
def take_goods_back(*, payment_id: int, at: datetime) -> None:
    """End what is still held for a payment that is closed."""
    payment = lock_payment(payment_id)
    handler_of(payment).on_closed(payment, at=at)


@service
def close_leftover(*, payment_id: int, at: datetime) -> None:
    """Close the payment of what has ended."""
    payment = lock_payment(payment_id)
    close_payment(payment, because=ClosedBecause.CANCELLED, at=at)


@service
def update_goods(*, payment_id: int, at: datetime) -> None:
    """Let what was bought look at its money once more."""
    payment = lock_payment(payment_id)
    handler_of(payment).on_refunds_changed(payment, at=at)


def lock_payment(payment_id: int) -> Payment:
    """The payment, locked in the order of the house: its holder first."""
    lock_people(Payment.objects.values_list("user_id", flat=True).get(pk=payment_id))
    return Payment.objects.locked(payment_id)
