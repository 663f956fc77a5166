"""Bookings on staff pages: who may see and decide what, and that nothing can be written by hand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking, BookingStatusChange, Timeslot
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import cost, tick
from tests.infrastructure.world import (
    NOW,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
)

LIST = "/admin/bookings/booking/"
OF_ADMIN = ("bookings_booking", "bookings_room", "bookings_timeslot")


def page_of(booking: Booking, deed: str = "change") -> str:
    return f"{LIST}{booking.pk}/{deed}/"


def everything() -> list[object]:
    """All that a click on a staff page could have written."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Booking, BookingStatusChange, Payment, Refund, Timeslot, OutgoingMail)
    ]


# --- Who may open what -------------------------------------------------------------------------


@pytest.mark.parametrize("name", OF_ADMIN)
@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_sees_the_lists(
    request: pytest.FixtureRequest, visit: MakeVisitor, who: str, status: int, name: str
) -> None:
    user: User = request.getfixturevalue(who)

    page = visit(user).get(reverse(f"admin:{name}_changelist"))

    assert page.status == status


def test_nobody_adds_changes_or_deletes_a_booking_by_hand(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User, make_user: MakeUser
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    superuser = make_user("root@example.com", is_staff=True, is_superuser=True)
    before = everything()

    for user in (manager, superuser):
        visitor = visit(user)
        assert visitor.get(page_of(booking)).status == 200
        fields = {
            "status": "cancelled",
            "price": "0",
            "payment_status": "refunded",
            "user": str(user.pk),
        }
        assert visitor.post(page_of(booking), **fields).status == 403
        assert visitor.get(f"{LIST}add/").status == 403
        assert visitor.post(f"{LIST}add/", **fields).status == 403
        assert visitor.post(page_of(booking, "delete"), post="yes", answer="yes").status == 403
        assert tick(visitor, LIST, "delete_selected", [booking.pk]).status == 200

    assert everything() == before


def test_the_page_of_a_booking_goes_by_one_clock(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    """The room's: what was held at 10:00 wasn't made at 08:00, wherever the site itself is."""
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    page = visit(front_desk).get(page_of(booking))

    assert "Tries to pay" in page.text
    assert "Refunds" in page.text
    assert page.text.count("(Berlin)") >= 5
    assert "(UTC)" not in page.text


def test_the_page_tells_all_about_a_booking(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, notes="I can't climb <stairs>.")
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW, reason="ill")

    page = visit(front_desk).get(page_of(booking))

    for words in (
        "Ada Lovelace ada@example.com",
        "Thu 9 July, 11:00–11:30 (Berlin)",
        "I can't climb <stairs>.",
        "Given back 80.00 USD (100 %)",
        "Held → Confirmed",
        "Confirmed → Cancelled",
        "Booking confirmed",
        "Booking cancelled",
    ):
        assert words in page.text, words


# --- The list ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Lovelace", {"ada@example.com"}),
        ("eve@example.com", {"eve@example.com"}),
        ("{pk}", {"ada@example.com"}),
        ("#{pk}", {"ada@example.com"}),
        ("Booking {pk}", {"ada@example.com"}),
        ("99999999999999999999", set()),
        ("nobody", set()),
    ],
)
def test_a_booking_is_found_by_number_name_and_address(
    visit: MakeVisitor,
    make_booking: MakeBooking,
    front_desk: User,
    stranger: User,
    words: str,
    found: set[str],
) -> None:
    booking = make_booking()
    make_booking(user=stranger)

    page = visit(front_desk).get(LIST, q=words.format(pk=booking.pk))

    assert {name for name in ("ada@example.com", "eve@example.com") if name in page.text} == found


def test_today_is_the_day_of_the_room(
    visit: MakeVisitor,
    make_booking: MakeBooking,
    make_slot: MakeSlot,
    make_room: MakeRoom,
    front_desk: User,
    stranger: User,
) -> None:
    """At NOW it is 2 July everywhere; 03:00 UTC of 3 July is still 2 July in New York."""
    at = NOW - timedelta(days=3)
    night = NOW.replace(hour=3) + timedelta(days=1)
    here = make_slot(room=make_room(timezone="Europe/Berlin"), start=night, price=0)
    there = make_slot(room=make_room(timezone="America/New_York"), start=night, price=0)
    make_booking(slot=here, at=at)
    make_booking(slot=there, at=at, user=stranger)
    visitor = visit(front_desk)

    today, tomorrow = visitor.get(LIST, when="today"), visitor.get(LIST, when="tomorrow")

    assert ("ada@example.com" in today.text, "eve@example.com" in today.text) == (False, True)
    assert ("ada@example.com" in tomorrow.text, "eve@example.com" in tomorrow.text) == (True, False)


def test_filters_by_status_and_room(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User, stranger: User
) -> None:
    held = make_booking()
    make_booking(status=BookingStatus.CONFIRMED, user=stranger)
    visitor = visit(front_desk)

    assert "eve@example.com" not in visitor.get(LIST, status="pending").text
    assert "eve@example.com" not in visitor.get(LIST, room=str(held.room_id)).text
    assert "ada@example.com" in visitor.get(LIST, room="nonsense").text


@pytest.fixture
def many(make_booking: MakeBooking, make_user: MakeUser) -> Callable[[int], None]:
    def fill(number: int) -> None:
        for _ in range(number):
            known = Booking.objects.count()
            make_booking(
                status=BookingStatus.CONFIRMED,
                user=make_user(f"person{known}@example.com", name=f"Person {known}"),
            )

    return fill


@pytest.mark.parametrize(
    ("path", "most"),
    [
        (LIST, 10),
        (f"{LIST}?when=week", 11),
        ("/admin/bookings/timeslot/", 10),
        ("/admin/payments/payment/", 9),
        ("/admin/payments/paymentattempt/", 9),
        ("/admin/accounts/user/", 10),
    ],
)
def test_a_list_costs_the_same_with_thirty_rows(
    visit: MakeVisitor, many: Callable[[int], None], manager: User, path: str, most: int
) -> None:
    visitor = visit(manager)
    many(1)
    one = cost(visitor, path)

    many(29)

    assert cost(visitor, path) == one <= most


def test_the_rooms_cost_the_same_with_thirty_rows(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot, manager: User
) -> None:
    visitor = visit(manager)
    make_slot()
    one = cost(visitor, "/admin/bookings/room/")

    for number in range(29):
        make_slot(room=make_room(name=f"Room {number}"))

    assert cost(visitor, "/admin/bookings/room/") == one <= 9
