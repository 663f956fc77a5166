"""A list costs as many queries with thirty rows as with one."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.models import Room
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from tests.infrastructure.api import Api, MakeApi
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
)

Fill = Callable[[int], None]


def cost_of(client: Api, path: str, rows: int, **query: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.get(path, pageSize=100, **query)
    assert (answer.status_code, answer.json()["count"]) == (200, rows)
    return len(queries)


def assert_constant(client: Api, path: str, fill: Fill, *, most: int, **query: Any) -> None:
    fill(1)
    one = cost_of(client, path, 1, **query)
    fill(29)
    thirty = cost_of(client, path, 30, **query)
    assert thirty == one <= most


@pytest.fixture
def rooms(make_room: MakeRoom, make_slot: MakeSlot) -> Fill:
    """Rooms with rules of their own each, and two free slots."""

    def fill(number: int) -> None:
        for _ in range(number):
            known = Room.objects.count()
            room = make_room(name=f"Room {known}", min_notice_minutes=60 + known)
            for hours in (0, 1):
                make_slot(room=room, start=START + timedelta(hours=hours))

    return fill


def test_rooms(api: MakeApi, rooms: Fill) -> None:
    assert_constant(api(), "/bookings/rooms", rooms, most=3)


def test_rooms_of_a_day(api: MakeApi, rooms: Fill) -> None:
    assert_constant(api(), "/bookings/rooms", rooms, most=5, date="2026-07-09")


def test_rooms_for_staff(api: MakeApi, manager: User, rooms: Fill) -> None:
    assert_constant(api(manager), "/admin/rooms", rooms, most=7)


@pytest.fixture
def slots(room: Room, make_slot: MakeSlot) -> Fill:
    def fill(number: int) -> None:
        known = room.timeslots.count()
        for place in range(known, known + number):
            make_slot(room=room, start=START + timedelta(minutes=30 * place), minutes=30)

    return fill


def test_timeslots(api: MakeApi, room: Room, slots: Fill) -> None:
    path = f"/bookings/rooms/{room.pk}/timeslots"
    assert_constant(api(), path, slots, most=3, startDate="2026-07-09")


def test_available_timeslots(api: MakeApi, room: Room, slots: Fill) -> None:
    path = f"/bookings/rooms/{room.pk}/timeslots"
    assert_constant(api(), path, slots, most=3, startDate="2026-07-09", available="true")


def test_timeslots_for_staff(api: MakeApi, front_desk: User, slots: Fill) -> None:
    query = {"startDate": "2026-07-01", "available": "true"}
    assert_constant(api(front_desk), "/admin/timeslots", slots, most=8, **query)


@pytest.fixture
def bookings(settings: Settings, make_booking: MakeBooking, customer: User) -> Fill:
    """Paid, and every other one cancelled and refunded; all of them the customer's."""
    settings.MAX_HOLDS_PER_HOUR = 100
    made: list[int] = []

    def fill(number: int) -> None:
        for _ in range(number):
            booking = make_booking(
                status=BookingStatus.CONFIRMED,
                starts_at=START + timedelta(hours=len(made)),
                price=Decimal(80),
            )
            if len(made) % 2:
                cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
            made.append(booking.pk)

    return fill


def test_one_s_own_bookings(api: MakeApi, customer: User, bookings: Fill) -> None:
    assert_constant(api(customer), "/bookings", bookings, most=6)


def test_bookings_for_staff(api: MakeApi, front_desk: User, bookings: Fill) -> None:
    query = {"fromDate": "2026-07-01", "search": "ada"}
    assert_constant(api(front_desk), "/admin/bookings", bookings, most=11, **query)
