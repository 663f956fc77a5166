"""How decisions, and what would grant a right, are written in the API."""

from typing import Any

from rest_framework import serializers

from access.decisions import Decision
from common.api.serializers import InstantField, MoneyField, Serializer


class WouldGrantSerializer(Serializer):
    """One thing that would open it. `kind` says which of the fields there are."""

    kind = serializers.ChoiceField(
        choices=["plan", "room", "event", "booking", "ticket", "subscription"],
        help_text="The last three are one's own.",
    )
    id = serializers.IntegerField()
    # DRF takes declared fields out of the class, so its own `label` stays what it is.
    label = serializers.CharField(help_text="For a button.")  # type: ignore[assignment]
    text = serializers.CharField(help_text="For people; may change.")
    url = serializers.CharField(help_text="The page that leads on.")
    name = serializers.CharField(required=False)
    slug = serializers.CharField(required=False, help_text="Of a plan.")
    price = MoneyField(required=False)
    currency = serializers.CharField(required=False)
    interval = serializers.CharField(required=False)
    trial_days = serializers.IntegerField(required=False)
    next_free_time = InstantField(
        required=False, allow_null=True, help_text="Of a room; null: nothing is free."
    )
    on_sale = serializers.BooleanField(
        required=False, help_text="Of an event: tickets can be had now."
    )
    starts_at = InstantField(required=False, help_text="Of an event, of one's own booking.")
    opens_at = InstantField(required=False, help_text="Of one's own booking or ticket.")
    status = serializers.CharField(required=False, help_text="Of one's own subscription.")
    ended_at = InstantField(required=False, allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        # Each kind has fields of its own; those that it hasn't are left out.
        return {
            name: _plain(field, value)
            for name, field in self.fields.items()
            if (value := getattr(instance, field.source or name, self)) is not self
        }


def _plain(field: Any, value: Any) -> Any:
    return None if value is None else field.to_representation(value)


class DecisionSerializer(Serializer):
    """May somebody come in: by which right and until when, or what would open it."""

    allowed = serializers.BooleanField()
    granted_by = serializers.SerializerMethodField(
        help_text="`public`, `staff`, `subscription`, `booking` or `ticket`; null when refused."
    )
    until = InstantField(
        allow_null=True, help_text="When this ends by itself; null: not at all, or refused."
    )
    code = serializers.CharField(
        help_text="The right; or why not: `signed_out`, `closed`, `not_yet`, `unpaid`, `ended`, "
        "`left`, `no_right`."
    )
    reason = serializers.CharField(help_text="In a sentence for people; may change.")
    would_grant = WouldGrantSerializer(many=True)

    def get_granted_by(self, decision: Decision) -> str | None:
        return decision.granted_by or None
