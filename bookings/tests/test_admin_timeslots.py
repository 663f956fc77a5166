"""Timeslots on staff pages: typed by the room's clock, written by services alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from bookings.states import BookingStatus
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import post
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot

LIST = "/admin/bookings/timeslot/"
GENERATE = f"{LIST}generate/"


def page_of(slot: Timeslot, deed: str = "change") -> str:
    return f"{LIST}{slot.pk}/{deed}/"


def typed(room: Room, **fields: object) -> dict[str, object]:
    return {
        "room": room.pk,
        "day": "2026-07-09",
        "starts": "09:00",
        "minutes": "45",
        "price": "",
        "max_bookings": "2",
    } | fields


def slots() -> list[object]:
    return list(Timeslot.objects.order_by("pk").values())


# --- One at a time -----------------------------------------------------------------------------


def test_a_time_is_meant_by_the_clock_of_its_room(
    visit: MakeVisitor, make_room: MakeRoom, manager: User
) -> None:
    room = make_room(timezone="America/New_York")

    done = post(visit(manager), f"{LIST}add/", typed(room, price="12.50"))

    slot = Timeslot.objects.get()
    assert slot.start_time == datetime(2026, 7, 9, 13, 0, tzinfo=UTC)
    assert slot.length == timedelta(minutes=45)
    assert (slot.price, slot.max_bookings, slot.taken) == (Decimal("12.50"), 2, 0)
    assert "was added successfully" in done.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"starts": "11:10"}, "This overlaps another time", id="overlap"),
        pytest.param({"price": "0.30"}, "the least that can be charged is 0.50 USD", id="minimum"),
        pytest.param({"minutes": "4"}, "greater than or equal to 5", id="too-short"),
        pytest.param({"max_bookings": "0"}, "greater than or equal to 1", id="no-place"),
        pytest.param(
            {"day": "2027-03-28", "starts": "02:30"}, "that hour isn't there", id="switch-day"
        ),
    ],
)
def test_what_a_service_refuses_stands_beside_its_field(
    visit: MakeVisitor,
    make_slot: MakeSlot,
    manager: User,
    fields: dict[str, object],
    words: str,
) -> None:
    slot = make_slot()
    before = slots()

    page = post(visit(manager), f"{LIST}add/", typed(slot.room, **fields))

    assert words in page.text
    assert slots() == before


def test_price_and_places_are_changed_and_the_counter_never(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User
) -> None:
    slot = make_booking().timeslot

    post(
        visit(manager),
        page_of(slot),
        {
            "price": "70",
            "max_bookings": "3",
            "taken": "0",
            "is_blocked": "on",
            "is_available": "",
            "day": "2026-08-01",
            "starts": "10:00",
            "minutes": "30",
            "room": "1",
        },
    )

    changed = Timeslot.objects.get()
    assert (changed.price, changed.max_bookings) == (Decimal("70.00"), 3)
    assert (changed.taken, changed.is_blocked, changed.start_time) == (1, False, START)


def test_fewer_places_than_are_taken_is_refused(
    visit: MakeVisitor,
    make_slot: MakeSlot,
    make_booking: MakeBooking,
    manager: User,
    stranger: User,
) -> None:
    slot = make_slot(price=0, max_bookings=2)
    make_booking(slot=slot)
    make_booking(slot=slot, user=stranger)
    before = slots()

    page = post(visit(manager), page_of(slot), {"price": "0", "max_bookings": "1"})

    assert "2 places of this time are taken; it can't have fewer." in page.text
    assert slots() == before


def test_a_time_nobody_booked_is_moved(
    visit: MakeVisitor, make_slot: MakeSlot, manager: User
) -> None:
    slot = make_slot()

    post(
        visit(manager),
        page_of(slot),
        {"day": "2026-07-10", "starts": "11:00", "minutes": "60", "price": "", "max_bookings": "1"},
    )

    moved = Timeslot.objects.get()
    assert moved.start_time == datetime(2026, 7, 10, 9, 0, tzinfo=UTC)
    assert moved.length == timedelta(hours=1)


def test_the_front_desk_looks_and_writes_nothing(
    visit: MakeVisitor, make_slot: MakeSlot, front_desk: User
) -> None:
    slot = make_slot()
    visitor = visit(front_desk)
    before = slots()

    assert "Free" in visitor.get(page_of(slot)).text
    assert visitor.get(f"{LIST}add/").status == 403
    assert visitor.get(GENERATE).status == 403
    for path in (page_of(slot), page_of(slot, "delete"), f"{LIST}add/", GENERATE):
        assert visitor.post(path, answer="yes", do="make", max_bookings="5").status == 403
    assert slots() == before


# --- Closing, opening, deleting ----------------------------------------------------------------


def test_the_desk_closes_a_time_with_a_reason_and_opens_it_again(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    slot = make_booking(status=BookingStatus.CONFIRMED).timeslot
    visitor = visit(front_desk)

    question = visitor.get(page_of(slot, "block"))
    assert "1 of 1 places taken" in question.text
    unexplained = visitor.send(question, "Close", reason="")
    assert "This field is required" in unexplained.text
    closed = visitor.follow(visitor.send(unexplained, "Close", reason="Team meeting"))

    assert "Closed Team meeting" in closed.text
    slot.refresh_from_db()
    assert (slot.is_blocked, slot.blocked_reason, slot.taken) == (True, "Team meeting", 1)

    visitor.send(visitor.get(page_of(slot, "unblock")), "Open again")
    slot.refresh_from_db()
    assert (slot.is_blocked, slot.blocked_reason, slot.taken) == (False, "", 1)


def test_several_are_closed_at_once(
    visit: MakeVisitor, make_slot: MakeSlot, front_desk: User, room: Room
) -> None:
    chosen = [make_slot(room=room, start=START + timedelta(hours=n)) for n in range(3)]
    other = make_slot(room=room, start=START + timedelta(hours=4))
    pks = [slot.pk for slot in chosen]
    visitor = visit(front_desk)

    ticked = {"action": "block_selected", "index": "0", "_selected_action": pks}
    question = post(visitor, LIST, ticked)
    assert "Close 3 times" in question.text
    answered = {**ticked, "answer": "yes", "reason": "Painters"}
    del answered["index"]
    post(visitor, LIST, answered)

    assert set(Timeslot.objects.filter(is_blocked=True).values_list("pk", flat=True)) == set(pks)
    other.refresh_from_db()
    assert not other.is_blocked


def test_more_than_two_hundred_at_once_are_too_many(
    visit: MakeVisitor, room: Room, front_desk: User
) -> None:
    Timeslot.objects.bulk_create(
        Timeslot(
            room=room,
            start_time=START + timedelta(minutes=10 * n),
            end_time=START + timedelta(minutes=10 * n + 5),
        )
        for n in range(201)
    )
    first = Timeslot.objects.earliest("pk")

    page = post(
        visit(front_desk),
        LIST,
        {
            "action": "block_selected",
            "index": "0",
            "select_across": "1",
            "_selected_action": [first.pk],
        },
    )

    assert "That is 201 at once; please choose at most 200." in page.text
    assert not Timeslot.objects.filter(is_blocked=True).exists()


def test_only_what_nobody_booked_is_deleted(
    visit: MakeVisitor, make_slot: MakeSlot, make_booking: MakeBooking, manager: User
) -> None:
    unused, booked = make_slot(start=START + timedelta(days=1)), make_booking().timeslot
    visitor = visit(manager)

    kept = visitor.get(page_of(booked, "delete"))
    assert "It was booked before" in kept.text
    assert kept.forms_with("Delete") == []
    refused = post(visitor, page_of(booked, "delete"), {"answer": "yes"})
    assert "This time was booked before, so it stays for the records." in refused.text

    visitor.send(visitor.get(page_of(unused, "delete")), "Delete")

    assert list(Timeslot.objects.all()) == [booked]


def test_djangos_own_deleting_is_not_to_be_had(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User
) -> None:
    slot = make_booking().timeslot
    ticked = {"action": "delete_selected", "index": "0", "_selected_action": [slot.pk]}

    post(visit(manager), LIST, ticked | {"post": "yes"})
    post(visit(manager), page_of(slot, "delete"), {"post": "yes"})

    assert Timeslot.objects.filter(pk=slot.pk).exists()
    assert Booking.objects.count() == 1


def test_the_list_shows_what_is_to_come_unless_asked_otherwise(
    visit: MakeVisitor, make_slot: MakeSlot, front_desk: User
) -> None:
    make_slot(start=NOW - timedelta(days=1), blocked_reason="yesterday")
    make_slot(start=START)
    visitor = visit(front_desk)

    assert "Wed 1 Jul 2026" not in visitor.get(LIST).text
    assert "Wed 1 Jul 2026" in visitor.get(LIST, when="past").text
    assert "Thu 9 Jul 2026" in visitor.get(LIST).text
    assert "Thu 9 Jul 2026" not in visitor.get(LIST, places="full").text
    assert "Thu 9 Jul 2026" in visitor.get(LIST, places="free").text
