"""May this person come in: the decision beside its one query, with few and with many rows around.

In one process, by turns, so whatever else the machine does hits both alike.
"""

import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import check_user_access, decide_all
from access.models import Plan, Resource, Subscription
from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from tickets.models import Event, Ticket, TicketOrder

ROUNDS = 300
WARM_UP = 20
SIZES = (1_000, 100_000)
LIST = 50
# What the person has who is measured: a year of a busy customer.
OWN = 40
BATCH = 5_000


class World:
    """A shop that grows; everybody has a subscription, a booking and a ticket."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.filled = 0
        self.plan = Plan.objects.create(slug="plan", name="Plan", price=10, rank=2)
        self.rooms = [
            Room.objects.create(name=f"Room {number}", room_type="meeting")
            for number in range(LIST)
        ]
        self.events = [
            Event.objects.create(
                name=f"Event {number}",
                event_type="other",
                start_date=at - timedelta(hours=1),
                end_date=at + timedelta(hours=number + 1),
                status="published",
            )
            for number in range(LIST)
        ]
        self.slots = [
            Timeslot.objects.create(
                room=room,
                start_time=at + timedelta(hours=hour),
                end_time=at + timedelta(hours=hour + 1),
                max_bookings=10_000,
            )
            for room in self.rooms
            for hour in range(-20, 5)
        ]
        self.measured = User.objects.create_user("measured@example.com")
        self.orders = [
            TicketOrder.objects.create(
                user=self.measured,
                event=event,
                ticket_type="standard",
                quantity=1,
                unit_price=0,
                amount=0,
                currency="USD",
                status="paid",
            )
            for event in self.events
        ]
        self.resources = [
            Resource.objects.create(
                slug=f"r{number}",
                title=f"R {number}",
                plan=self.plan,
                room=self.rooms[number],
                event=self.events[number],
            )
            for number in range(LIST)
        ]
        self._own()

    def _own(self) -> None:
        person = self.measured.pk
        for number in range(OWN):
            slot, order = self.slots[number * 7 % len(self.slots)], self.orders[number % LIST]
            Booking.objects.bulk_create([self._booking(person, slot)])
            Ticket.objects.bulk_create([self._ticket(person, order)])
        Subscription.objects.bulk_create([self._subscription(person)])

    def fill(self, upto: int) -> None:
        """So many rows of each kind, of other people."""
        while self.filled < upto:
            count = min(BATCH, upto - self.filled)
            numbers = range(self.filled, self.filled + count)
            User.objects.bulk_create([User(email=f"p{number}@example.com") for number in numbers])
            found = User.objects.filter(email__startswith="p").order_by("-pk")[:count]
            people = list(found.values_list("pk", flat=True))
            Subscription.objects.bulk_create(self._subscription(person) for person in people)
            Booking.objects.bulk_create(
                self._booking(person, self.slots[person % len(self.slots)]) for person in people
            )
            Ticket.objects.bulk_create(
                self._ticket(person, self.orders[person % LIST]) for person in people
            )
            self.filled += count
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE TABLE subscriptions, bookings, tickets, timeslots, events")
            cursor.fetchall()

    def _subscription(self, person: int) -> Subscription:
        return Subscription(
            user_id=person,
            plan=self.plan,
            status="active",
            price=10,
            currency="USD",
            interval="month",
            access_until=self.at + timedelta(days=20),
        )

    def _booking(self, person: int, slot: Timeslot) -> Booking:
        return Booking(
            user_id=person,
            room_id=slot.room_id,
            timeslot=slot,
            status="confirmed",
            price=Decimal(0),
            currency="USD",
        )

    def _ticket(self, person: int, order: TicketOrder) -> Ticket:
        return Ticket(
            user_id=person,
            event_id=order.event_id,
            order=order,
            price_paid=Decimal(0),
            valid_from=self.at - timedelta(hours=1),
            valid_until=self.at + timedelta(hours=1),
        )


def measure() -> None:
    """Print what a decision takes beside its bare query, at each size, and by which indexes."""
    at = timezone.now()
    world = World(at)
    one = world.resources[0]
    print("Decisions by rows in subscriptions, bookings and tickets, each; ms, medians of rounds\n")
    heads = ("one", "its SQL alone", "ratio", "refused", "fifty", "by their SQL")
    print(f"  {'':>8}" + "".join(f"{head:>15}" for head in heads))
    for size in SIZES:
        world.fill(size)
        stranger = User.objects.order_by("pk").last()
        assert stranger is not None
        Subscription.objects.filter(user=stranger).delete()
        decide = partial(check_user_access, world.measured, one, at)
        refuse = partial(check_user_access, stranger, one, at)
        several = partial(decide_all, world.measured, world.resources, at)
        sql, sql_of_several = _sql(decide), _sql(several)
        times = _by_turns([decide, _bare(sql), refuse, several, _bare(sql_of_several)])
        own, bare, refused, listed, bare_list = (statistics.median(each) * 1000 for each in times)
        figures = (own, bare, own / bare, refused, listed, listed / bare_list)
        shown = "".join(f"{figure:>15.2f}" for figure in figures)
        print(f"  {size:>8,}{shown}", flush=True)
    counts = f"one {len(sql)}, refused {len(_sql(refuse))}, {LIST} of them {len(sql_of_several)}"
    print(f"\nStatements: {counts}")
    print("How the database goes about the one, at its largest")
    for line in _explained(sql[0]):
        print(f"  {line}")
    connection.close()


Work = Callable[[], Any]


def _sql(work: Work) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [query["sql"] for query in queries.captured_queries]


def _bare(statements: list[str]) -> Work:
    """The same words to the database, and nothing made of the answer."""

    def ask() -> None:
        with connection.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                cursor.fetchall()

    return ask


def _by_turns(works: list[Work]) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in works]
    for round_number in range(ROUNDS + WARM_UP):
        for work, own in zip(works, times, strict=True):
            began = time.perf_counter()
            work()
            if round_number >= WARM_UP:
                own.append(time.perf_counter() - began)
    return times


def _explained(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        f"{row['table'] or '':<14}{row['type'] or '':<10}{row['key'] or '':<28}"
        f"{row['rows'] or '':>6} rows"
        for row in rows
    ]
