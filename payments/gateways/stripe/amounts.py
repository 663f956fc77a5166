"""Amounts as Stripe counts them: whole numbers of a currency's smallest unit."""

from decimal import Decimal
from typing import Final

from common.money import ZERO_DECIMAL
from payments.errors import GatewayRefused

# ISO 4217 gives these no decimals, and Stripe counts them in hundredths all the same.
# Source: https://docs.stripe.com/currencies#special-cases
COUNTED_IN_HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
THREE_DECIMAL: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def decimals_at_stripe(currency: str) -> int:
    """How many decimals Stripe's whole numbers have; not for all currencies those of ISO 4217."""
    code = currency.upper()
    if code in THREE_DECIMAL:
        return 3
    return 0 if code in ZERO_DECIMAL - COUNTED_IN_HUNDREDTHS else 2


def to_units(amount: Decimal, currency: str) -> int:
    """Our amount as Stripe counts it. Raises GatewayRefused for what Stripe has no unit for."""
    units = amount.scaleb(decimals_at_stripe(currency))
    if units != units.to_integral_value():
        raise GatewayRefused(f"{amount} {currency} can't be told to Stripe to the last digit.")
    return int(units)


def from_units(units: int, currency: str) -> Decimal:
    """Stripe's whole number as an amount, exactly: nothing is rounded away."""
    return Decimal(units).scaleb(-decimals_at_stripe(currency))
