"""The next free time of many rooms at once: right near and far, by a query or two."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from bookings.models import Room
from bookings.queries import SOON, next_free, next_free_slots, next_free_times
from tests.infrastructure.world import NOW, MakeRoom, MakeSlot

HOUR = timedelta(hours=1)
# The last instant that counts as soon is a moment before this one.
NOT_SOON = NOW + SOON


@pytest.mark.parametrize(
    "start",
    [NOW + HOUR, NOT_SOON - HOUR, NOT_SOON, NOT_SOON + HOUR, NOW + timedelta(days=90)],
)
def test_the_earliest_is_found_wherever_it_lies(
    make_room: MakeRoom, make_slot: MakeSlot, start: datetime
) -> None:
    room = make_room()
    for later in range(3):
        make_slot(room=room, start=start + later * timedelta(days=30))
    make_slot(room=room, start=start - timedelta(minutes=30), is_blocked=True)

    assert next_free_times([room], NOW) == {room.pk: start}
    assert next_free_slots([room], NOW)[room.pk].start_time == start


def test_what_is_taken_too_soon_or_too_far_is_passed_over(
    make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(min_notice_minutes=120, max_advance_days=30)
    for start in (NOW - HOUR, NOW + HOUR, NOW + timedelta(days=30, hours=1)):
        make_slot(room=room, start=start)
    make_slot(room=room, start=NOW + 3 * HOUR, taken=1)

    assert next_free_times([room], NOW) == {}


@pytest.fixture
def rooms(make_room: MakeRoom, make_slot: MakeSlot) -> list[Room]:
    """Half of them free soon, half of them later."""
    made = [make_room(name=f"Room {number}") for number in range(6)]
    for number, room in enumerate(made):
        make_slot(room=room, start=datetime(2026, 7, 9 if number % 2 else 30, 9, tzinfo=UTC))
    return made


def test_rooms_that_are_free_soon_take_one_query(
    rooms: list[Room], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert len(next_free_times(rooms[1::2], NOW)) == 3


def test_rooms_that_are_free_later_take_one_more(
    rooms: list[Room], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        assert len(next_free_times(rooms, NOW)) == 6
    with django_assert_num_queries(0):
        assert next_free_times([], NOW) == {}


def test_the_earliest_of_all_stands_in_when_nothing_comes_after(
    room: Room, make_slot: MakeSlot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, second, third = (
        make_slot(room=room, start=NOW + days * 24 * HOUR) for days in (2, 4, 6)
    )

    with django_assert_num_queries(4):
        assert next_free(room, NOW) == first
        assert next_free(room, NOW, after=second.start_time) == second
        assert next_free(room, NOW, after=second.start_time + HOUR) == third
        assert next_free(room, NOW, after=third.start_time + HOUR) == first
