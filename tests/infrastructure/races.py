"""Several clients at one thing at once: real threads, real connections, held at a barrier."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

# SQLite lets one writer in at a time, so more rounds find nothing there; they only take an hour.
MOST_ON_SQLITE = 100
ROUNDS = int(os.environ.get("RACE_ROUNDS", "5"))
if connection.vendor == "sqlite":
    ROUNDS = min(ROUNDS, MOST_ON_SQLITE)
HELD_SECONDS = 60

Work = Callable[[], Any]


class Crowd:
    """Up to `size` clients, each with a thread and a database connection of its own."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(max_workers=size)

    def at_once(self, works: Sequence[Work]) -> list[Any]:
        """Run all of them together; each one's result, or the exception that it raised."""
        barrier = threading.Barrier(len(works))

        def client(work: Work) -> Any:
            # The connection is made before the start, so that nobody has a head start.
            connections["default"].ensure_connection()
            barrier.wait(HELD_SECONDS)
            try:
                return work()
            except Exception as error:  # noqa: BLE001
                # A refusal is a result like any other: the test compares them.
                return error

        return list(self._pool.map(client, works))

    def go_home(self) -> None:
        everybody = threading.Barrier(self.size)

        def hang_up() -> None:
            everybody.wait(HELD_SECONDS)
            connections.close_all()

        for farewell in [self._pool.submit(hang_up) for _ in range(self.size)]:
            farewell.result()
        self._pool.shutdown()


@pytest.fixture
def crowd() -> Iterator[Callable[[int], Crowd]]:
    """Make crowds; their connections are closed at the end."""
    crowds: list[Crowd] = []

    def make(size: int) -> Crowd:
        crowds.append(Crowd(size))
        return crowds[-1]

    yield make
    for each in crowds:
        each.go_home()
