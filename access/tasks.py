"""What happens to subscriptions by the clock. Each looks for what is due; again is harmless."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from access.models import AccessLog, Subscription
from access.policies import JUST_BEFORE, TRIAL_IS_TOLD_BEFORE
from access.services import end_unpaid, expire, tell_trial_ends, wait_for_word
from access.states import OPENS, SubscriptionStatus
from common.batches import in_batches
from payments import courier
from payments.courier import Patience
from payments.states import PaymentState

logger = logging.getLogger(__name__)

BATCH = 200
LOG_BATCH = 1_000


@shared_task(name="access.expire")
def expire_over() -> int:
    """Write down the end of what opens nothing any more; the provider is asked right before."""
    _ask_once_more(timezone.now())
    # Asking may have taken its time.
    at = timezone.now()
    ending = Subscription.objects.filter(status__in=OPENS, access_until__lte=at + JUST_BEFORE)
    found = ending.order_by("access_until").values_list("pk", flat=True)[:BATCH]
    return _each(found, lambda pk: _end_or_wait(pk, at))


def _ask_once_more(at: datetime) -> None:
    """Whether what is about to end was paid after all; with no transaction open."""
    unheard = Subscription.objects.ending_unheard(at).order_by("access_until")
    patience = Patience()
    for agreement_id in list(unheard.values_list("agreement_id", flat=True)[:BATCH]):
        if patience.is_over:
            return
        courier.try_to(courier.ask_agreement, agreement_id, patience, at=timezone.now())


def _end_or_wait(pk: int, at: datetime) -> bool:
    is_kept = wait_for_word(subscription_id=pk, at=at)
    return not is_kept and expire(subscription_id=pk, at=at)


@shared_task(name="access.end_unpaid")
def end_never_paid() -> int:
    """Let go of what waits for a payment that is closed; its closing does so itself."""
    at = timezone.now()
    left = Subscription.objects.filter(
        status=SubscriptionStatus.PENDING, payment__status=PaymentState.CLOSED
    )
    found = left.order_by("pk").values_list("pk", flat=True)[:BATCH]
    return _each(found, lambda pk: end_unpaid(subscription_id=pk, at=at))


@shared_task(name="access.tell_trial_ends")
def tell_trials() -> int:
    """Say some days before when a trial ends and what is collected then."""
    at = timezone.now()
    soon = Subscription.objects.filter(
        status=SubscriptionStatus.TRIALING,
        trial_told_at=None,
        paid_until__gt=at,
        paid_until__lte=at + TRIAL_IS_TOLD_BEFORE,
    )
    found = soon.order_by("paid_until").values_list("pk", flat=True)[:BATCH]
    return _each(found, lambda pk: tell_trial_ends(subscription_id=pk, at=at))


@shared_task(name="access.forget_log")
def forget_log() -> int:
    """Delete what was noted about who came in longer ago than it is kept."""
    before = timezone.now() - timedelta(days=settings.ACCESS_LOG_DAYS)
    return in_batches(lambda: _forget(before), size=LOG_BATCH)


def _forget(before: datetime) -> int:
    ids = list(
        AccessLog.objects.filter(at__lt=before)
        .order_by("at")
        .values_list("pk", flat=True)[:LOG_BATCH]
    )
    AccessLog.objects.filter(pk__in=ids).delete()
    return len(ids)


def _each(ids: Iterable[int], deed: Callable[[int], bool]) -> int:
    done = 0
    for pk in list(ids):
        try:
            done += deed(pk)
        except Exception:
            # One that can't be done must not keep the others.
            logger.exception("subscription %s could not be brought up to date", pk)
    return done
