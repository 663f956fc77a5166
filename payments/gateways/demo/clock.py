"""The demo provider's clock: subscriptions are renewed by it, without anybody calling."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_set_to: ContextVar[datetime | None] = ContextVar("demo_clock", default=None)


def now() -> datetime:
    return _set_to.get() or timezone.now()


@contextmanager
def clock_at(at: datetime) -> Iterator[None]:
    """Inside, it is `at` for the demo provider: for stories told in the past, and for tests."""
    before = _set_to.set(at)
    try:
        yield
    finally:
        _set_to.reset(before)
