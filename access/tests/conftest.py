"""Plans, subscriptions and resources for the tests of who may come in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from access.models import Plan, Resource, Subscription
from access.states import SubscriptionStatus
from accounts.models import User
from tests.infrastructure.world import NOW, MakeUser

MakeSubscription = Callable[..., Subscription]
MakeResource = Callable[..., Resource]


@pytest.fixture
def keeper(make_user: MakeUser) -> User:
    """Staff who may change resources, and nothing else."""
    person = make_user("keeper@example.com", is_staff=True)
    person.user_permissions.add(
        Permission.objects.get(content_type__app_label="access", codename="change_resource")
    )
    return person


@pytest.fixture
def make_subscription(db: None) -> MakeSubscription:
    """A row as it stands in that state; what brings it there is tested with the services."""

    def make(
        user: User,
        plan: Plan,
        status: str = SubscriptionStatus.ACTIVE,
        *,
        until: datetime | None = None,
        **fields: Any,
    ) -> Subscription:
        fields = {
            "price": plan.price,
            "currency": "USD",
            "interval": plan.interval,
            "started_at": None if status == SubscriptionStatus.PENDING else NOW,
            "paid_until": until,
            "access_until": until,
        } | fields
        return Subscription.objects.create(user=user, plan=plan, status=status, **fields)

    return make


@pytest.fixture
def make_resource(db: None) -> MakeResource:
    def make(slug: str = "notes", **fields: Any) -> Resource:
        fields = {"title": slug.capitalize(), "body": "Hello."} | fields
        return Resource.objects.create(slug=slug, **fields)

    return make
