"""Rooms, as everybody finds them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bookings.models import Timeslot
from tests.infrastructure.api import MakeApi, refused
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot


def test_a_room_has_the_interface_s_fields_and_ours(
    api: MakeApi, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(
        name="Dr Weber",
        description="Second floor",
        capacity=2,
        hourly_rate=Decimal("90.50"),
        metadata={"floor": 2},
        refund_policy=[{"hoursBefore": 48, "percent": 100}],
        staff_email="weber@example.com",
        image_url="/static/weber.jpg",
    )
    make_slot(room=room, start=START)

    answer = api().get(f"/bookings/rooms/{room.pk}")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": room.pk,
        "name": "Dr Weber",
        "description": "Second floor",
        "capacity": 2,
        "roomType": "treatment",
        "hourlyRate": 90.5,
        "isActive": True,
        "metadata": {"floor": 2},
        "timezone": "Europe/Berlin",
        "minNoticeMinutes": 60,
        "maxAdvanceDays": 90,
        "allowRepeatBooking": False,
        "refundPolicy": [{"hoursBefore": 48, "percent": 100}],
        "imageUrl": "/static/weber.jpg",
        "nextFreeTime": "2026-07-09T09:00:00Z",
    }


def test_what_is_not_set_is_never_null(api: MakeApi, make_room: MakeRoom) -> None:
    make_room(hourly_rate=None)

    [room] = api().get("/bookings/rooms").json()["results"]

    assert (room["hourlyRate"], room["description"], room["imageUrl"]) == (0, "", "")
    assert room["refundPolicy"] is None
    assert room["nextFreeTime"] is None


def test_the_next_free_time_passes_over_what_cannot_be_booked(
    api: MakeApi, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(min_notice_minutes=120, max_advance_days=30)
    make_slot(room=room, start=NOW - timedelta(hours=1))
    make_slot(room=room, start=NOW + timedelta(hours=1))
    make_slot(room=room, start=NOW + timedelta(hours=3), is_blocked=True)
    make_slot(room=room, start=NOW + timedelta(hours=4), taken=1)
    free = make_slot(room=room, start=NOW + timedelta(hours=5))
    make_slot(room=room, start=NOW + timedelta(hours=6))

    def next_free() -> str | None:
        found: str | None = api().get(f"/bookings/rooms/{room.pk}").json()["nextFreeTime"]
        return found

    assert next_free() == "2026-07-02T13:00:00Z"
    Timeslot.objects.filter(pk__gte=free.pk).update(taken=1)
    make_slot(room=room, start=NOW + timedelta(days=31))
    assert next_free() is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param({}, ["Chair", "Coach", "Loft"], id="active-by-name"),
        pytest.param({"roomType": "meeting"}, ["Loft"], id="type"),
        pytest.param({"minCapacity": 4}, ["Coach", "Loft"], id="capacity"),
        pytest.param({"minCapacity": 13}, [], id="capacity-too-large"),
        pytest.param({"search": "TOOTH"}, ["Chair"], id="search-description"),
        pytest.param({"search": "co"}, ["Coach"], id="search-name"),
        pytest.param({"search": "%"}, [], id="search-is-no-pattern"),
        pytest.param({"search": ""}, ["Chair", "Coach", "Loft"], id="search-nothing"),
        pytest.param(
            dict.fromkeys(("roomType", "minCapacity", "date", "search", "page", "pageSize"), ""),
            ["Chair", "Coach", "Loft"],
            id="empty-is-left-out",
        ),
        pytest.param({"date": "2026-07-09"}, ["Chair"], id="date"),
        pytest.param({"date": "2026-07-09", "roomType": "meeting"}, [], id="both"),
        pytest.param({"unheardOf": "x"}, ["Chair", "Coach", "Loft"], id="unknown-is-ignored"),
        pytest.param({"format": "xml"}, ["Chair", "Coach", "Loft"], id="format-is-unknown-too"),
    ],
)
def test_filters(
    api: MakeApi,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    query: dict[str, object],
    names: list[str],
) -> None:
    chair = make_room(name="Chair", description="For a tooth")
    make_room(name="Coach", capacity=4, room_type="consultation")
    loft = make_room(name="Loft", capacity=12, room_type="meeting")
    make_room(name="Cellar", capacity=12, is_active=False)
    make_slot(room=chair, start=START)
    make_slot(room=loft, start=START, taken=1)

    results = api().get("/bookings/rooms", **query).json()["results"]

    assert [room["name"] for room in results] == names


def test_a_date_is_the_day_in_the_room_s_own_zone(
    api: MakeApi, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    late_in_utc = datetime(2026, 7, 8, 22, 30, tzinfo=UTC)
    for name, zone in (("Berlin", "Europe/Berlin"), ("New York", "America/New_York")):
        make_slot(room=make_room(name=name, timezone=zone), start=late_in_utc)

    def free_on(day: str) -> list[str]:
        results = api().get("/bookings/rooms", date=day).json()["results"]
        return [room["name"] for room in results]

    assert free_on("2026-07-08") == ["New York"]
    assert free_on("2026-07-09") == ["Berlin"]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"roomType": "cave"}, "roomType"),
        ({"minCapacity": "many"}, "minCapacity"),
        ({"minCapacity": "-1"}, "minCapacity"),
        ({"minCapacity": 10**30}, "minCapacity"),
        ({"date": "9.7.2026"}, "date"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "20260709"}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"date": " "}, "date"),
        ({"search": "x" * 101}, "search"),
        ({"search": "a\0b"}, "search"),
        ({"page": "two"}, "page"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": " "}, "page"),
        ({"page": "²"}, "page"),
        ({"pageSize": "all"}, "pageSize"),
        ({"pageSize": "0"}, "pageSize"),
    ],
)
def test_bad_parameters_are_named(api: MakeApi, query: dict[str, object], attr: str) -> None:
    answer = api().get("/bookings/rooms", **query)

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["attr"] == attr


def test_an_inactive_room_is_not_there(api: MakeApi, make_room: MakeRoom, manager: object) -> None:
    room = make_room(is_active=False)

    for client in (api(), api(manager)):
        refused(client.get(f"/bookings/rooms/{room.pk}"), 404, "not_found")
        refused(client.get(f"/bookings/rooms/{room.pk}/timeslots"), 404, "not_found")


def test_lists_are_paged(api: MakeApi, make_room: MakeRoom) -> None:
    for number in range(101):
        make_room(name=f"Room {number:03}")
    client = api()

    first = client.get("/bookings/rooms").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (101, 25, None)
    assert first["next"] == "http://testserver/api/v1/bookings/rooms?page=2"
    last = client.get("/bookings/rooms", page=5).json()
    assert ([room["name"] for room in last["results"]], last["next"]) == (["Room 100"], None)
    assert last["previous"] == "http://testserver/api/v1/bookings/rooms?page=4"
    assert len(client.get("/bookings/rooms", pageSize=1000).json()["results"]) == 100
    for beyond in (6, 10**30, "9" * 5000):
        refused(client.get("/bookings/rooms", page=beyond), 404, "not_found")
