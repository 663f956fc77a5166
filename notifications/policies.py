"""When a mail is tried again, and when it is given up.

As long as a trouble is young the next try is never more than a minute away, the sweep's beat
included: mails are out within a minute once their server is back. A server that can't be reached
at all costs nobody anything, so that stays so; one that answers "not now" for an hour is asked
less often.
"""

from datetime import timedelta
from typing import Any, Final

FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_QUICK_DELAY: Final = timedelta(seconds=35)
QUICK_FOR: Final = timedelta(hours=1)
SLOW_DELAY: Final = timedelta(minutes=10)

GIVE_UP_AFTER: Final = timedelta(hours=24)
# A sign-in code that comes hours late only confuses.
GIVE_UP_ON_SECRETS_AFTER: Final = timedelta(hours=1)

# How long a worker may hold a mail; longer than any send that keeps to EMAIL_TIMEOUT.
LEASE: Final = timedelta(seconds=90)

# What an unhurried server takes between two beats; so 100,000 reminders are out in minutes.
SWEEP_LIMIT: Final = 3_000
SWEEP_TIME: Final = timedelta(seconds=45)


def retry_delay(
    *, tries: int, trying_for: timedelta, is_server_down: bool, jitter: float
) -> timedelta:
    """How long to wait after the failed try number `tries` (1 = the first).

    `trying_for` is the time since the first try. `jitter` in [0, 1] spreads the delay by ±25 %, so
    that mails that failed together don't come back together.
    """
    if trying_for >= QUICK_FOR and not is_server_down:
        delay = SLOW_DELAY
    else:
        # Capped before doubling: the number of tries has no bound.
        delay = min(FIRST_DELAY * 2 ** min(tries - 1, 10), LONGEST_QUICK_DELAY)
    return delay * (0.75 + jitter / 2)


def is_given_up(*, trying_for: timedelta, is_secret: bool) -> bool:
    """Whether a mail that failed once more has been tried for long enough."""
    return trying_for >= (GIVE_UP_ON_SECRETS_AFTER if is_secret else GIVE_UP_AFTER)


MOST_REMINDERS: Final = 5
LONGEST_NOTICE_HOURS: Final = 24 * 60


def check_reminders(hours: Any) -> str | None:
    """What is wrong with a list of hours before the start; None when it is usable."""
    if not isinstance(hours, list):
        return "Reminders are a list of hours before the start, as in [24, 2]."
    if len(hours) > MOST_REMINDERS:
        return f"More than {MOST_REMINDERS} reminders are a nuisance."
    for hour in hours:
        if isinstance(hour, bool) or not isinstance(hour, int | float):
            return "Hours before the start are numbers, as in [24, 2]."
        if not 0 < hour <= LONGEST_NOTICE_HOURS:
            return f"A reminder comes at most {LONGEST_NOTICE_HOURS} hours before the start."
    if len(set(hours)) < len(hours):
        return "Each reminder is named once."
    return None
