"""Plans, as everybody sees them and as staff write them."""

from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from access.models import HIGHEST_RANK, LONGEST_TRIAL, Plan
from access.states import PlanInterval
from common.api.serializers import InstantField, ModelSerializer, MoneyField, Serializer


class PlanSerializer(Serializer):
    """What can be subscribed to."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    price = MoneyField(help_text="For each interval; 0: free.")
    currency = serializers.CharField()
    interval = serializers.ChoiceField(choices=PlanInterval.choices)
    trial_days = serializers.IntegerField(help_text="For who never had a trial.")
    rank = serializers.IntegerField(
        help_text="A plan opens everything of plans with its own or a lower rank."
    )


class StaffPlanSerializer(PlanSerializer):
    """With what only staff may know."""

    is_active = serializers.BooleanField()
    created_at = InstantField()
    updated_at = InstantField()


class PlanInputSerializer(ModelSerializer):
    """A plan as staff write it."""

    slug = serializers.CharField(
        max_length=60,
        validators=[RegexValidator(r"\A[a-zA-Z0-9_-]+\Z", "Letters, digits, - and _ alone.")],
    )
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=10_000, trim_whitespace=False
    )
    price = MoneyField(required=False, min_value=Decimal(0))
    trial_days = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_TRIAL)
    rank = serializers.IntegerField(required=False, min_value=1, max_value=HIGHEST_RANK)

    class Meta:
        model = Plan
        fields = [
            "slug",
            "name",
            "description",
            "price",
            "interval",
            "trial_days",
            "rank",
            "is_active",
        ]

    def validate_name(self, name: str) -> Any:
        return " ".join(name.split())
