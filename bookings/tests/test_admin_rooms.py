"""Rooms on staff pages."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from bookings.models import Room, Timeslot
from bookings.states import BookingStatus, RoomType
from payments.admin.policy_field import said_policy
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import post
from tests.infrastructure.world import MakeBooking, MakeRoom, MakeSlot

LIST = "/admin/bookings/room/"


def typed(**fields: Any) -> dict[str, object]:
    return {
        "name": "Dr Sommer",
        "room_type": RoomType.TREATMENT,
        "description": "Painless.",
        "capacity": "2",
        "is_active": "on",
        "hourly_rate": "90",
        "timezone": "Europe/Berlin",
        "min_notice_minutes": "60",
        "max_advance_days": "90",
        "staff_email": "",
        "notify_staff": "on",
        "refund_policy_hours_0": "",
        "refund_policy_percent_0": "",
    } | fields


def rooms() -> list[object]:
    return list(Room.objects.order_by("pk").values())


def test_a_manager_makes_a_room(visit: MakeVisitor, manager: User) -> None:
    done = post(
        visit(manager),
        f"{LIST}add/",
        typed(
            refund_policy_hours_0="6",
            refund_policy_percent_0="50 %",
            refund_policy_hours_1="24.5",
            refund_policy_percent_1="100",
        ),
    )

    assert "was added successfully" in done.text
    room = Room.objects.get()
    assert (room.name, room.hourly_rate, room.timezone) == (
        "Dr Sommer",
        Decimal("90.00"),
        "Europe/Berlin",
    )
    assert room.refund_policy == [
        {"hoursBefore": 24.5, "percent": 100},
        {"hoursBefore": 6, "percent": 50},
    ]


def test_an_empty_policy_is_the_sites_own(visit: MakeVisitor, manager: User) -> None:
    post(visit(manager), f"{LIST}add/", typed())

    assert Room.objects.get().refund_policy is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param(
            {"hourly_rate": "0.40"}, "the least that can be charged is 0.50 USD", id="minimum"
        ),
        pytest.param({"hourly_rate": "-1"}, "price", id="negative"),
        pytest.param({"timezone": "Mars/Olympus"}, "Select a valid choice", id="zone"),
        pytest.param({"capacity": "0"}, "greater than or equal to 1", id="no-seat"),
        pytest.param({"refund_policy_hours_0": "24"}, "needs both", id="half-a-row"),
        pytest.param(
            {"refund_policy_hours_0": "soon", "refund_policy_percent_0": "10"},
            "'soon' isn't a number of hours",
            id="no-hours",
        ),
        pytest.param(
            {"refund_policy_hours_0": "nan", "refund_policy_percent_0": "10"},
            "isn't a number of hours",
            id="not-a-number",
        ),
        pytest.param(
            {"refund_policy_hours_0": "24", "refund_policy_percent_0": "101"},
            "from 0 to 100",
            id="too-much",
        ),
        pytest.param(
            {
                "refund_policy_hours_0": "24",
                "refund_policy_percent_0": "50",
                "refund_policy_hours_1": "6",
                "refund_policy_percent_1": "100",
            },
            "Who cancels earlier can't get back less",
            id="upside-down",
        ),
    ],
)
def test_nonsense_is_refused_in_words(
    visit: MakeVisitor, manager: User, fields: dict[str, str], words: str
) -> None:
    page = post(visit(manager), f"{LIST}add/", typed(**fields))

    assert words in page.text
    assert not Room.objects.exists()


def test_a_rate_that_spoils_a_coming_time_is_refused(
    visit: MakeVisitor, make_slot: MakeSlot, manager: User
) -> None:
    room = make_slot(minutes=10).room
    before = rooms()

    page = post(visit(manager), f"{LIST}{room.pk}/change/", typed(hourly_rate="1.20"))

    assert "A time of 10 minutes comes to 0.20 USD" in page.text
    assert rooms() == before


def test_only_what_was_changed_is_written(
    visit: MakeVisitor, make_room: MakeRoom, manager: User
) -> None:
    room = make_room(metadata={"door": "left"}, image_url="/media/door.jpg")
    visitor = visit(manager)

    post(
        visitor,
        f"{LIST}{room.pk}/change/",
        typed(name="Dr Winter", metadata="{}", image_url="", created_at="2020-01-01"),
    )

    changed = Room.objects.get()
    assert (changed.name, changed.metadata, changed.image_url, changed.created_at) == (
        "Dr Winter",
        {"door": "left"},
        "/media/door.jpg",
        room.created_at,
    )


def test_a_room_nobody_booked_is_deleted_with_its_times(
    visit: MakeVisitor, make_slot: MakeSlot, manager: User
) -> None:
    room = make_slot().room
    visitor = visit(manager)

    question = visitor.get(f"{LIST}{room.pk}/delete/")
    assert "Nobody ever booked it" in question.text
    done = visitor.follow(visitor.send(question, "Delete"))

    assert "Dr Weber is removed, and its times with it." in done.text
    assert not Room.objects.exists()
    assert not Timeslot.objects.exists()


def test_a_room_that_was_booked_is_switched_off_and_says_so(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User
) -> None:
    room = make_booking(status=BookingStatus.CONFIRMED).room
    visitor = visit(manager)

    done = visitor.follow(visitor.send(visitor.get(f"{LIST}{room.pk}/delete/"), "Switch off"))

    assert "was booked before, so it stays for the records" in done.text
    room.refresh_from_db()
    assert not room.is_active
    assert Timeslot.objects.count() == 1


def test_several_rooms_each_by_its_own_rule(
    visit: MakeVisitor, make_booking: MakeBooking, make_room: MakeRoom, manager: User
) -> None:
    booked, unused = make_booking().room, make_room(name="Store room")
    ticked: dict[str, object] = {
        "action": "delete_chosen",
        "_selected_action": [booked.pk, unused.pk],
    }
    visitor = visit(manager)

    question = post(visitor, LIST, ticked | {"index": "0"})
    assert "it is only switched off" in question.text
    assert "it is removed, and its times with it" in question.text
    post(visitor, LIST, ticked | {"answer": "yes"})

    assert list(Room.objects.values_list("name", "is_active")) == [("Dr Weber", False)]


def test_the_front_desk_reads_rooms_and_writes_nothing(
    visit: MakeVisitor, make_room: MakeRoom, front_desk: User
) -> None:
    room = make_room(refund_policy=[{"hoursBefore": 24, "percent": 100}])
    visitor = visit(front_desk)
    before = rooms()

    page = visitor.get(f"{LIST}{room.pk}/change/")

    assert "100 % until 24 hours before the start, then nothing" in page.text
    assert visitor.get(f"{LIST}add/").status == 403
    for path in (f"{LIST}{room.pk}/change/", f"{LIST}{room.pk}/delete/", f"{LIST}add/"):
        assert visitor.post(path, answer="yes", name="Mine").status == 403
    assert rooms() == before


def test_the_list_says_what_is_free_next(
    visit: MakeVisitor, make_slot: MakeSlot, make_room: MakeRoom, front_desk: User
) -> None:
    make_slot()
    make_room(name="Closed house", is_active=False)

    page = visit(front_desk).get(LIST)

    assert "Thu 9 July, 11:00" in page.text
    assert "Switched off" in page.text


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ([], "nothing"),
        ([{"hoursBefore": 0, "percent": 0}], "nothing"),
        (
            [{"hoursBefore": 6, "percent": 50}, {"hoursBefore": 24.0, "percent": 100}],
            "100 % until 24 hours before the start, 50 % until 6 hours before the start, "
            "then nothing",
        ),
    ],
)
def test_a_policy_in_words(policy: list[Any], words: str) -> None:
    assert said_policy(policy) == words
