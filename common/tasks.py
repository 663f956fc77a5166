"""Housekeeping of the tables in `common`."""

import logging

from celery import shared_task
from django.utils import timezone

from common.idempotency import KEEP_FOR
from common.models import IdempotencyKey

logger = logging.getLogger(__name__)

BATCH = 1_000


@shared_task(name="common.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Delete answers older than 24 hours, a bounded batch at a time. Returns how many."""
    oldest = timezone.now() - KEEP_FOR
    forgotten = 0
    while True:
        ids = list(
            IdempotencyKey.objects.filter(created_at__lt=oldest).values_list("pk", flat=True)[
                :BATCH
            ]
        )
        if not ids:
            break
        forgotten += IdempotencyKey.objects.filter(pk__in=ids).delete()[0]
    if forgotten:
        logger.info("forgot %s idempotency keys", forgotten)
    return forgotten
