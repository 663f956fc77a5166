"""Send a mail once more."""

from datetime import datetime
from typing import Protocol

from common.errors import InvalidTransition, NotFound, PermissionRefused
from common.service import service
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail

PERMISSION = "notifications.resend_mail"


class Actor(Protocol):
    """Whoever asks; people live a floor above."""

    def has_perm(self, perm: str) -> bool: ...


@service
def resend_mail(*, mail_id: int, by: Actor, at: datetime) -> OutgoingMail:
    """Queue a new mail that tells the same facts to the same address.

    It is built afresh, so it looks as the kind looks today. Returns the new mail.

    Raises PermissionRefused if `by` may not, NotFound, and InvalidTransition when the mail is
    secret, still on its way, or being sent again already.
    """
    if not by.has_perm(PERMISSION):
        raise PermissionRefused
    mail = OutgoingMail.objects.select_for_update().filter(pk=mail_id).first()
    if mail is None:
        raise NotFound
    if reason := mail.why_not_resendable:
        raise InvalidTransition(reason)

    return queue_mail(
        kind=mail.kind,
        to=mail.to,
        key=f"resend:{mail.pk}:{mail.copies.count() + 1}",
        context=mail.context,
        at=at,
        priority=mail.priority,
        copy_of=mail,
    )
