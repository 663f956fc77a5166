"""Rules about money that need no database."""

import calendar
from datetime import datetime, timedelta
from decimal import Decimal

# The least a card payment may be, in major units. Source: Stripe's table of minimum amounts.
MINIMUM_CHARGE = {
    "AED": "2.00", "AUD": "0.50", "BGN": "1.00", "BRL": "0.50", "CAD": "0.50", "CHF": "0.50",
    "CZK": "15.00", "DKK": "2.50", "EUR": "0.50", "GBP": "0.30", "HKD": "4.00", "HUF": "175.00",
    "INR": "0.50", "JPY": "50", "MXN": "10.00", "MYR": "2.00", "NOK": "3.00", "NZD": "0.50",
    "PLN": "2.00", "RON": "2.00", "SEK": "3.00", "SGD": "0.50", "THB": "10.00", "USD": "0.50",
}  # fmt: skip

# What the amount columns hold.
MAXIMUM_CHARGE = Decimal("99999999.99")

SHORTEST_SESSION = timedelta(minutes=30)
# The provider counts from when our call reaches it, by its own clock, and refuses a second less.
ON_ITS_WAY = timedelta(minutes=1)
# How long an idempotency key is surely remembered; from then on its books are searched first.
KEY_IS_KNOWN_FOR = timedelta(hours=20)
GIVE_UP_ON_PROVIDER_AFTER = timedelta(minutes=2)

# A subscription that runs is asked about at least so often.
ASK_AGREEMENT_EVERY = timedelta(days=1)
# A renewal is collected some time after the time before it is over: asked about at once, then ever
# less often.
RENEWAL_BEGINS_AFTER = timedelta(minutes=1)
SHORTEST_WAIT_FOR_RENEWAL = timedelta(minutes=5)
LONGEST_WAIT_FOR_RENEWAL = timedelta(hours=6)

# A bill can be paid by hand after the end, and its webhook be lost: ended ones are asked about so
# long, after that the night's check finds it.
ENDED_IS_ASKED_ABOUT_FOR = timedelta(days=7)

# By payments.states.Interval.
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def minimum_charge(currency: str) -> Decimal:
    return Decimal(MINIMUM_CHARGE.get(currency.upper(), "0"))


def is_chargeable(amount: Decimal, currency: str) -> bool:
    """True for nothing at all and for what the provider is willing to collect."""
    return amount == 0 or amount >= minimum_charge(currency)


def session_expiry(*, created_at: datetime, hold_until: datetime) -> datetime:
    """When the provider's session ends by itself: no provider takes less than 30 minutes."""
    return max(created_at + SHORTEST_SESSION + ON_ITS_WAY, hold_until)


def holds_on_to_provider(*, hold_until: datetime, at: datetime) -> bool:
    """While a session may be open, a lapsed hold waits this long for the provider's word."""
    return at < hold_until + GIVE_UP_ON_PROVIDER_AFTER


def period_end(start: datetime, interval: str) -> datetime:
    """When a time that is paid for is over: the same day so many months later.

    A month that lacks the day ends on its last one (31 January: 28 February), as providers count.
    """
    months = start.month - 1 + MONTHS[interval]
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day)


def ask_again_at(*, paid_until: datetime | None, at: datetime) -> datetime:
    """When a running subscription is asked about next, if no webhook comes before."""
    tomorrow = at + ASK_AGREEMENT_EVERY
    if paid_until is None:
        return tomorrow
    renews_at = paid_until + RENEWAL_BEGINS_AFTER
    if at < renews_at:
        return min(tomorrow, renews_at)
    return at + _ever_longer(at - paid_until)


def ask_ended_again_at(*, ended_at: datetime, at: datetime) -> datetime | None:
    """When an ended one is asked about next, for money that came all the same; None: never."""
    again = at + _ever_longer(at - ended_at)
    return again if again <= ended_at + ENDED_IS_ASKED_ABOUT_FOR else None


def _ever_longer(waited: timedelta) -> timedelta:
    """As long as it was waited for already: 5, 10, 20 minutes … at most 6 hours."""
    return min(max(waited, SHORTEST_WAIT_FOR_RENEWAL), LONGEST_WAIT_FOR_RENEWAL)
