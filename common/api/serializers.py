"""Serializers whose outside is camelCase and whose inside stays snake_case.

The names are turned when the fields are made, so answers, errors' `attr` and the OpenAPI schema
agree by themselves, and free-form JSON (`metadata`) is never touched.
"""

import functools
import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.money import decimals, is_exact


@functools.cache
def camel(name: str) -> str:
    """'hourly_rate' -> 'hourlyRate'."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


class CamelCaseFields:
    """Mixin: declared `hourly_rate` is seen as `hourlyRate`; `validated_data` has `hourly_rate`."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = {}
        for name, field in super().get_fields().items():  # type: ignore[misc]
            outside = camel(name)
            if outside != name:
                if isinstance(field, serializers.SerializerMethodField):
                    field.method_name = field.method_name or f"get_{name}"
                elif field.source is None:
                    field.source = name
            fields[outside] = field
        return fields


class Serializer(CamelCaseFields, serializers.Serializer[Any]):
    """A plain serializer, camelCase outside."""


class MoneyField(serializers.DecimalField):
    """A JSON number, exact to the currency's minor unit; `Decimal` inside."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 10)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("coerce_to_string", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        amount: Decimal = super().to_internal_value(data)
        if not is_exact(amount, settings.CURRENCY):
            digits = decimals(settings.CURRENCY)
            raise serializers.ValidationError(
                f"{settings.CURRENCY} has {digits} digits behind the point.", code="invalid"
            )
        return amount

    def to_representation(self, value: Any) -> Any:
        # Only here, at the very edge, and only for the text: a float prints the shortest number
        # that names it, so two decimals below 10^13 come out as they went in.
        if value is None:
            return None
        amount = Decimal(value)
        return int(amount) if amount == amount.to_integral_value() else float(amount)


class IdField(serializers.IntegerField):
    """The number of a row. One that no row can have becomes 0, which is unknown, not malformed."""

    LARGEST: Final = 2**31 - 1

    def to_internal_value(self, data: Any) -> int:
        number: int = super().to_internal_value(data)
        return number if 0 < number <= self.LARGEST else 0


class DayField(serializers.DateField):
    """A calendar day, written YYYY-MM-DD and nothing else."""

    FIRST: Final = date(1970, 1, 1)
    # A day in any zone has a day after it, and every database can hold both.
    LAST: Final = date(9998, 12, 31)

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            self.fail("invalid", format="YYYY-MM-DD")
        day: date = super().to_internal_value(value)
        if not self.FIRST <= day <= self.LAST:
            raise serializers.ValidationError(
                f"A day lies between {self.FIRST} and {self.LAST}.", code="invalid"
            )
        return day


class JsonField(serializers.JSONField):
    """Free-form JSON of bounded size and depth, its numbers as a JSON column holds them."""

    LONGEST: Final = 20_000
    # MariaDB's own JSON functions end at 32 levels.
    DEEPEST: Final = 16

    def to_internal_value(self, data: Any) -> Any:
        plain = self._plain(data, self.DEEPEST)
        if len(json.dumps(plain)) > self.LONGEST:
            raise serializers.ValidationError(
                f"This is longer than {self.LONGEST} characters of JSON.", code="max_length"
            )
        return super().to_internal_value(plain)

    def _plain(self, value: Any, levels: int) -> Any:
        if levels == 0:
            raise serializers.ValidationError(
                f"This is nested deeper than {self.DEEPEST} levels.", code="invalid"
            )
        if isinstance(value, dict):
            return {name: self._plain(inner, levels - 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._plain(inner, levels - 1) for inner in value]
        if isinstance(value, Decimal):
            number = float(value)
            if not math.isfinite(number):
                raise serializers.ValidationError("A number here is too large.", code="invalid")
            return number
        return value


@extend_schema_field({"type": "object", "additionalProperties": {}})
class JsonObjectField(JsonField):
    """A JSON object with anything in it."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError("This is a JSON object.", code="not_a_dict")
        return super().to_internal_value(data)


def written_instant(at: datetime) -> str:
    """In UTC, to the second, with its offset: '2026-07-09T09:00:00Z'."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class InstantField(serializers.DateTimeField):
    """An instant with its offset, to the second; written in UTC (`Z`)."""

    FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
    LAST: Final = datetime(9998, 12, 31, tzinfo=UTC)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.utcoffset() is None:
            raise serializers.ValidationError(
                "Write the offset too, as in 2026-07-09T09:00:00+02:00.", code="invalid"
            )
        # Compared as they are: far out one can't be turned into UTC.
        if not self.FIRST <= value <= self.LAST:
            raise serializers.ValidationError(
                f"An instant lies between {self.FIRST:%Y-%m-%d} and {self.LAST:%Y-%m-%d}.",
                code="invalid",
            )
        # To the second, as it is read: what is read and written back is no change.
        return value.astimezone(UTC).replace(microsecond=0)

    def to_representation(self, value: Any) -> Any:
        return written_instant(value) if isinstance(value, datetime) else value


class ModelSerializer(CamelCaseFields, serializers.ModelSerializer[Any]):
    """A model serializer, camelCase outside; decimals are money, instants are UTC."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DecimalField: MoneyField,
        models.DateTimeField: InstantField,
        models.JSONField: JsonField,
    }
