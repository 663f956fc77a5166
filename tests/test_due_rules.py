"""Every rule of the clock at its bounds, in zones with daylight saving, on both switch days.

One table: when the thing is due (an instant that falls on a switch day), what does it, and what
is seen of it. A second before the bound nothing happens; at it (or a second after, where a rule
says 'until') it does, and doing it again changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from bookings.models import Booking
from bookings.services import complete_past as complete_bookings
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from notifications.reminders import remind
from payments.models import Payment
from payments.services import lapse
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.world import MakeRoom, MakeSlot, book_slot, pay
from tickets.models import Event, Ticket
from tickets.services import complete_past as complete_events
from tickets.services import expire_tickets

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

# Local times around the switch: the hour that is left out in spring, the one that comes twice.
MOMENTS = [
    pytest.param(zone, local, fold, id=f"{name}-{zone.split('/')[1]}")
    for name, zone, local, fold in [
        ("before-spring", "Europe/Berlin", "2027-03-28T01:59", 0),
        ("after-spring", "Europe/Berlin", "2027-03-28T03:00", 0),
        ("first-autumn-hour", "Europe/Berlin", "2026-10-25T02:30", 0),
        ("second-autumn-hour", "Europe/Berlin", "2026-10-25T02:30", 1),
        ("evening-of-autumn", "Europe/Berlin", "2026-10-25T20:00", 0),
        ("before-spring", "America/New_York", "2027-03-14T01:59", 0),
        ("second-autumn-hour", "America/New_York", "2026-11-01T01:30", 1),
    ]
]


@dataclass
class World:
    make_event: MakeEvent
    make_room: MakeRoom
    make_slot: MakeSlot
    customer: User


@dataclass
class Due:
    """What happens by the clock: `run` says how many it did."""

    run: Callable[[datetime], int]
    seen: Callable[[], Any]
    before: Any
    after: Any
    # Some rules hold until and including their bound.
    is_inclusive: bool = False


def _hold_lapses(world: World, due: datetime, zone: str) -> Due:
    slot = world.make_slot(room=world.make_room(timezone=zone), start=due + DAY, price=80)
    booking = book_slot(slot, world.customer, at=due - timedelta(minutes=15))
    payment_id = booking.payment_id
    assert payment_id is not None

    def run(at: datetime) -> int:
        before = Payment.objects.get().status
        lapse(payment_id=payment_id, at=at)
        return int(Payment.objects.get().status != before)

    return Due(run, lambda: Booking.objects.get().status, "pending", "cancelled")


def _booking_is_completed(world: World, due: datetime, zone: str) -> Due:
    ends = due - timedelta(minutes=30)
    slot = world.make_slot(
        room=world.make_room(timezone=zone), start=ends - timedelta(hours=1), minutes=60, price=80
    )
    pay(book_slot(slot, world.customer, at=due - 2 * DAY), at=due - 2 * DAY)
    return Due(
        lambda at: complete_bookings(at=at),
        lambda: Booking.objects.get().status,
        BookingStatus.CONFIRMED,
        BookingStatus.COMPLETED,
    )


def _event(world: World, zone: str, *, start: datetime, end: datetime) -> Event:
    event = world.make_event(start_date=start, end_date=end, timezone=zone)
    at = start - 3 * DAY
    pay_order(buy(event, world.customer, at=at), at=at)
    return event


def _event_is_completed(world: World, due: datetime, zone: str) -> Due:
    _event(world, zone, start=due - timedelta(hours=3), end=due)
    return Due(
        lambda at: complete_events(at=at),
        lambda: Event.objects.get().status,
        "published",
        "completed",
    )


def _ticket_expires(world: World, due: datetime, zone: str) -> Due:
    _event(world, zone, start=due - timedelta(hours=3), end=due)
    return Due(
        lambda at: expire_tickets(at=at),
        lambda: Ticket.objects.get().status,
        "active",
        "expired",
        is_inclusive=True,
    )


def _booking_is_reminded_of(world: World, due: datetime, zone: str) -> Due:
    slot = world.make_slot(room=world.make_room(timezone=zone), start=due + DAY, price=80)
    pay(book_slot(slot, world.customer, at=due - 2 * DAY), at=due - 2 * DAY)
    return Due(lambda at: remind(at=at), _reminders, [], ["booking_reminder"])


def _event_is_reminded_of(world: World, due: datetime, zone: str) -> Due:
    _event(world, zone, start=due + DAY, end=due + DAY + timedelta(hours=3))
    return Due(lambda at: remind(at=at), _reminders, [], ["event_reminder"])


def _reminders() -> list[str]:
    mails = OutgoingMail.objects.filter(kind__endswith="_reminder")
    return list(mails.values_list("kind", flat=True))


RULES = [
    _hold_lapses,
    _booking_is_completed,
    _event_is_completed,
    _ticket_expires,
    _booking_is_reminded_of,
    _event_is_reminded_of,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__.strip("_"))
@pytest.mark.parametrize(("zone", "local", "fold"), MOMENTS)
def test_not_a_second_early_and_not_twice(
    rule: Callable[[World, datetime, str], Due],
    zone: str,
    local: str,
    fold: int,
    make_event: MakeEvent,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    customer: User,
) -> None:
    due = (
        datetime.fromisoformat(local)
        .replace(tzinfo=ZoneInfo(zone), fold=fold)
        .astimezone(ZoneInfo("UTC"))
    )
    case = rule(World(make_event, make_room, make_slot, customer), due, zone)
    bound = due + SECOND if case.is_inclusive else due

    assert case.run(bound - SECOND) == 0
    assert case.seen() == case.before
    assert case.run(bound) == 1
    assert case.seen() == case.after
    assert case.run(bound + SECOND) == 0
    assert case.seen() == case.after
