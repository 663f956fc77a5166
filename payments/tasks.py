"""Wake-ups and beats about money. Each asks for what is due and does it; again is harmless."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from celery import shared_task
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from common.batches import in_batches, one_by_one
from payments import courier, verify
from payments.courier import Patience
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.models import Payment, PaymentAttempt, WebhookEvent
from payments.queries import live_attempts
from payments.services import empty_events, lapse
from payments.states import HOLDING, LIVE_ATTEMPTS, UNAPPLIED

logger = logging.getLogger(__name__)

BATCH = 200
MOST_HOLDS = 10_000
MOST_SECONDS = 12.0
EMPTIED_AT_ONCE = 5_000
LATE_AFTER = timedelta(minutes=1)
# Closing a page can't wait as long: somebody may be paying for what is gone.
CLOSE_AGAIN_AFTER = timedelta(seconds=10)
# A page is open for a day at most; what is older waits for a bank, which takes days.
FRESH_FOR = timedelta(hours=1)
ASK_OLD_AFTER = timedelta(minutes=10)
STOP_ASKING_AFTER = timedelta(days=15)
# What was told is kept for whoever has to find out what happened; it names people.
PAYLOADS_KEPT = timedelta(days=30)


@shared_task(name="payments.expire_attempt")
def expire_attempt(attempt_id: int) -> None:
    """Close one session at the provider: its purchase was given up, or is paid otherwise."""
    _expire(attempt_id, Patience(), at=timezone.now())


@shared_task(name="payments.ask_attempt")
def ask_attempt(attempt_id: int) -> None:
    """Ask about one session: the provider says that something happened there."""
    _ask(attempt_id, Patience(), at=timezone.now())


@shared_task(name="payments.send_refund")
def send_refund(refund_id: int) -> None:
    courier.send_refund(refund_id, at=timezone.now())


@shared_task(name="payments.ask_agreement")
def ask_agreement(agreement_id: int) -> None:
    """Ask about one subscription: it has just begun, or something happened to it."""
    _ask_agreement(agreement_id, Patience())


@shared_task(name="payments.tell_agreement")
def tell_agreement(agreement_id: int) -> None:
    """Tell the provider what is wanted of one subscription."""
    _tell_agreement(agreement_id, Patience())


@shared_task(name="payments.ask_refunds")
def ask_refunds(attempt_id: int) -> None:
    """Something went back at the provider that we don't know: ask for it, then go on."""
    at = timezone.now()
    try:
        courier.ask_refunds(attempt_id, at=at)
    except (GatewayUnavailable, GatewayRefused) as error:
        # The event that asked for this is still waiting: the beat asks again.
        _note(attempt_id, error)
        return
    about = PaymentAttempt.objects.values_list("provider_payment_id", flat=True).get(pk=attempt_id)
    _take(WebhookEvent.objects.filter(state__in=UNAPPLIED, about=about), at=at)


@shared_task(name="payments.apply_events_about")
def apply_events_about(provider_payment_id: str) -> int:
    """Apply what was told about this money before we knew it."""
    about = WebhookEvent.objects.filter(state__in=UNAPPLIED, about=provider_payment_id)
    return _take(about, at=timezone.now())


@shared_task(name="payments.apply_events")
def apply_events() -> int:
    """Apply what the provider told us and what isn't applied yet: after a crash, or an error."""
    at = timezone.now()
    return _take(WebhookEvent.objects.filter(state__in=UNAPPLIED, next_try_at__lte=at), at=at)


@shared_task(name="payments.empty_events")
def forget_events() -> int:
    """Empty what was told long ago."""
    before = timezone.now() - PAYLOADS_KEPT
    return in_batches(
        lambda: empty_events(before=before, batch=EMPTIED_AT_ONCE), size=EMPTIED_AT_ONCE
    )


@shared_task(name="payments.lapse_holds")
def lapse_holds() -> int:
    """Release holds whose time is over, asking the provider first where a session is open."""
    at = timezone.now()
    released, patience = 0, Patience()
    # Most holds were never near a payment page: those are asked about all at once.
    page = PaymentAttempt.objects.filter(payment=OuterRef("pk"), status__in=LIVE_ATTEMPTS)
    due = Payment.objects.lapsed(at).order_by("expires_at").values_list("pk", Exists(page))
    # Many, since some may have to wait for the provider; and done before the next beat.
    for payment_id, has_page in one_by_one(list(due[:MOST_HOLDS]), seconds=MOST_SECONDS):
        try:
            for attempt in live_attempts(payment_id) if has_page else ():
                # A silent provider keeps a hold for two minutes, and never the others.
                if not patience.is_over:
                    _expire(attempt.pk, patience, at=at)
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
        _quiet_for(CLOSE_AGAIN_AFTER, at) | Q(payment__closed_at__gt=F("asked_at")),
        status__in=LIVE_ATTEMPTS,
        created_at__gte=at - STOP_ASKING_AFTER,
    ).exclude(payment__status__in=HOLDING)
    found = list(attempts.order_by("asked_at").values_list("pk", flat=True)[:BATCH])
    return _one_by_one(found, partial(_expire, at=at))


