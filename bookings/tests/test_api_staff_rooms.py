"""Rooms, made and changed by staff."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from bookings.models import Room
from bookings.services import cancel_booking
from tests.infrastructure.api import MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot

MINIMAL = {"name": "Loft", "roomType": "meeting"}


def test_a_room_is_made(api: MakeApi, manager: User) -> None:
    wanted = {
        "name": "Dr Weber",
        "description": "Second floor\nat the back ",
        "capacity": 2,
        "roomType": "treatment",
        "hourlyRate": 90.5,
        "isActive": True,
        "metadata": {"floor": 2, "area": 12.5, "tags": ["quiet"]},
        "timezone": "Europe/Berlin",
        "minNoticeMinutes": 30,
        "maxAdvanceDays": 180,
        "allowRepeatBooking": True,
        "refundPolicy": [{"hoursBefore": 1.5, "percent": 80}],
        "imageUrl": "https://example.com/weber.jpg",
        "staffEmail": "weber@example.com",
        "notifyStaff": False,
        "reminderHours": [24.0, 2.5],
    }

    answer = api(manager).post("/admin/rooms", wanted)

    assert answer.status_code == 201
    room = Room.objects.get()
    assert answer["Location"] == f"/api/v1/admin/rooms/{room.pk}"
    assert answer.json() == wanted | {
        "id": room.pk,
        "nextFreeTime": None,
        "createdAt": "2026-07-02T08:00:00Z",
        "updatedAt": "2026-07-02T08:00:00Z",
    }
    assert room.hourly_rate == Decimal("90.50")
    assert room.created_at == NOW
    assert api(manager).get(f"/admin/rooms/{room.pk}").json() == answer.json()


def test_a_name_is_one_line(api: MakeApi, manager: User, room: Room) -> None:
    client = api(manager)

    made = client.post("/admin/rooms", MINIMAL | {"name": "Dr Weber\r\nBcc:  all\u2028"}).json()
    changed = client.put(f"/admin/rooms/{room.pk}", {"name": "Loft\tnorth"}).json()

    assert (made["name"], changed["name"]) == ("Dr Weber Bcc: all", "Loft north")


def test_little_is_needed(api: MakeApi, manager: User, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"

    found = api(manager).post("/admin/rooms", MINIMAL).json()

    assert (found["capacity"], found["hourlyRate"], found["timezone"]) == (1, 0, "Asia/Tokyo")
    assert (found["isActive"], found["notifyStaff"], found["metadata"]) == (True, True, {})
    assert (found["minNoticeMinutes"], found["maxAdvanceDays"]) == (60, 90)


BAD = [
    ({"name": ""}, "name"),
    ({"name": " "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": None}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"description": "x" * 10_001}, "description"),
    ({"roomType": "cave"}, "roomType"),
    ({"roomType": ["office"]}, "roomType"),
    ({"capacity": 0}, "capacity"),
    ({"capacity": -1}, "capacity"),
    ({"capacity": 10**30}, "capacity"),
    ({"capacity": "two"}, "capacity"),
    ({"hourlyRate": -1}, "hourlyRate"),
    ({"hourlyRate": 12.345}, "hourlyRate"),
    ({"hourlyRate": 10**9}, "hourlyRate"),
    ({"hourlyRate": 1e300}, "hourlyRate"),
    ({"hourlyRate": "much"}, "hourlyRate"),
    ({"hourlyRate": {}}, "hourlyRate"),
    ({"isActive": "perhaps"}, "isActive"),
    ({"metadata": []}, "metadata"),
    ({"metadata": "x"}, "metadata"),
    ({"metadata": None}, "metadata"),
    ({"metadata": {"x": "y" * 20_001}}, "metadata"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "../etc/passwd"}, "timezone"),
    ({"timezone": ""}, "timezone"),
    ({"minNoticeMinutes": -1}, "minNoticeMinutes"),
    ({"minNoticeMinutes": 525_601}, "minNoticeMinutes"),
    ({"maxAdvanceDays": 3_651}, "maxAdvanceDays"),
    ({"maxAdvanceDays": 10**12}, "maxAdvanceDays"),
    ({"refundPolicy": {}}, "refundPolicy"),
    ({"refundPolicy": [{"hoursBefore": 24}]}, "refundPolicy"),
    ({"refundPolicy": [{"hoursBefore": 24, "percent": 101}]}, "refundPolicy"),
    ({"refundPolicy": [{"hoursBefore": 24, "percent": 50.5}]}, "refundPolicy"),
    ({"refundPolicy": [{"hoursBefore": -1, "percent": 50}]}, "refundPolicy"),
    (
        {"refundPolicy": [{"hoursBefore": 6, "percent": 100}, {"hoursBefore": 24, "percent": 50}]},
        "refundPolicy",
    ),
    ({"staffEmail": "nobody"}, "staffEmail"),
    ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
    ({"imageUrl": "/" + "x" * 500}, "imageUrl"),
]


@pytest.mark.parametrize(("body", "attr"), BAD)
def test_bad_values_are_named(
    api: MakeApi, manager: User, room: Room, body: dict[str, Any], attr: str
) -> None:
    client = api(manager)

    with nothing_changes():
        for answer in (
            client.post("/admin/rooms", MINIMAL | body),
            client.put(f"/admin/rooms/{room.pk}", body),
            client.patch(f"/admin/rooms/{room.pk}", body),
        ):
            assert answer.status_code == 400, answer.content
            assert {error["attr"].split(".")[0] for error in answer.json()["errors"]} == {attr}


def test_deep_metadata_is_refused(api: MakeApi, manager: User) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"x": deep}

    with nothing_changes():
        answer = api(manager).post("/admin/rooms", MINIMAL | {"metadata": deep})

    refused(answer, 400, "invalid", "metadata")


def test_odd_but_valid_text_and_metadata_come_back_as_they_went(
    api: MakeApi, manager: User
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(14):
        deep = {"x": deep}
    odd = {
        "name": "Zahnärztin 🦷 \u202e'\";--",
        "roomType": "office",
        "description": "<script>alert(1)</script>\n\t%s {} \\",
        "metadata": {
            "": "",
            "a.b": [1, 1.5, -0.1, 1e30, None, True, "\0", "🦷"],
            "big": 10**400,
            "deep": deep,
        },
    }
    client = api(manager)

    made = client.post("/admin/rooms", odd)

    assert made.status_code == 201, made.content
    found = client.get(f"/admin/rooms/{made.json()['id']}").json()
    assert {name: found[name] for name in odd} == odd
    assert client.get("/bookings/rooms", search="🦷").json()["count"] == 1


def test_name_and_type_are_needed(api: MakeApi, manager: User) -> None:
    with nothing_changes():
        answer = api(manager).post("/admin/rooms", {})

    assert answer.status_code == 400
    assert {(error["attr"], error["code"]) for error in answer.json()["errors"]} == {
        ("name", "required"),
        ("roomType", "required"),
    }


@pytest.mark.parametrize("rate", [0.01, 0.49])
def test_an_hour_below_the_minimum_is_refused_with_the_minimum_named(
    api: MakeApi, manager: User, room: Room, rate: float
) -> None:
    client = api(manager)

    with nothing_changes():
        for answer in (
            client.post("/admin/rooms", MINIMAL | {"hourlyRate": rate}),
            client.put(f"/admin/rooms/{room.pk}", {"hourlyRate": rate}),
        ):
            refused(answer, 400, "below_minimum", "hourlyRate")
            assert "0.50 USD" in error_of(answer)["detail"]


@pytest.mark.parametrize("rate", [0, 0.5, None])
def test_nothing_and_the_minimum_itself_are_prices(
    api: MakeApi, manager: User, rate: float | None
) -> None:
    answer = api(manager).post("/admin/rooms", MINIMAL | {"hourlyRate": rate})

    assert (answer.status_code, answer.json()["hourlyRate"]) == (201, rate or 0)


def test_a_rate_that_a_coming_slot_could_not_be_charged_at_is_refused(
    api: MakeApi, manager: User, room: Room, make_slot: MakeSlot
) -> None:
    make_slot(room=room, start=START, minutes=15)
    make_slot(room=room, start=START + timedelta(hours=1), minutes=5, price=Decimal(3))
    make_slot(room=room, start=NOW - timedelta(hours=1), minutes=5)
    client = api(manager)

    with nothing_changes():
        answer = client.put(f"/admin/rooms/{room.pk}", {"hourlyRate": 1.99 - 0.02})
        refused(answer, 400, "below_minimum", "hourlyRate")

    assert client.put(f"/admin/rooms/{room.pk}", {"hourlyRate": 2}).status_code == 200


def test_a_currency_without_cents_takes_none(
    api: MakeApi, manager: User, settings: Settings
) -> None:
    settings.CURRENCY = "JPY"
    client = api(manager)

    with nothing_changes():
        refused(
            client.post("/admin/rooms", MINIMAL | {"hourlyRate": 500.5}),
            400,
            "invalid",
            "hourlyRate",
        )

    assert client.post("/admin/rooms", MINIMAL | {"hourlyRate": 500}).json()["hourlyRate"] == 500


@pytest.mark.parametrize("method", ["put", "patch"])
def test_only_what_is_given_is_changed(
    api: MakeApi, manager: User, make_room: MakeRoom, method: str
) -> None:
    room = make_room(
        description="As it was",
        metadata={"floor": 1},
        refund_policy=[],
        staff_email="weber@example.com",
        notify_staff=False,
        is_active=False,
        allow_repeat_booking=True,
    )
    before = api(manager).get(f"/admin/rooms/{room.pk}").json()

    answer = api(manager).send(method, f"/admin/rooms/{room.pk}", {"name": "New", "colour": "red"})

    assert answer.status_code == 200
    assert answer.json() == before | {"name": "New"}
    assert api(manager).get(f"/admin/rooms/{room.pk}").json() == before | {"name": "New"}


def test_an_empty_change_changes_nothing(api: MakeApi, manager: User, room: Room) -> None:
    client = api(manager)
    before = client.get(f"/admin/rooms/{room.pk}").json()

    assert client.put(f"/admin/rooms/{room.pk}", {}).json() == before
    assert client.put(f"/admin/rooms/{room.pk}").json() == before


def test_the_list_has_inactive_rooms_too(
    api: MakeApi, front_desk: User, make_room: MakeRoom
) -> None:
    make_room(name="Open", staff_email="open@example.com")
    make_room(name="Shut", is_active=False)
    client = api(front_desk)

    results = client.get("/admin/rooms").json()["results"]

    assert [(room["name"], room["isActive"]) for room in results] == [
        ("Open", True),
        ("Shut", False),
    ]
    assert results[0]["staffEmail"] == "open@example.com"
    only = client.get("/admin/rooms", isActive="false", search="u").json()["results"]
    assert [room["name"] for room in only] == ["Shut"]


# --- delete -------------------------------------------------------------------------------------


def test_a_room_that_nobody_booked_is_removed(
    api: MakeApi, manager: User, make_slot: MakeSlot
) -> None:
    room = make_slot().room

    answer = api(manager).delete(f"/admin/rooms/{room.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Room.objects.exists()


def test_a_room_that_was_booked_is_only_deactivated(
    api: MakeApi, manager: User, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    path = f"/admin/rooms/{booking.room_id}"

    for _ in range(2):
        answer = api(manager).delete(path)

        assert answer.status_code == 200
        assert answer.json() == api(manager).get(path).json()
        assert (answer.json()["isActive"], answer.json()["nextFreeTime"]) == (False, None)
    refused(api().get(f"/bookings/rooms/{booking.room_id}"), 404, "not_found")


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, manager: User, number: int) -> None:
    client, path = api(manager), f"/admin/rooms/{number}"

    for answer in (
        client.get(path),
        client.put(path, {"name": ""}),
        client.patch(path, []),
        client.delete(path),
    ):
        refused(answer, 404, "not_found")
