"""Rows by calendar day, where each row has a time zone of its own."""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_

from django.db.models import Q


def by_zone(zone: str, zones: Iterable[str], condition: Callable[[str], Q]) -> Q:
    """`condition(name)` for the rows whose field `zone` says `name`.

    `zones` are the names in use: a condition each, as a day begins at another moment in each.
    """
    each = (Q(**{zone: name}) & condition(name) for name in zones)
    return reduce(or_, each, Q(pk__in=[]))
