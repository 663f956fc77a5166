"""Many times closed or opened at once: counted first, done once, nobody loses a place."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from bookings.planning import Plan, Window, same_hours
from bookings.services import block_slot, generate_slots, set_blocked_range
from bookings.services.block_range import Range
from common.errors import InvalidInput
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import cost, post
from tests.infrastructure.world import NOW, MakeRoom, book_slot

MANY = "/admin/bookings/timeslot/many/"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def week(room: Room) -> Room:
    """Hourly from 9 to 12, Monday to Friday."""
    plan = Plan(
        first_day=date(2026, 7, 6),
        last_day=date(2026, 7, 10),
        slot_length=timedelta(hours=1),
        hours=same_hours(Window(time(9), time(12))),
    )
    generate_slots(room_id=room.pk, plan=plan)
    return room


def wanted(*rooms: Room, **fields: object) -> dict[str, object]:
    return {
        "what": "close",
        "rooms": [room.pk for room in rooms],
        "first_day": "2026-07-07",
        "last_day": "2026-07-08",
        "opens": "",
        "closes": "",
        "reason": "holidays",
        **fields,
    }


def closed() -> list[str]:
    return [
        f"{slot.start_time.astimezone(BERLIN):%a %H}"
        for slot in Timeslot.objects.filter(is_blocked=True).order_by("start_time")
    ]


def test_days_are_counted_then_closed_and_places_kept(
    visit: MakeVisitor, week: Room, customer: User, front_desk: User
) -> None:
    slot = Timeslot.objects.get(start_time=datetime(2026, 7, 7, 10, tzinfo=BERLIN))
    booking = book_slot(slot, customer)
    other = Timeslot.objects.get(start_time=datetime(2026, 7, 8, 9, tzinfo=BERLIN))
    block_slot(slot_id=other.pk, reason="ill")
    visitor = visit(front_desk)

    page = post(visitor, MANY, wanted(week, do="preview"))

    assert "Dr Weber: 5 to close" in page.text
    assert "Somebody has a place in 1 of them and keeps it." in page.text
    assert "1 is closed already. Closed now: 1 because of 'ill'." in page.text
    assert closed() == ["Wed 09"]
    done = post(visitor, MANY, wanted(week, do="set"))
    assert "Dr Weber: 5 timeslots closed." in done.text
    assert closed() == ["Tue 09", "Tue 10", "Tue 11", "Wed 09", "Wed 10", "Wed 11"]
    other.refresh_from_db()
    assert other.blocked_reason == "ill"
    assert Booking.objects.get() == booking
    assert Timeslot.objects.get(pk=slot.pk).taken == 1


def test_what_was_closed_is_opened_again(visit: MakeVisitor, week: Room, front_desk: User) -> None:
    visitor = visit(front_desk)
    post(visitor, MANY, wanted(week, do="set"))

    page = post(visitor, MANY, wanted(week, what="open", reason="", do="preview"))
    done = post(visitor, MANY, wanted(week, what="open", reason="", do="set"))

    assert "Open 6 timeslots" in page.text
    assert "6 because of 'holidays'" in page.text
    assert "6 timeslots opened again." in done.text
    assert closed() == []
    assert set(Timeslot.objects.values_list("blocked_reason", flat=True)) == {""}


@pytest.mark.parametrize(
    ("opens", "closes", "hours"),
    [
        ("10:00", "11:00", ["Tue 10"]),
        ("10:30", "11:30", ["Tue 10", "Tue 11"]),
        ("11:00", "", ["Tue 11"]),
        ("", "10:00", ["Tue 09"]),
        ("12:00", "13:00", []),
    ],
)
def test_hours_are_the_rooms_own(
    visit: MakeVisitor, week: Room, front_desk: User, opens: str, closes: str, hours: list[str]
) -> None:
    fields = wanted(week, last_day="2026-07-07", opens=opens, closes=closes, do="set")

    post(visit(front_desk), MANY, fields)

    assert closed() == hours


def test_other_rooms_and_what_has_begun_are_left_alone(week: Room, make_room: MakeRoom) -> None:
    noon = datetime(2026, 7, 7, 10, 30, tzinfo=BERLIN)
    days = Range(first_day=date(2026, 7, 6), last_day=date(2026, 7, 7))

    assert set_blocked_range(room_ids=[make_room().pk], wanted=days, blocked=True, at=NOW) == 0
    assert set_blocked_range(room_ids=[week.pk], wanted=days, blocked=True, at=noon) == 1
    assert closed() == ["Tue 11"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": ""}, "Say why"),
        ({"rooms": []}, "Choose at least one room"),
        ({"what": "burn"}, "not one of the available"),
        ({"last_day": "2026-07-01"}, "lies before the first"),
        ({"last_day": "2027-08-01"}, "At most 366 days"),
        ({"last_day": "9999-12-31"}, "A day lies between"),
        ({"opens": "12:00", "closes": "09:00"}, "end before they begin"),
    ],
)
def test_nonsense_changes_nothing(
    visit: MakeVisitor, week: Room, front_desk: User, fields: dict[str, object], words: str
) -> None:
    page = post(visit(front_desk), MANY, wanted(week, do="set") | fields)

    assert words in page.text
    assert closed() == []


def test_the_service_refuses_nonsense_too(week: Room) -> None:
    backwards = Range(first_day=date(2026, 7, 8), last_day=date(2026, 7, 7))
    with pytest.raises(InvalidInput):
        set_blocked_range(room_ids=[week.pk], wanted=backwards, blocked=True, at=NOW)


@pytest.mark.parametrize(
    ("who", "status"), [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)]
)
def test_who_may_close_times(
    request: pytest.FixtureRequest, visit: MakeVisitor, week: Room, who: str, status: int
) -> None:
    visitor = visit(request.getfixturevalue(who))

    assert visitor.get(MANY).status == status
    if status != 200:
        fields = {name: str(value) for name, value in wanted(week, do="set").items()}
        assert visitor.post(MANY, **{**fields, "rooms": str(week.pk)}).status in {302, 403}
        assert closed() == []


def test_the_page_costs_the_same_for_many_rooms(
    visit: MakeVisitor, make_room: MakeRoom, manager: User
) -> None:
    visitor = visit(manager)
    make_room()
    cost(visitor, MANY)
    few = cost(visitor, MANY)
    for _ in range(29):
        make_room()

    assert cost(visitor, MANY) == few
