"""Refunds, as staff see them."""

from decimal import Decimal

from rest_framework import serializers

from common.api.serializers import InstantField, MoneyField, Serializer
from payments.states import RefundState


class RefundSerializer(Serializer):
    """Money on its way back, and why."""

    id = serializers.IntegerField()
    payment_id = serializers.CharField()
    user_id = serializers.IntegerField(source="payment.user_id", help_text="Whose money it is.")
    description = serializers.CharField(source="payment.description", help_text="What was bought.")
    amount = MoneyField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=RefundState.choices)
    reason = serializers.CharField(allow_blank=True)
    requested_by = serializers.IntegerField(
        source="requested_by_id", allow_null=True, help_text="Null: the system itself."
    )
    is_by_hand = serializers.BooleanField(
        help_text="It was paid at the desk, so it is handed back there."
    )
    retry_of = serializers.IntegerField(
        source="retry_of_id", allow_null=True, help_text="The failed refund that this one repeats."
    )
    tries = serializers.IntegerField()
    last_error = serializers.CharField(allow_blank=True)
    created_at = InstantField()
    done_at = InstantField(allow_null=True)


class RefundQuery(Serializer):
    status = serializers.ChoiceField(choices=RefundState.choices, required=False)


class RetryInputSerializer(Serializer):
    """How much, if not the same amount again."""

    amount = MoneyField(
        required=False,
        allow_null=True,
        min_value=Decimal("0.01"),
        help_text="Another amount needs the permission to refund at discretion.",
    )


class PaidBackInputSerializer(Serializer):
    """What proves it."""

    receipt = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=100
    )
