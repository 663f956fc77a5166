"""Keeps, in the worker, what became of each run of the timetable's tasks.

Celery's own signals, because they see every task whatever app it belongs to; nothing is decided
here. Connected by `common.apps`.
"""

import logging
from datetime import datetime
from typing import Any

from celery.signals import task_postrun, task_prerun
from django.db import DatabaseError
from django.utils import timezone

from common import clockwork

logger = logging.getLogger(__name__)

_started: dict[str, datetime] = {}


def connect() -> None:
    task_prerun.connect(_remember_start)
    task_postrun.connect(_note)


def _remember_start(task_id: str, **kwargs: Any) -> None:
    _started[task_id] = timezone.now()


def _note(task_id: str, task: Any, retval: Any = None, **kwargs: Any) -> None:
    started_at = _started.pop(task_id, None)
    if started_at is None or task.name not in clockwork.names():
        return
    failed = isinstance(retval, BaseException)
    try:
        clockwork.note_run(
            task.name,
            started_at=started_at,
            ended_at=timezone.now(),
            rows=0 if failed else clockwork.rows_of(retval),
            error=f"{type(retval).__name__}: {retval}" if failed else "",
        )
    except DatabaseError:
        # The task's own work is done or will be done again; its note may be missing once.
        logger.exception("the run of %s could not be noted", task.name)
