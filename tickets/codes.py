"""Ticket codes: unguessable, and unambiguous when they are read aloud."""

import secrets
from typing import Final

# No 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V: 23 letters and digits, 4.52 bits each.
ALPHABET: Final = "3479ACDEFGHJKMNPQRTWXY6"
LENGTH: Final = 24
GROUP: Final = 4


def new_code() -> str:
    """A fresh code of 24 signs, 108 random bits; says nothing about person or event."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalize(typed: str) -> str:
    """What somebody typed or a scanner read, as it is stored: no blanks or dashes, capitals."""
    return "".join(sign for sign in typed.upper() if sign.isalnum())


def in_groups(code: str) -> str:
    """'ABCD EFGH …', as it is printed."""
    return " ".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))
