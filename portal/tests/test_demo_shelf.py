"""The demo's plans, who has them and what they open: in every state, made once."""

from collections.abc import Iterator

import pytest
import time_machine
from pytest_django import Settings

from access.models import Plan, Resource, Subscription
from access.states import ResourceKind, SubscriptionStatus
from notifications.models import OutgoingMail
from payments.models import Payment
from portal.demo.houses import ensure_rooms
from portal.demo.people import ensure_accounts, ensure_crowd
from portal.demo.shelf import PIECES, PLANS, fill_shelf
from portal.demo.story import Cast
from tests.infrastructure.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings: Settings) -> Iterator[Cast]:
    settings.DJANGO_ENV = "demo"
    with time_machine.travel(NOW, tick=False):
        yield Cast(people=ensure_accounts(), crowd=ensure_crowd(), rooms=ensure_rooms(NOW), at=NOW)


def test_there_is_one_of_everything_and_only_once(cast: Cast) -> None:
    fill_shelf(cast)
    again = fill_shelf(cast)

    assert again == 0
    assert set(Plan.objects.values_list("slug", flat=True)) == set(PLANS)
    assert Resource.objects.count() == len(PIECES)
    assert set(Resource.objects.values_list("kind", flat=True)) == set(ResourceKind)
    states = Subscription.objects.values_list("status", flat=True)
    assert set(states) == set(SubscriptionStatus)
    mine = Subscription.objects.get(user=cast.customer)
    assert (mine.plan.slug, mine.status) == ("basic", SubscriptionStatus.ACTIVE)
    # Signed up for and renewed once.
    assert Payment.objects.filter(agreement=mine.agreement).count() == 2
    told = OutgoingMail.objects.exclude(to=cast.customer.email).filter(
        kind__startswith="subscription"
    )
    assert not told.exists()


def test_without_the_demo_s_provider_nobody_has_a_plan(cast: Cast, settings: Settings) -> None:
    settings.PAYMENT_PROVIDER = "stripe"

    fill_shelf(cast)

    assert Plan.objects.count() == len(PLANS)
    assert not Subscription.objects.exists()
