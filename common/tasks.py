"""Housekeeping of the tables in `common`."""

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from common.batches import in_batches
from common.idempotency import KEEP_FOR
from common.models import Count, IdempotencyKey

logger = logging.getLogger(__name__)

BATCH = 1_000


@shared_task(name="common.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Delete kept answers to API calls older than 24 hours, in batches. Returns how many."""
    oldest = timezone.now() - KEEP_FOR
    forgotten = in_batches(lambda: _forget_keys(oldest), size=BATCH)
    if forgotten:
        logger.info("forgot %s idempotency keys", forgotten)
    return forgotten


def _forget_keys(oldest: datetime) -> int:
    old = IdempotencyKey.objects.filter(created_at__lt=oldest).order_by("created_at")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    return IdempotencyKey.objects.filter(pk__in=ids).delete()[0]


@shared_task(name="common.forget_counts")
def forget_counts() -> int:
    """Delete counts that began more than an hour ago, a bounded batch. Returns how many."""
    oldest = timezone.now() - timedelta(hours=1)
    ids = list(Count.objects.filter(since__lt=oldest).values_list("pk", flat=True)[:BATCH])
    return Count.objects.filter(pk__in=ids).delete()[0]
