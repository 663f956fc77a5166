"""The outbox of a site that is being disturbed: fill it, and see what is left in it."""

from django.db import transaction
from django.utils import timezone

from common.wake import quietly
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from payments.emails import REFUND_MADE_GOOD

IN_ONE_TRANSACTION = 50


def queue(count: int) -> None:
    """`count` mails to as many people; one in ten wakes a worker, the beat finds the others."""
    for start in range(0, count, IN_ONE_TRANSACTION):
        numbers = range(start, min(start + IN_ONE_TRANSACTION, count))
        with transaction.atomic():
            for number in numbers:
                if number % 10:
                    with quietly():
                        _queue(number)
                else:
                    _queue(number)


def left() -> int:
    """How many are not settled yet."""
    return OutgoingMail.objects.on_their_way().count()


def message_ids() -> list[str]:
    return list(OutgoingMail.objects.values_list("message_id", flat=True))


def _queue(number: int) -> None:
    queue_mail(
        kind=REFUND_MADE_GOOD,
        to=f"guest{number}@example.com",
        key=f"faults:{number}",
        context={"name": f"Guest {number}", "description": "Dr Weber", "amount": "45.00 USD"},
        at=timezone.now(),
    )
