"""Prices that nobody could pay are refused when they are set, not when somebody comes to pay."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, Max, Min

from bookings.models import Timeslot
from bookings.policies import effective_price
from common.errors import InvalidInput
from common.money import money
from payments.policies import MAXIMUM_CHARGE, is_chargeable, minimum_charge


def require_chargeable(amount: Decimal, *, attr: str, what: str = "This price") -> None:
    """Raises InvalidInput, naming the provider's minimum; nothing at all is a price too."""
    currency = settings.CURRENCY
    if amount > MAXIMUM_CHARGE:
        raise InvalidInput(f"{what} comes to more than can be charged.", attr=attr)
    if not is_chargeable(amount, currency):
        raise InvalidInput(
            f"{what} comes to {money(amount, currency)}, but the least that can be charged is "
            f"{money(minimum_charge(currency), currency)}. Set at least that, or 0 for free.",
            code="below_minimum",
            attr=attr,
        )


def require_slot_chargeable(
    *, price: Decimal | None, hourly_rate: Decimal | None, length: timedelta
) -> None:
    """The same for what a slot of this length would really cost. Raises InvalidInput."""
    amount = effective_price(
        slot_price=price, hourly_rate=hourly_rate, length=length, currency=settings.CURRENCY
    )
    minutes = int(length.total_seconds() // 60)
    what = "This price" if price is not None else f"At the room's hourly rate {minutes} minutes"
    require_chargeable(amount, attr="price", what=what)


def require_rate_chargeable(rate: Decimal, *, room_id: int | None, at: datetime) -> None:
    """The same for an hour, and for the room's coming slots that have no price of their own.

    Raises InvalidInput.
    """
    require_chargeable(rate, attr="hourlyRate", what="One hour")
    if room_id is None:
        return
    lengths = (
        Timeslot.objects.filter(room_id=room_id, price=None, start_time__gt=at)
        .annotate(lasts=F("end_time") - F("start_time"))
        .aggregate(shortest=Min("lasts"), longest=Max("lasts"))
    )
    for length in lengths.values():
        if length is None:
            continue
        amount = effective_price(
            slot_price=None, hourly_rate=rate, length=length, currency=settings.CURRENCY
        )
        minutes = int(length.total_seconds() // 60)
        require_chargeable(amount, attr="hourlyRate", what=f"A time of {minutes} minutes")
