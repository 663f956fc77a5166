"""What happens to bookings by the clock."""

import logging

from celery import shared_task
from django.utils import timezone

from bookings.services import complete_past as complete_past_bookings
from bookings.verify import wrong_counters

logger = logging.getLogger(__name__)


@shared_task(name="bookings.complete_past")
def complete_past() -> int:
    """Complete confirmed bookings whose time is over."""
    completed = complete_past_bookings(at=timezone.now())
    if completed:
        logger.info("completed %s bookings", completed)
    return completed


@shared_task(name="bookings.verify_places")
def verify_places() -> int:
    """Compare every slot's counter with its bookings; a difference is logged as an error."""
    wrong = list(wrong_counters())
    for fault in wrong:
        logger.error("%s", fault)
    return len(wrong)
