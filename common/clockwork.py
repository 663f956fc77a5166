"""What happens by the clock, looked at from outside: when each task last ran, and what is late.

The worker notes every run of a task of the timetable; nothing here decides anything.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from celery.schedules import crontab
from django.conf import settings
from django.db.models import F

from common.models import TaskRun

logger = logging.getLogger("clockwork")

# The beat's own row: it says that it lives, whatever becomes of what it sends.
BEAT: Final = "beat"
# A task may wait this long in the queue behind others, and nothing is wrong.
GRACE: Final = timedelta(minutes=2)
# Workers and beat are silent when nothing was heard of them for so long.
SILENT_AFTER: Final = timedelta(minutes=2)
LONGEST_ERROR: Final = 1_000


@dataclass(frozen=True)
class Timed:
    """One task of the timetable and how it stands."""

    name: str
    title: str
    every: str
    run: TaskRun | None
    is_late: bool


def note_run(
    name: str, *, started_at: datetime, ended_at: datetime, rows: int = 0, error: str = ""
) -> None:
    """Keep what became of a run, and say it in one line for whoever collects lines."""
    seconds = (ended_at - started_at).total_seconds()
    fields: dict[str, Any] = {
        "started_at": started_at,
        "ended_at": ended_at,
        "seconds": seconds,
        "rows": rows,
        "error": error[:LONGEST_ERROR],
    }
    if error:
        fields["failed_at"] = ended_at
    if not TaskRun.objects.filter(name=name).update(runs=F("runs") + 1, **fields):
        TaskRun.objects.get_or_create(name=name, defaults=fields | {"runs": 1})
    level = logging.ERROR if error else logging.INFO if rows else logging.DEBUG
    if name != BEAT:
        logger.log(
            level,
            "task=%s rows=%s seconds=%.3f result=%s",
            name,
            rows,
            seconds,
            error.splitlines()[0] if error else "ok",
        )


def rows_of(result: Any) -> int:
    """How much a task did, from what it returned: a number, numbers by name, or nothing."""
    if isinstance(result, Mapping):
        return sum(rows_of(value) for value in result.values())
    return int(result) if isinstance(result, int) else 0


def names() -> frozenset[str]:
    """The tasks of the timetable."""
    return frozenset(entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values())


def timetable(*, at: datetime) -> list[Timed]:
    """Every task of the timetable, those that are late first."""
    runs = {run.name: run for run in TaskRun.objects.all()}
    found = [
        Timed(
            name=entry["task"],
            title=_title(entry["task"]),
            every=_said(entry["schedule"]),
            run=runs.get(entry["task"]),
            is_late=_is_late(entry["schedule"], runs.get(entry["task"]), at),
        )
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
    ]
    return sorted(found, key=lambda timed: (not timed.is_late, timed.title))


def silence(*, at: datetime) -> dict[str, datetime | None]:
    """Of `worker` and `beat` those that are silent, and since when (None: never heard of)."""
    heard = {
        BEAT: TaskRun.objects.filter(name=BEAT).values_list("ended_at", flat=True).first(),
        "worker": (
            TaskRun.objects.exclude(name=BEAT)
            .order_by("-ended_at")
            .values_list("ended_at", flat=True)
            .first()
        ),
    }
    return {who: when for who, when in heard.items() if when is None or when < at - SILENT_AFTER}


def _is_late(schedule: Any, run: TaskRun | None, at: datetime) -> bool:
    if run is None:
        # A new site; when nothing runs at all, worker and beat are said to be silent.
        return False
    return at > _due_after(schedule, run.started_at) + GRACE


def _due_after(schedule: Any, last: datetime) -> datetime:
    if isinstance(schedule, crontab):
        start, delta, _ = schedule.remaining_delta(last)
        due: datetime = start + delta
        return due
    return last + timedelta(seconds=float(schedule))


def _title(name: str) -> str:
    """What the task does: the first sentence of its docstring."""
    current_app.loader.import_default_modules()
    task = current_app.tasks.get(name)
    said = (task.__doc__ or "").strip().split("\n")[0] if task is not None else ""
    return said.split(". ")[0].split(";")[0].rstrip(".") or name


def _said(schedule: Any) -> str:
    if isinstance(schedule, crontab):
        written: Any = schedule
        # As it was written in the timetable: one minute, and one hour or any.
        minute, hour = written._orig_minute, written._orig_hour
        return f"hourly at :{minute:02}" if hour == "*" else f"daily at {hour:02}:{minute:02} UTC"
    seconds = int(schedule)
    return f"every {seconds} s" if seconds < 60 else f"every {seconds // 60} min"
