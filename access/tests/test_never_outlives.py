"""Access never outlives what grants it: whatever happens to a key counts at the next question.

Happenings come in any order and are done by the services that do them in life; after each the
decision is compared with what the rows by then say to the model.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import check_user_access
from access.hints import Ways
from access.models import Plan, Resource, Subscription
from access.states import SubscriptionStatus
from access.tests.conftest import MakeResource, MakeSubscription
from access.tests.model import Asks, Has, verdict
from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.queries import next_free_times, rooms_with_next_free
from bookings.services import block_slot, cancel_booking
from bookings.services.reschedule import move_by_staff
from bookings.states import BookingStatus
from common import clock
from common.errors import DomainError
from tests.infrastructure.events import EVENT_END, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.world import NOW, MakeBooking, MakeRoom, MakeSlot, book_slot
from tickets.models import Event, Ticket
from tickets.offers import offers_of
from tickets.queries import events_with_sale
from tickets.services import cancel_event, cancel_ticket
from tickets.states import EventStatus, TicketStatus

# The event and the booked time are at once, so that one moment lies in both.
BOTH = datetime(2026, 7, 18, 18, 0, tzinfo=UTC)


class World:
    """Somebody who has all three keys, somebody who has none, and what happens to them."""

    def __init__(
        self, owner: User, other: User, manager: User, resource: Resource, ticket: Ticket
    ) -> None:
        self.owner, self.other, self.manager = owner, other, manager
        self.resource, self.ticket_id = resource, ticket.pk
        self.booking_id = Booking.objects.get().pk
        self.subscription_id = Subscription.objects.get().pk

    def happen(self, what: str, at: datetime) -> None:
        """One thing, by the service that does it; refused where it makes no sense by then."""
        deed: Callable[[datetime], object] = getattr(self, f"_{what}")
        try:
            with transaction.atomic():
                deed(at)
        except DomainError:
            pass

    def _cancel_booking(self, at: datetime) -> None:
        cancel_booking(booking_id=self.booking_id, by=self.owner, at=NOW)

    def _give_back_ticket(self, at: datetime) -> None:
        cancel_ticket(ticket_id=self.ticket_id, by=self.owner, at=NOW)

    def _hand_ticket_on(self, at: datetime) -> None:
        Ticket.objects.filter(pk=self.ticket_id).update(user=self.other)

    def _check_in(self, at: datetime) -> None:
        self._scanned(TicketStatus.ACTIVE, TicketStatus.USED, is_inside=True)

    def _check_out(self, at: datetime) -> None:
        self._scanned(TicketStatus.USED, TicketStatus.USED, is_inside=False)

    def _scanned(self, before: str, after: str, *, is_inside: bool) -> None:
        rows = Ticket.objects.filter(pk=self.ticket_id, status=before)
        rows.update(status=after, is_inside=is_inside)

    def _cancel_event(self, at: datetime) -> None:
        event_id = Ticket.objects.get(pk=self.ticket_id).event_id
        cancel_event(event_id=event_id, by=self.manager, at=NOW)

    def _end_subscription(self, at: datetime) -> None:
        self._move(SubscriptionStatus.EXPIRED, at, at)

    def _cancel_subscription(self, at: datetime) -> None:
        self._move(SubscriptionStatus.CANCELLED, at, at + timedelta(minutes=30))

    def _payment_fails(self, at: datetime) -> None:
        self._move(SubscriptionStatus.PAST_DUE, at, at)

    def _renew(self, at: datetime) -> None:
        self._move(SubscriptionStatus.ACTIVE, at, at + timedelta(days=30))

    def _move(self, status: SubscriptionStatus, at: datetime, until: datetime) -> None:
        subscription = Subscription.objects.locked(self.subscription_id)
        subscription.move_to(status, at=at, paid_until=until)

    def has(self, person: User) -> Has:
        """What the rows say by now, read one by one."""
        subscription = Subscription.objects.get(pk=self.subscription_id)
        booking = Booking.objects.select_related("timeslot").get(pk=self.booking_id)
        ticket = Ticket.objects.select_related("event").get(pk=self.ticket_id)
        fields: dict[str, Any] = {}
        if subscription.user_id == person.pk:
            fields |= {
                "subscription": subscription.status,
                "rank": subscription.plan.rank,
                "open_until": subscription.access_until,
            }
        if booking.user_id == person.pk:
            slot = booking.timeslot
            fields |= {
                "booking": booking.status,
                "starts": slot.start_time,
                "ends": slot.end_time,
            }
        if ticket.user_id == person.pk:
            fields |= {
                "ticket": ticket.status,
                "is_inside": ticket.is_inside,
                "event": ticket.event.status,
                "valid_from": ticket.valid_from,
                "valid_until": ticket.valid_until,
            }
        return Has(**fields)

    def compare(self, at: datetime) -> None:
        for person in (self.owner, self.other):
            decision = check_user_access(person, self.resource, at)
            told = (decision.allowed, decision.granted_by, decision.until)
            asks = Asks(rank=1, room=True, event=True)
            assert told == verdict(self.has(person), asks, at), person


HAPPENINGS = (
    "cancel_booking",
    "give_back_ticket",
    "hand_ticket_on",
    "check_in",
    "check_out",
    "cancel_event",
    "end_subscription",
    "cancel_subscription",
    "payment_fails",
    "renew",
)


@pytest.fixture
def world(
    customer: User,
    stranger: User,
    manager: User,
    plan: Plan,
    make_booking: MakeBooking,
    event: Event,
    make_subscription: MakeSubscription,
    make_resource: MakeResource,
) -> World:
    booking = make_booking(status=BookingStatus.CONFIRMED, starts_at=BOTH)
    [ticket] = pay_order(buy(event, customer)).tickets.all()
    make_subscription(customer, plan, until=BOTH + timedelta(days=3))
    resource = make_resource(plan=plan, room=booking.room, event=event)
    return World(customer, stranger, manager, resource, ticket)


@contextmanager
def undone() -> Iterator[None]:
    """Each example finds the world as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(HAPPENINGS), st.integers(-90, 240)), min_size=1, max_size=8
    )
)
def test_whatever_happens_counts_at_the_next_question(
    world: World, steps: list[tuple[str, int]]
) -> None:
    with undone():
        for what, minutes in steps:
            at = BOTH + timedelta(minutes=minutes)
            world.happen(what, at)
            world.compare(at)
            world.compare(BOTH)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("booking", "cancel_booking"),
        ("ticket", "give_back_ticket"),
        ("ticket", "hand_ticket_on"),
        ("ticket", "cancel_event"),
        ("subscription", "end_subscription"),
    ],
)
def test_each_end_of_a_key_closes_what_it_alone_opened(world: World, key: str, what: str) -> None:
    """The examples that must not be left to chance."""
    for name, field in [("subscription", "plan"), ("booking", "room"), ("ticket", "event")]:
        if name != key:
            setattr(world.resource, field, None)
    world.resource.save()
    assert check_user_access(world.owner, world.resource, BOTH).granted_by == key

    world.happen(what, BOTH)

    assert not check_user_access(world.owner, world.resource, BOTH)
    if what == "hand_ticket_on":
        assert check_user_access(world.other, world.resource, BOTH).granted_by == "ticket"


