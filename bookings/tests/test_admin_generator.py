"""Filling a calendar on the staff pages: the preview, the click, nonsense refused."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from bookings.admin import generator, generator_run
from bookings.models import Room, Timeslot
from common.staff.times import instant
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import post
from tests.infrastructure.world import MakeRoom, MakeSlot

GENERATE = "/admin/bookings/timeslot/generate/"


def hours(*rooms: Room, **fields: object) -> dict[str, object]:
    return {
        "rooms": [room.pk for room in rooms],
        "first_day": "2026-07-06",
        "last_day": "2026-07-07",
        "hours_1": "09:00-11:00",
        "hours_2": "09:00-11:00",
        "minutes": "60",
        "buffer": "0",
        "price": "",
        "places": "1",
    } | fields


def test_a_preview_says_what_would_be_made_and_makes_nothing(
    visit: MakeVisitor, room: Room, manager: User
) -> None:
    page = post(visit(manager), GENERATE, hours(room, do="preview"))

    assert "4 new timeslots for Dr Weber" in page.text
    assert "Mon 6 Jul 2026 2 09:00 · 10:00" in page.text
    assert not Timeslot.objects.exists()


def test_what_was_previewed_is_made_and_made_once(
    visit: MakeVisitor, room: Room, manager: User
) -> None:
    visitor = visit(manager)
    preview = post(visitor, GENERATE, hours(room, do="preview"))
    sent = {
        tag["name"]: tag["value"]
        for tag in preview.tags("input", "name")
        if tag.get("type") == "hidden" and tag["name"] != "csrfmiddlewaretoken"
    }

    made = post(visitor, GENERATE, dict(sent))
    again = post(visitor, GENERATE, dict(sent))

    assert "Dr Weber: 4 timeslots made." in made.text
    assert "Dr Weber: 0 timeslots made, 4 skipped because they overlap" in again.text
    starts = Timeslot.objects.order_by("start_time").values_list("start_time", flat=True)
    assert list(starts) == [
        datetime(2026, 7, day, hour, tzinfo=UTC) for day in (6, 7) for hour in (7, 8)
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"rooms": []}, "Choose at least one room", id="no-room"),
        pytest.param({"rooms": ["999"]}, "not one of the available", id="unknown-room"),
        pytest.param({"first_day": "2026-07-01"}, "This day is over", id="past"),
        pytest.param({"last_day": "2026-07-05"}, "lies before the first", id="backwards"),
        pytest.param({"last_day": "2027-07-08"}, "At most 366 days", id="too-long"),
        pytest.param({"hours_1": "09:00-09:00"}, "closes the moment it opens", id="no-length"),
        pytest.param({"hours_1": "", "hours_2": ""}, "at least one day", id="no-hours"),
        pytest.param({"hours_1": "9-17"}, "isn't like 09:00-17:00", id="no-window"),
        pytest.param({"hours_1": "09:00-12:00,11:00-13:00"}, "overlap", id="windows-overlap"),
        pytest.param({"breaks": "noon"}, "isn't like 09:00-17:00", id="no-break"),
        pytest.param({"buffer": "-1"}, "greater than or equal to 0", id="buffer"),
        pytest.param({"excluded": "Christmas"}, "isn't a day such as", id="no-day"),
        pytest.param({"excluded": "2026-12-24 to 2026-12-01"}, "ends before", id="no-span"),
        pytest.param({"last_day": "9999-12-31"}, "A day lies between", id="end-of-days"),
        pytest.param({"price": "0.49"}, "can be charged is 0.50 USD", id="below-minimum"),
        pytest.param({"places": "99999"}, "less than or equal to", id="too-many-places"),
    ],
)
def test_nonsense_is_refused_in_words(
    visit: MakeVisitor, room: Room, manager: User, fields: dict[str, object], words: str
) -> None:
    page = post(visit(manager), GENERATE, hours(room, do="make") | fields)

    assert words in page.text
    assert not Timeslot.objects.exists()


def test_hours_into_which_nothing_fits_are_said(
    visit: MakeVisitor, room: Room, manager: User
) -> None:
    page = post(visit(manager), GENERATE, hours(room, minutes="150", do="preview"))

    assert "Nothing new for Dr Weber No time of this length fits" in page.text


def test_the_page_begins_with_the_room_one_came_from(
    visit: MakeVisitor, room: Room, manager: User
) -> None:
    page = visit(manager).get(GENERATE, room=str(room.pk))

    fields = {tag["name"]: tag.get("value") for tag in page.tags("input", "name")}
    assert (fields["first_day"], fields["last_day"]) == ("2026-07-02", "2026-07-29")
    checked = [tag["value"] for tag in page.tags("input", "checked") if tag["name"] == "rooms"]
    assert checked == [str(room.pk)]


def test_hours_breaks_pauses_and_holidays_are_kept(
    visit: MakeVisitor, room: Room, make_room: MakeRoom, manager: User
) -> None:
    other = make_room(name="Dr Winter")
    fields = hours(
        room,
        other,
        last_day="2026-07-13",
        hours_1="09:00-12:00, 14:00-16:00",
        hours_2="",
        hours_7="22:00-00:00",
        breaks="10:00-10:30",
        buffer="15",
        excluded="2026-07-13",
        do="make",
    )

    made = post(visit(manager), GENERATE, fields)

    assert "Dr Weber, Dr Winter: 8 timeslots made." in made.text
    starts = Timeslot.objects.filter(room=room).order_by("start_time")
    berlin = ZoneInfo("Europe/Berlin")
    assert [f"{slot.start_time.astimezone(berlin):%a %H:%M}" for slot in starts] == [
        "Mon 09:00",
        "Mon 10:30",
        "Mon 14:00",
        "Sun 22:00",
    ]
    assert Timeslot.objects.filter(room=other).count() == starts.count()


def test_a_preview_says_what_is_skipped_and_why(
    visit: MakeVisitor, room: Room, make_slot: MakeSlot, manager: User
) -> None:
    make_slot(room=room, start=datetime(2026, 7, 6, 7, 30, tzinfo=UTC), minutes=45)

    page = post(visit(manager), GENERATE, hours(room, do="preview"))

    assert "2 are skipped" in page.text
    assert "Mon 6 Jul 2026, 09:00–10:00: overlaps 09:30–10:15" in page.text


# --- Long runs ------------------------------------------------------------------------------


@pytest.fixture
def year(room: Room, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """More than is made at once: eight weeks, by the limits of these tests."""
    monkeypatch.setattr(generator, "AT_ONCE", 10)
    monkeypatch.setattr(generator_run, "SLOTS_A_STEP", 12)
    return hours(room, last_day="2026-08-30", do="make")


def test_a_long_run_goes_on_step_by_step(
    visit: MakeVisitor, year: dict[str, object], manager: User
) -> None:
    visitor = visit(manager)

    page = post(visitor, GENERATE, year)
    seen = [page.text]
    assert "0 %: 0 made" in page.text
    assert not Timeslot.objects.exists()
    while page.forms_with("Go on"):
        page = visitor.follow(visitor.send(page, "Go on"))
        seen.append(page.text)

    assert "37 %: 12 made" in seen[1]
    assert "75 %: 24 made" in seen[2]
    assert "Dr Weber: 32 timeslots made." in seen[3]
    assert Timeslot.objects.count() == 32
    assert "stopped at" not in visitor.get(GENERATE).text


def test_a_step_that_is_sent_again_makes_nothing_twice(
    visit: MakeVisitor, year: dict[str, object], manager: User
) -> None:
    visitor = visit(manager)
    page = post(visitor, GENERATE, year)
    for _ in range(9):
        visitor.send(page, "Go on")

    assert Timeslot.objects.count() == 32
    assert "There is nothing left to make." in visitor.follow(visitor.send(page, "Go on")).text


def test_a_run_that_was_cut_short_is_offered_again(
    visit: MakeVisitor, year: dict[str, object], manager: User
) -> None:
    visitor = visit(manager)
    visitor.send(post(visitor, GENERATE, year), "Go on")

    page = visitor.get(GENERATE)
    assert "A run for Dr Weber stopped at 37 %." in page.text
    paused = visitor.get(GENERATE, progress="1", paused="1")
    assert "submit()" not in paused.response.content.decode()
    stopped = visitor.follow(visitor.send(paused, "Stop here"))

    assert "What was made so far stays." in stopped.text
    assert Timeslot.objects.count() == 12
    assert "stopped at" not in visitor.get(GENERATE).text


def test_a_room_switched_off_meanwhile_ends_the_run(
    visit: MakeVisitor, year: dict[str, object], room: Room, manager: User
) -> None:
    visitor = visit(manager)
    page = post(visitor, GENERATE, year)
    Room.objects.update(is_active=False)

    ended = visitor.follow(visitor.send(page, "Go on"))

    assert "Stopped: Select a valid choice" in ended.text
    assert not Timeslot.objects.exists()


@pytest.mark.parametrize("who", ["customer", "scanner", "front_desk"])
@pytest.mark.parametrize("do", ["make", "step", "stop", "preview"])
def test_only_managers_make_times(
    request: pytest.FixtureRequest, visit: MakeVisitor, room: Room, who: str, do: str
) -> None:
    visitor = visit(request.getfixturevalue(who))

    page = visitor.post(GENERATE, **{**hours(room), "do": do})  # type: ignore[arg-type]

    assert page.status in {302, 403}
    assert not Timeslot.objects.exists()


@pytest.mark.parametrize(
    ("day", "hour", "expected"),
    [
        pytest.param(date(2026, 7, 2), time(9), datetime(2026, 7, 2, 7, tzinfo=UTC), id="summer"),
        pytest.param(date(2027, 3, 28), time(2, 30), None, id="skipped-in-spring"),
        pytest.param(
            date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="twice"
        ),
    ],
)
def test_a_wall_clock_hour_becomes_an_instant(
    day: date, hour: time, expected: datetime | None
) -> None:
    assert instant(day, hour, "Europe/Berlin") == expected
