"""Work through what is due in bounded batches, as far as one run of a task may go."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

R = TypeVar("R")

LONGEST_RUN_SECONDS: Final = 30.0


def in_batches(
    one_batch: Callable[[], int], *, size: int, seconds: float = LONGEST_RUN_SECONDS
) -> int:
    """Call `one_batch` until it did less than `size` or the time is over; returns how much it did.

    What is left is found by the next run: nothing is lost by stopping.
    """
    ends = time.monotonic() + seconds
    done = 0
    while True:
        batch = one_batch()
        done += batch
        if batch < size or time.monotonic() >= ends:
            return done


def one_by_one(rows: Iterable[R], *, seconds: float = LONGEST_RUN_SECONDS) -> Iterator[R]:
    """These, as long as there is time. What is left is found by the next run."""
    ends = time.monotonic() + seconds
    for row in rows:
        if time.monotonic() >= ends:
            return
        yield row