def test_a_booking_that_is_moved_opens_its_new_time_and_not_the_old(
    customer: User,
    manager: User,
    make_booking: MakeBooking,
    make_slot: MakeSlot,
    make_resource: MakeResource,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, starts_at=BOTH)
    later = make_slot(room=booking.room, start=BOTH + timedelta(hours=3))
    resource = make_resource(room=booking.room)

    move_by_staff(booking_id=booking.pk, timeslot_id=later.pk, by=manager, at=NOW)

    assert not check_user_access(customer, resource, BOTH)
    assert check_user_access(customer, resource, later.start_time)


# --- The nights in which the clocks change ---------------------------------------------------


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [("2026-03-28T23:00:00+00:00", 5), ("2026-10-24T22:00:00+00:00", 7)],
    ids=["spring", "autumn"],
)
def test_an_hour_is_an_hour_in_the_night_when_the_clocks_change(
    make_user: Any,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    make_resource: MakeResource,
    midnight: str,
    hours: int,
) -> None:
    """Every hour of the night is somebody's; each may come in for just theirs and the margin."""
    room = make_room(timezone="Europe/Berlin", max_advance_days=365, hourly_rate=None)
    resource = make_resource(room=room)
    first = datetime.fromisoformat(midnight)
    people = []
    for number in range(hours):
        slot = make_slot(room=room, start=first + timedelta(hours=number), minutes=60)
        person = make_user(f"p{number}@example.com")
        at = slot.start_time - timedelta(days=2)
        book_slot(slot, person, at=at)
        people.append(person)
    assert Booking.objects.filter(status=BookingStatus.CONFIRMED).count() == hours
    zone = clock.zone("Europe/Berlin")
    local_end = (first + timedelta(hours=hours)).astimezone(zone)
    assert (local_end.hour, local_end.minute) == (6, 0)

    five, tick = timedelta(minutes=5), timedelta(microseconds=1)
    for number, person in enumerate(people):
        begins = first + timedelta(hours=number)
        for at, allowed in [
            (begins - five - tick, False),
            (begins - five, True),
            (begins + timedelta(hours=1) + five - tick, True),
            (begins + timedelta(hours=1) + five, False),
        ]:
            assert check_user_access(person, resource, at).allowed is allowed, (number, at)
        # Said by the room's own clock, in which 02:00 may come twice or not at all.
        decision = check_user_access(person, resource, first - timedelta(hours=2))
        assert f"{begins.astimezone(zone):%H:%M}" in decision.reason


