"""Subscriptions: asked about, and told what is wanted of them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q, QuerySet

from payments.courier.patience import Patience
from payments.courier.refunds import backoff
from payments.courier.sessions import ask
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways import gateway
from payments.gateways.base import ProviderAgreement
from payments.models import BillingAgreement
from payments.policies import ENDED_IS_ASKED_ABOUT_FOR
from payments.queries import live_attempts
from payments.services import apply_agreement, claim_wish, note_unanswered, release_wish
from payments.states import AGREEMENT_RUNS, AgreementState

logger = logging.getLogger(__name__)

# Whoever told the provider for longer than this was killed.
TELL_AGAIN_AFTER = timedelta(minutes=2)
# Told and answered, and the answer isn't what we wanted.
INSIST_AFTER = timedelta(minutes=5)
# While it can't be told, it is asked once in so long.
HEARD_LATELY = timedelta(hours=1)
# Others may have been faster each time; the beat comes back to it.
TRIES = 3

# What `BillingAgreement.wants_change` asks of one.
IS_SETTLED: Final = Q(wanted=F("confirmed")) & (Q(telling="") | Q(telling=F("wanted")))


def ask_agreement(agreement_id: int, *, at: datetime) -> BillingAgreement:
    """Ask the provider how a subscription stands, and book its answer.

    One that hasn't begun is asked about by the sessions of its sign-up. Raises GatewayUnavailable,
    GatewayRefused; then it is noted, and it is due again later.
    """
    agreement = BillingAgreement.objects.get(pk=agreement_id)
    try:
        if agreement.provider_id is None:
            ask_sign_up(agreement, at=at)
        else:
            _ask_until_applied(agreement, at)
    except Exception as error:
        _note(agreement, error, at)
        raise
    agreement.refresh_from_db()
    return agreement


def ask_sign_up(agreement: BillingAgreement, *, at: datetime) -> None:
    """Ask about the sessions by which it may have begun, and book the answers."""
    for payment_id in list(agreement.payments.values_list("pk", flat=True)):
        for attempt in live_attempts(payment_id):
            ask(attempt.pk, at=at)


def tell_agreement(agreement_id: int, *, at: datetime) -> bool:
    """Bring the provider to what is wanted, and book its answer. True when it has confirmed.

    False when nothing is to be told, or somebody else is telling it. Raises GatewayUnavailable,
    GatewayRefused; then it is noted, and told again later. Told twice is told once.
    """
    agreement = claim_wish(agreement_id=agreement_id, lease=TELL_AGAIN_AFTER, at=at)
    if agreement is None or agreement.provider_id is None:
        return False
    wait, is_answered = INSIST_AFTER, False
    try:
        told = gateway(agreement.provider).set_agreement(agreement.provider_id, agreement.wanted)
        if not _apply(agreement, told, at):
            _ask_until_applied(agreement, at)
        is_answered = True
    except Exception as error:
        is_answered = isinstance(error, GatewayRefused)
        _hear_meanwhile(agreement, at)
        wait = _note(agreement, error, at)
        raise
    finally:
        left = release_wish(agreement_id=agreement_id, is_answered=is_answered, wait=wait, at=at)
    return not left.wants_change()


def _hear_meanwhile(agreement: BillingAgreement, at: datetime) -> None:
    """What can't be told what we want is listened to all the same, now and then.

    Else a bill that is paid meanwhile, and whose webhook is lost, is known to nobody.
    """
    if agreement.told_at is None or agreement.told_at <= at - HEARD_LATELY:
        try:
            _ask_until_applied(agreement, at)
        # Whatever it is, that it couldn't be told is noted all the same.
        except Exception as error:  # noqa: BLE001
            logger.warning("agreement %s: nor could it be asked about: %s", agreement.pk, error)


def try_to(
    deed: Callable[..., object], agreement_id: int, patience: Patience, *, at: datetime
) -> None:
    """Ask or tell in a round of many: what goes wrong is noted, and must not keep the others."""
    try:
        deed(agreement_id, at=at)
    except GatewayUnavailable as error:
        logger.warning("agreement %s: the provider did not answer: %s", agreement_id, error)
        patience.note(answered=False)
    except GatewayRefused as error:
        logger.warning("agreement %s: the provider says no: %s", agreement_id, error)
        patience.note(answered=True)
    except Exception:
        # Its seller couldn't be told.
        logger.exception("agreement %s could not be brought up to date", agreement_id)
    else:
        patience.note(answered=True)


def due_to_ask(at: datetime, limit: int) -> list[int]:
    """Subscriptions that nobody has heard of for too long: running ones, and for a while after
    their end those at which a last bill may yet be paid.
    """
    ended = BillingAgreement.objects.filter(
        status=AgreementState.ENDED,
        next_ask_at__lte=at,
        # Also when it is silent: not for ever.
        ended_at__gt=at - ENDED_IS_ASKED_ABOUT_FOR,
    )
    found = [
        *_due(at).filter(IS_SETTLED).values_list("pk", flat=True)[:limit],
        *ended.order_by("next_ask_at", "pk").values_list("pk", flat=True)[:limit],
    ]
    return found[:limit]


def due_to_tell(at: datetime, limit: int) -> list[int]:
    """Running subscriptions of which the provider hasn't confirmed yet what we want."""
    due = _due(at).exclude(IS_SETTLED)
    return list(due.values_list("pk", flat=True)[:limit])


def _due(at: datetime) -> QuerySet[BillingAgreement]:
    is_due = Q(next_ask_at__lte=at) | Q(next_ask_at=None)
    running = BillingAgreement.objects.filter(is_due, status__in=AGREEMENT_RUNS)
    return running.exclude(provider_id=None).order_by("next_ask_at", "pk")


def _ask_until_applied(agreement: BillingAgreement, at: datetime) -> None:
    """Anew, while others write answers that may be newer than ours."""
    assert agreement.provider_id is not None
    for _ in range(TRIES):
        agreement.refresh_from_db(fields=["answers"])
        told = gateway(agreement.provider).fetch_agreement(agreement.provider_id)
        if _apply(agreement, told, at):
            return
    BillingAgreement.objects.filter(pk=agreement.pk).update(next_ask_at=at)


def _apply(agreement: BillingAgreement, told: ProviderAgreement, at: datetime) -> bool:
    return apply_agreement(agreement_id=agreement.pk, told=told, seen=agreement.answers, at=at)


def _note(agreement: BillingAgreement, error: Exception, at: datetime) -> timedelta:
    wait = backoff(agreement.tries + 1)
    note_unanswered(agreement_id=agreement.pk, error=str(error), wait=wait, at=at)
    return wait
