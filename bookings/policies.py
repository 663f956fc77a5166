"""The rules of bookings, in plain Python, as they are shown to people."""

from datetime import datetime, timedelta
from decimal import Decimal

from common.money import quantize


def effective_price(
    *,
    slot_price: Decimal | None,
    hourly_rate: Decimal | None,
    length: timedelta,
    currency: str,
) -> Decimal:
    """The slot's own price, else the room's hourly rate for its length, else nothing."""
    if slot_price is not None:
        return quantize(slot_price, currency)
    if hourly_rate is None:
        return Decimal(0)
    hours = Decimal(int(length.total_seconds())) / 3600
    return quantize(hourly_rate * hours, currency)


def hold_ends(*, at: datetime, minutes: Decimal, starts_at: datetime) -> datetime:
    """The earlier of the hold's length and the slot's start."""
    return min(at + timedelta(seconds=float(minutes * 60)), starts_at)


def earliest_start(*, at: datetime, min_notice_minutes: int) -> datetime:
    return at + timedelta(minutes=min_notice_minutes)


def latest_start(*, at: datetime, max_advance_days: int) -> datetime:
    return at + timedelta(days=max_advance_days)
