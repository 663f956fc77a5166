"""The figures by the API; how they are counted is tested beside bookings.statistics."""

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
from tests.infrastructure.api import Api, MakeApi, error_of, refused
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot, book_slot, pay

NONE = dict.fromkeys(("total", "pending", "confirmed", "cancelled", "completed", "noShow"), 0)


def stats(client: Api, **query: Any) -> Any:
    return client.get("/admin/bookings/stats", **query)


def test_the_figures(
    api: MakeApi, manager: User, customer: User, room: Room, make_slot: MakeSlot
) -> None:
    first, second, _ = (
        make_slot(room=room, start=START + timedelta(hours=hour), price=Decimal("80.50"))
        for hour in range(3)
    )
    pay(book_slot(first, customer))
    cancel_booking(booking_id=pay(book_slot(second, customer)).pk, by=customer, at=NOW)

    answer = stats(api(manager), fromDate="2026-07-02", toDate="2026-07-09", roomId=room.pk)

    found = answer.json()
    assert answer.status_code == 200
    whole = {
        "bookings": NONE | {"total": 2, "confirmed": 1, "cancelled": 1},
        "revenue": {"captured": 161, "refunded": 80.5, "disputed": 0, "net": 80.5},
        "occupancy": {"openPlaces": 3, "takenPlaces": 1, "rate": 0.3333},
    }
    periods = found.pop("byPeriod")
    assert found == whole | {
        "fromDate": "2026-07-02",
        "toDate": "2026-07-09",
        "roomId": room.pk,
        "currency": "USD",
        "step": "day",
        "byRoom": [{"roomId": room.pk, "name": "Dr Weber"} | whole],
    }
    # Money on the day it came, bookings and places on the day of the timeslot.
    assert [period["period"] for period in periods] == [f"2026-07-0{day}" for day in range(2, 10)]
    assert periods[0] == {
        "period": "2026-07-02",
        "bookings": NONE,
        "revenue": whole["revenue"],
        "occupancy": {"openPlaces": 0, "takenPlaces": 0, "rate": 0},
    }
    assert periods[-1]["bookings"] == whole["bookings"]
    assert periods[-1]["revenue"] == {"captured": 0, "refunded": 0, "disputed": 0, "net": 0}


def test_of_a_room_or_of_some_days(
    api: MakeApi, manager: User, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room, other = make_room(), make_room(name="Loft")
    for where, days in ((room, 0), (room, 1), (other, 0)):
        book_slot(make_slot(room=where, start=START + timedelta(days=days)), customer)

    def total(**query: Any) -> int:
        found: int = stats(api(manager), **query).json()["bookings"]["total"]
        return found

    assert total() == 3
    assert total(roomId=room.pk) == 2
    assert total(fromDate="2026-07-10") == 1
    assert total(toDate="2026-07-09") == 2
    assert total(roomId=room.pk, fromDate="2026-07-09", toDate="2026-07-09") == 1
    assert total(roomId="", fromDate="", toDate="") == 3
    assert total(roomId=10**6) == total(roomId=10**30) == 0


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({}, "2025-07-02", "2027-07-02"),
        ({"fromDate": "2026-07-02"}, "2026-07-02", "2028-07-01"),
        ({"toDate": "2026-07-02"}, "2024-07-02", "2026-07-02"),
    ],
)
def test_the_days_that_are_not_told(
    api: MakeApi, manager: User, query: dict[str, str], first: str, last: str
) -> None:
    found = stats(api(manager), **query).json()

    assert (found["fromDate"], found["toDate"]) == (first, last)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"roomId": "x"}, "roomId"),
        ({"fromDate": "yesterday"}, "fromDate"),
        ({"fromDate": "2026-07-09", "toDate": "2026-07-08"}, "toDate"),
        ({"fromDate": "2024-07-09", "toDate": "2026-07-10"}, "fromDate"),
        ({"fromDate": "9998-12-31"}, "fromDate"),
        ({"toDate": "1970-01-01"}, "fromDate"),
    ],
)
def test_bad_parameters_are_400(
    api: MakeApi, manager: User, query: dict[str, str], attr: str
) -> None:
    answer = stats(api(manager), **query)

    assert (answer.status_code, error_of(answer)["attr"]) == (400, attr)


def test_reports_are_for_managers(api: MakeApi, front_desk: User) -> None:
    refused(stats(api(front_desk)), 403, "permission_denied")


def test_thirty_cost_as_much_as_one(
    api: MakeApi,
    manager: User,
    customer: User,
    room: Room,
    make_slot: MakeSlot,
    settings: Settings,
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 100
    client = api(manager)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert stats(client).status_code == 200
        return len(queries)

    def book(number: int) -> None:
        slot = make_slot(room=room, start=START + timedelta(hours=number), price=Decimal(9))
        pay(book_slot(slot, customer))

    book(0)
    one = cost()
    for number in range(1, 30):
        book(number)

    assert cost() == one <= 9
