"""The one door to payment providers, shut while a transaction is open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, Final, cast

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from payments.gateways.base import Gateway

# These talk to nobody: they read what the provider has sent us.
STAYS_HERE: Final = frozenset({"read_event", "subject_of"})


_is_on_stage: ContextVar[bool] = ContextVar("is_on_stage", default=False)


@contextmanager
def on_stage() -> Iterator[None]:
    """For the demo's data alone, whose scenes are played in one transaction each or not at all.

    Only a provider that lives in our own database may be asked inside.
    """
    before = _is_on_stage.set(True)
    try:
        yield
    finally:
        _is_on_stage.reset(before)


class TransactionOpen(Exception):
    """A provider was about to be asked while the database waited with locks held."""


@lru_cache
def gateway(name: str | None = None) -> Gateway:
    """The gateway of that name, or the one that new payments go through.

    None of its calls goes out with a transaction open: that raises TransactionOpen, whoever asks.
    """
    found = import_string(settings.PAYMENT_GATEWAYS[name or settings.PAYMENT_PROVIDER])()
    return cast(Gateway, _Door(found))


class _Door:
    """Passes every call on, outside transactions alone; what it can do is the gateway's own."""

    def __init__(self, behind: Gateway) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if not callable(found) or name in STAYS_HERE:
            return found
        if _is_on_stage.get() and getattr(self._behind, "lives_here", False):
            return found
        return _outside_transactions(found)


def _outside_transactions(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _require_no_transaction(call.__name__)
        answer = call(*args, **kwargs)
        # A list is fetched page by page, long after the call itself.
        return _each(answer, call.__name__) if isinstance(answer, Iterator) else answer

    return guarded


def _each(things: Iterator[Any], name: str) -> Iterator[Any]:
    while True:
        _require_no_transaction(name)
        try:
            thing = next(things)
        except StopIteration:
            return
        yield thing


def _require_no_transaction(name: str) -> None:
    # A test that is undone at its end runs inside one of Django's own, which locks nothing of ours.
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise TransactionOpen(f"'{name}' would ask the provider with a transaction open.")
