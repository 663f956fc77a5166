"""The figures of some days: states, money as the ledger has it, how full the rooms were."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.models import Timeslot
from bookings.services import (
    block_slot,
    book_for_customer,
    cancel_booking,
    move_by_staff,
    set_status,
)
from bookings.states import BookingStatus
from bookings.statistics import booking_statistics
from payments.models import Refund
from payments.states import RefundState
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    book_slot,
    pay,
)

NONE = dict.fromkeys(BookingStatus.values, 0)


def test_nothing_booked(db: None) -> None:
    assert booking_statistics() == {
        "total": 0,
        "by_status": NONE,
        "revenue": {
            "currency": "USD",
            "captured": Decimal(0),
            "refunded": Decimal(0),
            "net": Decimal(0),
            "due": Decimal(0),
        },
        "occupancy": {"places": 0, "taken": 0, "rate": None},
    }


def test_states_money_and_places(
    customer: User,
    stranger: User,
    front_desk: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
) -> None:
    room = make_room()
    slots = [
        make_slot(room=room, start=START + timedelta(hours=hour), price=Decimal(80), max_bookings=2)
        for hour in range(4)
    ]
    pay(book_slot(slots[0], customer))
    cancelled = pay(book_slot(slots[0], stranger))
    cancel_booking(booking_id=cancelled.pk, by=stranger, at=START - timedelta(hours=7))
    book_slot(slots[1], customer)
    book_for_customer(
        user_id=stranger.pk, timeslot_id=slots[1].pk, by=front_desk, at=NOW, payment_due=True
    )
    missed = pay(book_slot(slots[2], customer))
    set_status(
        booking_id=missed.pk,
        status=BookingStatus.NO_SHOW,
        by=front_desk,
        at=START + timedelta(hours=3),
    )
    # Closed: nobody can take its second place any more. The last one is closed and empty.
    block_slot(slot_id=slots[2].pk, reason="painting")
    block_slot(slot_id=slots[3].pk, reason="painting")

    assert booking_statistics() == {
        "total": 5,
        "by_status": NONE | {"pending": 1, "confirmed": 2, "cancelled": 1, "no_show": 1},
        "revenue": {
            "currency": "USD",
            "captured": Decimal(240),
            "refunded": Decimal(40),
            "net": Decimal(200),
            "due": Decimal(80),
        },
        "occupancy": {"places": 5, "taken": 4, "rate": Decimal("0.8000")},
    }


def test_several_refunds_of_one_payment_are_added_up_and_failed_ones_are_not(
    make_booking: MakeBooking, make_slot: MakeSlot, manager: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price=80)
    for hours, price in ((1, 70), (2, 40)):
        cheaper = make_slot(
            room=booking.room, start=START + timedelta(hours=hours), price=Decimal(price)
        )
        move_by_staff(booking_id=booking.pk, timeslot_id=cheaper.pk, by=manager, at=NOW)

    before = booking_statistics()["revenue"]
    Refund.objects.filter(amount=10).update(status=RefundState.FAILED)
    after = booking_statistics()["revenue"]

    assert before == {
        "currency": "USD",
        "captured": Decimal(80),
        "refunded": Decimal(40),
        "net": Decimal(40),
        "due": Decimal(0),
    }
    assert after == before | {"refunded": Decimal(30), "net": Decimal(50)}


def test_days_are_those_of_each_room(
    customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    # 9 July, 23:00 in New York; 10 July, 05:00 in Berlin.
    night = START + timedelta(hours=18)
    york = make_room(name="York", timezone="America/New_York")
    berlin = make_room(name="Berlin")
    for room in (york, berlin):
        book_slot(make_slot(room=room, start=night), customer)

    def found(since: str | None, until: str | None, room_id: int | None = None) -> tuple[int, int]:
        told = booking_statistics(
            since=date.fromisoformat(since) if since else None,
            until=date.fromisoformat(until) if until else None,
            room_id=room_id,
        )
        return told["total"], told["occupancy"]["taken"]

    assert found(None, None) == (2, 2)
    assert found("2026-07-09", "2026-07-09") == (1, 1)
    assert found("2026-07-09", "2026-07-09", berlin.pk) == (0, 0)
    assert found("2026-07-09", "2026-07-09", york.pk) == (1, 1)
    assert found("2026-07-10", None) == (1, 1)
    assert found(None, "2026-07-10", york.pk) == (1, 1)
    assert found(None, "2026-07-08") == (0, 0)
    assert found(None, None, 10**6) == (0, 0)


@pytest.mark.parametrize("day", [None, START.date()])
def test_thirty_cost_as_much_as_one(
    settings: Settings, make_booking: MakeBooking, day: date | None
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 100

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            booking_statistics(since=day, until=day)
        return len(queries)

    room = make_booking(status=BookingStatus.CONFIRMED).room
    one = cost()
    for number in range(1, 30):
        slot = Timeslot.objects.create(
            room=room,
            start_time=START + timedelta(minutes=30 * number),
            end_time=START + timedelta(minutes=30 * number + 30),
            price=Decimal(9),
        )
        make_booking(status=BookingStatus.CONFIRMED, slot=slot)

    assert cost() == one <= 7
