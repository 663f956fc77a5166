"""Rows as the API shows them."""

import threading
from collections.abc import Mapping
from typing import Any

from rest_framework.serializers import BaseSerializer

# By class, of this thread alone. Making a serializer copies every field that it and those inside
# it declare, which takes longer than writing a row with it; so one that is made is kept.
_idle = threading.local()


def write(
    value: Any,
    serializer_class: type[BaseSerializer[Any]],
    *,
    context: Mapping[str, Any],
    many: bool = False,
) -> Any:
    """The outside form of a row, or of many."""
    idle: dict[Any, BaseSerializer[Any]] = _idle.__dict__
    # Taken out while it writes: what it writes may ask for another of its kind.
    serializer = idle.pop(serializer_class, None) or serializer_class()
    serializer._context = dict(context)
    try:
        if many:
            return [serializer.to_representation(row) for row in value]
        return serializer.to_representation(value)
    finally:
        serializer._context = {}
        idle[serializer_class] = serializer
