"""The one thing that every floor may do with people: lock their rows, first of all locks."""

from typing import Any

from django.contrib.auth import get_user_model


def lock_people(*ids: int | None) -> dict[int, Any]:
    """Lock these people's rows in the order of their ids; the rows by id, unknown ids left out."""
    wanted = sorted({pk for pk in ids if pk is not None})
    rows = get_user_model()._default_manager.select_for_update().filter(pk__in=wanted)
    return {row.pk: row for row in rows.order_by("pk")}
