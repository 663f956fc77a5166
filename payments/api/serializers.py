"""Refunds, as staff see them."""

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
    tries = serializers.IntegerField()
    last_error = serializers.CharField(allow_blank=True)
    created_at = InstantField()
    done_at = InstantField(allow_null=True)


class RefundQuery(Serializer):
    status = serializers.ChoiceField(choices=RefundState.choices, required=False)
