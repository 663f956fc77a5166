"""Ways to deliver that Django doesn't bring."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

DATABASE_ONLY = "notifications.backends.DatabaseOnlyBackend"


class DatabaseOnlyBackend(BaseEmailBackend):
    """Sends nothing: the mail stays in our database, where `/demo/mails` shows it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        # Built all the same: a mail that can't be sent must fail in the demo too.
        for message in email_messages:
            message.message().as_bytes()
        return len(email_messages)


def keeps_secret_bodies() -> bool:
    """Whether codes stay readable once sent: a demo whose mails go nowhere else."""
    return settings.DJANGO_ENV == "demo" and settings.EMAIL_BACKEND == DATABASE_ONLY
