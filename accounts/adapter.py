"""allauth, told about our outbox."""

from typing import Any
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from notifications.outbox import queue_account_mail


class AccountAdapter(DefaultAccountAdapter):
    """Account mails go through the outbox like all others; their body is kept secret there."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(template_prefix, email, {"email": email, **context})
        html = ""
        if isinstance(message, EmailMultiAlternatives):
            parts = {str(kind): str(content) for content, kind in message.alternatives}
            html = parts.get("text/html", "")
        queue_account_mail(
            to=email,
            key=f"account:{uuid4()}",
            subject=str(message.subject),
            text=str(message.body),
            html=html,
            at=timezone.now(),
        )
