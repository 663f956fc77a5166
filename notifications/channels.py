"""The ways in which people can be told. E-mail is the one there is; another has this shape."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from django.core import mail as django_mail
from django.core.mail.backends.base import BaseEmailBackend

from notifications.messages import Message
from notifications.mime import email_message
from notifications.models import OutgoingMail


class Channel(Protocol):
    """A way out, kept open for as many messages as there are."""

    sent: int

    def send(self, mail: OutgoingMail, message: Message) -> None:
        """Returns when the other side has taken it; raises whatever went wrong."""

    def hang_up(self) -> None:
        """Close; the next message opens it anew."""


@dataclass
class EmailChannel:
    """A connection to the mail server, opened when first needed and kept for the next mail."""

    backend: BaseEmailBackend = field(default_factory=django_mail.get_connection)
    sent: int = 0

    def send(self, mail: OutgoingMail, message: Message) -> None:
        prepared = email_message(mail, message, self.backend)
        self.backend.open()
        if self.backend.send_messages([prepared]) != 1:
            raise OSError("the mail backend did not send it")
        self.sent += 1

    def hang_up(self) -> None:
        self.sent = 0
        # The mails are where they are; a server that is rude at the end changes nothing.
        with suppress(OSError):
            self.backend.close()
