"""allauth, told about our outbox."""

from typing import Any, Final
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.ratelimit import respond_429
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.forms import Form
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from notifications.outbox import queue_account_mail

LONGEST_ADDRESS: Final = 254


class AccountAdapter(DefaultAccountAdapter):
    """Account mails go through the outbox like all others; their body is kept secret there."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "cannot_remove_primary_email": "You can't remove your main e-mail address.",
        "duplicate_email": "This e-mail address belongs to your account already.",
        "email_password_mismatch": "E-mail address and password don't match an account.",
        "email_taken": "Somebody is registered with this e-mail address already.",
        "max_email_addresses": "You can't have more than %d e-mail addresses.",
        "unknown_email": "No account has this e-mail address.",
        "unverified_primary_email": "Your main e-mail address has to be confirmed first.",
    }

    def clean_email(self, email: str) -> str:
        """Refuse what allauth would silently cut to the column's length, and what can't be seen."""
        cleaned: str = super().clean_email(email)
        if len(cleaned) > LONGEST_ADDRESS:
            raise ValidationError(
                f"An address has at most {LONGEST_ADDRESS} characters.", code="max_length"
            )
        if not cleaned.isprintable():
            # Such as a zero-width space: an address that looks like somebody else's.
            raise ValidationError("This address holds characters that can't be seen.")
        return cleaned

    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> User:
        """Two presses of one button: the later gets what a repeat a moment later would get."""
        try:
            with transaction.atomic():
                saved: User = super().save_user(request, user, form, commit=commit)
        except IntegrityError as error:
            raise ImmediateHttpResponse(respond_429(request)) from error
        return saved

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
