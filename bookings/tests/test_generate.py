"""Opening hours become slots: zones, switch days, overlaps, running twice."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bookings.errors import InUse
from bookings.models import Room, Timeslot
from bookings.planning import Plan, Window, same_hours, slots_of_day
from bookings.services import add_slot, block_slot, delete_slot, edit_slot, generate_slots
from common import clock
from common.errors import InvalidInput, NotFound
from tests.infrastructure.world import START, MakeBooking, MakeRoom, MakeSlot

HOUR = timedelta(hours=1)
EVERY_DAY = range(1, 8)


def plan(day: date, last: date | None = None, **fields: Any) -> Plan:
    values: dict[str, Any] = {
        "first_day": day,
        "last_day": last or day,
        "slot_length": HOUR,
        "hours": same_hours(Window(time(9), time(12)), EVERY_DAY),
    } | fields
    return Plan(**values)


def wall_clock(the_plan: Plan, day: date, zone_name: str) -> list[str]:
    zone = clock.zone(zone_name)
    return [f"{start.astimezone(zone):%H:%M}" for start, _ in slots_of_day(the_plan, day, zone)]


NIGHT = same_hours(Window(time(0), time(6)), EVERY_DAY)


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        pytest.param("Europe/Berlin", date(2026, 3, 29), "00 01 03 04 05", id="berlin-spring"),
        pytest.param(
            "Europe/Berlin", date(2026, 10, 25), "00 01 02 02 03 04 05", id="berlin-autumn"
        ),
        pytest.param("America/New_York", date(2026, 3, 8), "00 01 03 04 05", id="york-spring"),
        pytest.param(
            "America/New_York", date(2026, 11, 1), "00 01 01 02 03 04 05", id="york-autumn"
        ),
        pytest.param("Asia/Tokyo", date(2026, 10, 25), "00 01 02 03 04 05", id="no-switch"),
    ],
)
def test_slots_follow_elapsed_time_inside_wall_clock_hours(
    zone: str, day: date, starts: str
) -> None:
    found = wall_clock(plan(day, hours=NIGHT), day, zone)

    assert found == [f"{hour}:00" for hour in starts.split()]


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)])
def test_nine_o_clock_stays_nine_o_clock_across_the_switch(day: date) -> None:
    assert wall_clock(plan(day), day, "Europe/Berlin") == ["09:00", "10:00", "11:00"]


@pytest.mark.parametrize(
    ("fields", "starts"),
    [
        pytest.param({"slot_length": timedelta(minutes=50)}, "09:00 09:50 10:40", id="fits-wholly"),
        pytest.param({"buffer": timedelta(minutes=30)}, "09:00 10:30", id="buffer"),
        pytest.param({"breaks": [Window(time(10), time(10, 30))]}, "09:00 10:30", id="break"),
        pytest.param({"breaks": [Window(time(9), time(12))]}, "", id="all-break"),
        pytest.param(
            {"hours": same_hours(Window(time(22), time(0)), EVERY_DAY)},
            "22:00 23:00",
            id="midnight",
        ),
        pytest.param({"hours": {}}, "", id="closed"),
    ],
)
def test_slots_fit_into_the_hours(fields: dict[str, Any], starts: str) -> None:
    day = date(2026, 7, 9)

    assert wall_clock(plan(day, **fields), day, "Europe/Berlin") == starts.split()


def test_generating_twice_makes_nothing_twice(room: Room) -> None:
    week = plan(date(2026, 7, 6), date(2026, 7, 19), hours=same_hours(Window(time(9), time(12))))

    first = generate_slots(room_id=room.pk, plan=week, price=Decimal(40), max_bookings=3)
    second = generate_slots(room_id=room.pk, plan=week)

    assert (first.created, first.skipped) == (30, 0)
    assert (second.created, second.skipped) == (0, 30)
    assert Timeslot.objects.count() == 30
    slot = Timeslot.objects.earliest("start_time")
    assert slot.start_time == datetime(2026, 7, 6, 7, 0, tzinfo=UTC)
    assert (slot.price, slot.max_bookings, slot.is_available) == (Decimal("40.00"), 3, True)
    assert [made.pk for made in first.timeslots] == list(
        Timeslot.objects.order_by("start_time").values_list("pk", flat=True)
    )


def test_what_overlaps_is_left_out(room: Room, make_slot: MakeSlot) -> None:
    make_slot(room=room, start=datetime(2026, 7, 9, 7, 30, tzinfo=UTC), minutes=45)

    result = generate_slots(room_id=room.pk, plan=plan(date(2026, 7, 9)))

    assert (result.created, result.skipped) == (1, 2)


def test_a_dry_run_writes_nothing(room: Room) -> None:
    result = generate_slots(room_id=room.pk, plan=plan(date(2026, 7, 9)), dry_run=True)

    assert (result.created, result.skipped, len(result.timeslots)) == (3, 0, 3)
    assert not Timeslot.objects.exists()


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"last_day": date(2026, 7, 8)}, "endDate"),
        ({"last_day": date(2027, 7, 10)}, "endDate"),
        ({"slot_length": timedelta(minutes=4)}, "slotDuration"),
        ({"slot_length": timedelta(hours=25)}, "slotDuration"),
        ({"buffer": timedelta(minutes=-1)}, "bufferMinutes"),
    ],
)
def test_nonsense_is_refused(room: Room, fields: dict[str, Any], attr: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        generate_slots(room_id=room.pk, plan=plan(date(2026, 7, 9), **fields))

    assert refused.value.attr == attr
    assert not Timeslot.objects.exists()


def test_an_unknown_room_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        generate_slots(room_id=404, plan=plan(date(2026, 7, 9)))


# --- single slots -----------------------------------------------------------------------------


def test_no_two_slots_of_a_room_overlap(make_room: MakeRoom) -> None:
    room, other = make_room(), make_room()
    add_slot(room_id=room.pk, start=START, end=START + HOUR)

    with pytest.raises(InvalidInput):
        add_slot(room_id=room.pk, start=START + HOUR / 2, end=START + 2 * HOUR)
    add_slot(room_id=room.pk, start=START + HOUR, end=START + 2 * HOUR)
    add_slot(room_id=other.pk, start=START, end=START + HOUR)

    assert Timeslot.objects.count() == 3


def test_fewer_places_than_taken_are_refused_with_the_number(
    make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    slot = make_slot(max_bookings=3, price=Decimal(20))
    make_booking(slot=slot)

    assert edit_slot(slot_id=slot.pk, changes={"max_bookings": 1}).max_bookings == 1
    with pytest.raises(InvalidInput, match="1 places"):
        edit_slot(slot_id=slot.pk, changes={"max_bookings": 0})

    slot.refresh_from_db()
    assert (slot.max_bookings, slot.taken) == (1, 1)


def test_a_booked_time_can_not_be_moved_or_deleted(
    slot: Timeslot, make_booking: MakeBooking
) -> None:
    make_booking(slot=slot)

    with pytest.raises(InvalidInput):
        edit_slot(slot_id=slot.pk, changes={"start_time": START - HOUR})
    with pytest.raises(InUse):
        delete_slot(slot_id=slot.pk)

    slot.refresh_from_db()
    assert slot.start_time == START


def test_counters_are_not_editable(slot: Timeslot) -> None:
    with pytest.raises(InvalidInput):
        edit_slot(slot_id=slot.pk, changes={"taken": 0})


def test_freeing_a_place_does_not_reopen_a_closed_slot(
    slot: Timeslot, make_booking: MakeBooking
) -> None:
    from bookings.services import cancel_booking
    from tests.infrastructure.world import NOW

    booking = make_booking(slot=slot)
    block_slot(slot_id=slot.pk, reason="holiday")

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    slot.refresh_from_db()
    assert (slot.taken, slot.is_blocked, slot.is_available) == (0, True, False)


def test_what_is_written_in_bulk_is_what_saving_one_writes(make_room: MakeRoom, room: Room) -> None:
    generate_slots(room_id=room.pk, plan=plan(START.date()), price=Decimal("12.50"), max_bookings=3)
    made = list(Timeslot.objects.filter(room=room))
    other = make_room(name="Dr Adler")
    for slot in made:
        Timeslot.objects.create(
            room=other,
            start_time=slot.start_time,
            end_time=slot.end_time,
            price=Decimal("12.50"),
            max_bookings=3,
        )

    names = {field.attname for field in Timeslot._meta.concrete_fields}
    compared = sorted(names - {"id", "room_id", "created_at"})

    def rows(of: Room) -> list[Any]:
        return list(Timeslot.objects.filter(room=of).order_by("start_time").values_list(*compared))

    assert len(made) == 3
    assert rows(room) == rows(other)
    assert all(abs(slot.created_at - timezone.now()) < HOUR for slot in made)
