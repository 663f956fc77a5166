"""What happens to events and tickets by the clock and after their event has changed."""

import logging

from celery import shared_task
from django.utils import timezone

from tickets import services
from tickets.verify import wrong_counters

logger = logging.getLogger(__name__)


@shared_task(name="tickets.run_campaign")
def run_campaign(campaign_id: int) -> bool:
    """Refund and tell the holders of one event, as far as one run goes."""
    return services.run_campaign(campaign_id=campaign_id, at=timezone.now())


@shared_task(name="tickets.run_campaigns")
def run_campaigns() -> int:
    """Go on with what a worker has left behind. Returns how many were worked on."""
    at = timezone.now()
    open_ones = services.open_campaigns()
    for campaign_id in open_ones:
        services.run_campaign(campaign_id=campaign_id, at=at)
    return len(open_ones)


@shared_task(name="tickets.expire")
def expire() -> int:
    """Tickets past their time."""
    expired = services.expire_tickets(at=timezone.now())
    if expired:
        logger.info("expired %s tickets", expired)
    return expired


@shared_task(name="tickets.complete_past")
def complete_past() -> int:
    """Events whose end has come."""
    completed = services.complete_past(at=timezone.now())
    if completed:
        logger.info("completed %s events", completed)
    return completed


@shared_task(name="tickets.verify_places")
def verify_places() -> int:
    """Compare counters with orders and tickets; a difference is logged as an error."""
    wrong = list(wrong_counters())
    for fault in wrong:
        logger.error("%s", fault)
    return len(wrong)
