"""Money back: sent once, whatever becomes of the answer."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from common.service import in_one_transaction
from payments.courier.patience import Patience
from payments.errors import GatewayRefused, GatewayUnavailable, PaymentDisputed
from payments.gateways import gateway
from payments.gateways.base import (
    ProviderRefund,
    RefundRequest,
    RefundStatus,
)
from payments.models import PaymentAttempt, Refund, new_key
from payments.policies import KEY_IS_KNOWN_FOR
from payments.services import (
    apply_refund,
    note_refund_failed,
    note_refund_sent,
)
from payments.states import DESK, RefundState

SEND_AGAIN_AFTER = timedelta(minutes=2)
LONGEST_BACKOFF = timedelta(hours=1)


def send_refund(refund_id: int, *, at: datetime, patience: Patience | None = None) -> bool:
    """Send one refund if it is due. True when the provider has it now.

    An unknown outcome leaves the row on its way, with the same key for the next try.
    """
    patience = patience or Patience()
    refund = in_one_transaction(lambda: _claim_refund(refund_id, at))
    if refund is None:
        return False
    try:
        sent = _send(refund, at)
    except GatewayRefused as error:
        patience.note(answered=True)
        note_refund_failed(refund_id=refund_id, error=str(error), at=at)
        return False
    except GatewayUnavailable as error:
        Refund.objects.filter(pk=refund_id, status=RefundState.SENDING).update(
            status=RefundState.REQUESTED,
            next_try_at=at + backoff(refund.tries),
            last_error=str(error),
            is_key_spent=refund.is_key_spent or error.is_replay,
        )
        patience.note(answered=False)
        return False
    patience.note(answered=True)
    if sent.status == RefundStatus.FAILED:
        said = sent.failure or "the bank sent it back"
        note_refund_failed(refund_id=refund_id, error=said, provider_refund_id=sent.id, at=at)
        return False
    note_refund_sent(refund_id=refund_id, provider_refund_id=sent.id, at=at)
    return True


def ask_refunds(attempt_id: int, *, at: datetime) -> None:
    """Ask for every refund of an attempt's money, whoever made it, and book what isn't known.

    Raises GatewayUnavailable, GatewayRefused.
    """
    attempt = PaymentAttempt.objects.get(pk=attempt_id)
    if not attempt.provider_payment_id:
        return
    # All of them before the first is booked: no transaction is open while the provider is asked.
    told = list(gateway(attempt.provider).refunds_of(attempt.provider_payment_id))
    for refund in told:
        apply_refund(refund, at=at)


def due_refunds(at: datetime, limit: int = 100) -> list[int]:
    """Refunds to send now: fresh ones, and those whose worker died while sending."""
    return list(
        Refund.objects.filter(_is_due(at))
        .order_by("next_try_at")
        .values_list("pk", flat=True)[:limit]
    )


def _is_due(at: datetime) -> Q:
    by_provider = ~Q(attempt__provider=DESK)
    stale = Q(status=RefundState.SENDING, claimed_at__lte=at - SEND_AGAIN_AFTER)
    return by_provider & (stale | Q(status=RefundState.REQUESTED, next_try_at__lte=at))


def _claim_refund(refund_id: int, at: datetime) -> Refund | None:
    refund = Refund.objects.select_for_update().filter(_is_due(at), pk=refund_id).first()
    if refund is None:
        return None
    refund.status = RefundState.SENDING
    refund.claimed_at = at
    refund.tries += 1
    refund.key_used_at = refund.key_used_at or at
    refund.save(update_fields=["status", "claimed_at", "tries", "key_used_at"])
    return refund


def _send(refund: Refund, at: datetime) -> ProviderRefund:
    """Have it refunded once, whatever became of the tries before."""
    provider = gateway(refund.attempt.provider)
    request = RefundRequest(
        idempotency_key=refund.idempotency_key,
        session_id=refund.attempt.session_id or "",
        amount=refund.amount,
        currency=refund.currency,
        refund_id=refund.pk,
        provider_payment_id=refund.attempt.provider_payment_id,
    )
    assert refund.key_used_at is not None
    if refund.attempt.kept < refund.attempt.disputed:
        # Asked for before the dispute was known. Only a try before this one may have gone out.
        found = provider.find_refund(request) if refund.tries > 1 else None
        if found is None:
            raise GatewayRefused(PaymentDisputed.message)
        return found
    if refund.is_key_spent or refund.key_used_at <= at - KEY_IS_KNOWN_FOR:
        # The key alone doesn't keep it from going out twice, or from never going out.
        found = provider.find_refund(request)
        if found is not None:
            return found
        if refund.is_key_spent:
            request = replace(request, idempotency_key=_take_new_key(refund, at))
    try:
        return provider.refund(request)
    except GatewayRefused:
        # A no to the second try may be the echo of the first one's yes, whose answer was lost.
        found = provider.find_refund(request) if refund.tries > 1 else None
        if found is None:
            raise
        return found


def _take_new_key(refund: Refund, at: datetime) -> str:
    """Before it is used: should we die now, the next try knows by which key to ask."""
    key = new_key()
    Refund.objects.filter(pk=refund.pk).update(
        idempotency_key=key, key_used_at=at, is_key_spent=False
    )
    refund.is_key_spent = False
    return key


def backoff(tries: int) -> timedelta:
    return min(timedelta(seconds=15 * 2 ** min(tries, 10)), LONGEST_BACKOFF)
