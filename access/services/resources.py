"""Resources, by staff."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import DatabaseError, IntegrityError, transaction

from access.models import Resource, private_storage
from access.states import ResourceKind
from common.errors import InvalidInput, NotFound
from common.service import service

LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 100_000
# How the API and the forms call a field, where that isn't its own name.
NAMES: Final = {"plan": "planId", "room": "roomId", "event": "eventId", "is_public": "isPublic"}


@service
def save_resource(
    *,
    changes: Mapping[str, Any],
    at: datetime,
    resource_id: int | None = None,
    file: File[bytes] | None = None,
) -> Resource:
    """Make a resource, or change the named fields of one. A new `file` takes the old one's place.

    Raises NotFound; InvalidInput, naming the field, when it would have nothing to show.
    """
    resource = _locked(resource_id) if resource_id is not None else Resource(created_at=at)
    for name, value in changes.items():
        setattr(resource, name, value)
    resource.title = " ".join(resource.title.split())
    _require_content(resource, file)
    _require_valid(resource)
    former = resource.file.name
    if file is not None:
        _put(resource, file)
    try:
        # In a transaction of its own: somebody else may have taken the address at this moment.
        with transaction.atomic():
            resource.save()
    except DatabaseError as error:
        if file is not None:
            # Its row isn't written; a second try brings a file of its own.
            private_storage().delete(resource.file.name or "")
        if not isinstance(error, IntegrityError):
            raise
        others = Resource.objects.exclude(pk=resource.pk) if resource_id else Resource.objects.all()
        if others.filter(slug=resource.slug).exists():
            raise _slug_taken() from error
        raise
    if former != resource.file.name:
        discard_later(former)
    return resource


@service
def delete_resource(*, resource_id: int) -> None:
    """Remove it, and its file with it; what the log says of it stays. Raises NotFound."""
    remove(_locked(resource_id))


def remove(resource: Resource) -> None:
    """Remove a resource, and its file with it; the caller holds its lock."""
    discard_later(resource.file.name)
    resource.delete()


def discard_later(name: str | None) -> None:
    """Remove a file that a resource has had, once that is committed: it can't be rolled back."""
    if name:
        transaction.on_commit(partial(discard, name), robust=True)


def discard(name: str) -> None:
    """Remove a file, unless a resource names it still."""
    if not Resource.objects.filter(file=name).exists():
        private_storage().delete(name)


def _locked(resource_id: int) -> Resource:
    resource = Resource.objects.select_for_update().filter(pk=resource_id).first()
    if resource is None:
        raise NotFound("There is no such resource.")
    return resource


def _put(resource: Resource, file: File[bytes]) -> None:
    resource.file_name = _plain_name(file.name or "file")
    resource.file.save("", file, save=False)


def _plain_name(name: str) -> str:
    """The last part of a name, in one line; its ending survives where it has to be cut."""
    last = " ".join(name.replace("\\", "/").rsplit("/", 1)[-1].split())
    plain = "".join(letter for letter in last if letter.isprintable()) or "file"
    if len(plain) <= LONGEST_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 20:
        return plain[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"


def _require_content(resource: Resource, file: File[bytes] | None) -> None:
    """Each kind has something of its own to hand out."""
    if file is not None and file.size > settings.RESOURCE_FILE_MB * 1024 * 1024:
        raise InvalidInput(f"A file has at most {settings.RESOURCE_FILE_MB} MB.", attr="file")
    if len(resource.body) > LONGEST_TEXT:
        raise InvalidInput(f"A text has at most {LONGEST_TEXT:,} characters.", attr="body")
    match resource.kind:
        case ResourceKind.PAGE if not resource.body.strip():
            raise InvalidInput("A page needs a text.", attr="body")
        case ResourceKind.FILE if file is None and not resource.file.name:
            raise InvalidInput("Choose the file that is handed out.", attr="file")
        case ResourceKind.LINK if not resource.target and not resource.made_for:
            raise InvalidInput(
                "Write where the link leads: an address that begins with https://.", attr="url"
            )


def _require_valid(resource: Resource) -> None:
    """What the fields themselves ask for, in their words."""
    try:
        resource.full_clean(exclude=["file", "file_name", "made_for"])
    except ValidationError as error:
        [name, said], *_ = error.message_dict.items()
        if name == "slug" and any(one.code == "unique" for one in error.error_dict["slug"]):
            raise _slug_taken() from None
        raise InvalidInput(said[0], attr=NAMES.get(name, name)) from None


def _slug_taken() -> InvalidInput:
    return InvalidInput("Another resource has this address already.", attr="slug")
