"""What happens by the clock is noted, and what is late is seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from celery.schedules import crontab

from common import clockwork
from common.models import TaskRun
from common.tasks import forget_counts

NOW = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def ran(name: str, at: datetime, **fields: Any) -> None:
    clockwork.note_run(name, started_at=at, ended_at=at + timedelta(seconds=2), **fields)


def late(at: datetime) -> list[str]:
    return [timed.name for timed in clockwork.timetable(at=at) if timed.is_late]


def test_a_run_replaces_the_one_before_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "clockwork")
    ran("payments.lapse_holds", NOW, error="OperationalError: gone")
    ran("payments.lapse_holds", NOW + timedelta(seconds=15), rows=3)

    row = TaskRun.objects.get()
    assert (row.rows, row.runs, row.error) == (3, 2, "")
    assert row.failed_at == NOW + timedelta(seconds=2)
    assert [record.getMessage() for record in caplog.records] == [
        "task=payments.lapse_holds rows=0 seconds=2.000 result=OperationalError: gone",
        "task=payments.lapse_holds rows=3 seconds=2.000 result=ok",
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(timedelta(seconds=15) + clockwork.GRACE, [], id="within-its-grace"),
        pytest.param(
            timedelta(seconds=16) + clockwork.GRACE, ["payments.lapse_holds"], id="after-it"
        ),
    ],
)
def test_a_task_is_late_after_its_turn_and_a_grace(after: timedelta, expected: list[str]) -> None:
    ran("payments.lapse_holds", NOW)

    assert late(NOW + after) == expected


def test_a_daily_task_is_late_after_its_hour() -> None:
    ran("bookings.verify_places", datetime(2026, 7, 1, 3, 20, tzinfo=UTC))

    assert late(datetime(2026, 7, 2, 3, 21, tzinfo=UTC)) == []
    assert late(datetime(2026, 7, 2, 3, 23, tzinfo=UTC)) == ["bookings.verify_places"]


def test_worker_and_beat_are_told_apart() -> None:
    assert clockwork.silence(at=NOW) == {"worker": None, "beat": None}

    ran(clockwork.BEAT, NOW)
    assert clockwork.silence(at=NOW) == {"worker": None}

    ran("payments.lapse_holds", NOW - timedelta(minutes=10))
    since = NOW - timedelta(minutes=10) + timedelta(seconds=2)
    assert clockwork.silence(at=NOW) == {"worker": since}


def test_every_task_of_the_timetable_exists_and_says_what_it_does() -> None:
    current_app.loader.import_default_modules()
    for timed in clockwork.timetable(at=NOW):
        assert timed.name in current_app.tasks
        assert timed.title != timed.name


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (15.0, "every 15 s"),
        (300.0, "every 5 min"),
        (crontab(minute=40), "hourly at :40"),
        (crontab(hour=3, minute=5), "daily at 03:05 UTC"),
    ],
)
def test_schedules_in_words(schedule: Any, said: str) -> None:
    assert clockwork._said(schedule) == said


@pytest.mark.parametrize(
    ("result", "rows"), [(3, 3), ({"sent": 2, "put_off": 1}, 3), (None, 0), (True, 1)]
)
def test_rows_of_what_tasks_return(result: Any, rows: int) -> None:
    assert clockwork.rows_of(result) == rows


def test_the_worker_notes_a_run() -> None:
    """Run by Celery itself, in this process."""
    forget_counts.apply()

    row = TaskRun.objects.get()
    assert (row.name, row.rows, row.error) == ("common.forget_counts", 0, "")