@shared_task(name="payments.ask_open_attempts")
def ask_open_attempts() -> int:
    """Ask about sessions of unpaid purchases that we have not heard of for a minute."""
    at = timezone.now()
    attempts = (
        PaymentAttempt.objects.filter(
            _quiet_for(LATE_AFTER, at),
            status__in=LIVE_ATTEMPTS,
            payment__status__in=HOLDING,
            created_at__gte=at - STOP_ASKING_AFTER,
        )
        .order_by("asked_at")
        .values_list("pk", flat=True)[:BATCH]
    )
    return _one_by_one(list(attempts), partial(_ask, at=at))


@shared_task(name="payments.ask_agreements")
def ask_agreements() -> int:
    """Ask about subscriptions of which we have not heard for too long."""
    return _one_by_one(courier.due_to_ask(timezone.now(), BATCH), _ask_agreement)


@shared_task(name="payments.tell_agreements")
def tell_agreements() -> int:
    """Tell the provider what is wanted of subscriptions, until it has confirmed it."""
    return _one_by_one(courier.due_to_tell(timezone.now(), BATCH), _tell_agreement)


@shared_task(name="payments.send_refunds")
def send_refunds() -> int:
    """Send the refunds that are due: fresh ones, and those that a crash left behind."""
    sent, patience = 0, Patience()
    for refund_id in courier.due_refunds(timezone.now()):
        try:
            # Each by its own clock: a round can take minutes.
            sent += courier.send_refund(refund_id, at=timezone.now(), patience=patience)
        except Exception:
            # One refund that can't be sent must not keep the others.
            logger.exception("refund %s could not be sent", refund_id)
        if patience.is_over:
            break
    return sent


@shared_task(name="payments.run_money_check")
def run_money_check(check_id: int) -> bool:
    """Look at whether money is true: somebody asked for it."""
    return verify.run_check(check_id, at=timezone.now())


@shared_task(name="payments.run_money_checks")
def run_money_checks() -> int:
    """Carry out what somebody asked for and nobody took up."""
    at = timezone.now()
    return sum(verify.run_check(pk, at=at) for pk in verify.due_checks(at))


@shared_task(name="payments.verify_money")
def verify_money() -> int:
    """The night's look at whether money is true; what it finds is kept and told to staff."""
    return verify.nightly_check(at=timezone.now()).pk


def _quiet_for(silence: timedelta, at: datetime) -> Q:
    """Not heard of for so long; old ones, which wait for a bank, are asked about less often."""
    fresh = Q(created_at__gt=at - FRESH_FOR, asked_at__lte=at - silence)
    return Q(asked_at__isnull=True) | fresh | Q(asked_at__lte=at - ASK_OLD_AFTER)


def _take(events: QuerySet[WebhookEvent], *, at: datetime) -> int:
    """Apply these in the order in which they happened; how many are settled."""
    found = list(events.order_by("created_at", "pk").values_list("pk", flat=True)[:BATCH])
    patience = Patience()
    return sum(courier.take_event(pk, at=at, patience=patience) for pk in found)


def _one_by_one(found: list[int], deed: Callable[[int, Patience], None]) -> int:
    """Do it with each, until the provider has been silent too often. How many it was done with."""
    patience, done = Patience(), 0
    for place, each in enumerate(found):
        if patience.is_over:
            logger.warning("the provider is silent: %s of %s wait", len(found) - place, len(found))
            break
        try:
            deed(each, patience)
            done += 1
        except Exception:
            # One that can't be asked about must not keep the others.
            logger.exception("row %s could not be asked about", each)
    return done


def _ask(attempt_id: int, patience: Patience, *, at: datetime) -> None:
    with _noted(attempt_id, patience):
        courier.ask(attempt_id, at=at)


def _expire(attempt_id: int, patience: Patience, *, at: datetime) -> None:
    with _noted(attempt_id, patience):
        courier.expire(attempt_id, at=at)


@contextmanager
def _noted(attempt_id: int, patience: Patience) -> Iterator[None]:
    try:
        yield
    except (GatewayUnavailable, GatewayRefused) as error:
        _note(attempt_id, error)
        patience.note(answered=isinstance(error, GatewayRefused))
    else:
        patience.note(answered=True)


def _ask_agreement(agreement_id: int, patience: Patience) -> None:
    # Each by its own clock: a round can take minutes.
    courier.try_to(courier.ask_agreement, agreement_id, patience, at=timezone.now())


def _tell_agreement(agreement_id: int, patience: Patience) -> None:
    courier.try_to(courier.tell_agreement, agreement_id, patience, at=timezone.now())


def _note(attempt_id: int, error: Exception) -> None:
    logger.warning("attempt %s: the provider did not answer: %s", attempt_id, error)
    PaymentAttempt.objects.filter(pk=attempt_id).update(last_error=str(error))
