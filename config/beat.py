"""The beat, which says that it lives."""

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from celery.beat import PersistentScheduler
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from common import clockwork

logger = logging.getLogger(__name__)

SAYS_SO_EVERY: Final = timedelta(seconds=15)


class HeardScheduler(PersistentScheduler):
    """Celery's own, with a row that tells when it was last awake."""

    _said_at: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        self._say_so(timezone.now())
        return super().tick(*args, **kwargs)

    def _say_so(self, at: datetime) -> None:
        if self._said_at is not None and at < self._said_at + SAYS_SO_EVERY:
            return
        self._said_at = at
        close_old_connections()
        try:
            clockwork.note_run(clockwork.BEAT, started_at=at, ended_at=at)
        except DatabaseError:
            # The clock goes on without the database; what it sends waits or is lost, and is sent
            # again at the next turn.
            logger.warning("the database doesn't answer the beat", exc_info=True)
