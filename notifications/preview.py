"""Showing a mail as it was sent, to people who aren't its reader, without trusting its HTML."""

import base64
import re
from typing import Final

from django.http import HttpResponse
from django.utils.html import escape
from django.utils.http import content_disposition_header

from notifications.messages import Message
from notifications.models import MailAttachment, OutgoingMail

# The mail gets no scripts, no forms, no cookies and no network; its links open in a new tab.
SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
# What a mail's styles for dark screens are asked under.
DARK_SCREEN: Final = "(prefers-color-scheme: dark)"
LOOKS: Final = {"light": "not all", "dark": "all"}
POLICY: Final = (
    f"sandbox {SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; form-action 'none'"
)


def preview(mail: OutgoingMail) -> HttpResponse:
    """The HTML (else the text) of a mail, for an iframe with `sandbox`."""
    pictures = [
        (picture.inline_cid, picture.content_type, bytes(picture.content))
        for picture in mail.attachments.exclude(inline_cid="")
    ]
    return _shown(mail.html, mail.text, pictures)


def preview_sample(message: Message, *, look: str = "") -> HttpResponse:
    """The same of a mail that was never sent.

    `look` is 'light' or 'dark', whatever the reader's screen is set to; '' goes by the screen.
    """
    pictures = [
        (picture.inline_cid, picture.content_type, picture.content)
        for picture in message.attachments
        if picture.inline_cid
    ]
    html = message.html.replace(DARK_SCREEN, LOOKS.get(look, DARK_SCREEN))
    return _shown(html, message.text, pictures)


def _shown(html: str, text: str, pictures: list[tuple[str, str, bytes]]) -> HttpResponse:
    body = html or f"<!doctype html><title>Mail</title><pre>{escape(text)}</pre>"
    response = HttpResponse(_with_pictures(_opening_new_tabs(body), pictures))
    response["Content-Security-Policy"] = POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-store"
    return response


def download(attachment: MailAttachment) -> HttpResponse:
    """A file of a mail, always saved and never shown by the browser."""
    response = HttpResponse(bytes(attachment.content), content_type=attachment.content_type)
    disposition = content_disposition_header(as_attachment=True, filename=attachment.filename)
    response.headers["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _opening_new_tabs(html: str) -> str:
    base = '<base target="_blank">'
    with_base, found = re.subn(
        r"<head(\s[^>]*)?>", lambda head: head.group() + base, html, count=1, flags=re.IGNORECASE
    )
    return with_base if found else base + html


def _with_pictures(html: str, pictures: list[tuple[str, str, bytes]]) -> str:
    """`cid:` names a part of a mail and means nothing to a browser: put the pictures in."""
    for cid, content_type, content in pictures:
        data = base64.b64encode(content).decode("ascii")
        html = html.replace(f"cid:{cid}", f"data:{content_type};base64,{data}")
    return html
