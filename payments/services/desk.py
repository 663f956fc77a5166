"""Money that is settled at the desk."""

from datetime import datetime

from common.service import service
from common.wake import wake
from payments.models import Payment
from payments.queries import live_attempts
from payments.states import PaymentState


@service
def mark_due(payment: Payment, *, at: datetime) -> None:
    """Staff deliver now and are paid later; the caller holds the payment's lock."""
    payment.expires_at = None
    payment.move_to(PaymentState.DUE, at=at)
    for attempt in live_attempts(payment.pk):
        wake("payments.expire_attempt", attempt.pk)
