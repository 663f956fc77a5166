"""May this person open this resource: the decision, its words, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from access import check_user_access, decide_all
from access.models import Resource
from access.states import SubscriptionStatus
from access.tests.conftest import MakeResource, MakeSubscription
from accounts.models import User
from bookings.models import Room
from bookings.states import BookingStatus
from tests.infrastructure.events import DOORS, EVENT_END, MakeEvent, buy, pay_order
from tests.infrastructure.plans import MakePlan
from tests.infrastructure.world import NOW, START, MakeBooking, MakeSlot, MakeUser
from tickets.models import Event

ANYBODY = AnonymousUser()


def test_what_is_public_is_open_to_everybody_without_a_query(
    customer: User,
    make_resource: MakeResource,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    resource = make_resource(is_public=True)

    with django_assert_num_queries(0):
        for person in (ANYBODY, customer):
            decision = check_user_access(person, resource, NOW)

            assert (decision.allowed, decision.granted_by, decision.until) == (True, "public", None)


def test_what_names_no_key_is_closed_to_all_but_staff(
    customer: User,
    keeper: User,
    front_desk: User,
    scanner: User,
    make_resource: MakeResource,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    resource = make_resource()

    with django_assert_num_queries(0):
        for person in (ANYBODY, customer):
            decision = check_user_access(person, resource, NOW)

            assert (decision.allowed, decision.code) == (False, "closed")
            assert decision.would_grant == ()
    assert check_user_access(keeper, resource, NOW).granted_by == "staff"
    assert not check_user_access(front_desk, resource, NOW)
    assert not check_user_access(scanner, resource, NOW)


def test_a_decision_is_one_query_however_little_is_known_of_the_resource(
    customer: User,
    make_plan: MakePlan,
    make_subscription: MakeSubscription,
    make_resource: MakeResource,
    make_room: Any,
    event: Event,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    plan = make_plan()
    make_subscription(customer, plan, until=NOW + timedelta(days=3))
    made = make_resource(plan=plan, room=make_room(), event=event)
    resource = Resource.objects.get(pk=made.pk)

    with django_assert_num_queries(1):
        decision = check_user_access(customer, resource, NOW)

    assert decision.allowed
    assert (decision.granted_by, decision.until) == ("subscription", NOW + timedelta(days=3))
    assert decision.reason == "Open to you with Basic."


def test_a_booking_opens_its_room_a_little_longer_than_it_lasts(
    customer: User, stranger: User, make_booking: MakeBooking, make_resource: MakeResource
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    resource = make_resource(room=booking.room)
    opens, closes = START - timedelta(minutes=5), START + timedelta(minutes=35)
    tick = timedelta(microseconds=1)

    for at, allowed in [
        (opens - tick, False),
        (opens, True),
        (closes - tick, True),
        (closes, False),
    ]:
        assert check_user_access(customer, resource, at).allowed is allowed
        assert not check_user_access(stranger, resource, at)
    decision = check_user_access(customer, resource, START)
    assert (decision.granted_by, decision.until) == ("booking", closes)
    assert decision.reason == "Open to you until Thu 9 July, 11:35: your booking."


def test_a_ticket_opens_its_event_from_doors_to_the_end(
    customer: User, event: Event, make_resource: MakeResource
) -> None:
    pay_order(buy(event, customer))
    resource = make_resource(event=event)
    tick = timedelta(microseconds=1)

    for at, allowed in [
        (DOORS - tick, False),
        (DOORS, True),
        (EVENT_END, True),
        (EVENT_END + tick, False),
    ]:
        assert check_user_access(customer, resource, at).allowed is allowed
    assert check_user_access(customer, resource, DOORS).until == EVENT_END


def test_the_right_that_lasts_longest_is_named(
    customer: User,
    make_plan: MakePlan,
    make_subscription: MakeSubscription,
    make_booking: MakeBooking,
    make_resource: MakeResource,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    plan = make_plan()
    subscription = make_subscription(customer, plan, until=START + timedelta(minutes=1))
    resource = make_resource(plan=plan, room=booking.room)

    assert check_user_access(customer, resource, START).granted_by == "booking"
    subscription.access_until = None
    subscription.save()
    decision = check_user_access(customer, resource, START)
    assert (decision.granted_by, decision.until) == ("subscription", None)


def test_a_refusal_says_what_would_open_it(
    customer: User,
    make_plan: MakePlan,
    make_slot: MakeSlot,
    room: Room,
    event: Event,
    make_resource: MakeResource,
) -> None:
    make_slot(room=room)
    resource = make_resource(plan=make_plan(trial_days=14), room=room, event=event)

    decision = check_user_access(customer, resource, NOW)

    assert (decision.allowed, decision.code, decision.until) == (False, "no_right", None)
    assert decision.reason == (
        "This is open with the plan Basic, a booked time in Dr Weber, while it lasts or "
        "a ticket for Summer concert, while it is valid."
    )
    assert [(hint.kind, hint.label, hint.text) for hint in decision.would_grant] == [
        ("plan", "Get Basic", "10.00 USD a month; 14 days for trial"),
        ("room", "Book Dr Weber", "Next free: Thu 9 July, 11:00"),
        ("event", "Tickets for Summer concert", "Sat 18 July, 20:00"),
    ]
    assert [hint.url for hint in decision.would_grant[1:]] == [
        f"/bookings/new?room={room.pk}",
        f"/events/{event.pk}",
    ]


def test_strangers_are_told_the_same_but_nothing_personal(
    make_plan: MakePlan, make_resource: MakeResource
) -> None:
    resource = make_resource(plan=make_plan())

    decision = check_user_access(ANYBODY, resource, NOW)

    assert (decision.allowed, decision.code) == (False, "signed_out")
    assert decision.reason == "Sign in: this is open with the plan Basic."
    assert [hint.kind for hint in decision.would_grant] == ["plan"]


def test_who_holds_something_that_is_still_to_come_is_told_when(
    customer: User,
    make_booking: MakeBooking,
    event: Event,
    make_resource: MakeResource,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    pay_order(buy(event, customer))
    resource = make_resource(room=booking.room, event=event)

    decision = check_user_access(customer, resource, NOW)

    assert decision.code == "not_yet"
    assert decision.reason == (
        "Your booking starts on Thu 9 July, 11:00: it opens on Thu 9 July, 10:55."
    )
    assert [(hint.kind, hint.text) for hint in decision.would_grant] == [
        ("booking", decision.reason),
        ("ticket", "Your ticket is valid from Sat 18 July, 19:00 on."),
        ("room", "Nothing is free at the moment"),
    ]


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        ("pending", "unpaid", "Your subscription Basic isn't paid yet."),
        ("past_due", "unpaid", "A payment for your subscription Basic has failed."),
        ("cancelled", "ended", "Your subscription Basic has ended on Wed 1 Jul 2026."),
        ("expired", "ended", "Your subscription Basic has ended on Wed 1 Jul 2026."),
    ],
)
def test_who_has_a_subscription_that_opens_nothing_is_told_why(
    customer: User,
    make_plan: MakePlan,
    make_subscription: MakeSubscription,
    make_resource: MakeResource,
    status: str,
    code: str,
    text: str,
) -> None:
    plan = make_plan()
    over = NOW - timedelta(days=1)
    make_subscription(customer, plan, SubscriptionStatus(status), until=over)

    decision = check_user_access(customer, make_resource(plan=plan), NOW)

    assert (decision.allowed, decision.code, decision.reason) == (False, code, text)
    kinds = [hint.kind for hint in decision.would_grant]
    assert kinds == (["subscription"] if code == "unpaid" else ["subscription", "plan"])


def test_a_plan_that_is_no_longer_sold_is_replaced_by_the_next_that_includes_it(
    customer: User, make_plan: MakePlan, make_resource: MakeResource
) -> None:
    old = make_plan("old", rank=2, is_active=False)
    make_plan("small", rank=1)
    make_plan("large", rank=5)
    make_plan("medium", rank=3)

    decision = check_user_access(customer, make_resource(plan=old), NOW)

    assert [hint.label for hint in decision.would_grant] == ["Get Medium"]


def test_who_is_switched_off_has_no_right(
    make_user: MakeUser,
    make_plan: MakePlan,
    make_subscription: MakeSubscription,
    make_resource: MakeResource,
) -> None:
    person = make_user("off@example.com", is_active=False, is_staff=True, is_superuser=True)
    plan = make_plan()
    make_subscription(person, plan)

    assert not check_user_access(person, make_resource(plan=plan), NOW)


@pytest.mark.parametrize("count", [1, 50])
def test_a_list_is_decided_in_four_queries(
    customer: User,
    make_plan: MakePlan,
    make_room: Any,
    make_slot: MakeSlot,
    make_event: MakeEvent,
    make_tier: Any,
    make_resource: MakeResource,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for number in range(count):
        room, event = make_room(name=f"Room {number}"), make_event(name=f"Event {number}")
        make_slot(room=room)
        make_tier(event)
        make_resource(
            f"r{number}", plan=make_plan(f"p{number}", rank=number + 1), room=room, event=event
        )
    resources = list(Resource.objects.order_by("pk"))

    with django_assert_num_queries(4):
        found = decide_all(customer, resources, NOW)

    assert [decision.allowed for decision in found] == [False] * count
    assert {len(decision.would_grant) for decision in found} == {3}
    with django_assert_num_queries(1):
        assert decide_all(customer, resources, NOW, with_hints=False)
    with django_assert_num_queries(3):
        assert decide_all(ANYBODY, resources, NOW)
