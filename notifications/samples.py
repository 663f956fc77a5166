"""Sample facts of every kind of mail, so that staff can see what people get."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from notifications import alarm
from notifications.models import OutgoingMail
from notifications.outbox import ACCOUNT
from notifications.registry import Kind, Message, kinds

Facts = Callable[[], dict[str, Any]]

_samples: dict[str, Facts] = {}


def register_sample(kind: str, facts: Facts) -> None:
    """`facts` makes the context that a mail of this kind would freeze; it asks no database."""
    _samples[kind] = facts


def has_sample(kind: str) -> bool:
    return kind in _samples


def sampled_kinds() -> list[Kind]:
    """Every kind that can be shown, by title."""
    return [kind for kind in kinds() if kind.name in _samples]


def sample(kind: Kind) -> Message:
    """A mail of this kind with sample facts; nothing is stored or sent."""
    now = timezone.now()
    mail = OutgoingMail(
        kind=kind.name,
        to="ada@example.com",
        context=_samples[kind.name](),
        created_at=now,
        next_try_at=now,
        claimed_at=now,
    )
    return kind.builder(mail)


def register_own() -> None:
    """The samples of this app's own kinds."""
    register_sample(
        ACCOUNT,
        lambda: {
            "subject": "Your code",
            "text": "Hello from the desk!\n\nYour code is below. Please enter it in the open page."
            "\n\n123456\n",
            "html": "",
        },
    )
    register_sample(alarm.FAILED, _given_up)


def _given_up() -> dict[str, Any]:
    facts = {
        "To": "ada@exmaple.com",
        "What": "Booking confirmed",
        "Why": "The server refused the address: 550 no such user here",
    }
    return {
        "to": facts["To"],
        "title": facts["What"],
        "why": facts["Why"],
        "facts": [{"label": label, "text": text} for label, text in facts.items()],
        "url": "https://example.com/admin/notifications/outgoingmail/?state__exact=failed",
    }
