"""What happens to events and tickets by the clock and after their event has changed."""

import logging

from celery import shared_task
from django.utils import timezone

from common.batches import in_batches
from tickets import services
from tickets.verify import wrong_counters

BATCH = 1_000

logger = logging.getLogger(__name__)


@shared_task(name="tickets.run_campaign")
def run_campaign(campaign_id: int) -> bool:
    """Refund and tell the holders of one event, as far as one run goes."""
    return services.run_campaign(campaign_id=campaign_id, at=timezone.now())


@shared_task(name="tickets.run_campaigns")
def run_campaigns() -> int:
    """Go on with events being cancelled or moved. Returns how many were worked on."""
    at = timezone.now()
    open_ones = services.open_campaigns()
    for campaign_id in open_ones:
        services.run_campaign(campaign_id=campaign_id, at=at)
    return len(open_ones)


@shared_task(name="tickets.expire")
def expire() -> int:
    """Mark tickets as expired whose time is over."""
    at = timezone.now()
    return in_batches(lambda: services.expire_tickets(at=at, batch=BATCH), size=BATCH)


@shared_task(name="tickets.complete_past")
def complete_past() -> int:
    """Complete events whose end has come."""
    at = timezone.now()
    return in_batches(lambda: services.complete_past(at=at, batch=BATCH), size=BATCH)


@shared_task(name="tickets.verify_places")
def verify_places() -> int:
    """Compare the places of events and tiers with their tickets; a difference is logged."""
    wrong = list(wrong_counters())
    for fault in wrong:
        logger.error("%s", fault)
    return len(wrong)