# --- What is told to who is refused, against the queries it is a shorter form of -----------


def test_the_next_free_time_is_that_of_the_booking_pages(
    make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    rooms = [
        make_room(name=str(number), min_notice_minutes=notice, max_advance_days=days)
        for number, (notice, days) in enumerate([(0, 1), (60, 90), (525_600, 3650), (1, 8)])
    ]
    rooms += [make_room(name="empty"), make_room(name="off", is_active=False)]
    for room in rooms[:4] + rooms[5:]:
        for start in [
            NOW - timedelta(hours=1),
            NOW + timedelta(seconds=30),
            NOW + timedelta(minutes=60),
            NOW + timedelta(days=1),
            NOW + timedelta(days=8),
            NOW + timedelta(days=366),
        ]:
            make_slot(room=room, start=start, minutes=10)
    block_slot(
        slot_id=Timeslot.objects.get(room=rooms[0], start_time=NOW + timedelta(seconds=30)).pk,
        reason="painting",
    )

    for at in [NOW, NOW + timedelta(seconds=31), NOW + timedelta(days=2)]:
        found = {
            room.pk: vars(room)["next_free_at"]
            for room in rooms_with_next_free([room.pk for room in rooms], at)
        }
        active = rooms[:5]
        expected = next_free_times(active, at)
        assert found == {room.pk: expected.get(room.pk) for room in active}


@pytest.mark.parametrize("tiers", [None, "open", "early", "late", "off", "small", "group"])
@pytest.mark.parametrize("sold", [0, 9, 10])
def test_tickets_can_be_had_when_the_events_page_offers_some(
    make_event: MakeEvent, make_tier: MakeTier, tiers: str | None, sold: int
) -> None:
    event = make_event(max_participants=10, current_participants=sold)
    kinds: dict[str, dict[str, Any]] = {
        "open": {},
        "early": {"sales_start": NOW + timedelta(days=1)},
        "late": {"sales_end": NOW},
        "off": {"is_active": False},
        "small": {"quota": 3, "sold": 3},
        "group": {"min_per_order": 5},
    }
    if tiers is not None:
        make_tier(event, price=Decimal(5), **kinds[tiers])

    [found] = events_with_sale([event.pk], NOW)

    event = Event.objects.prefetch_related("tiers").get(pk=event.pk)
    offered = any(offer.can_be_had for offer in offers_of(event, at=NOW))
    assert vars(found)["is_to_be_had"] is offered


def test_events_that_are_over_or_not_announced_are_no_way_in(
    make_event: MakeEvent, make_resource: MakeResource
) -> None:
    for status in EventStatus:
        resource = make_resource(status, event=make_event(status=status))
        ways = Ways([resource], at=NOW).of(resource, besides=[])
        assert [way.kind for way in ways] == (["event"] if status == "published" else [])
        assert Ways([resource], at=EVENT_END).of(resource, besides=[]) == []
