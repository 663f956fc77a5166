"""Payment pages: opened, asked about, closed."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from common.service import in_one_transaction
from payments.errors import (
    EmailRefused,
    GatewayRefused,
    GatewayUnavailable,
    HoldExpired,
    PaymentCancelled,
)
from payments.gateways import gateway
from payments.gateways.base import (
    Recurring,
    Session,
    SessionRequest,
)
from payments.models import Payment, PaymentAttempt
from payments.policies import session_expiry
from payments.services import (
    apply_session,
)
from payments.states import LIVE_ATTEMPTS, AttemptState, ClosedBecause

logger = logging.getLogger(__name__)

# A page that was open so lately is opened again without asking: a double click, two tabs.
TRUST_FOR = timedelta(seconds=10)
# What the key of an attempt ends with once its e-mail address was left out.
WITHOUT_EMAIL = "-without-email"


def open_session(payment_id: int, *, at: datetime) -> str:
    """The address of the provider's page for this payment: the open one, else a new one.

    Raises HoldExpired, PaymentCancelled, GatewayUnavailable, GatewayRefused.
    """
    attempt = in_one_transaction(lambda: _claim_attempt(payment_id, at))
    if attempt.status == AttemptState.OPEN:
        return _open_again(attempt, at)
    try:
        session = _create_session(attempt)
    except GatewayRefused:
        if attempt.created_at == at:
            raise
        # It was frozen when the provider was away, and by now its time is too short: anew.
        return open_session(payment_id, at=at)
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
            "methods": settings.PAYMENT_METHODS,
            **_recurring_params(payment),
        },
    )


def _recurring_params(payment: Payment) -> dict[str, Any]:
    agreement = payment.agreement
    if agreement is None:
        return {}
    return {
        "recurring": {
            "agreementId": agreement.pk,
            "amount": str(agreement.amount),
            "interval": agreement.interval,
            "trialDays": agreement.trial_days,
        }
    }


def _open_again(attempt: PaymentAttempt, at: datetime) -> str:
    """The page that is open already, unless it turns out that it was paid there meanwhile."""
    if attempt.asked_at is None or attempt.asked_at <= at - TRUST_FOR:
        try:
            _require_payable(ask(attempt.pk, at=at), at)
        except (GatewayUnavailable, GatewayRefused):
            # The page may well answer when the books don't.
            logger.warning("attempt %s: opened again without asking", attempt.pk)
    return attempt.url


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
    if attempt.session_id:
        return gateway(attempt.provider).fetch_session(attempt.session_id)
    return _create_session(attempt)


def _create_session(attempt: PaymentAttempt) -> Session:
    """The session of this attempt's own parameters, made now or before.

    A refusal says that there is none and never will be (a session that ends too soon, because a
    crash came between the claim and the call): the attempt is over, and the next one, with
    parameters of its own time, is free to begin. An e-mail address that the provider doesn't take
    is no reason not to be paid: without one, its page asks for one.
    """
    try:
        return gateway(attempt.provider).create_session(_request(attempt))
    except EmailRefused as error:
        said = str(error)
        return _create_session(in_one_transaction(lambda: _leave_email_out(attempt.pk, said)))
    except GatewayRefused as error:
        PaymentAttempt.objects.filter(
            pk=attempt.pk, status=AttemptState.NEW, session_id__isnull=True
        ).update(status=AttemptState.EXPIRED, last_error=str(error))
        raise


def _leave_email_out(attempt_id: int, said: str) -> PaymentAttempt:
    """Freeze the parameters anew, under a key of their own, before they are sent.

    The key follows from the one before: two who find out at once ask for one session.
    """
    attempt: PaymentAttempt = PaymentAttempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.params["customerEmail"]:
        attempt.params["customerEmail"] = ""
        attempt.idempotency_key += WITHOUT_EMAIL
        attempt.last_error = said
        attempt.save(update_fields=["params", "idempotency_key", "last_error"])
    return attempt


def _request(attempt: PaymentAttempt) -> SessionRequest:
    expires_at = parse_datetime(attempt.params["expiresAt"])
    assert expires_at is not None
    again = attempt.params.get("recurring")
    return SessionRequest(
        idempotency_key=attempt.idempotency_key,
        # Of a subscription each interval's, whatever is due today.
        amount=Decimal(again["amount"]) if again else attempt.amount,
        currency=attempt.currency,
        description=attempt.params["description"],
        customer_email=attempt.params["customerEmail"],
        return_url=attempt.params["returnUrl"],
        expires_at=expires_at,
        payment_id=attempt.payment_id,
        attempt_id=attempt.pk,
        methods=tuple(attempt.params.get("methods", ())),
        recurring=Recurring(
            agreement_id=again["agreementId"],
            interval=again["interval"],
            trial_days=again["trialDays"],
        )
        if again
        else None,
    )
