"""Questions whose SQL is written once and not at each asking.

Django thinks a millisecond about a SELECT of sixty columns before it asks. At the door, where the
same three questions are all there is to do, that was a third of the work.
"""

import copy
import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model, QuerySet, Value

M = TypeVar("M", bound=Model)


class _Blank(NamedTuple):
    """Stands among a statement's parameters for a value of the asking."""

    number: int


class Prepared(Generic[M]):
    """A question that differs from asking to asking in some values alone.

    `question` is handed one expression for each value and returns the rows; it is called once a
    process. Annotations and `select_related` come out as usual. Values are texts, numbers,
    instants; a None would want another statement and isn't one of them.
    """

    def __init__(self, question: Callable[..., QuerySet[M]], *, values: int) -> None:
        self._question = question
        self._values = values

    def ask(self, *values: str | int | datetime) -> QuerySet[M]:
        """The rows; asked when they are first looked at, and not to be filtered any further."""
        assert len(values) == self._values
        query = copy.copy(self._rows.query)
        query.get_compiler = (  # type: ignore[method-assign]
            lambda using=None, connection=None, elide_empty=True: self._filled(using, values)
        )
        return QuerySet(model=self._rows.model, query=query)

    def find(self, *values: str | int | datetime) -> M | None:
        """The first row, or None; the statement itself must see to it that there is but one."""
        return next(iter(self.ask(*values)), None)

    @functools.cached_property
    def _rows(self) -> QuerySet[M]:
        return self._question(*(Value(_Blank(number)) for number in range(self._values)))

    @functools.cached_property
    def _compiled(self) -> tuple[Any, str, tuple[Any, ...]]:
        """The compiler with all that it found out, and its statement."""
        compiler = self._rows.query.get_compiler(using=router.db_for_read(self._rows.model))
        statement, params = compiler.as_sql()
        return compiler, statement, tuple(params)

    def _filled(self, using: str | None, values: tuple[Any, ...]) -> Any:
        """A compiler for one asking: it has written its statement already."""
        ready, statement, params = self._compiled
        compiler = copy.copy(ready)
        compiler.connection = connections[using or DEFAULT_DB_ALIAS]
        adapt = compiler.connection.ops.adapt_datetimefield_value

        def filled(param: Any) -> Any:
            if not isinstance(param, _Blank):
                return param
            value = values[param.number]
            return adapt(value) if isinstance(value, datetime) else value

        compiler.as_sql = lambda: (statement, tuple(filled(param) for param in params))
        return compiler
