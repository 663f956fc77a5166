"""Ends of a purchase without money."""

from datetime import datetime

from common.errors import InvalidTransition
from common.service import service
from common.wake import wake
from payments.models import Payment
from payments.policies import holds_on_to_provider
from payments.purposes import handler_of
from payments.queries import live_attempts
from payments.states import HOLDING, ClosedBecause, PaymentState


@service
def close_payment(payment: Payment, *, because: ClosedBecause, at: datetime) -> None:
    """Close an unpaid purchase (locked by the caller) and have its open sessions expired.

    Money that comes nevertheless is given back by `apply_session`.
    """
    payment.closed_because = because
    payment.move_to(PaymentState.CLOSED, at=at)
    for attempt in live_attempts(payment.pk):
        wake("payments.expire_attempt", attempt.pk)


@service
def give_up(
    *, payment_id: int, at: datetime, because: ClosedBecause = ClosedBecause.GIVEN_UP
) -> Payment:
    """The customer doesn't want it any more: the place is free at once. Again is harmless.

    One whose time is over has lapsed, whatever `because` says. Raises InvalidTransition when it is
    paid already, or is theirs and to be paid at the desk: then it is cancelled, not given up.
    """
    payment = Payment.objects.locked(payment_id)
    if payment.status == PaymentState.CLOSED:
        return payment
    if payment.status not in HOLDING:
        raise InvalidTransition("There is nothing to give up: this isn't a hold any more.")
    why = ClosedBecause.LAPSED if payment.has_lapsed(at) else because
    close_payment(payment, because=why, at=at)
    handler_of(payment).on_closed(payment, at=at)
    return payment


@service
def lapse(*, payment_id: int, at: datetime) -> bool:
    """Release a hold whose time is over. True when it is released (now or before).

    While a session may still be open the place stays taken until the provider's word, at most two
    minutes: nobody shall pay for a place that is gone.
    """
    payment = Payment.objects.locked(payment_id)
    if not payment.has_lapsed(at):
        return payment.status == PaymentState.CLOSED
    assert payment.expires_at is not None
    if live_attempts(payment.pk) and holds_on_to_provider(hold_until=payment.expires_at, at=at):
        return False
    close_payment(payment, because=ClosedBecause.LAPSED, at=at)
    handler_of(payment).on_closed(payment, at=at)
    return True
