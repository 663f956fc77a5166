"""Who builds which mail: every app registers its kinds when it gets ready."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from notifications.errors import UnknownKind
from notifications.messages import Attachment, Message

if TYPE_CHECKING:
    from notifications.models import OutgoingMail

__all__ = ["Attachment", "Builder", "Kind", "Message", "find_kind", "kinds", "register"]

Builder = Callable[["OutgoingMail"], Message]


@dataclass(frozen=True)
class Kind:
    """One kind of mail; `title` is its name for staff."""

    name: str
    builder: Builder
    title: str
    is_secret: bool


_kinds: dict[str, Kind] = {}


def register(kind: str, builder: Builder, *, title: str, is_secret: bool = False) -> None:
    """Let `builder` make the mails of this kind out of their rows.

    The builder runs in the worker with no transaction open; it may read the database. It raises
    CannotBuild or lets DoesNotExist through when the mail can never be built. Mails of a secret
    kind (codes, links to reset) are never shown to staff or sent again, and emptied once sent.

    Raises ImproperlyConfigured when the kind is taken.
    """
    if kind in _kinds:
        raise ImproperlyConfigured(f"Mails of the kind '{kind}' have a builder already.")
    _kinds[kind] = Kind(kind, builder, title, is_secret)


def find_kind(name: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(name) from None


def kinds() -> list[Kind]:
    """Every registered kind, by title."""
    return sorted(_kinds.values(), key=lambda kind: kind.title)
