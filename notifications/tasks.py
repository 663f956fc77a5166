"""What the worker does for the outbox. Names are fixed: `common.wake` and the beat call by them."""

import logging
from dataclasses import asdict

from celery import shared_task

from notifications import delivery

logger = logging.getLogger(__name__)


@shared_task(name="notifications.deliver")
def deliver(mail_id: int) -> bool:
    """Send one mail that was just queued; harmless when it went already."""
    return delivery.deliver(mail_id)


@shared_task(name="notifications.sweep")
def sweep() -> dict[str, int]:
    """Send everything that is due; called by the beat every 15 seconds."""
    report = asdict(delivery.sweep())
    if any(report.values()):
        logger.info("mails swept: %s", " ".join(f"{name}={n}" for name, n in report.items()))
    return report
