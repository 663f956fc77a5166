"""The one thing that every floor may do with people: lock their rows, first of all locks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model

_held: ContextVar[dict[int, Any] | None] = ContextVar("held", default=None)


@contextmanager
def locks_remembered() -> Iterator[None]:
    """Inside, who was locked once isn't locked again; around one whole transaction.

    Neither the end of a savepoint nor its rollback gives up a lock, so nobody else can have
    changed the row meanwhile.
    """
    before = _held.set({})
    try:
        yield
    finally:
        _held.reset(before)


def lock_people(*ids: int | None) -> dict[int, Any]:
    """Lock these people's rows in the order of their ids; the rows by id, unknown ids left out."""
    wanted = {pk for pk in ids if pk is not None}
    held = _held.get()
    if held is not None and wanted <= held.keys():
        return {pk: held[pk] for pk in sorted(wanted)}
    rows = get_user_model()._default_manager.select_for_update().filter(pk__in=sorted(wanted))
    found = {row.pk: row for row in rows.order_by("pk")}
    if held is not None:
        held.update(found)
    return found
