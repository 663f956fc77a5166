"""Booking refused by the API: in which order, and that nothing moved."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from bookings.models import Room, Timeslot
from bookings.services.release import release_lapsed_holds
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
)


def book(client: Api, slot: Timeslot, **body: Any) -> Any:
    return client.post("/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id} | body)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, None),
        ({"timeslotId": 1}, "roomId"),
        ({"roomId": 1}, "timeslotId"),
        ({"timeslotId": "first", "roomId": 1}, "timeslotId"),
        ({"timeslotId": None, "roomId": 1}, "timeslotId"),
        ({"timeslotId": 1.5, "roomId": 1}, "timeslotId"),
        ({"timeslotId": True, "roomId": 1}, "timeslotId"),
        ({"timeslotId": [1], "roomId": 1}, "timeslotId"),
        ({"timeslotId": {}, "roomId": 1}, "timeslotId"),
        ({"timeslotId": "", "roomId": 1}, "timeslotId"),
        ({"timeslotId": 1, "roomId": 1, "notes": "x" * 2001}, "notes"),
        ({"timeslotId": 1, "roomId": 1, "notes": "a\0b"}, "notes"),
        ({"timeslotId": 1, "roomId": 1, "notes": {}}, "notes"),
        ({"timeslotId": 1, "roomId": 1, "notes": True}, "notes"),
        ({"timeslotId": 1, "roomId": 1, "bookingType": "x" * 51}, "bookingType"),
        ([], "nonFieldErrors"),
        ("book", "nonFieldErrors"),
        (7, "nonFieldErrors"),
        (None, None),
    ],
)
def test_a_malformed_body_is_400(
    api: MakeApi, customer: User, slot: Timeslot, body: object, attr: str | None
) -> None:
    client = api(customer)

    with nothing_changes():
        answer = client.post("/bookings", body)

    assert answer.status_code == 400
    named = [error["attr"] for error in answer.json()["errors"]]
    assert named == ([attr] if attr else ["timeslotId", "roomId"])


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, customer: User, slot: Timeslot, number: int) -> None:
    client = api(customer)

    with nothing_changes():
        for body in (
            {"timeslotId": number, "roomId": slot.room_id},
            {"timeslotId": slot.pk, "roomId": number},
        ):
            refused(client.post("/bookings", body), 404, "not_found")


def test_a_slot_of_another_room_is_400(
    api: MakeApi, customer: User, slot: Timeslot, make_room: MakeRoom
) -> None:
    other = make_room(name="Other")

    with nothing_changes():
        refused(book(api(customer), slot, roomId=other.pk), 400, "invalid", "timeslotId")


Prepare = Callable[[Timeslot], Any]


def _start(slot: Timeslot, start: Any) -> None:
    Timeslot.objects.filter(pk=slot.pk).update(
        start_time=start, end_time=start + timedelta(minutes=30)
    )


@pytest.mark.parametrize(
    ("prepare", "status", "code", "attr"),
    [
        pytest.param(lambda slot: _start(slot, NOW), 400, "invalid", "timeslotId", id="begins-now"),
        pytest.param(
            lambda slot: _start(slot, NOW - timedelta(days=1)),
            400,
            "invalid",
            "timeslotId",
            id="over",
        ),
        pytest.param(
            lambda slot: Room.objects.update(is_active=False),
            400,
            "invalid",
            "roomId",
            id="inactive-room",
        ),
        pytest.param(
            lambda slot: _start(slot, NOW + timedelta(minutes=60, seconds=-1)),
            409,
            "too_soon",
            None,
            id="too-soon",
        ),
        pytest.param(
            lambda slot: _start(slot, NOW + timedelta(days=90, seconds=1)),
            409,
            "too_far",
            None,
            id="too-far",
        ),
        pytest.param(
            lambda slot: Timeslot.objects.update(is_blocked=True),
            409,
            "slot_taken",
            None,
            id="blocked",
        ),
        pytest.param(
            lambda slot: Timeslot.objects.update(taken=1), 409, "slot_taken", None, id="full"
        ),
    ],
)
def test_a_slot_that_cannot_be_booked(
    api: MakeApi,
    customer: User,
    slot: Timeslot,
    prepare: Prepare,
    status: int,
    code: str,
    attr: str | None,
) -> None:
    prepare(slot)

    with nothing_changes():
        refused(book(api(customer), slot), status, code, attr)


@pytest.mark.parametrize(
    "start", [NOW + timedelta(minutes=60), NOW + timedelta(days=90)], ids=["soonest", "furthest"]
)
def test_the_bounds_themselves_can_be_booked(
    api: MakeApi, customer: User, make_slot: MakeSlot, start: Any
) -> None:
    assert book(api(customer), make_slot(start=start)).status_code == 201


def test_a_lost_slot_names_the_nearest_free_ones(
    api: MakeApi, customer: User, stranger: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    slots = {
        hours: make_slot(room=room, start=START + timedelta(hours=hours), price=Decimal(80))
        for hours in (-5, -2, -1, 0, 1, 3)
    }
    make_slot(start=START + timedelta(minutes=30))
    book_slot(slots[0], stranger)
    book_slot(slots[-1], stranger)

    with nothing_changes():
        error = error_of(book(api(customer), slots[0]))

    assert error["code"] == "slot_taken"
    assert [slot["id"] for slot in error["alternatives"]] == [
        slots[1].pk,
        slots[-2].pk,
        slots[3].pk,
    ]
    assert error["alternatives"][0] == {
        "id": slots[1].pk,
        "roomId": room.pk,
        "startTime": "2026-07-09T10:00:00Z",
        "endTime": "2026-07-09T10:30:00Z",
        "isAvailable": True,
        "price": 80,
        "maxBookings": 1,
        "placesLeft": 1,
    }


def test_who_has_a_place_is_told_so_full_or_not(
    api: MakeApi, customer: User, make_slot: MakeSlot
) -> None:
    for places in (1, 2):
        slot = make_slot(max_bookings=places)
        book_slot(slot, customer)

        with nothing_changes():
            refused(book(api(customer), slot), 409, "already_booked")


def test_a_room_may_allow_several_places_of_one_slot(
    api: MakeApi, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    slot = make_slot(room=make_room(allow_repeat_booking=True), max_bookings=3)

    answers = [book(api(customer), slot).status_code for _ in range(2)]

    assert answers == [201, 201]
    assert Timeslot.objects.get(pk=slot.pk).taken == 2


def test_a_cancelled_place_may_be_booked_again(
    api: MakeApi, customer: User, slot: Timeslot
) -> None:
    client = api(customer)
    first = book(client, slot).json()
    client.put(f"/bookings/{first['id']}/cancel")

    assert book(client, slot).status_code == 201


def test_three_unpaid_holds_are_enough(
    api: MakeApi, customer: User, make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    for hours in (1, 2, 3):
        make_booking(starts_at=START + timedelta(hours=hours))
    fourth = make_slot()

    with nothing_changes():
        refused(book(api(customer), fourth), 409, "too_many_holds")

    # What costs nothing isn't a hold.
    assert book(api(customer), make_slot(price=Decimal(0))).status_code == 201


def test_ten_holds_within_an_hour_are_enough(
    api: MakeApi, customer: User, make_slot: MakeSlot
) -> None:
    """And a program that waits as long as it is told to may go on."""
    client = api(customer)
    for number in range(10):
        with time_machine.travel(NOW + timedelta(minutes=number), tick=False):
            made = book(client, make_slot(start=START + timedelta(hours=number)))
            assert made.status_code == 201
            client.put(f"/bookings/{made.json()['id']}/cancel")
    eleventh = make_slot(start=START + timedelta(days=1))
    now = NOW + timedelta(minutes=9, seconds=30)

    with time_machine.travel(now, tick=False), nothing_changes():
        answer = book(client, eleventh)

    refused(answer, 429, "throttled")
    wait = int(answer["Retry-After"])
    assert wait == error_of(answer)["retryAfter"] == 50 * 60 + 31
    with time_machine.travel(now + timedelta(seconds=wait - 1), tick=False), nothing_changes():
        refused(book(client, eleventh), 429, "throttled")
    with time_machine.travel(now + timedelta(seconds=wait), tick=False):
        assert book(client, eleventh).status_code == 201


def test_an_unverified_address_holds_nothing(
    api: MakeApi, make_user: MakeUser, slot: Timeslot
) -> None:
    newcomer = make_user("new@example.com", verified=False)

    with nothing_changes():
        refused(book(api(newcomer), slot), 403, "email_unverified")


def test_nobody_books_without_signing_in(api: MakeApi, slot: Timeslot) -> None:
    with nothing_changes():
        answer = book(api(), slot)

    refused(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param({"roomId": 10**6, "notes": None}, 404, id="unknown-before-not-of-the-room"),
        pytest.param({"timeslotId": 10**6}, 404, id="unknown-slot"),
    ],
)
def test_unknown_comes_before_everything_else(
    api: MakeApi, make_user: MakeUser, slot: Timeslot, spoil: dict[str, Any], expected: int
) -> None:
    Timeslot.objects.update(is_blocked=True)
    newcomer = make_user("new@example.com", verified=False)

    with nothing_changes():
        assert book(api(newcomer), slot, **spoil).status_code == expected


def test_time_comes_before_one_s_own_limits_and_those_before_full(
    api: MakeApi, customer: User, stranger: User, make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    for hours in (1, 2, 3):
        make_booking(starts_at=START + timedelta(hours=hours))
    soon = make_slot(start=NOW + timedelta(minutes=30), taken=1)
    full = make_slot(taken=1)
    client = api(customer)

    with nothing_changes():
        refused(book(client, soon), 409, "too_soon")
        refused(book(client, full), 409, "too_many_holds")
        refused(book(api(stranger), full), 409, "slot_taken")


def test_a_lapsed_hold_gives_way_to_who_comes_next(
    api: MakeApi, customer: User, stranger: User, slot: Timeslot
) -> None:
    held = book_slot(slot, stranger, at=NOW - timedelta(minutes=15))

    answer = book(api(customer), slot)

    assert answer.status_code == 201
    held.refresh_from_db()
    assert (held.status, held.cancel_cause) == ("cancelled", "lapsed")
    assert Timeslot.objects.get(pk=slot.pk).taken == 1
    assert release_lapsed_holds(timeslot_id=slot.pk, at=NOW) == 0


def test_a_hold_whose_time_is_not_over_stays(
    api: MakeApi, customer: User, stranger: User, slot: Timeslot
) -> None:
    book_slot(slot, stranger, at=NOW - timedelta(minutes=15) + timedelta(seconds=1))

    with nothing_changes():
        refused(book(api(customer), slot), 409, "slot_taken")
