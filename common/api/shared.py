"""Shapes that more than one app answers with or takes."""

from typing import Any, Protocol

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.serializers import InstantField, Serializer


class Actor(Protocol):
    """Who did something; a user, about whom this floor knows nothing."""

    pk: int

    def get_full_name(self) -> str: ...


class StatusChange(Protocol):
    """What a line of any history has."""

    from_status: str
    by: Actor | None


class PersonSerializer(Serializer):
    """Whose it is, for staff."""

    id = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField()


class CancelInputSerializer(Serializer):
    """Why, if one likes to say it."""

    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=250
    )


class StatusChangeSerializer(Serializer):
    """A line of a history: who, when, from, to, why."""

    to = serializers.CharField(source="to_status")
    at = InstantField()
    by = serializers.IntegerField(
        source="by_id", allow_null=True, help_text="The person's id; null: the system itself."
    )
    by_name = serializers.SerializerMethodField()
    reason = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` can't be the name of a Python attribute.
        former = serializers.SerializerMethodField(
            method_name="get_former", help_text="Null when it was made."
        )
        return {"from": former, **super().get_fields()}

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_former(self, change: StatusChange) -> str | None:
        return change.from_status or None

    def get_by_name(self, change: StatusChange) -> str:
        return change.by.get_full_name() if change.by else ""
