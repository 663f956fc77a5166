"""The only code that talks to payment providers: claim | call | record.

The claim and the record are transactions of their own; none is open while the provider is asked.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from common.service import in_one_transaction
from payments.errors import GatewayRefused, GatewayUnavailable, HoldExpired, PaymentCancelled
from payments.gateways import gateway
from payments.gateways.base import RefundRequest, Session, SessionRequest
from payments.models import Payment, PaymentAttempt, Refund
from payments.policies import session_expiry
from payments.services import apply_session, note_refund_failed, note_refund_sent
from payments.states import DESK, LIVE_ATTEMPTS, AttemptState, ClosedBecause, RefundState

logger = logging.getLogger(__name__)

SEND_AGAIN_AFTER = timedelta(minutes=2)
LONGEST_BACKOFF = timedelta(hours=1)


def open_session(payment_id: int, *, at: datetime) -> str:
    """The address of the provider's page for this payment: the open one, else a new one.

    Raises HoldExpired, PaymentCancelled, GatewayUnavailable, GatewayRefused.
    """
    attempt = in_one_transaction(lambda: _claim_attempt(payment_id, at))
    if attempt.status == AttemptState.OPEN:
        return attempt.url
    session = gateway(attempt.provider).create_session(_request(attempt))
    payment = in_one_transaction(lambda: _record_session(attempt.pk, session, at))
    # Given up while the provider was being asked: the page must not invite to pay. The sweep that
    # expires sessions of closed payments finds this one.
    _require_payable(payment, at)
    return session.url


def ask(attempt_id: int, *, at: datetime) -> Payment:
    """Ask the provider how a session stands and book its answer.

    Raises GatewayUnavailable, GatewayRefused.
    """
    attempt = PaymentAttempt.objects.get(pk=attempt_id)
    PaymentAttempt.objects.filter(pk=attempt_id).update(asked_at=at)
    session = _find_session(attempt)
    return apply_session(attempt_id=attempt_id, session=session, at=at)


def expire(attempt_id: int, *, at: datetime) -> Payment:
    """Have the provider close a session, and book what it says: expired, or paid after all.

    Raises GatewayUnavailable, GatewayRefused.
    """
    attempt = PaymentAttempt.objects.get(pk=attempt_id)
    PaymentAttempt.objects.filter(pk=attempt_id).update(asked_at=at)
    found = _find_session(attempt)
    session = gateway(attempt.provider).expire_session(found.id, at=at)
    return apply_session(attempt_id=attempt_id, session=session, at=at)


def send_refund(refund_id: int, *, at: datetime) -> bool:
    """Send one refund if it is due. True when the provider has it now.

    An unknown outcome leaves the row on its way, with the same key for the next try.
    """
    refund = in_one_transaction(lambda: _claim_refund(refund_id, at))
    if refund is None:
        return False
    session_id = refund.attempt.session_id or ""
    try:
        provider_refund_id = gateway(refund.attempt.provider).refund(
            RefundRequest(
                idempotency_key=refund.idempotency_key,
                session_id=session_id,
                amount=refund.amount,
                currency=refund.currency,
                refund_id=refund.pk,
            )
        )
    except GatewayRefused as error:
        note_refund_failed(refund_id=refund_id, error=str(error), at=at)
        return False
    except GatewayUnavailable as error:
        Refund.objects.filter(pk=refund_id, status=RefundState.SENDING).update(
            status=RefundState.REQUESTED,
            next_try_at=at + _backoff(refund.tries),
            last_error=str(error),
        )
        return False
    note_refund_sent(refund_id=refund_id, provider_refund_id=provider_refund_id, at=at)
    return True


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
    refund.save(update_fields=["status", "claimed_at", "tries"])
    return refund


def _backoff(tries: int) -> timedelta:
    return min(timedelta(seconds=15 * 2 ** min(tries, 10)), LONGEST_BACKOFF)


def _require_payable(payment: Payment, at: datetime) -> None:
    if payment.has_lapsed(at) or payment.closed_because == ClosedBecause.LAPSED:
        raise HoldExpired
    if not payment.is_open:
        raise PaymentCancelled


def _claim_attempt(payment_id: int, at: datetime) -> PaymentAttempt:
    payment = Payment.objects.locked(payment_id)
    _require_payable(payment, at)
    assert payment.expires_at is not None
    live = payment.attempts.filter(status__in=LIVE_ATTEMPTS).first()
    if live is not None:
        return live
    expires_at = session_expiry(created_at=at, hold_until=payment.expires_at)
    return PaymentAttempt.objects.create(
        payment=payment,
        provider=settings.PAYMENT_PROVIDER,
        amount=payment.amount,
        currency=payment.currency,
        created_at=at,
        expires_at=expires_at,
        params={
            "description": payment.description,
            "customerEmail": payment.user.email,
            "returnUrl": settings.SITE_URL + reverse("payments:return", args=[payment.token]),
            "expiresAt": expires_at.isoformat(),
        },
    )


def _record_session(attempt_id: int, session: Session, at: datetime) -> Payment:
    payment_id = PaymentAttempt.objects.values_list("payment_id", flat=True).get(pk=attempt_id)
    payment = Payment.objects.locked(payment_id)
    attempt = PaymentAttempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.status == AttemptState.NEW:
        attempt.session_id = session.id
        attempt.url = session.url
        attempt.asked_at = at
        attempt.move_to(AttemptState.OPEN)
    return payment


def _find_session(attempt: PaymentAttempt) -> Session:
    """The session of an attempt, also when we were killed before we noted its id."""
    found = gateway(attempt.provider)
    if attempt.session_id:
        return found.fetch_session(attempt.session_id)
    return found.create_session(_request(attempt))


def _request(attempt: PaymentAttempt) -> SessionRequest:
    expires_at = parse_datetime(attempt.params["expiresAt"])
    assert expires_at is not None
    return SessionRequest(
        idempotency_key=attempt.idempotency_key,
        amount=attempt.amount,
        currency=attempt.currency,
        description=attempt.params["description"],
        customer_email=attempt.params["customerEmail"],
        return_url=attempt.params["returnUrl"],
        expires_at=expires_at,
        payment_id=attempt.payment_id,
    )
