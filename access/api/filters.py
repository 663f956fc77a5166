"""What staff's list of subscriptions can be narrowed by."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from access.models import Subscription
from access.states import SubscriptionStatus
from common.api.serializers import IdField, Serializer


class SubscriptionQuery(Serializer):
    status = serializers.ChoiceField(choices=SubscriptionStatus.choices, required=False)
    plan_id = IdField(required=False)
    user_id = IdField(required=False)
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="In name and e-mail address."
    )


def subscriptions(rows: QuerySet[Subscription], wanted: dict[str, Any]) -> QuerySet[Subscription]:
    """These subscriptions, narrowed by a SubscriptionQuery."""
    exact = {name: wanted[name] for name in ("status", "plan_id", "user_id") if name in wanted}
    rows = rows.filter(**exact)
    if term := wanted.get("search", "").strip():
        rows = rows.filter(Q(user__name__icontains=term) | Q(user__email__icontains=term))
    return rows
