"""From a finished mail to its MIME form."""

import uuid
from dataclasses import replace
from email import policy
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, SafeMIMEMultipart
from django.core.mail.backends.base import BaseEmailBackend

from notifications.models import OutgoingMail
from notifications.registry import Attachment, Message

# Shorter than any line that would be folded.
ALWAYS_ONE_LINE: Final = 74


class PlainHeaders(policy.Compat32):
    """Python's own way of writing headers, without the detour for those that need no folding.

    Writes the same bytes; each line takes Python a twentieth of a millisecond to look for words to
    encode, and a mail has twenty.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        if (
            isinstance(value, str)
            and value.isascii()
            and value.isprintable()
            and len(name) + len(value) < ALWAYS_ONE_LINE
        ):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        folded: bytes = super().fold_binary(name, value)
        return folded


class MailWithPictures(EmailMultiAlternatives):
    """A mail whose HTML shows pictures that come with it.

    They are put beside the HTML in a multipart/related, inside the alternative; next to the other
    files they would be listed as attachments, or hide them.
    """

    def __init__(self, *args: Any, pictures: list[Attachment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pictures = pictures

    def message(self, **options: Any) -> Any:
        root: Any = super().message(**options)
        root.policy = PLAIN_HEADERS
        if root.is_multipart():
            # Else Python looks through the whole mail for one that doesn't occur in it.
            root.set_boundary(f"=={uuid.uuid4().hex}==")
        if self.pictures:
            for part in root.walk():
                if part.is_multipart() and _relate(part, self.pictures):
                    break
        return root


PLAIN_HEADERS: Final = PlainHeaders()


def email_message(
    mail: OutgoingMail, message: Message, connection: BaseEmailBackend
) -> MailWithPictures:
    """The mail, ready for a backend of Django's; its address must have been looked at."""
    alternatives = [(message.html, "text/html")] if message.html else []
    alternatives += [
        (part.content.decode("utf-8"), _mime_type(part))
        for part in message.attachments
        if part.is_alternative
    ]
    return MailWithPictures(
        subject=message.subject,
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to],
        connection=connection,
        headers={
            "Message-ID": mail.message_id,
            # RFC 3834: no out-of-office answers, please.
            "Auto-Submitted": "auto-generated",
            **message.headers,
        },
        alternatives=alternatives,
        attachments=[
            (part.filename, part.content, _mime_type(part))
            for part in message.attachments
            if not part.is_alternative and not part.inline_cid
        ],
        pictures=[part for part in message.attachments if part.inline_cid],
    )


def _mime_type(part: Attachment) -> str:
    """The MIME type with its parameters, but for the charset of texts: Django writes that one."""
    if not part.mimetype.startswith("text/"):
        return part.content_type
    params = {name: value for name, value in part.params.items() if name != "charset"}
    return replace(part, params=params).content_type


def _relate(parent: Any, pictures: list[Attachment]) -> bool:
    """Put the HTML among `parent`'s parts into a multipart/related with the pictures."""
    parts = parent.get_payload()
    for index, part in enumerate(parts):
        if part.get_content_type() == "text/html" and part.get_filename() is None:
            related = SafeMIMEMultipart(_subtype="related", encoding=settings.DEFAULT_CHARSET)
            related.attach(part)
            for picture in pictures:
                related.attach(_picture(picture))
            parts[index] = related
            return True
    return False


def _picture(attachment: Attachment) -> MIMEBase:
    part = MIMEBase(*attachment.mimetype.split("/"))
    part.set_payload(attachment.content)
    encode_base64(part)
    part.add_header("Content-ID", f"<{attachment.inline_cid}>")
    part.add_header("Content-Disposition", "inline", filename=attachment.filename)
    return part
