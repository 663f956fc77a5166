"""How plans, their prices and the times of subscriptions are said to people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from access.models import Plan, Subscription
from access.states import PlanInterval
from common import clock
from common.money import money

Priced = Plan | Subscription

EVERY: Final = {
    PlanInterval.MONTH: "every month",
    PlanInterval.QUARTER: "every quarter",
    PlanInterval.YEAR: "every year",
}


def said_amount(priced: Priced) -> str:
    """'12.00 USD', or 'Free'."""
    return money(priced.price, priced.currency) if priced.price else "Free"


def said_interval(priced: Priced) -> str:
    """'a month', 'once', or '' for what costs nothing."""
    return PlanInterval(priced.interval).label if priced.price else ""


def said_price(priced: Priced) -> str:
    """'12.00 USD a month', '99.00 USD once', 'Free'."""
    return f"{said_amount(priced)} {said_interval(priced)}".strip()


def both(names: Sequence[str]) -> str:
    """'A', 'A and B', 'A, B and C'; '' of none."""
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last


def said_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def said_date(at: datetime) -> str:
    """'Thu 8 Jul 2027', by the site's clock: a plan has no place of its own."""
    return clock.say_date(at, settings.TIME_ZONE)


def said_moment(at: datetime) -> str:
    """'Thu 8 Jul 2027, 09:00 (Berlin)'."""
    zone = settings.TIME_ZONE
    return f"{said_date(at)}, {clock.say_time(at, zone)} ({clock.place_of(zone)})"
