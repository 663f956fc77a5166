"""Subscriptions, as their owners and as staff see them."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from access.api.serializers.plans import PlanSerializer
from access.models import Subscription
from access.states import EndRefund, PlanInterval, SubscriptionStatus
from common.api.serializers import IdField, InstantField, MoneyField, Serializer, written_instant
from common.api.shared import PersonSerializer, StatusChangeSerializer
from payments.models import Payment


class SubscribeInputSerializer(Serializer):
    """Which plan."""

    plan_id = IdField()


class SubscriptionSerializer(Serializer):
    """A plan that somebody has, at the price of the day when they took it."""

    id = serializers.IntegerField()
    plan_id = serializers.IntegerField()
    plan = PlanSerializer()
    user_id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=SubscriptionStatus.choices)
    price = MoneyField()
    currency = serializers.CharField()
    interval = serializers.ChoiceField(choices=PlanInterval.choices)
    trial_days = serializers.IntegerField()
    is_open = serializers.SerializerMethodField(help_text="Whether it opens something now.")
    paid_until = InstantField(
        allow_null=True, help_text="The end of what is paid for, or of the trial; null: none."
    )
    access_until = InstantField(
        allow_null=True,
        help_text="When it stops opening things as it stands: later than `paidUntil` while a "
        "renewal may still come. Null: never, or not begun.",
    )
    renews_at = serializers.SerializerMethodField(
        help_text="When `price` is collected next; null: never again."
    )
    is_cancellable = serializers.BooleanField()
    is_resumable = serializers.SerializerMethodField()
    payment_id = serializers.SerializerMethodField(help_text="Of the sign-up.")
    checkout_url = serializers.SerializerMethodField(
        help_text="Where it is paid, while it is pending; null else."
    )
    expires_at = serializers.SerializerMethodField(help_text="Until when it can be paid.")
    pay_url = serializers.SerializerMethodField(
        help_text="After a failed renewal: where it can be paid by hand; null else."
    )
    created_at = InstantField()
    started_at = InstantField(allow_null=True)
    cancelled_at = InstantField(allow_null=True)
    ended_at = InstantField(allow_null=True)

    def get_is_open(self, subscription: Subscription) -> bool:
        return subscription.opens_at(self.context["at"])

    def get_is_resumable(self, subscription: Subscription) -> bool:
        return subscription.is_resumable(self.context["at"])

    @extend_schema_field(InstantField(allow_null=True))
    def get_renews_at(self, subscription: Subscription) -> str | None:
        until = subscription.paid_until
        return written_instant(until) if until and subscription.is_renewing else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_payment_id(self, subscription: Subscription) -> str | None:
        return str(subscription.payment_id) if subscription.payment_id else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_checkout_url(self, subscription: Subscription) -> str | None:
        payment = self._payable(subscription)
        if payment is None:
            return None
        return str(settings.SITE_URL) + reverse("payments:pay", args=[payment.token])

    @extend_schema_field(InstantField(allow_null=True))
    def get_expires_at(self, subscription: Subscription) -> str | None:
        payment = self._payable(subscription)
        return written_instant(payment.expires_at) if payment and payment.expires_at else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_pay_url(self, subscription: Subscription) -> str | None:
        agreement = subscription.agreement
        if agreement is None or subscription.status != SubscriptionStatus.PAST_DUE:
            return None
        return agreement.pay_url or None

    def _payable(self, subscription: Subscription) -> Payment | None:
        payment = subscription.payment
        if payment is None or not (subscription.is_pending and payment.is_open):
            return None
        return None if payment.has_lapsed(self.context["at"]) else payment


class StaffSubscriptionSerializer(SubscriptionSerializer):
    """With whose it is, and what was done to it."""

    user = PersonSerializer()
    history = serializers.SerializerMethodField(help_text="Oldest first.")

    @extend_schema_field(StatusChangeSerializer(many=True))
    def get_history(self, subscription: Subscription) -> Any:
        lines = sorted(subscription.history.all(), key=lambda change: change.pk)
        return StatusChangeSerializer(lines, many=True).data


class EndInputSerializer(Serializer):
    """When it ends, and what goes back."""

    when = serializers.ChoiceField(choices=["period_end", "now"], default="period_end")
    refund = serializers.ChoiceField(
        choices=EndRefund.choices,
        default=EndRefund.NONE,
        help_text="With `now` alone. `unused`: the share of the last payment for the time ahead.",
    )
    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=250
    )
