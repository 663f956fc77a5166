"""The embedded queue: Celery's filesystem transport, mended where it would take the worker down.

Kombu's own writes a message under its final name and reads whatever it finds there. A reader that
comes between the two finds an empty file, and the whole worker ends with a JSONDecodeError: one
message in ten, when sender and reader are both busy. Here a message appears whole or not at all,
claiming one is a rename within one file system, and a file that can't be read is put aside.
"""

import logging
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)

LONGEST_DRAIN_SECONDS = 0.25
TABLE_TRIES = 20
TABLE_PAUSE_SECONDS = 0.05


class Channel(filesystem.Channel):
    """A channel whose messages are never seen half-written."""

    # Kombu's own base classes disagree about the argument's name.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # The wall clock's nanoseconds: sorted names are in order of sending, restart or not.
        name = f"{time.time_ns():020}_{uuid.uuid4()}.{queue}.msg"
        whole = Path(self.data_folder_out, name)
        unfinished = whole.with_name(f".{name}")
        unfinished.write_text(dumps(payload), encoding="utf-8")
        unfinished.rename(whole)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for waiting in sorted(Path(self.data_folder_in).iterdir()):
            if waiting.name.partition(".")[2] != f"{queue}.msg":
                continue
            claimed = Path(self.processed_folder, waiting.name)
            try:
                waiting.rename(claimed)
            except FileNotFoundError:
                continue  # Another reader was quicker.
            try:
                message = loads(claimed.read_text(encoding="utf-8"))
            except ValueError:
                logger.warning("Put aside a message that can't be read: %s", claimed)
                continue
            claimed.unlink()
            return message
        raise Empty

    def get_table(self, exchange: str) -> Any:
        return _once_written(super().get_table, exchange)

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        _once_written(super()._queue_bind, exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    """What `CELERY_BROKER_URL=filesystem://` means here."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        # Between two calls, which Celery asks to last 2 s, the worker sees that it should stop.
        if timeout is not None:
            timeout = min(timeout, LONGEST_DRAIN_SECONDS)
        super().drain_events(connection, timeout=timeout, **kwargs)


def install() -> None:
    """Let `filesystem://` mean the transport above, in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:{Transport.__name__}"


def _once_written(read: Callable[..., Any], *arguments: str | None) -> Any:
    """Read an exchange's table, which is empty for a moment while another process creates it."""
    for _ in range(TABLE_TRIES):
        try:
            return read(*arguments)
        except ValueError:
            time.sleep(TABLE_PAUSE_SECONDS)
    return read(*arguments)
