"""Amounts: `Decimal` in major units, rounded half-up to what the currency has."""

from decimal import ROUND_HALF_UP, Decimal

# Source: ISO 4217, and MGA, whose fifths nobody charges by card.
ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND"}
    | {"VUV", "XAF", "XOF", "XPF"}
)


def decimals(currency: str) -> int:
    """How many digits the currency has behind the point."""
    return 0 if currency.upper() in ZERO_DECIMAL else 2


def quantize(amount: Decimal, currency: str) -> Decimal:
    """Round half-up to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-decimals(currency)), rounding=ROUND_HALF_UP)


def percent_of(amount: Decimal, percent: int, currency: str) -> Decimal:
    """`percent` per cent of `amount`, rounded half-up to the minor unit."""
    return quantize(amount * percent / 100, currency)


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount as providers count it: cents, or whole yen."""
    return int(quantize(amount, currency).scaleb(decimals(currency)))


def from_minor_units(units: int, currency: str) -> Decimal:
    return quantize(Decimal(units).scaleb(-decimals(currency)), currency)


def is_exact(amount: Decimal, currency: str) -> bool:
    """False when the amount has a fraction that the currency doesn't know."""
    return amount == quantize(amount, currency)


def money(amount: Decimal, currency: str) -> str:
    """The amount as people read it: '1,045.00 USD'."""
    return f"{quantize(amount, currency):,f} {currency.upper()}"
