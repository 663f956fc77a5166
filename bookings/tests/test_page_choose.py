"""`/bookings/new`: rooms, a month and its times, everything in the address, nothing decided."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from bookings.models import Room, Timeslot
from tests.infrastructure.pages import MakeVisitor, Page
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot

NEW = "/bookings/new"


def free_days_of(page: Page) -> list[str]:
    """The days of the calendar that are links, by what is said of them."""
    return [day.get("aria-label", "") for day in page.tags("a", "data-day")]


def times_of(page: Page) -> list[str]:
    return [words for words, href in page.links if "slot=" in href]


def test_rooms_are_shown_with_what_they_cost_and_when_they_are_free(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    weber = make_room(name="Dr Weber", hourly_rate=Decimal("90.00"))
    make_slot(room=weber, start=START, minutes=30)
    make_room(name="Atlas", room_type="meeting", capacity=8, hourly_rate=None)
    make_room(name="Attic", is_active=False)

    page = visit().get(NEW)

    assert (page.status, page.h1) == (200, "Book a time")
    assert page.href("Dr Weber") == f"{NEW}?room={weber.pk}"
    assert "For one person 45.00 USD for 30 minutes" in page.text
    assert "Next free: Thu 9 July, 11:00 (Berlin)" in page.text
    assert "Up to 8 people Nothing free at present" in page.text
    assert "Attic" not in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "meeting"}, ["Atlas"]),
        ({"search": "WEBER"}, ["Dr Weber"]),
        ({"search": "whiteboard"}, ["Atlas"]),
        ({"date": "2026-07-09"}, ["Dr Weber"]),
        ({"date": "2026-07-10"}, []),
        ({"type": "nonsense", "date": "yesterday"}, ["Atlas", "Dr Weber"]),
    ],
)
def test_rooms_can_be_filtered(
    visit: MakeVisitor,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    query: dict[str, str],
    found: list[str],
) -> None:
    make_slot(room=make_room(name="Dr Weber"), start=START)
    make_room(name="Atlas", room_type="meeting", description="With a whiteboard.")

    page = visit().get(NEW, **query)

    assert [words for words, _ in page.links if words in {"Atlas", "Dr Weber"}] == found
    assert page.has_link("Show all rooms") == (found == [])


# --- The best room for n people at this time --------------------------------------------------


@pytest.fixture
def three_rooms(make_room: MakeRoom, make_slot: MakeSlot) -> list[Room]:
    """For two, six and twelve people; free on Thu 9 July from 11:00 (Berlin), the last at noon."""
    rooms = [make_room(name=f"For {n}", capacity=n, room_type="meeting") for n in (12, 2, 6)]
    for room, hour in zip(rooms, (1, 0, 0), strict=True):
        make_slot(room=room, start=START + timedelta(hours=hour))
    return rooms


def names_of(page: Page) -> list[str]:
    return [words for words, _ in page.links if words.startswith("For ")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["For 12", "For 2", "For 6"]),
        ({"people": "1"}, ["For 2", "For 6", "For 12"]),
        ({"people": "3"}, ["For 6", "For 12"]),
        ({"people": "3", "date": "2026-07-09"}, ["For 6", "For 12"]),
        ({"people": "3", "date": "2026-07-09", "time": "11:00"}, ["For 6"]),
        ({"people": "3", "date": "2026-07-09", "time": "11:29"}, ["For 6"]),
        ({"people": "3", "date": "2026-07-09", "time": "11:30"}, []),
        ({"people": "3", "date": "2026-07-09", "time": "12:15"}, ["For 12"]),
        ({"date": "2026-07-09", "time": "11:00"}, ["For 2", "For 6"]),
        ({"people": "none"}, ["For 12", "For 2", "For 6"]),
        ({"people": "-1", "time": "late"}, ["For 12", "For 2", "For 6"]),
    ],
)
def test_rooms_that_hold_so_many_come_best_fit_first(
    visit: MakeVisitor, three_rooms: list[Room], query: dict[str, str], found: list[str]
) -> None:
    page = visit().get(NEW, **query)

    assert names_of(page) == found
    marks = 1 if query.get("people") in {"1", "3"} and len(found) > 1 else 0
    assert page.text.count("Best fit") == marks


def test_a_time_of_day_leads_straight_to_it(visit: MakeVisitor, three_rooms: list[Room]) -> None:
    slot = Timeslot.objects.get(room__name="For 12")

    page = visit().get(NEW, people=3, date="2026-07-09", time="12:15")

    assert "Free on Thu 9 July, 12:00 (Berlin)" in page.text
    assert page.href("For 12") == (
        f"{NEW}?room={slot.room_id}&month=2026-07&day=2026-07-09&slot={slot.pk}"
    )


def test_a_time_of_day_needs_a_day(visit: MakeVisitor, three_rooms: list[Room]) -> None:
    page = visit().get(NEW, time="11:00")

    assert "On which day?" in page.text
    assert len(names_of(page)) == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"people": "13"}, "Our largest room takes 12 people. For more, please ask at the desk."),
        (
            {"people": "3", "date": "2026-07-09", "time": "18:00"},
            "No room for 3 people is free on Thu 9 July at 18:00. Try another time or another day.",
        ),
        ({"people": "7", "date": "2026-07-10"}, "No room for 7 people is free on Fri 10 July."),
        ({"people": "1", "date": "2026-07-10"}, "No room is free on Fri 10 July. Try another day."),
        ({"search": "pool"}, "No room fits all of that. Ask for less, or look at all of them."),
    ],
)
def test_when_nothing_fits_it_says_what_to_try(
    visit: MakeVisitor, three_rooms: list[Room], query: dict[str, str], said: str
) -> None:
    page = visit().get(NEW, **query)

    assert said in page.text
    assert page.has_link("Show all rooms")


def test_a_time_of_day_is_that_of_the_room(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    make_slot(room=make_room(name="For Berlin"), start=START)
    make_slot(room=make_room(name="For New York", timezone="America/New_York"), start=START)

    assert names_of(visit().get(NEW, date="2026-07-09", time="11:00")) == ["For Berlin"]
    assert names_of(visit().get(NEW, date="2026-07-09", time="05:00")) == ["For New York"]


def test_a_day_that_was_asked_for_goes_with_the_room(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    make_slot(room=room, start=START)

    page = visit().get(NEW, date="2026-07-09")

    assert page.href("Dr Weber") == f"{NEW}?room={room.pk}&month=2026-07&day=2026-07-09"
    assert "Free on Thu 9 July" in page.text


def test_a_room_opens_on_its_first_free_day(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    make_slot(room=room, start=START, taken=1)
    first = make_slot(room=room, start=START + timedelta(days=1))
    make_slot(room=room, start=START + timedelta(days=4))

    page = visit().get(NEW, room=room.pk)

    assert page.h1 == "Choose a time"
    assert free_days_of(page) == ["Friday 10 July, 1 free time", "Monday 13 July, 1 free time"]
    assert times_of(page) == ["11:00 30 min"]
    assert page.href("11:00 30 min") == (
        f"{NEW}?room={room.pk}&month=2026-07&day=2026-07-10&slot={first.pk}"
    )
    assert page.href("Mon 13 July") == f"{NEW}?room={room.pk}&month=2026-07&day=2026-07-13"


def test_times_say_how_many_places_are_left(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    for hour, (places, taken) in enumerate([(3, 1), (3, 2), (3, 3), (1, 0)]):
        start = START + timedelta(hours=hour)
        make_slot(room=room, start=start, max_bookings=places, taken=taken)
    make_slot(room=room, start=START + timedelta(hours=5), is_blocked=True)

    page = visit().get(NEW, room=room.pk, day="2026-07-09")

    assert times_of(page) == ["11:00 2 places", "12:00 last place", "14:00 30 min"]
    assert "13:00 taken" in page.text
    assert "16:00" not in page.text


def test_times_say_their_price_where_prices_differ(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    make_slot(room=room, start=START, price=Decimal("40.00"))
    make_slot(room=room, start=START + timedelta(hours=1), price=Decimal(0))

    page = visit().get(NEW, room=room.pk)

    assert times_of(page) == ["11:00 30 min · 40.00 USD", "12:00 30 min · Free"]


def test_today_shows_what_lies_ahead_and_what_is_too_soon(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(min_notice_minutes=60)
    make_slot(room=room, start=NOW - timedelta(hours=1))
    make_slot(room=room, start=NOW + timedelta(minutes=30))
    make_slot(room=room, start=NOW + timedelta(hours=1))

    page = visit().get(NEW, room=room.pk)

    assert free_days_of(page) == ["Thursday 2 July, 1 free time, today"]
    assert times_of(page) == ["11:00 30 min"]
    assert "10:30 too soon" in page.text
    assert "09:00" not in page.text


def test_an_empty_month_leads_to_the_next_free_day(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    make_slot(room=room, start=START)
    september = make_slot(room=room, start=datetime(2026, 9, 3, 8, 0, tzinfo=UTC))

    page = visit().get(NEW, room=room.pk, month="2026-08")

    assert "August 2026" in page.text
    assert "Nothing is free here." in page.text
    assert free_days_of(page) == []
    assert page.href("Thu 3 September").endswith("&month=2026-09&day=2026-09-03")
    assert september.room_id == room.pk


def test_nobody_is_shown_an_empty_month_unasked(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    make_slot(room=room, start=datetime(2026, 9, 3, 8, 0, tzinfo=UTC))

    page = visit().get(NEW, room=room.pk)

    assert "September 2026" in page.text
    assert times_of(page) == ["10:00 30 min"]


def test_a_full_day_says_so_and_leads_on(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room()
    make_slot(room=room, start=START, taken=1)
    make_slot(room=room, start=START - timedelta(days=1))

    page = visit().get(NEW, room=room.pk, day="2026-07-09")

    assert "Everything is taken on this day." in page.text
    assert page.href("Wed 8 July").endswith("&day=2026-07-08")


def test_a_room_without_any_free_time_leads_to_others(visit: MakeVisitor, room: Room) -> None:
    page = visit().get(NEW, room=room.pk)

    assert page.status == 200
    assert page.href("other rooms") == NEW


def test_the_calendar_ends_where_bookings_do(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(max_advance_days=40)
    make_slot(room=room, start=START)

    july = visit().get(NEW, room=room.pk)
    august = visit().get(NEW, room=room.pk, month="2026-08")

    months = [label.get("aria-label") for label in july.tags("a", "aria-label")]
    assert "Month after" in months
    assert "Month before" not in months
    months = [label.get("aria-label") for label in august.tags("a", "aria-label")]
    assert "Month before" in months
    assert "Month after" not in months
    assert "August 2026" in visit().get(NEW, room=room.pk, month="2031-01").text
    assert "July 2026" in visit().get(NEW, room=room.pk, month="2020-01").text


def test_days_are_those_of_the_room_s_own_zone(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(timezone="America/New_York")
    make_slot(room=room, start=datetime(2026, 7, 10, 2, 30, tzinfo=UTC))

    page = visit().get(NEW, room=room.pk)

    assert free_days_of(page) == ["Thursday 9 July, 1 free time"]
    assert times_of(page) == ["22:30 30 min"]
    assert "Times are in New York" in page.text


@pytest.mark.parametrize(
    "query",
    [
        {"day": "2026-02-31"},
        {"day": "nonsense", "month": "2026-13"},
        {"day": "2026-06-30"},
        {"month": "2026-07", "day": "2026-08-01"},
        {"slot": "0"},
        {"slot": "9" * 30},
    ],
)
def test_what_makes_no_sense_in_the_address_counts_as_not_said(
    visit: MakeVisitor, slot: Timeslot, query: dict[str, str]
) -> None:
    page = visit().get(NEW, room=slot.room_id, **query)

    assert page.status == 200
    assert times_of(page) == ["11:00 30 min"]


@pytest.mark.parametrize("room", ["0", "-1", "abc", "9" * 40])
def test_no_room_at_all_is_the_list_of_rooms(visit: MakeVisitor, room: str) -> None:
    assert visit().get(NEW, room=room).h1 == "Book a time"


def test_unknown_and_closed_rooms_are_404_and_lead_on(
    visit: MakeVisitor, make_room: MakeRoom
) -> None:
    closed = make_room(is_active=False)

    for room_id in (closed.pk, 987654):
        page = visit().get(NEW, room=room_id)
        assert page.status == 404
        assert page.has_link("See what is free")


def test_a_time_that_is_gone_shows_the_others(
    visit: MakeVisitor, make_slot: MakeSlot, slot: Timeslot
) -> None:
    elsewhere = make_slot()

    page = visit().get(NEW, room=slot.room_id, slot=elsewhere.pk)

    assert page.status == 200
    assert "The time you were looking at isn't there any more." in page.text


def test_a_month_takes_three_queries_however_full_it_is(
    visit: MakeVisitor,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    room = make_room()
    make_slot(room=room, start=START)
    visitor = visit()
    with django_assert_num_queries(3):
        visitor.get(NEW, room=room.pk, month="2026-07")

    for number in range(1, 30):
        make_slot(room=room, start=START + timedelta(hours=number))
    with django_assert_num_queries(3):
        visitor.get(NEW, room=room.pk, month="2026-07")


def test_an_empty_month_takes_three_queries_too(
    visit: MakeVisitor,
    room: Room,
    make_slot: MakeSlot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_slot(room=room, start=START)
    visitor = visit()

    with django_assert_num_queries(3):
        page = visitor.get(NEW, room=room.pk, month="2026-09")

    assert page.href("Thu 9 July").endswith("&day=2026-07-09")


def test_only_where_little_is_free_there_is_one_query_more(
    visit: MakeVisitor,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    # Free in the third month alone; and a day of this month on which all is taken.
    room = make_room()
    make_slot(room=room, start=START, is_blocked=True)
    make_slot(room=room, start=START + timedelta(days=70))
    visitor = visit()

    with django_assert_num_queries(4):
        first = visitor.get(NEW, room=room.pk)
    with django_assert_num_queries(4):
        taken = visitor.get(NEW, room=room.pk, day=f"{START:%Y-%m-%d}")

    assert "September 2026" in first.text
    assert taken.href("Thu 17 September").endswith("&day=2026-09-17")


def test_a_picture_of_ours_comes_in_two_sizes(visit: MakeVisitor, make_room: MakeRoom) -> None:
    ours = "/media/rooms/abcdefghijklmnopqrstuv"
    room = make_room(image_url=f"{ours}.webp")
    other = make_room(name="Elsewhere", image_url="https://example.com/room.jpg")
    visitor = visit()

    for path, query in (("/", {}), (NEW, {}), (NEW, {"room": room.pk})):
        pictures = visitor.get(path, **query).tags("img", "srcset")
        assert {(found["src"], found["srcset"]) for found in pictures} <= {
            (f"{ours}-small.webp", f"{ours}-small.webp 640w, {ours}.webp 1280w")
        }
        assert len(pictures) == 1 or path == "/"
    [plain] = visitor.get(NEW, room=other.pk).tags("img", "src")
    assert (plain["src"], "srcset" in plain) == ("https://example.com/room.jpg", False)


@pytest.mark.parametrize(
    ("days_on", "month"),
    [(0, None), (30, None), (30, "2026-07"), (30, "2026-08")],
    ids=["this-month", "the-next-unasked", "an-empty-one-asked-for", "the-next-asked-for"],
)
def test_it_takes_three_beyond_session_and_user_wherever_the_free_times_are(
    visit: MakeVisitor,
    customer: User,
    make_slot: MakeSlot,
    django_assert_num_queries: DjangoAssertNumQueries,
    days_on: int,
    month: str | None,
) -> None:
    slot = make_slot(start=START + timedelta(days=days_on))
    query = {"room": slot.room_id} | ({"month": month} if month else {})
    visitor = visit(customer)

    with django_assert_num_queries(2 + 3):
        page = visitor.get(NEW, **query)

    assert len(times_of(page)) + page.text.count("Next free:") == 1


def test_the_rooms_take_as_many_queries_for_thirty_as_for_one(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert visit().get(NEW).status == 200
        return len(counted)

    make_slot(room=make_room())
    with_one = queries()
    for number in range(29):
        make_slot(room=make_room(name=f"Room {number}"))

    assert queries() == with_one


def test_the_pages_of_rooms_keep_the_filter(visit: MakeVisitor, make_room: MakeRoom) -> None:
    for number in range(30):
        make_room(name=f"Room {number:02}")

    page = visit().get(NEW, search="room")

    assert page.href("Next") == "?search=room&page=2"
    assert "Room 29" in visit().get(NEW, search="room", page=2).text
