"""Showing a mail as it was sent, to people who aren't its reader, without trusting its HTML."""

import base64
import re
from typing import Final

from django.http import HttpResponse
from django.utils.html import escape
from django.utils.http import content_disposition_header

from notifications.models import MailAttachment, OutgoingMail

# The mail gets no scripts, no forms, no cookies and no network; its links open in a new tab.
SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
POLICY: Final = (
    f"sandbox {SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; form-action 'none'"
)


def preview(mail: OutgoingMail) -> HttpResponse:
    """The HTML (else the text) of a mail, for an iframe with `sandbox`."""
    body = mail.html or f"<!doctype html><title>Mail</title><pre>{escape(mail.text)}</pre>"
    response = HttpResponse(_with_pictures(_opening_new_tabs(body), mail))
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


def _with_pictures(html: str, mail: OutgoingMail) -> str:
    """`cid:` names a part of a mail and means nothing to a browser: put the pictures in."""
    for picture in mail.attachments.exclude(inline_cid=""):
        data = base64.b64encode(bytes(picture.content)).decode("ascii")
        shown = f"data:{picture.content_type};base64,{data}"
        html = html.replace(f"cid:{picture.inline_cid}", shown)
    return html
