"""`manage.py generate_slots`: the generator from the command line."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Room, Timeslot
from tests.infrastructure.world import MakeRoom, MakeSlot

WEEK = ("--from", "2026-07-06", "--to", "2026-07-12")


def run(room: Room, *arguments: str) -> str:
    out = StringIO()
    call_command("generate_slots", str(room.pk), *arguments, stdout=out)
    return out.getvalue()


def test_it_fills_a_week_and_again_nothing(room: Room) -> None:
    arguments = (*WEEK, "--weekdays", "1,3-4", "--hours", "09:00-10:00", "--places", "3")

    said = run(room, *arguments, "--price", "12.50")
    again = run(room, *arguments)

    assert said == "Dr Weber: 6 timeslots made, 0 skipped.\n"
    assert again == "Dr Weber: 0 timeslots made, 6 skipped.\n"
    assert set(Timeslot.objects.values_list("price", "max_bookings")) == {(Decimal("12.50"), 3)}
    assert list(Timeslot.objects.order_by("pk").values_list("start_time", flat=True)) == [
        datetime(2026, 7, day, 7, minute, tzinfo=UTC) for day in (6, 8, 9) for minute in (0, 30)
    ]


def test_a_dry_run_shows_the_days_and_writes_nothing(room: Room) -> None:
    said = run(room, *WEEK, "--hours", "22:00-00:00", "--minutes", "60", "--dry-run")

    assert said.splitlines()[:2] == [
        "Dr Weber: 10 timeslots would be made, 0 skipped.",
        "  Mon 6 Jul 2026: 22:00 23:00",
    ]
    assert not Timeslot.objects.exists()


def test_several_rooms_with_hours_of_their_own_days(room: Room, make_room: MakeRoom) -> None:
    other = make_room(name="Dr Winter")
    arguments = (
        *("--minutes", "60", "--hours", "09:00-10:00,14:00-15:00", "--on", "6=10:00-12:00"),
        *("--on", "3=", "--breaks", "11:00-12:00", "--buffer", "5", "--exclude", "2026-07-07"),
    )

    said = run(room, str(other.pk), str(room.pk), *WEEK, *arguments)

    # Monday, Thursday and Friday twice, Saturday once before the break.
    assert said.splitlines() == [
        "Dr Weber: 7 timeslots made, 0 skipped.",
        "Dr Winter: 7 timeslots made, 0 skipped.",
    ]


def test_a_dry_run_says_what_is_in_the_way(room: Room, make_slot: MakeSlot) -> None:
    make_slot(room=room, start=datetime(2026, 7, 6, 7, 15, tzinfo=UTC))

    said = run(room, *WEEK, "--hours", "09:00-10:00", "--dry-run")

    assert "  skipped Mon 6 Jul 2026, 09:00–09:30: overlaps 09:15–09:45" in said.splitlines()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--hours", "9-17"), "isn't like 09:00-17:00"),
        (("--hours", "09:00-12:00,11:00-13:00"), "overlap"),
        (("--on", "8=09:00-10:00"), "isn't like 6=10:00-14:00"),
        (("--breaks", "noon"), "isn't like 09:00-17:00"),
        (("--buffer", "-1"), "from 0 minutes to 24 hours"),
        (("--exclude", "Christmas"), "isn't a day such as"),
        (("--weekdays", "0-3"), "isn't like 1-5"),
        (("--weekdays", "Mon"), "isn't like 1-5"),
        (("--from", "6 July"), "isn't a day such as"),
        (("--price", "much"), "isn't an amount such as"),
        (("--price", "nan"), "isn't an amount such as"),
        (("--price", "0.20"), "the least that can be charged is 0.50 USD"),
        (("--minutes", "1"), "from 5 minutes to 24 hours"),
        (("--to", "2020-01-01"), "lies before the first"),
    ],
)
def test_nonsense_is_refused_in_words(room: Room, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(room, *arguments)

    assert not Timeslot.objects.exists()


def test_an_unknown_room_is_answered_with_those_there_are(room: Room) -> None:
    with pytest.raises(CommandError, match=rf"There are: {room.pk} \(Dr Weber\)"):
        call_command("generate_slots", "99999")
