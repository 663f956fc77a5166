"""What all that is sold says about its money, and refunds as staff see them."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.serializers import InstantField, JsonField, MoneyField, Serializer
from payments.models import Payment
from payments.states import RefundState


class RefundTierSerializer(Serializer):
    """At least so many hours before the start, so many per cent come back."""

    hours_before = serializers.FloatField(min_value=0, max_value=8760)
    percent = serializers.IntegerField(min_value=0, max_value=100)


class RefundStepSerializer(Serializer):
    """Until `until`, itself included, a cancel gives back so much; null: from then on."""

    until = InstantField(allow_null=True)
    percent = serializers.IntegerField()
    amount = MoneyField()


@extend_schema_field(RefundTierSerializer(many=True, allow_null=True))
class RefundPolicyField(JsonField):
    """A list of tiers; null is the site's own."""


class RefundChoiceField(serializers.ChoiceField):
    """How much staff give back; null is what their role gives."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=["full", "policy", "none"],
            required=False,
            allow_null=True,
            help_text="Default: `full` for who may refund at discretion, else `policy`.",
            **kwargs,
        )


def checkout_url(payment: Payment | None) -> str | None:
    """Where it is paid; None when there is nothing to pay."""
    if payment is None:
        return None
    return f"{settings.SITE_URL}{reverse('payments:pay', args=[payment.token])}"


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


class GiveBackInputSerializer(Serializer):
    """How much, and why."""

    # What is too much is for the service to say: it names what there is.
    amount = MoneyField(
        required=False, allow_null=True, max_digits=15, help_text="Default: all that is left."
    )
    reason = serializers.CharField(max_length=250, help_text="For the records, seen by staff.")
    message = serializers.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=1000,
        help_text="Stands in the mail that tells the customer of the money.",
    )


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
