"""Mails as their readers get them."""

from icalendar import Calendar

from notifications.messages import Message
from notifications.models import OutgoingMail
from notifications.registry import find_kind


def last_mail(kind: str) -> Message:
    """The newest mail of that kind, built as it would be sent."""
    return find_kind(kind).builder(OutgoingMail.objects.filter(kind=kind).latest("pk"))


def invite_of(message: Message) -> tuple[str, str]:
    """UID and METHOD of the invite."""
    [part] = [file for file in message.attachments if file.is_alternative]
    calendar = Calendar.from_ical(part.content)
    return str(calendar.walk("VEVENT")[0]["uid"]), str(calendar["method"])
