"""Environment variables, read so that a mistake is one sentence that names the variable."""

from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

LONGEST_NOTICE_HOURS = 24 * 60
LONGEST_HOLD_MINUTES = 24 * 60


class Environment(environ.Env):
    """A variable that is set to nothing counts as not set."""

    def get_value(
        self,
        var: str,
        cast: Any = None,
        default: Any = environ.Env.NOTSET,
        parse_default: bool = False,
    ) -> Any:
        if default is not self.NOTSET and self.ENVIRON.get(var) == "":
            return default
        return super().get_value(var, cast=cast, default=default, parse_default=parse_default)

    def currency(self, var: str, *, default: str) -> str:
        """Three letters (ISO 4217). Raises ImproperlyConfigured."""
        code: str = self.str(var, default=default).upper()
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise ImproperlyConfigured(f"{var} is '{code}'; it must be three letters, as in USD.")
        return code

    def minutes(self, var: str, *, default: str) -> Decimal:
        """More than none and at most a day, fractions allowed. Raises ImproperlyConfigured."""
        text = self.str(var, default=default)
        try:
            minutes = Decimal(text)
        except InvalidOperation:
            minutes = Decimal(0)
        if not (minutes.is_finite() and 0 < minutes <= LONGEST_HOLD_MINUTES):
            raise ImproperlyConfigured(
                f"{var} is '{text}'; it must be a number of minutes above 0, at most "
                f"{LONGEST_HOLD_MINUTES}."
            )
        return minutes

    def count(self, var: str, *, default: int) -> int:
        """A whole number from 1 on. Raises ImproperlyConfigured."""
        text = self.str(var, default=str(default))
        if not text.isdecimal() or int(text) < 1:
            raise ImproperlyConfigured(f"{var} is '{text}'; it must be a whole number from 1 on.")
        return int(text)

    def hours(self, var: str, *, default: str) -> list[float]:
        """Hours by comma, '' for none. Raises ImproperlyConfigured."""
        text: str = self.str(var, default=default)
        try:
            found = [float(part) for part in text.replace("none", "").split(",") if part.strip()]
        except ValueError:
            found = [-1.0]
        if any(not 0 < hours <= LONGEST_NOTICE_HOURS for hours in found):
            raise ImproperlyConfigured(
                f"{var} is '{text}'; it must be hours before the start, as in 24 or 24,2, or none."
            )
        return found

    def zone(self, var: str, *, default: str) -> str:
        """An IANA time zone. Raises ImproperlyConfigured."""
        name: str = self.str(var, default=default)
        if name not in available_timezones():
            raise ImproperlyConfigured(
                f"{var} is '{name}'; it must be a time zone as in Europe/Berlin."
            )
        return name
