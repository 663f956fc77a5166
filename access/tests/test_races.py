"""Subscriptions under attack by several at once; each race has a control run, guard off."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pytest

from access.models import Plan, Subscription
from access.services import cancel_subscription
from access.states import SubscriptionStatus
from accounts.models import User
from payments.models import Payment, Refund
from payments.states import Wanted
from tests.infrastructure.plans import MakePlan, begin, hear, sign_up, take
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tests.infrastructure.world import NOW, MakeUser

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
subscribing: Any = import_module("access.services.subscribe")
delivering: Any = import_module("access.services.deliver")
MakeCrowd = Callable[[int], Crowd]
CLIENTS = 8
AUGUST = NOW.replace(month=8)
HOUR = timedelta(hours=1)


def test_many_clicks_make_one_subscription(
    crowd: MakeCrowd, plan: Plan, make_user: MakeUser
) -> None:
    clients = crowd(CLIENTS)
    for number in range(ROUNDS):
        person = make_user(f"c{number}@example.com")

        made = clients.at_once([partial(take, plan, person)] * CLIENTS)

        assert len({each.pk for each in made}) == 1
        assert Payment.objects.filter(user=person).count() == 1


@pytest.mark.mariadb
def test_control_without_the_person_s_lock_there_are_several(
    monkeypatch: pytest.MonkeyPatch, crowd: MakeCrowd, plan: Plan, customer: User
) -> None:
    """Guard off: the person is read where they would be locked, and all read before one writes.

    Nobody is counted: the row of the hour's count would keep them apart as well.
    """
    everybody_has_read = threading.Barrier(CLIENTS)

    def wait(*_: object, **__: object) -> None:
        everybody_has_read.wait(HELD_SECONDS)

    monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda self, **_: self)
    monkeypatch.setattr(subscribing, "count_one", wait)

    crowd(CLIENTS).at_once([partial(take, plan, customer)] * CLIENTS)

    assert Subscription.objects.filter(status=SubscriptionStatus.PENDING).count() > 1


def test_a_cancel_against_its_renewal(
    crowd: MakeCrowd, make_plan: MakePlan, make_user: MakeUser
) -> None:
    """Whoever is first: what was collected is open, or went back; nothing is collected again."""
    plan, clients = make_plan(), crowd(2)
    for number in range(ROUNDS):
        person = make_user(f"r{number}@example.com")
        held = begin(take(plan, person))
        at = AUGUST + HOUR

        clients.at_once(
            [
                partial(hear, Subscription.objects.get(pk=held.pk), at=at),
                partial(cancel_subscription, subscription_id=held.pk, by=person, at=at),
            ]
        )
        for later in (at, at + HOUR):
            hear(held, at=later)

        paid = Payment.objects.filter(agreement=held.agreement, status="paid").count()
        back = Refund.objects.filter(payment__user=person).count()
        held.refresh_from_db()
        assert paid == 2
        if held.status == SubscriptionStatus.CANCELLED:
            assert (held.paid_until, back) == (NOW.replace(month=9), 0)
        else:
            assert (held.status, back) == (SubscriptionStatus.EXPIRED, 1)


# --- two sign-ups of one person, paid at the same moment -----------------------------------------


def sign_up_both(make_plan: MakePlan, person: User, number: int) -> list[Subscription]:
    """Two plans of one rank, both chosen, both still to be paid."""
    plans = [make_plan(f"{name}-{number}", rank=number) for name in ("one", "two")]
    return [take(each, person) for each in plans]


def open_and_back(person: User) -> tuple[int, int]:
    """How many subscriptions are open, and how many refunds are on their way."""
    held = Subscription.objects.of(person.pk).opening(NOW).count()
    return held, Refund.objects.filter(payment__user=person).count()


def test_two_sign_ups_paid_at_once_open_one_and_give_the_other_s_money_back(
    crowd: MakeCrowd, make_plan: MakePlan, make_user: MakeUser
) -> None:
    clients = crowd(2)
    for number in range(1, ROUNDS + 1):
        person = make_user(f"two{number}@example.com")
        both = sign_up_both(make_plan, person, number)

        booked = clients.at_once([partial(sign_up, each) for each in both])

        assert not [each for each in booked if isinstance(each, Exception)]
        assert open_and_back(person) == (1, 1)
        refund = Refund.objects.get(payment__user=person)
        assert refund.amount == refund.payment.captured
        [other] = Subscription.objects.of(person.pk).exclude(status=SubscriptionStatus.ACTIVE)
        assert (other.status, other.payment) == (SubscriptionStatus.EXPIRED, refund.payment)
        assert other.agreement is not None
        assert other.agreement.wanted == Wanted.END_NOW


@pytest.mark.mariadb
def test_control_without_the_person_s_lock_both_are_open(
    monkeypatch: pytest.MonkeyPatch, crowd: MakeCrowd, make_plan: MakePlan, customer: User
) -> None:
    """Guard off, and both have looked for what is in the way before either is booked."""
    both = sign_up_both(make_plan, customer, 1)
    both_have_looked = threading.Barrier(2)
    really = delivering.standing_in_the_way

    def look_and_wait(**fields: Any) -> Subscription | None:
        found: Subscription | None = really(**fields)
        both_have_looked.wait(HELD_SECONDS)
        return found

    monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda self, **_: self)
    monkeypatch.setattr(delivering, "standing_in_the_way", look_and_wait)
    # What is in the way is given up right after; here both have gone past that point.
    monkeypatch.setattr(delivering, "take_place", lambda *args, **fields: [])

    crowd(2).at_once([partial(sign_up, each) for each in both])

    assert open_and_back(customer) == (2, 0)
