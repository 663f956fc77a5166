"""Rules about plans that need no database."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from common.money import quantize

# Nobody waits for what is held here, so there is time to look for the card.
TIME_TO_PAY: Final = timedelta(hours=1)
# Plans that one person has chosen and not paid.
MOST_PENDING: Final = 3
TRIAL_IS_TOLD_BEFORE: Final = timedelta(days=3)
# Our calendar may differ from the provider's by hours; no plan is paid for less than a month.
SAME_PERIOD: Final = timedelta(days=1)
# How long before its end the provider is asked once more, how old its word may be by then, and how
# long something is kept open for which there is none.
LAST_LOOK: Final = timedelta(minutes=15)
WORD_IS_FRESH_FOR: Final = timedelta(minutes=5)
SILENCE_IS_BORNE_FOR: Final = timedelta(days=3)
# More than one round of the beat: it must not close before it is kept open.
JUST_BEFORE: Final = timedelta(minutes=2)
# How long a bank's money may be under way before it comes too late.
LONGEST_PROCESSING: Final = timedelta(days=14)


def unused_share(
    paid: Decimal, *, covers_from: datetime, covers_until: datetime, at: datetime, currency: str
) -> Decimal:
    """What of `paid` is for the time from `at` on: exact time, rounded half-up.

    All of it before the time begins, nothing from its end on.
    """
    whole = covers_until - covers_from
    left = min(max(covers_until - at, timedelta(0)), whole)
    if whole <= timedelta(0):
        return Decimal("0.00")
    # In whole microseconds: no float comes near money.
    microsecond = timedelta(microseconds=1)
    return quantize(paid * (left // microsecond) / (whole // microsecond), currency)
