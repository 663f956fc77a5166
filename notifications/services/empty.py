"""Empty old mails: that they went out stays known, what they said doesn't."""

from datetime import datetime, timedelta

from django.conf import settings

from common.service import service
from notifications.models import MailAttachment, OutgoingMail

BATCH = 500


def empty_old_mails(*, at: datetime, limit: int = 20 * BATCH) -> int:
    """Empty words, facts and files of settled mails older than MAILS_KEPT_DAYS, in batches."""
    before = at - timedelta(days=settings.MAILS_KEPT_DAYS)
    emptied = 0
    while emptied < limit:
        some = _empty_some(before=before, at=at)
        emptied += some
        if some < BATCH:
            break
    return emptied


@service
def _empty_some(*, before: datetime, at: datetime) -> int:
    old = OutgoingMail.objects.to_empty(before).order_by("created_at")
    ids = list(old.values_list("pk", flat=True)[:BATCH])
    MailAttachment.objects.filter(mail_id__in=ids).delete()
    emptied: int = OutgoingMail.objects.filter(pk__in=ids, emptied_at__isnull=True).update(
        text="", html="", context={}, emptied_at=at
    )
    return emptied
