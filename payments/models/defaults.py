"""What new rows of the ledger begin with."""

import secrets
from decimal import Decimal

ZERO = Decimal("0.00")


def new_token() -> str:
    """An address that can't be guessed: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    return secrets.token_hex(20)
