"""How instants are said to people."""

from datetime import UTC, datetime

import pytest

from common import clock

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"
EVENING = datetime(2027, 7, 8, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (1, "1 minute"),
        (30, "30 minutes"),
        (60, "1 hour"),
        (61, "1 hour 1 minute"),
        (90, "1 hour 30 minutes"),
        (120, "2 hours"),
    ],
)
def test_a_length_is_said_in_hours_and_minutes(minutes: int, said: str) -> None:
    assert clock.say_length(minutes) == said


def test_hours_name_the_second_day_only_when_there_is_one() -> None:
    start, end = EVENING, datetime(2027, 7, 8, 22, 30, tzinfo=UTC)

    assert clock.say_hours(start, end, NEW_YORK) == "17:30–18:30"
    assert clock.say_hours(start, end, BERLIN) == "23:30 – Fri 9 July, 00:30"
    assert clock.say_span(start, end, NEW_YORK) == "Thu 8 July, 17:30–18:30 (New York)"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        pytest.param(datetime(2027, 7, 8, 3, 59, tzinfo=UTC), "tomorrow, 17:30", id="tomorrow"),
        pytest.param(datetime(2027, 7, 8, 4, 0, tzinfo=UTC), "today, 17:30", id="its-own-midnight"),
        pytest.param(datetime(2027, 7, 7, 3, 59, tzinfo=UTC), "Thu 8 July, 17:30", id="later"),
    ],
)
def test_what_comes_soon_is_said_by_the_day_there(now: datetime, said: str) -> None:
    assert clock.say_soon(EVENING, NEW_YORK, now=now) == said
