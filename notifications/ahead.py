"""The mails that a sweep is about to send: read, and asked about, many at once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from notifications.errors import NoLongerTrue
from notifications.models import OutgoingMail
from notifications.registry import Kind, find_kind

READ_AT_ONCE: Final = 50
# What was true a moment ago is believed; a slow mail server makes us ask again.
BELIEVED_FOR: Final = timedelta(seconds=2)


class Ahead:
    """Hands out these mails one by one, in their order.

    Nothing of this is a claim: a mail may be somebody else's by the time its turn comes.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids
        self._chunk: Sequence[OutgoingMail] = ()
        self._untrue: Mapping[int, str] = {}
        self._asked_for: set[int] = set()
        self._asked_at: datetime | None = None
        self._mails = self._read()
        # Always read beforehand: between a mail's sending and our note of it nothing is asked.
        self._following = next(self._mails, None)

    def next(self) -> OutgoingMail | None:
        """The mail whose turn it is; None at the end."""
        mail, self._following = self._following, next(self._mails, None)
        return mail

    def stop(self) -> None:
        """No more."""
        self._mails = iter(())
        self._following = None

    def require_truth(self, mail: OutgoingMail, *, at: datetime) -> None:
        """Raises NoLongerTrue when what the mail says isn't so any more, and what its app raises.

        One question for all mails of its kind that were read with it.
        """
        kind = find_kind(mail.kind)
        if kind.check is None:
            return
        if not self._knows(mail, at):
            self._ask(kind, mail, at)
        if mail.pk in self._untrue:
            raise NoLongerTrue(self._untrue[mail.pk])

    def _read(self) -> Iterator[OutgoingMail]:
        for first in range(0, len(self._ids), READ_AT_ONCE):
            ids = self._ids[first : first + READ_AT_ONCE]
            found = OutgoingMail.objects.in_bulk(ids)
            self._chunk = [found[pk] for pk in ids if pk in found]
            yield from self._chunk

    def _knows(self, mail: OutgoingMail, at: datetime) -> bool:
        return (
            mail.pk in self._asked_for
            and self._asked_at is not None
            and at - self._asked_at < BELIEVED_FOR
        )

    def _ask(self, kind: Kind, mail: OutgoingMail, at: datetime) -> None:
        assert kind.check is not None
        alike = [other for other in self._chunk if other.kind == kind.name]
        # From this one on: those before it had their turn.
        alike = alike[alike.index(mail) :] if mail in alike else [mail]
        try:
            self._untrue = kind.check(alike, at)
        # The check is any app's code: one mail that it stumbles over must not hold up the others.
        except Exception:
            if len(alike) == 1:
                raise
            alike = [mail]
            self._untrue = kind.check(alike, at)
        self._asked_for, self._asked_at = {other.pk for other in alike}, at
