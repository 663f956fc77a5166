"""Filling a calendar on the staff pages: the preview, the click, nonsense refused."""

from datetime import UTC, date, datetime, time

import pytest

from accounts.models import User
from bookings.models import Room, Timeslot
from common.staff.times import instant
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import post

GENERATE = "/admin/bookings/timeslot/generate/"


def hours(room: Room, **fields: object) -> dict[str, object]:
    return {
        "room": room.pk,
        "first_day": "2026-07-06",
        "last_day": "2026-07-07",
        "weekdays": ["1", "2"],
        "opens": "09:00",
        "closes": "11:00",
        "minutes": "60",
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
    sent["weekdays"] = ["1", "2"]  # type: ignore[assignment]

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
        pytest.param({"room": ""}, "This field is required", id="no-room"),
        pytest.param({"first_day": "2026-07-01"}, "This day is over", id="past"),
        pytest.param({"last_day": "2026-07-05"}, "lies before the first", id="backwards"),
        pytest.param({"last_day": "2027-07-08"}, "At most 366 days", id="too-long"),
        pytest.param({"closes": "09:00"}, "closes the moment it opens", id="no-hours"),
        pytest.param({"price": "0.49"}, "can be charged is 0.50 USD", id="below-minimum"),
        pytest.param({"weekdays": ["8"]}, "not one of the available", id="no-such-day"),
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
    assert {"value": str(room.pk), "selected": ""} in page.tags("option", "selected")


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
