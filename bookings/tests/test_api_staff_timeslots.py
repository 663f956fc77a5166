"""Timeslots, generated and changed by staff."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from bookings.models import Room, Timeslot
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


def test_opening_hours_become_slots_from_monday_to_friday(
    api: MakeApi, manager: User, room: Room
) -> None:
    answer = api(manager).post("/admin/timeslots/generate", WANTED | {"roomId": room.pk})

    assert answer.status_code == 201
    found = answer.json()
    assert (found["created"], found["skipped"], found["dryRun"]) == (9, 0, False)
    assert found["timeslots"][0] == {
        "id": Timeslot.objects.order_by("start_time")[0].pk,
        "roomId": room.pk,
        # 09:00 in Berlin.
        "startTime": "2026-07-09T07:00:00Z",
        "endTime": "2026-07-09T08:00:00Z",
        "isAvailable": True,
        "price": 90,
        "maxBookings": 1,
        "placesLeft": 1,
        "isBlocked": False,
        "blockedReason": "",
    }
    days = [slot["startTime"][:10] for slot in found["timeslots"]]
    assert sorted(set(days)) == ["2026-07-09", "2026-07-10", "2026-07-13"]


def test_a_second_run_makes_nothing_new(api: MakeApi, manager: User, room: Room) -> None:
    client, body = api(manager), WANTED | {"roomId": room.pk}
    client.post("/admin/timeslots/generate", body)

    with nothing_changes():
        answer = client.post("/admin/timeslots/generate", body)

    assert answer.status_code == 201
    assert answer.json() == {"created": 0, "skipped": 9, "dryRun": False, "timeslots": []}


def test_a_dry_run_only_says_what_would_be(api: MakeApi, manager: User, room: Room) -> None:
    client, body = api(manager), WANTED | {"roomId": room.pk}

    with nothing_changes():
        dry = client.post("/admin/timeslots/generate", body | {"dryRun": True})
    wet = client.post("/admin/timeslots/generate", body)

    assert (dry.status_code, wet.status_code) == (200, 201)
    assert (dry.json()["created"], dry.json()["dryRun"]) == (9, True)
    assert dry.json()["timeslots"] == [slot | {"id": None} for slot in wet.json()["timeslots"]]


def test_a_dry_run_shows_all_and_a_real_one_the_first_hundred(
    api: MakeApi, manager: User, room: Room
) -> None:
    client, body = api(manager), WANTED | {"roomId": room.pk, "slotDuration": 5}

    dry = client.post("/admin/timeslots/generate", body | {"dryRun": True}).json()
    wet = client.post("/admin/timeslots/generate", body).json()

    assert (dry["created"], len(dry["timeslots"])) == (108, 108)
    assert (wet["created"], len(wet["timeslots"])) == (108, 100)


@pytest.mark.parametrize(
    ("more", "starts"),
    [
        pytest.param({"weekdays": [6, 7]}, ["11 09:00", "11 10:00", "11 11:00"] * 1, id="weekend"),
        pytest.param(
            {"workingHours": {"4": [{"start": "09:00", "end": "10:00"}]}},
            ["09 09:00"],
            id="hours-of-a-weekday",
        ),
        pytest.param(
            {"workingHours": {"4": {"start": "09:00", "end": "10:00"}}},
            ["09 09:00"],
            id="one-window-without-its-list",
        ),
        pytest.param(
            {
                "workingHours": {
                    "4": [
                        {"start": "13:00", "end": "14:30"},
                        {"start": "08:00", "end": "10:00"},
                    ],
                    "5": [],
                    "1": [{"start": "23:00", "end": "24:00"}],
                }
            },
            ["09 08:00", "09 09:00", "09 13:00", "13 23:00"],
            id="several-windows",
        ),
        pytest.param(
            {
                "workingHours": {
                    "4": [{"start": "09:00", "end": "10:00"}],
                    "1": [{"start": "09:00", "end": "10:00"}],
                },
                "weekdays": [1],
            },
            ["13 09:00"],
            id="both",
        ),
        pytest.param(
            {"weekdays": [4], "breaks": [{"start": "10:00", "end": "10:15"}]},
            ["09 09:00", "09 10:15"],
            id="break",
        ),
        pytest.param({"weekdays": [4], "bufferMinutes": 30}, ["09 09:00", "09 10:30"], id="buffer"),
        pytest.param(
            {"weekdays": [4, 5], "excludedDates": ["2026-07-09"], "slotDuration": 90},
            ["10 09:00", "10 10:30"],
            id="excluded",
        ),
    ],
)
def test_hours_breaks_and_days(
    api: MakeApi, manager: User, make_room: MakeRoom, more: dict[str, Any], starts: list[str]
) -> None:
    room = make_room(timezone="UTC")
    if more.get("weekdays") == [6, 7]:
        starts = [*starts, "12 09:00", "12 10:00", "12 11:00"]

    answer = api(manager).post("/admin/timeslots/generate", WANTED | {"roomId": room.pk} | more)

    assert answer.status_code == 201
    made = [slot["startTime"] for slot in answer.json()["timeslots"]]
    assert [f"{start[8:10]} {start[11:16]}" for start in made] == starts


def test_price_and_places_are_taken_over(api: MakeApi, manager: User, room: Room) -> None:
    body = WANTED | {"roomId": room.pk, "price": 12.5, "maxBookings": 4}

    [first, *_] = api(manager).post("/admin/timeslots/generate", body).json()["timeslots"]

    assert (first["price"], first["maxBookings"], first["placesLeft"]) == (12.5, 4, 4)


BAD = [
    ({"startDate": "soon"}, "startDate"),
    ({"startDate": None}, "startDate"),
    ({"startDate": 20260709}, "startDate"),
    ({"endDate": "2026-07-08"}, "endDate"),
    ({"endDate": "2027-07-10"}, "endDate"),
    ({"endDate": "9999-12-31"}, "endDate"),
    ({"slotDuration": 0}, "slotDuration"),
    ({"slotDuration": 4}, "slotDuration"),
    ({"slotDuration": 1441}, "slotDuration"),
    ({"slotDuration": 10**30}, "slotDuration"),
    ({"slotDuration": "long"}, "slotDuration"),
    ({"workingHours": {}}, "workingHours"),
    ({"workingHours": []}, "workingHours"),
    ({"workingHours": "9-5"}, "workingHours"),
    ({"workingHours": None}, "workingHours"),
    ({"workingHours": {"start": "09:00"}}, "workingHours"),
    ({"workingHours": {"start": "09:00", "end": "9:00"}}, "workingHours"),
    ({"workingHours": {"start": "09:00", "end": "08:00"}}, "workingHours"),
    ({"workingHours": {"start": "09:00", "end": "09:00"}}, "workingHours"),
    ({"workingHours": {"start": "09:00", "end": "25:00"}}, "workingHours"),
    ({"workingHours": {"start": "24:00", "end": "12:00"}}, "workingHours"),
    ({"workingHours": {"start": "09:00", "end": "12:60"}}, "workingHours"),
    ({"workingHours": {"start": 9, "end": 12}}, "workingHours"),
    ({"workingHours": {"start": "٠٩:٠٠", "end": "12:00"}}, "workingHours"),
    ({"workingHours": {"0": [{"start": "09:00", "end": "12:00"}]}}, "workingHours"),
    ({"workingHours": {"8": [{"start": "09:00", "end": "12:00"}]}}, "workingHours"),
    ({"workingHours": {"monday": [{"start": "09:00", "end": "12:00"}]}}, "workingHours"),
    ({"workingHours": {"1": "all day"}}, "workingHours"),
    ({"workingHours": {"1": [7]}}, "workingHours"),
    ({"weekdays": []}, "weekdays"),
    ({"weekdays": [0]}, "weekdays"),
    ({"weekdays": [8]}, "weekdays"),
    ({"weekdays": 1}, "weekdays"),
    ({"breaks": [{"start": "12:00"}]}, "breaks"),
    ({"breaks": [{"start": "12:00", "end": "11:00"}]}, "breaks"),
    ({"breaks": {"start": "12:00", "end": "13:00"}}, "breaks"),
    ({"bufferMinutes": -1}, "bufferMinutes"),
    ({"bufferMinutes": 1441}, "bufferMinutes"),
    ({"excludedDates": ["never"]}, "excludedDates"),
    ({"excludedDates": ["2026-07-09"] * 367}, "excludedDates"),
    ({"price": -1}, "price"),
    ({"price": 0.49}, "price"),
    ({"price": 9.999}, "price"),
    ({"price": "free"}, "price"),
    ({"maxBookings": 0}, "maxBookings"),
    ({"maxBookings": 10_001}, "maxBookings"),
    ({"dryRun": "perhaps"}, "dryRun"),
    ({"roomId": "first"}, "roomId"),
]


@pytest.mark.parametrize(("more", "attr"), BAD)
def test_bad_plans_are_refused(
    api: MakeApi, manager: User, room: Room, more: dict[str, Any], attr: str
) -> None:
    client = api(manager)

    with nothing_changes():
        answer = client.post("/admin/timeslots/generate", WANTED | {"roomId": room.pk} | more)

    assert answer.status_code == 400, answer.content
    assert {error["attr"].split(".")[0] for error in answer.json()["errors"]} == {attr}


def test_366_days_are_enough(api: MakeApi, manager: User, room: Room) -> None:
    body = WANTED | {"roomId": room.pk, "slotDuration": 180, "weekdays": [1]}

    answer = api(manager).post("/admin/timeslots/generate", body | {"endDate": "2027-07-09"})

    assert (answer.status_code, answer.json()["created"]) == (201, 52)


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**31, 10**30])
def test_an_unknown_room_is_404(api: MakeApi, manager: User, number: int) -> None:
    with nothing_changes():
        answer = api(manager).post("/admin/timeslots/generate", WANTED | {"roomId": number})

    refused(answer, 404, "not_found")


def test_slots_that_could_not_be_charged_are_not_made(
    api: MakeApi, manager: User, make_room: MakeRoom
) -> None:
    room = make_room(hourly_rate=Decimal("1.80"))
    body = WANTED | {"roomId": room.pk, "slotDuration": 15}
    client = api(manager)

    with nothing_changes():
        answer = client.post("/admin/timeslots/generate", body)
        refused(answer, 400, "below_minimum", "price")
        assert "0.50 USD" in error_of(answer)["detail"]

    assert client.post("/admin/timeslots/generate", body | {"price": 0}).status_code == 201


# --- list ---------------------------------------------------------------------------------------


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
