"""Timeslots, listed, changed and closed by staff."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from bookings.models import Timeslot
from bookings.services import cancel_booking
from tests.infrastructure.api import MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot

# Thursday 9 to Monday 13 July.
WANTED = {
    "startDate": "2026-07-09",
    "endDate": "2026-07-13",
    "slotDuration": 60,
    "workingHours": {"start": "09:00", "end": "12:00"},
}


def test_the_list_and_its_filters(
    api: MakeApi, front_desk: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    berlin = make_room(name="Berlin")
    york = make_room(name="York", timezone="America/New_York", min_notice_minutes=10**5)
    past = make_slot(room=berlin, start=NOW - timedelta(days=1))
    first = make_slot(room=berlin, start=START, minutes=60)
    shut = make_slot(room=york, start=START, is_blocked=True, blocked_reason="painting")
    # 9 July, 23:00 in New York; 10 July, 05:00 in Berlin.
    night = make_slot(room=york, start=START + timedelta(hours=18))
    full = make_slot(room=berlin, start=START + timedelta(hours=18), taken=1)
    client = api(front_desk)

    def found(**query: Any) -> list[int]:
        results = client.get("/admin/timeslots", **query).json()["results"]
        return [slot["id"] for slot in results]

    assert found() == [past.pk, first.pk, shut.pk, night.pk, full.pk]
    assert found(roomId=york.pk) == [shut.pk, night.pk]
    assert found(roomId=10**30) == []
    assert found(date="2026-07-09") == [first.pk, shut.pk, night.pk]
    assert found(date="2026-07-10") == [full.pk]
    assert found(startDate="2026-07-02", endDate="2026-07-09") == [first.pk, shut.pk, night.pk]
    assert found(startDate="2026-07-10") == [full.pk]
    assert found(endDate="2026-07-08") == [past.pk]
    assert found(blocked="true") == [shut.pk]
    assert found(blocked="false") == [past.pk, first.pk, night.pk, full.pk]
    assert found(available="true") == [first.pk]
    assert found(duration=31) == [first.pk]
    [shown] = client.get("/admin/timeslots", blocked="true").json()["results"]
    assert (shown["isBlocked"], shown["blockedReason"]) == (True, "painting")


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"roomId": "x"}, "roomId"),
        ({"date": "x"}, "date"),
        ({"startDate": "2026-07-09", "endDate": "2026-07-08"}, "endDate"),
        ({"blocked": "x"}, "blocked"),
        ({"available": "x"}, "available"),
    ],
)
def test_bad_filters_are_400(
    api: MakeApi, front_desk: User, query: dict[str, str], attr: str
) -> None:
    answer = api(front_desk).get("/admin/timeslots", **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


def test_no_rooms_no_timeslots(api: MakeApi, front_desk: User) -> None:
    client = api(front_desk)

    for query in ({}, {"date": "2026-07-09"}, {"available": "true"}):
        assert client.get("/admin/timeslots", **query).json()["count"] == 0


# --- one slot -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch"])
def test_places_and_price_are_changed(
    api: MakeApi, manager: User, slot: Timeslot, method: str
) -> None:
    client, path = api(manager), f"/admin/timeslots/{slot.pk}"

    more = client.send(method, path, {"maxBookings": 3})
    dearer = client.send(method, path, {"price": 99.5, "startTime": "2030-01-01T00:00:00Z"})
    back = client.send(method, path, {"price": None})

    assert (more.status_code, more.json()["maxBookings"], more.json()["placesLeft"]) == (200, 3, 3)
    assert (dearer.json()["price"], dearer.json()["maxBookings"]) == (99.5, 3)
    # Without a price of its own: half an hour at the room's 90 an hour.
    assert back.json()["price"] == 45
    assert back.json()["startTime"] == "2026-07-09T09:00:00Z"
    assert client.get(path).json() == back.json()


def test_a_held_booking_keeps_its_price(
    api: MakeApi, manager: User, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(price=80)

    api(manager).put(f"/admin/timeslots/{booking.timeslot_id}", {"price": 100})

    assert api(customer).get(f"/bookings/{booking.pk}").json()["price"] == 80


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"maxBookings": 0}, "maxBookings", "min_value"),
        ({"maxBookings": 10_001}, "maxBookings", "max_value"),
        ({"maxBookings": None}, "maxBookings", "null"),
        ({"price": -0.01}, "price", "min_value"),
        ({"price": 0.49}, "price", "below_minimum"),
        ({"price": 1.001}, "price", "max_decimal_places"),
        ({"price": 10**8}, "price", "max_whole_digits"),
        ([], "nonFieldErrors", "invalid"),
    ],
)
def test_bad_changes_are_refused(
    api: MakeApi, manager: User, slot: Timeslot, body: Any, attr: str, code: str
) -> None:
    client = api(manager)

    with nothing_changes():
        refused(client.put(f"/admin/timeslots/{slot.pk}", body), 400, code, attr)


def test_fewer_places_than_are_taken_are_refused_saying_how_many(
    api: MakeApi, manager: User, stranger: User, make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    slot = make_slot(max_bookings=5)
    make_booking(slot=slot)
    make_booking(slot=slot, user=stranger)
    client, path = api(manager), f"/admin/timeslots/{slot.pk}"

    with nothing_changes():
        answer = client.put(path, {"maxBookings": 1})
        refused(answer, 400, "invalid", "maxBookings")
        assert "2 places" in error_of(answer)["detail"]

    full = client.put(path, {"maxBookings": 2}).json()
    assert (full["placesLeft"], full["isAvailable"]) == (0, False)


def test_block_and_unblock(
    api: MakeApi, front_desk: User, customer: User, make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    slot = make_slot(max_bookings=2)
    booking = make_booking(slot=slot, price=0)
    desk, path = api(front_desk), f"/admin/timeslots/{slot.pk}"

    shut = desk.put(f"{path}/block", {"reason": "painting"}).json()
    assert (shut["isBlocked"], shut["blockedReason"]) == (True, "painting")
    assert (shut["isAvailable"], shut["placesLeft"]) == (False, 1)
    # Who has a place keeps it, and giving it back doesn't open what staff have closed.
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    assert desk.get(path).json() == shut | {"placesLeft": 2}
    open_again = desk.put(f"{path}/unblock").json()
    assert open_again == shut | {
        "isBlocked": False,
        "blockedReason": "",
        "isAvailable": True,
        "placesLeft": 2,
    }


@pytest.mark.parametrize("body", [None, {}, {"reason": ""}])
def test_a_reason_is_not_needed(
    api: MakeApi, front_desk: User, slot: Timeslot, body: dict[str, str] | None
) -> None:
    answer = api(front_desk).put(f"/admin/timeslots/{slot.pk}/block", body)

    assert (answer.status_code, answer.json()["isBlocked"]) == (200, True)


@pytest.mark.parametrize("reason", ["x" * 201, "a\0b", {}, 1.5])
def test_a_malformed_reason_is_400(
    api: MakeApi, front_desk: User, slot: Timeslot, reason: Any
) -> None:
    with nothing_changes():
        answer = api(front_desk).put(f"/admin/timeslots/{slot.pk}/block", {"reason": reason})

    assert answer.status_code == 400


def test_a_slot_that_nobody_booked_is_removed(api: MakeApi, manager: User, slot: Timeslot) -> None:
    answer = api(manager).delete(f"/admin/timeslots/{slot.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Timeslot.objects.exists()


def test_a_slot_that_was_ever_booked_stays(
    api: MakeApi, manager: User, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()

    with nothing_changes():
        answer = api(manager).delete(f"/admin/timeslots/{booking.timeslot_id}")
        refused(answer, 409, "in_use")
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    with nothing_changes():
        answer = api(manager).delete(f"/admin/timeslots/{booking.timeslot_id}")
        refused(answer, 409, "in_use")


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, manager: User, number: int) -> None:
    client, path = api(manager), f"/admin/timeslots/{number}"

    for answer in (
        client.get(path),
        client.put(path, {"maxBookings": 0}),
        client.patch(path, []),
        client.delete(path),
        client.put(f"{path}/block", []),
        client.put(f"{path}/unblock"),
    ):
        refused(answer, 404, "not_found")
