"""Idempotency keys, as Stripe honours them."""

import threading
from dataclasses import dataclass, field
from typing import Any

from tests.stripe_double.errors import Refusal

FORGOTTEN_AFTER = 24 * 60 * 60


@dataclass
class Kept:
    """The first request under a key, and what it was answered."""

    asked: tuple[str, dict[str, Any]]
    since: int
    answer: tuple[int, dict[str, Any]] | None = None


@dataclass
class Replays:
    kept: dict[str, Kept] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(
        self, key: str, path: str, tree: dict[str, Any], *, now: int
    ) -> tuple[int, dict[str, Any]] | None:
        """The answer of the first request; None: this is the first. Raises Refusal."""
        with self.lock:
            known = self.kept.get(key)
            if known is None or known.since + FORGOTTEN_AFTER <= now:
                self.kept[key] = Kept((path, tree), since=now)
                return None
            if known.asked != (path, tree):
                raise Refusal(
                    "Keys for idempotent requests can only be used with the same parameters they "
                    f"were first used with. Try using a key other than '{key}' if you meant to "
                    "execute a different request.",
                    type="idempotency_error",
                )
            if known.answer is None:
                raise Refusal(
                    "There is currently another in-progress request using this Stripe API key "
                    f"with the same idempotency key '{key}'.",
                    code="idempotency_key_in_use",
                    status=409,
                )
            return known.answer

    def keep(self, key: str, answer: tuple[int, dict[str, Any]]) -> None:
        with self.lock:
            self.kept[key].answer = answer

    def drop(self, key: str) -> None:
        """Nothing was begun: the key is free again."""
        with self.lock:
            self.kept.pop(key, None)

    def clear(self) -> None:
        with self.lock:
            self.kept.clear()
