from datetime import timedelta

import pytest

from notifications.policies import is_given_up, retry_delay

BEAT = timedelta(seconds=15)
YOUNG = timedelta(minutes=59)
OLD = timedelta(hours=1)


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [(1, 5), (2, 10), (3, 20), (4, 35), (5, 35), (1_000_000, 35)],
)
def test_the_delay_doubles_up_to_its_bound(tries: int, seconds: int) -> None:
    delay = retry_delay(tries=tries, trying_for=YOUNG, is_server_down=False, jitter=0.5)

    assert delay == timedelta(seconds=seconds)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 26.25), (0.5, 35.0), (1.0, 43.75)])
def test_jitter_spreads_by_a_quarter_each_way(jitter: float, seconds: float) -> None:
    delay = retry_delay(tries=9, trying_for=YOUNG, is_server_down=True, jitter=jitter)

    assert delay == timedelta(seconds=seconds)


@pytest.mark.parametrize("trying_for", [timedelta(0), YOUNG, OLD, timedelta(hours=23)])
def test_mails_are_out_within_a_minute_once_their_server_is_back(trying_for: timedelta) -> None:
    longest = retry_delay(tries=50, trying_for=trying_for, is_server_down=True, jitter=1.0)

    assert longest + BEAT <= timedelta(minutes=1)


@pytest.mark.parametrize(("trying_for", "minutes"), [pytest.param(OLD, 10, id="from-one-hour-on")])
def test_a_server_that_keeps_saying_not_now_is_asked_less_often(
    trying_for: timedelta, minutes: int
) -> None:
    delay = retry_delay(tries=50, trying_for=trying_for, is_server_down=False, jitter=0.5)

    assert delay == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("trying_for", "is_secret", "expected"),
    [
        (timedelta(hours=23, minutes=59), False, False),
        (timedelta(hours=24), False, True),
        (timedelta(minutes=59), True, False),
        (timedelta(hours=1), True, True),
    ],
)
def test_when_a_mail_is_given_up(trying_for: timedelta, is_secret: bool, expected: bool) -> None:
    assert is_given_up(trying_for=trying_for, is_secret=is_secret) is expected
