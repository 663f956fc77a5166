"""A room's timeslots, as everybody finds them."""

from datetime import UTC, datetime, timedelta

import pytest

from bookings.models import Room, Timeslot
from tests.infrastructure.api import MakeApi
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot


def test_a_timeslot_has_the_interface_s_fields_and_ours(api: MakeApi, make_slot: MakeSlot) -> None:
    slot = make_slot(minutes=45, max_bookings=3, taken=1)

    path = f"/bookings/rooms/{slot.room_id}/timeslots"
    [found] = api().get(path, date="2026-07-09").json()["results"]

    assert found == {
        "id": slot.pk,
        "roomId": slot.room_id,
        "startTime": "2026-07-09T09:00:00Z",
        "endTime": "2026-07-09T09:45:00Z",
        "isAvailable": True,
        "price": 67.5,
        "maxBookings": 3,
        "placesLeft": 2,
    }


@pytest.mark.parametrize(
    ("fields", "is_available"),
    [
        pytest.param({}, True, id="free"),
        pytest.param({"taken": 1}, False, id="full"),
        pytest.param({"is_blocked": True}, False, id="blocked"),
        pytest.param({"start": NOW + timedelta(minutes=60)}, True, id="notice-kept"),
        pytest.param({"start": NOW + timedelta(minutes=59)}, False, id="too-soon"),
        pytest.param({"start": NOW + timedelta(days=5)}, True, id="advance-kept"),
        pytest.param({"start": NOW + timedelta(days=5, seconds=1)}, False, id="too-far"),
    ],
)
def test_what_cannot_be_booked_is_shown_but_not_available(
    api: MakeApi,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    fields: dict[str, object],
    is_available: bool,
) -> None:
    room = make_room(max_advance_days=5)
    slot = make_slot(room=room, **({"start": NOW + timedelta(days=1)} | fields))
    path = f"/bookings/rooms/{room.pk}/timeslots"

    [found] = api().get(path).json()["results"]
    available = api().get(path, available="true").json()["results"]

    assert (found["id"], found["isAvailable"]) == (slot.pk, is_available)
    assert available == ([found] if is_available else [])


@pytest.fixture
def fortnight(make_room: MakeRoom, make_slot: MakeSlot) -> Room:
    """A slot at 10:00 in Berlin on each of the days from 1 to 16 July; it is the 2nd, 10:00."""
    room = make_room()
    for day in range(1, 17):
        start = datetime(2026, 7, day, 8, 0, tzinfo=UTC)
        make_slot(room=room, start=start, minutes=30 if day % 2 else 60)
    return room


@pytest.mark.parametrize(
    ("query", "days"),
    [
        pytest.param({}, range(2, 9), id="next-seven-days"),
        pytest.param({"date": "2026-07-01"}, [1], id="a-day-of-the-past"),
        pytest.param({"date": "2026-07-20"}, [], id="an-empty-day"),
        pytest.param(
            {"startDate": "2026-07-03", "endDate": "2026-07-05"}, [3, 4, 5], id="both-ends"
        ),
        pytest.param({"startDate": "2026-07-05", "endDate": "2026-07-05"}, [5], id="one-day"),
        pytest.param({"startDate": "2026-07-04"}, range(4, 11), id="seven-from-a-day"),
        pytest.param({"endDate": "2026-07-04"}, [2, 3, 4], id="until-a-day"),
        pytest.param({"endDate": "2026-07-01"}, [1], id="until-a-day-of-the-past"),
        pytest.param({"startDate": "2026-07-01", "endDate": "2026-08-31"}, range(1, 17), id="62"),
        pytest.param({"duration": 31}, [2, 4, 6, 8], id="long-enough"),
        pytest.param({"duration": 60}, [2, 4, 6, 8], id="exactly-long-enough"),
        pytest.param({"duration": 61}, [], id="too-long"),
    ],
)
def test_which_days_are_shown(
    api: MakeApi, fortnight: Room, query: dict[str, object], days: range
) -> None:
    results = api().get(f"/bookings/rooms/{fortnight.pk}/timeslots", **query).json()["results"]

    assert [int(slot["startTime"][8:10]) for slot in results] == list(days)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"date": "tomorrow"}, "date"),
        ({"date": "2026-7-9"}, "date"),
        ({"date": "2026-07-09T00:00:00Z"}, "date"),
        ({"date": "2026-07-09", "startDate": "2026-07-09"}, "date"),
        ({"startDate": "2026-13-01"}, "startDate"),
        ({"startDate": "2026-07-09", "endDate": "2026-07-08"}, "endDate"),
        ({"startDate": "2026-07-01", "endDate": "2026-09-01"}, "endDate"),
        ({"endDate": "2036-07-01"}, "endDate"),
        ({"startDate": "9998-12-31", "endDate": "9999-01-01"}, "endDate"),
        ({"duration": "long"}, "duration"),
        ({"duration": 0}, "duration"),
        ({"duration": 10**30}, "duration"),
        ({"available": "perhaps"}, "available"),
        ({"page": "x"}, "page"),
    ],
)
def test_bad_days_are_refused(
    api: MakeApi, fortnight: Room, query: dict[str, object], attr: str
) -> None:
    answer = api().get(f"/bookings/rooms/{fortnight.pk}/timeslots", **query)

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["attr"] == attr


def test_the_last_day_of_all_is_a_day(api: MakeApi, fortnight: Room) -> None:
    path = f"/bookings/rooms/{fortnight.pk}/timeslots"

    for query in ({"startDate": "9998-12-31"}, {"date": "9998-12-31"}, {"date": "1970-01-01"}):
        assert api().get(path, **query).json()["count"] == 0


def test_switch_days_have_23_and_25_hours(
    api: MakeApi, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    for day in (datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2027, 3, 27, 12, tzinfo=UTC)):
        for hour in range(48):
            make_slot(room=room, start=day + timedelta(hours=hour), minutes=60)

    def hours_of(day: str) -> int:
        answer = api().get(f"/bookings/rooms/{room.pk}/timeslots", date=day)
        count: int = answer.json()["count"]
        return count

    assert (hours_of("2026-10-25"), hours_of("2027-03-28")) == (25, 23)


def test_timeslots_are_paged_in_order(
    api: MakeApi, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    for number in reversed(range(30)):
        make_slot(room=room, start=START + timedelta(minutes=30 * number))
    path = f"/bookings/rooms/{room.pk}/timeslots"

    pages = [api().get(path, date="2026-07-09", page=page).json() for page in (1, 2)]

    assert [len(page["results"]) for page in pages] == [25, 1]
    starts = [slot["startTime"] for page in pages for slot in page["results"]]
    assert starts == sorted(starts)
    assert pages[0]["next"].endswith("/timeslots?date=2026-07-09&page=2")


def test_other_rooms_slots_are_not_shown(api: MakeApi, slot: Timeslot, make_slot: MakeSlot) -> None:
    make_slot()

    path = f"/bookings/rooms/{slot.room_id}/timeslots"
    results = api().get(path, date="2026-07-09").json()["results"]

    assert [found["id"] for found in results] == [slot.pk]


def test_a_held_place_is_taken_at_once(
    api: MakeApi, make_booking: MakeBooking, slot: Timeslot
) -> None:
    make_booking(slot=slot)

    path = f"/bookings/rooms/{slot.room_id}/timeslots"
    [found] = api().get(path, date="2026-07-09").json()["results"]

    assert (found["isAvailable"], found["placesLeft"]) == (False, 0)
