"""The life of an outgoing mail, as data.

    queued ──> sending ──> sent
                 │  ▲
                 ├──┴─ retrying
                 ├───> failed
                 └───> dropped

What is no longer true when its turn comes (a reminder of what was cancelled) is dropped: nobody
is told, and nobody need look at it.

A worker that was thought dead may still say that its mail went out. That is a fact, so `retrying`
and `failed` lead to `sent` as well: a mail that reached the server must not be tried again.
"""

from collections.abc import Mapping
from typing import Final

from django.db import models


class MailState(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    RETRYING = "retrying", "Retrying"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Not sent"


MOVES: Final[Mapping[str, frozenset[str]]] = {
    MailState.QUEUED: frozenset({MailState.SENDING}),
    MailState.SENDING: frozenset(
        {MailState.SENT, MailState.RETRYING, MailState.FAILED, MailState.DROPPED}
    ),
    MailState.RETRYING: frozenset({MailState.SENDING, MailState.SENT}),
    MailState.SENT: frozenset(),
    MailState.FAILED: frozenset({MailState.SENT}),
    MailState.DROPPED: frozenset({MailState.SENT}),
}

ON_ITS_WAY: Final = (MailState.QUEUED, MailState.SENDING, MailState.RETRYING)


def sources(target: str) -> list[str]:
    """The states from which `target` may be reached."""
    return [source for source, targets in MOVES.items() if target in targets]
