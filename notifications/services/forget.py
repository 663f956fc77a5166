"""Empty what was mailed to somebody who is to be forgotten."""

from datetime import datetime

from common.service import service
from notifications.models import MailAttachment, OutgoingMail


def are_on_their_way(address: str) -> bool:
    """True while something is still to be told to this address."""
    return bool(OutgoingMail.objects.filter(to__iexact=address).on_their_way().exists())


@service
def forget_mails(*, address: str, instead: str, at: datetime) -> int:
    """Empty every mail to `address` and write `instead` where the address stood; says how many.

    The caller has made sure that none is on its way.
    """
    mails = OutgoingMail.objects.filter(to__iexact=address)
    MailAttachment.objects.filter(mail__in=mails).delete()
    return mails.update(
        to=instead, subject="", text="", html="", context={}, last_error="", emptied_at=at
    )
