"""Tell a worker that there is something to do; harmless when nobody listens."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

_is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Wake nobody inside: for hundreds of rows at once, which the next beat finds anyway."""
    before = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(before)


def wake(task_name: str, *args: int | str) -> None:
    """Send `task_name` once the running transaction has committed.

    A wake-up only saves waiting: the row that the task reads is the truth and the beat finds it
    too, so a broker that is down is noted and never breaks the request.
    """
    if _is_quiet.get():
        return

    def send() -> None:
        try:
            current_app.send_task(task_name, args=args, expires=600, retry=False)
        except Exception:
            logger.warning("no broker for %s; the next beat does it", task_name, exc_info=True)

    transaction.on_commit(send, robust=True)
