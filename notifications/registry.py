"""Who builds which mail: every app registers its kinds when it gets ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from notifications.errors import UnknownKind
from notifications.messages import Attachment, Message

if TYPE_CHECKING:
    from notifications.models import OutgoingMail

__all__ = ["Attachment", "Builder", "Check", "Kind", "Message", "find_kind", "kinds", "register"]

Builder = Callable[["OutgoingMail"], Message]
# Which of these mails say what isn't so any more, by pk, and why.
Check = Callable[[Sequence["OutgoingMail"], datetime], Mapping[int, str]]


@dataclass(frozen=True)
class Kind:
    """One kind of mail; `title` is its name for staff."""

    name: str
    builder: Builder
    title: str
    is_secret: bool
    check: "Check | None" = None


_kinds: dict[str, Kind] = {}


def register(
    kind: str, builder: Builder, *, title: str, is_secret: bool = False, check: Check | None = None
) -> None:
    """Let `builder` make the mails of this kind out of their rows.

    The builder runs in the worker with no transaction open; it may read the database. It raises
    CannotBuild or lets DoesNotExist through when the mail can never be built. Mails of a secret
    kind (codes, links to reset) are never shown to staff or sent again, and emptied once sent.

    `check` is asked shortly before mails are built, for many at once (so in a bounded number of
    queries), and names those that shall not go any more.

    Raises ImproperlyConfigured when the kind is taken.
    """
    if kind in _kinds:
        raise ImproperlyConfigured(f"Mails of the kind '{kind}' have a builder already.")
    _kinds[kind] = Kind(kind, builder, title, is_secret, check)


def find_kind(name: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(name) from None


def kinds() -> list[Kind]:
    """Every registered kind, by title."""
    return sorted(_kinds.values(), key=lambda kind: kind.title)
