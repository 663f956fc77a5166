"""Staff hear of mails that were given up: somebody has to tell the receiver another way."""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import reverse

from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import Message
from notifications.rendering import render_mail
from notifications.states import MailState

FAILED: Final = "staff_mail_failed"
# Who is told: whoever may look after the site's clockwork and is staff.
PERMISSION: Final = "view_taskrun"


def tell_staff(mail: OutgoingMail, *, why: str, at: datetime) -> None:
    """One mail a person and hour, however many are given up; never about such a mail itself."""
    if mail.kind == FAILED or mail.is_secret:
        return
    path = reverse("admin:notifications_outgoingmail_changelist")
    facts = {"To": mail.to, "What": mail.kind_title, "Why": why}
    for user_id, address in _people():
        queue_mail(
            kind=FAILED,
            to=address,
            key=f"{FAILED}:{at:%Y-%m-%dT%H}:{user_id}",
            context={
                "to": mail.to,
                "title": mail.kind_title,
                "why": why,
                "facts": [{"label": label, "text": text} for label, text in facts.items()],
                "url": f"{settings.SITE_URL}{path}?state__exact={MailState.FAILED}",
            },
            at=at,
            priority=3,
        )


def build(mail: OutgoingMail) -> Message:
    subject, text, html = render_mail(mail.kind, mail.context)
    return Message(subject=subject, text=text, html=html)


def _people() -> list[tuple[int, str]]:
    may = Q(is_superuser=True)
    for path in ("user_permissions", "groups__permissions"):
        may |= Q(**{f"{path}__codename": PERMISSION, f"{path}__content_type__app_label": "common"})
    people = get_user_model()._default_manager.filter(may, is_staff=True, is_active=True)
    return list(people.order_by("pk").values_list("pk", "email").distinct())
