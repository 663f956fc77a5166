"""Every state of subscription, booking and ticket, at every bound, by every combination of rules.

What is decided from rows is compared with access/tests/model.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations, product

import pytest

from access import decide_all
from access.models import Plan, Resource, Subscription
from access.states import SubscriptionStatus
from access.tests.model import MARGIN, Asks, Has, verdict
from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.states import BookingStatus
from tests.infrastructure.events import MakeEvent
from tests.infrastructure.plans import MakePlan
from tests.infrastructure.world import MakeRoom
from tickets.models import Event, Ticket, TicketOrder
from tickets.states import EventStatus, OrderStatus, TicketStatus

# All rights open at one moment and close at another, so that six moments see every bound.
OPENS = datetime.fromisoformat("2026-07-18T17:00:00+00:00")
CLOSES = datetime.fromisoformat("2026-07-18T21:00:00+00:00")
TICK = timedelta(microseconds=1)
MOMENTS = (
    OPENS - TICK,
    OPENS,
    OPENS + timedelta(hours=1),
    CLOSES - TICK,
    CLOSES,
    CLOSES + TICK,
)
RANK = 2
PLAN_RANKS = (None, 1, 2, 3)

SUBSCRIPTIONS = (
    Has(),
    *(Has(subscription=status, rank=RANK, open_until=CLOSES) for status in SubscriptionStatus),
    Has(subscription=SubscriptionStatus.ACTIVE, rank=RANK, open_until=None),
    Has(subscription=SubscriptionStatus.EXPIRED, rank=RANK, open_until=None),
)
BOOKINGS = (
    Has(),
    *(Has(booking=status, starts=OPENS + MARGIN, ends=CLOSES - MARGIN) for status in BookingStatus),
)
TICKETS = (
    Has(),
    *(
        Has(
            ticket=status,
            is_inside=is_inside,
            event=event,
            valid_from=OPENS,
            valid_until=CLOSES,
        )
        for status, is_inside, event in [
            *product(TicketStatus, [False], [EventStatus.PUBLISHED]),
            (TicketStatus.USED, True, EventStatus.PUBLISHED),
            *product([TicketStatus.ACTIVE], [False], set(EventStatus) - {EventStatus.PUBLISHED}),
            (TicketStatus.USED, True, EventStatus.CANCELLED),
            (TicketStatus.USED, True, EventStatus.COMPLETED),
        ]
    ),
)


def together(subscription: Has, booking: Has, ticket: Has) -> Has:
    return replace(
        subscription,
        booking=booking.booking,
        starts=booking.starts,
        ends=booking.ends,
        ticket=ticket.ticket,
        is_inside=ticket.is_inside,
        event=ticket.event,
        valid_from=ticket.valid_from,
        valid_until=ticket.valid_until,
    )


class Table:
    """Rows for people who have this and that, and resources that ask for one thing or another."""

    def __init__(self, make_plan: MakePlan, make_room: MakeRoom, make_event: MakeEvent) -> None:
        self.plans = {rank: make_plan(f"rank-{rank}", rank=rank) for rank in (1, 2, 3)}
        self.room, self.other_room = make_room(), make_room(name="Another")
        self.events = {status: make_event(status=status) for status in EventStatus}
        self.other_event = make_event(name="Another")
        self.resources: dict[str, list[tuple[Resource, Asks]]] = {}
        for status, event in self.events.items():
            self.resources[status] = list(self._resources(status, event))

    def _resources(self, status: str, event: Event) -> Iterator[tuple[Resource, Asks]]:
        both = (False, True)
        named = list(product(PLAN_RANKS, both, both))
        # Other rooms and events than those that people have; and one that is open to everybody.
        others = [(None, self.other_room, None), (None, None, self.other_event)]
        rows = [
            (rank, self.room if room else None, event if of else None, False)
            for rank, room, of in named
        ]
        rows += [(rank, room, of, False) for rank, room, of in others]
        rows += [(3, self.other_room, self.other_event, False), (None, None, None, True)]
        for number, (rank, room, of, public) in enumerate(rows):
            asks = Asks(public=public, rank=rank, room=room == self.room, event=of == event)
            resource = Resource(
                slug=f"{status}-{number}",
                title=str(number),
                is_public=public,
                plan=None if rank is None else self.plans[rank],
                room=room,
                event=of,
            )
            yield resource, asks

    def people(self, cases: list[Has]) -> list[User]:
        """Somebody for each of these; they hold exactly that."""
        User.objects.bulk_create([User(email=f"p{n}@example.com") for n in range(len(cases))])
        found = list(User.objects.filter(email__startswith="p").order_by("pk"))
        slots: dict[tuple[datetime, datetime], Timeslot] = {}
        orders: dict[str, TicketOrder] = {
            status: TicketOrder.objects.create(
                user=found[0],
                event=event,
                ticket_type="standard",
                quantity=1,
                unit_price=Decimal(0),
                amount=Decimal(0),
                currency="USD",
                status=OrderStatus.PAID,
            )
            for status, event in self.events.items()
        }
        subscriptions, bookings, tickets = [], [], []
        for person, has in zip(found, cases, strict=True):
            if has.subscription:
                subscriptions.append(self._subscription(person, has, self.plans[has.rank]))
            if has.booking:
                bookings.append(self._booking(person, has, slots))
            if has.ticket:
                tickets.append(self._ticket(person, has, orders[has.event]))
        Subscription.objects.bulk_create(subscriptions)
        Booking.objects.bulk_create(bookings)
        Ticket.objects.bulk_create(tickets)
        return found

    def _subscription(self, person: User, has: Has, plan: Plan) -> Subscription:
        return Subscription(
            user=person,
            plan=plan,
            status=has.subscription,
            price=plan.price,
            currency="USD",
            interval=plan.interval,
            access_until=has.open_until,
        )

    def _booking(
        self, person: User, has: Has, slots: dict[tuple[datetime, datetime], Timeslot]
    ) -> Booking:
        span = (has.starts, has.ends)
        if span not in slots:
            slots[span] = Timeslot.objects.create(
                room=self.room, start_time=has.starts, end_time=has.ends, max_bookings=10_000
            )
        return Booking(
            user=person,
            room=self.room,
            timeslot=slots[span],
            status=has.booking,
            price=Decimal(0),
            currency="USD",
        )

    def _ticket(self, person: User, has: Has, order: TicketOrder) -> Ticket:
        return Ticket(
            user=person,
            event=order.event,
            order=order,
            status=has.ticket,
            is_inside=has.is_inside,
            price_paid=Decimal(0),
            valid_from=has.valid_from,
            valid_until=has.valid_until,
        )

    def compare(self, person: User, has: Has, moments: tuple[datetime, ...]) -> int:
        """How many decisions about what this person has agree with the model: all of them."""
        rows = self.resources[has.event or EventStatus.PUBLISHED]
        for at in moments:
            found = decide_all(person, [resource for resource, _ in rows], at, with_hints=False)
            for decision, (_, asks) in zip(found, rows, strict=True):
                told = (decision.allowed, decision.granted_by, decision.until)
                assert told == verdict(has, asks, at), (has, asks, at)
        return len(rows) * len(moments)


@pytest.fixture
def table(make_plan: MakePlan, make_room: MakeRoom, make_event: MakeEvent) -> Table:
    return Table(make_plan, make_room, make_event)


@pytest.mark.parametrize("part", range(2))
def test_rows_decide_as_the_contract_does(table: Table, part: int) -> None:
    everything = [together(*parts) for parts in product(SUBSCRIPTIONS, BOOKINGS, TICKETS)]
    cases = everything[part::2]
    people = table.people(cases)

    cells = sum(
        table.compare(person, has, MOMENTS) for person, has in zip(people, cases, strict=True)
    )

    assert cells == len(cases) * len(MOMENTS) * (4 * 2 * 2 + 4)
    assert len(everything) == 9 * 6 * 12


def test_the_right_that_ends_last_is_named(table: Table) -> None:
    ends = [CLOSES, CLOSES + timedelta(hours=1), CLOSES + timedelta(hours=2)]
    cases = [
        Has(
            subscription="active",
            rank=RANK,
            open_until=first,
            booking="confirmed",
            # No two begin together: a room has one time at a time.
            starts=OPENS + MARGIN - (second - CLOSES),
            ends=second - MARGIN,
            ticket="active",
            event="published",
            valid_from=OPENS,
            valid_until=third,
        )
        for first, second, third in permutations(ends)
    ]
    moments = tuple(end + step for end in ends for step in (-TICK, timedelta(0), TICK))

    for person, has in zip(table.people(cases), cases, strict=True):
        table.compare(person, has, moments)


def test_what_somebody_else_has_opens_nothing(table: Table, stranger: User) -> None:
    table.people([together(*parts) for parts in product(SUBSCRIPTIONS, BOOKINGS, TICKETS)][::37])

    table.compare(stranger, Has(), MOMENTS)


def test_names_that_are_empty_never_match(table: Table, make_plan: MakePlan) -> None:
    """A resource that names nothing stays closed to who has everything."""
    everything = together(SUBSCRIPTIONS[-2], BOOKINGS[2], TICKETS[1])
    [person] = table.people([everything])
    nothing = Resource(slug="nothing", title="Nothing")

    [decision] = decide_all(person, [nothing], OPENS, with_hints=False)

    assert verdict(everything, Asks(rank=RANK, room=True, event=True), OPENS)[0]
    assert (decision.allowed, decision.code) == (False, "closed")


def test_several_of_a_kind_count_by_the_one_that_opens_longest(table: Table) -> None:
    first = Has(booking="confirmed", starts=OPENS, ends=OPENS + timedelta(hours=1))
    [person] = table.people([first])
    later = Timeslot.objects.create(
        room=table.room,
        start_time=OPENS + timedelta(hours=1),
        end_time=OPENS + timedelta(hours=2),
    )
    Booking.objects.create(
        user=person,
        room=table.room,
        timeslot=later,
        status="confirmed",
        price=Decimal(0),
        currency="USD",
    )
    resource = Resource(slug="r", title="R", room=table.room)

    # Between the two the margins overlap: there is no gap, and the later end counts.
    for minutes, until in [(50, 65), (55, 125), (65, 125), (124, 125)]:
        at = OPENS + timedelta(minutes=minutes)
        [decision] = decide_all(person, [resource], at)
        assert decision.until == OPENS + timedelta(minutes=until), minutes
