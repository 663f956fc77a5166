"""Long tables and long lists, a bounded part at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
T = TypeVar("T")


def pages(rows: QuerySet[Row], *, size: int = 500) -> Iterator[list[Row]]:
    """All rows by id, so many at a time; each page is a query of its own.

    What `.iterator()` promises and MariaDB's driver doesn't keep: there the whole answer is held in
    memory. A page never holds a transaction open either.
    """
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield page
        last = page[-1].pk


def batches(things: Iterable[T], *, size: int = 100) -> Iterator[list[T]]:
    """Lists of so many things each, the last one shorter."""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch
