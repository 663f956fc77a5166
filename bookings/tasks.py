"""What happens to bookings by the clock."""

import logging

from celery import shared_task
from django.utils import timezone

from bookings.services import complete_past as complete_past_bookings
from bookings.verify import wrong_counters
from common.batches import in_batches

BATCH = 500

logger = logging.getLogger(__name__)


@shared_task(name="bookings.complete_past")
def complete_past() -> int:
    """Complete confirmed bookings whose time is over."""
    at = timezone.now()
    return in_batches(lambda: complete_past_bookings(at=at, batch=BATCH), size=BATCH)


@shared_task(name="bookings.verify_places")
def verify_places() -> int:
    """Compare the places of slots with their bookings; a difference is logged as an error."""
    wrong = list(wrong_counters())
    for fault in wrong:
        logger.error("%s", fault)
    return len(wrong)
