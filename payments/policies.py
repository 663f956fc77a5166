"""Rules about money that need no database."""

from datetime import datetime, timedelta
from decimal import Decimal

# The least a card payment may be, in major units. Source: Stripe's table of minimum amounts.
MINIMUM_CHARGE = {
    "AED": "2.00", "AUD": "0.50", "BGN": "1.00", "BRL": "0.50", "CAD": "0.50", "CHF": "0.50",
    "CZK": "15.00", "DKK": "2.50", "EUR": "0.50", "GBP": "0.30", "HKD": "4.00", "HUF": "175.00",
    "INR": "0.50", "JPY": "50", "MXN": "10.00", "MYR": "2.00", "NOK": "3.00", "NZD": "0.50",
    "PLN": "2.00", "RON": "2.00", "SEK": "3.00", "SGD": "0.50", "THB": "10.00", "USD": "0.50",
}  # fmt: skip

SHORTEST_SESSION = timedelta(minutes=30)
GIVE_UP_ON_PROVIDER_AFTER = timedelta(minutes=2)


def minimum_charge(currency: str) -> Decimal:
    return Decimal(MINIMUM_CHARGE.get(currency.upper(), "0"))


def is_chargeable(amount: Decimal, currency: str) -> bool:
    """True for nothing at all and for what the provider is willing to collect."""
    return amount == 0 or amount >= minimum_charge(currency)


def session_expiry(*, created_at: datetime, hold_until: datetime) -> datetime:
    """When the provider's session ends by itself: no provider takes less than 30 minutes."""
    return max(created_at + SHORTEST_SESSION, hold_until)


def holds_on_to_provider(*, hold_until: datetime, at: datetime) -> bool:
    """While a session may be open, a lapsed hold waits this long for the provider's word."""
    return at < hold_until + GIVE_UP_ON_PROVIDER_AFTER
