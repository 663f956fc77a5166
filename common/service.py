"""The one way in which a service runs: one transaction, tried again when the database says so."""

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from common.errors import Busy
from common.people import locks_remembered

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

TRIES = 3
DEADLOCK = 1213
LOCK_WAIT_TIMEOUT = 1205
SERIALIZATION_CHANGED = 1020


def service(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in one transaction.

    The outermost service is tried up to three times when it falls to a deadlock; nothing inside
    talks to the outside, so a second try does no harm. Inside another service it is a savepoint.

    Raises Busy when the database's locks could not be had.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        return in_one_transaction(lambda: function(*args, **kwargs))

    return run


def in_one_transaction(work: Callable[[], R]) -> R:
    """Run `work` in a transaction of its own, again on a deadlock, else raise Busy."""

    def whole() -> R:
        with transaction.atomic(), locks_remembered():
            return work()

    return in_one_statement(whole)


def in_one_statement(work: Callable[[], R]) -> R:
    """The same for a single statement that writes: it is a transaction already."""
    for attempt in range(1, TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            if is_lock_timeout(error) or attempt == TRIES:
                if is_lock_timeout(error) or is_deadlock(error):
                    raise Busy from error
                raise
            if not is_deadlock(error):
                raise
            logger.info("deadlock, try %s of %s", attempt, TRIES)
            # Two that fell over each other must not start again in step.
            time.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311
    raise AssertionError("unreachable")


def is_deadlock(error: OperationalError) -> bool:
    return _code(error) in {DEADLOCK, SERIALIZATION_CHANGED} or "database is locked" in str(error)


def is_lock_timeout(error: OperationalError) -> bool:
    return _code(error) == LOCK_WAIT_TIMEOUT


def _code(error: OperationalError) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None
