"""How times and amounts are said on pages and in mails."""

from datetime import datetime
from decimal import Decimal

from django import template

from common import clock
from common.money import money as say_money

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """{{ booking.price|money:booking.currency }} -> '45.00 USD'."""
    return say_money(Decimal(amount), currency)


@register.filter
def day_in(at: datetime, zone_name: str) -> str:
    """'Thu 8 July'."""
    return clock.say_day(at, zone_name)


@register.filter
def time_in(at: datetime, zone_name: str) -> str:
    """'09:00'."""
    return clock.say_time(at, zone_name)


@register.filter
def moment_in(at: datetime, zone_name: str) -> str:
    """'Thu 8 July, 09:00'."""
    return clock.say_moment(at, zone_name)


@register.filter
def place(zone_name: str) -> str:
    """'Europe/Berlin' -> 'Berlin'."""
    return clock.place_of(zone_name)
