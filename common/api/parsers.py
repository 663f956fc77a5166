"""Request bodies."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, Final

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

# The longest body that makes sense, a year's excluded days included, is a hundredth of this.
LARGEST_BODY: Final = 1_000_000


class ExactJSONParser(BaseParser):
    """JSON whose numbers stay exact: 45.10 arrives as Decimal('45.10'), never as a float."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Raises ParseError (400) for anything that isn't strict JSON in UTF-8."""
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise ParseError(f"The body is longer than {LARGEST_BODY:,} bytes.")
        try:
            # An unpaired surrogate can't be stored by any database; better a 400 than a 500.
            parsed = json.loads(body.decode(), parse_float=Decimal, parse_constant=_refuse_constant)
            json.dumps(parsed, ensure_ascii=False, default=str).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body isn't valid JSON: {error}") from error
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
