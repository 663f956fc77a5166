"""Serializers whose outside is camelCase and whose inside stays snake_case.

The names are turned when the fields are made, so answers, errors' `attr` and the OpenAPI schema
agree by themselves, and free-form JSON (`metadata`) is never touched.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from rest_framework import serializers

from common.money import decimals, is_exact


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


class InstantField(serializers.DateTimeField):
    """An instant, written in UTC with its offset (`Z`)."""

    def to_representation(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return value


class ModelSerializer(CamelCaseFields, serializers.ModelSerializer[Any]):
    """A model serializer, camelCase outside; decimals are money, instants are UTC."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DecimalField: MoneyField,
        models.DateTimeField: InstantField,
    }
