"""Wake-ups and beats about money. Each asks for what is due and does it; again is harmless."""

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from payments import courier
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Payment, PaymentAttempt
from payments.queries import live_attempts
from payments.services import lapse
from payments.states import HOLDING, LIVE_ATTEMPTS

logger = logging.getLogger(__name__)

BATCH = 200
LATE_AFTER = timedelta(minutes=1)
# After this long no provider session can be open any more, whatever we failed to hear.
STOP_ASKING_AFTER = timedelta(days=3)


@shared_task(name="payments.expire_attempt")
def expire_attempt(attempt_id: int) -> None:
    """Close one session at the provider: its purchase was given up, or is paid otherwise."""
    _expire(attempt_id, at=timezone.now())


@shared_task(name="payments.ask_attempt")
def ask_attempt(attempt_id: int) -> None:
    """Ask about one session: the provider says that something happened there."""
    _ask(attempt_id, at=timezone.now())


@shared_task(name="payments.send_refund")
def send_refund(refund_id: int) -> None:
    courier.send_refund(refund_id, at=timezone.now())


@shared_task(name="payments.lapse_holds")
def lapse_holds() -> int:
    """Release holds whose time is over, asking the provider first where a session is open."""
    at = timezone.now()
    released = 0
    due = Payment.objects.lapsed(at).order_by("expires_at").values_list("pk", flat=True)[:BATCH]
    for payment_id in list(due):
        try:
            for attempt in live_attempts(payment_id):
                _expire(attempt.pk, at=at)
            released += lapse(payment_id=payment_id, at=at)
        except Exception:
            # One hold that can't be released must not keep the others.
            logger.exception("hold of payment %s could not be released", payment_id)
    if released:
        logger.info("released %s lapsed holds", released)
    return released


@shared_task(name="payments.expire_attempts")
def expire_attempts() -> int:
    """Close the sessions of purchases that are over, where the wake-up for it was lost."""
    at = timezone.now()
    attempts = PaymentAttempt.objects.filter(
        status__in=LIVE_ATTEMPTS, created_at__gte=at - STOP_ASKING_AFTER
    ).exclude(payment__status__in=HOLDING)
    found = list(attempts.order_by("pk").values_list("pk", flat=True)[:BATCH])
    for attempt_id in found:
        _expire(attempt_id, at=at)
    return len(found)


@shared_task(name="payments.ask_open_attempts")
def ask_open_attempts() -> int:
    """Ask about sessions of unpaid purchases that we have not heard of for a minute."""
    at = timezone.now()
    quiet = Q(asked_at__isnull=True) | Q(asked_at__lte=at - LATE_AFTER)
    attempts = (
        PaymentAttempt.objects.filter(
            quiet,
            status__in=LIVE_ATTEMPTS,
            payment__status__in=HOLDING,
            created_at__gte=at - STOP_ASKING_AFTER,
        )
        .order_by("asked_at")
        .values_list("pk", flat=True)[:BATCH]
    )
    found = list(attempts)
    for attempt_id in found:
        _ask(attempt_id, at=at)
    return len(found)


@shared_task(name="payments.send_refunds")
def send_refunds() -> int:
    """Send the refunds that are due: fresh ones, and those that a crash left behind."""
    at = timezone.now()
    return sum(courier.send_refund(pk, at=at) for pk in courier.due_refunds(at))


def _ask(attempt_id: int, *, at: datetime) -> None:
    try:
        courier.ask(attempt_id, at=at)
    except (GatewayUnavailable, GatewayRefused) as error:
        _note(attempt_id, error)


def _expire(attempt_id: int, *, at: datetime) -> None:
    try:
        courier.expire(attempt_id, at=at)
    except (GatewayUnavailable, GatewayRefused) as error:
        _note(attempt_id, error)


def _note(attempt_id: int, error: Exception) -> None:
    logger.warning("attempt %s: the provider did not answer: %s", attempt_id, error)
    PaymentAttempt.objects.filter(pk=attempt_id).update(last_error=str(error))
