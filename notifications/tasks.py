"""What the worker does for the outbox. Names are fixed: `common.wake` and the beat call by them."""

import logging
from dataclasses import asdict

from celery import shared_task
from django.utils import timezone

from notifications import delivery, reminders
from notifications.services.empty import empty_old_mails

logger = logging.getLogger(__name__)


@shared_task(name="notifications.deliver")
def deliver(mail_id: int) -> bool:
    """Send one mail that was just queued; harmless when it went already."""
    return delivery.deliver(mail_id)


@shared_task(name="notifications.sweep")
def sweep() -> dict[str, int]:
    """Send the mails that are due."""
    return asdict(delivery.sweep())


@shared_task(name="notifications.remind")
def remind() -> int:
    """Remind people of what is coming up."""
    return reminders.remind(at=timezone.now())


@shared_task(name="notifications.empty_old_mails")
def empty_old() -> int:
    """Empty the words, facts and files of mails that nobody needs any more."""
    return empty_old_mails(at=timezone.now())
