"""Figures of the rooms: each counted on the day of the room's own clock."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bookings.models import Booking, Room
from bookings.services import block_slot, book_for_customer, cancel_booking
from bookings.states import BookingStatus
from bookings.statistics import booking_statistics
from common.errors import InvalidInput
from payments.models import Refund
from payments.services import take_desk_payment
from payments.states import DeskMethod, RefundState
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
)

FIRST, LAST = date(2026, 7, 1), date(2026, 7, 31)
NOTHING = {"pending": 0, "confirmed": 0, "cancelled": 0, "completed": 0, "no_show": 0}


def test_bookings_money_and_places_are_counted(
    make_booking: MakeBooking, make_slot: MakeSlot, room: Room, stranger: User, front_desk: User
) -> None:
    paid = make_slot(room=room, price=Decimal("80.00"), max_bookings=4)
    make_booking(status=BookingStatus.CONFIRMED, slot=paid)
    given_back = make_booking(status=BookingStatus.CONFIRMED, slot=paid, user=stranger)
    cancel_booking(booking_id=given_back.pk, by=stranger, at=NOW + timedelta(days=1))
    due = book_for_customer(
        user_id=stranger.pk, timeslot_id=paid.pk, by=front_desk, at=NOW, payment_due=True
    )
    assert due.payment is not None
    take_desk_payment(
        payment_id=due.payment.pk, method=DeskMethod.CASH, by=front_desk, at=NOW + timedelta(days=2)
    )
    shut = make_slot(room=room, start=START + timedelta(hours=1), max_bookings=3)
    book_slot(shut, stranger)
    block_slot(slot_id=shut.pk, reason="ill")

    told = booking_statistics(since=FIRST, until=LAST)

    assert told["bookings"] == {
        "total": 4,
        **NOTHING,
        "pending": 1,
        "confirmed": 2,
        "cancelled": 1,
    }
    assert told["revenue"] == {
        "captured": Decimal("240.00"),
        "refunded": Decimal("80.00"),
        "disputed": Decimal("0.00"),
        "net": Decimal("160.00"),
    }
    assert told["occupancy"] == {"open_places": 5, "taken_places": 3, "rate": 0.6}
    by_day = {row["period"]: row["revenue"]["net"] for row in told["by_period"]}
    assert (told["step"], len(by_day)) == ("day", 31)
    assert {day: net for day, net in by_day.items() if net} == {
        "2026-07-02": Decimal("160.00"),
        "2026-07-03": Decimal("-80.00"),
        "2026-07-04": Decimal("80.00"),
    }
    [of_room] = told["by_room"]
    assert (of_room["name"], of_room["revenue"]) == ("Dr Weber", told["revenue"])


@pytest.mark.parametrize(
    ("zone", "start", "day"),
    [
        ("Europe/Berlin", datetime(2026, 7, 8, 22, 30, tzinfo=UTC), "2026-07-09"),
        ("Europe/Berlin", datetime(2026, 10, 24, 21, 59, tzinfo=UTC), "2026-10-24"),
        ("Europe/Berlin", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "2026-10-25"),
        # The day of the switch has 25 hours.
        ("Europe/Berlin", datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-25"),
        ("Europe/Berlin", datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "2026-10-26"),
        ("America/New_York", datetime(2026, 11, 1, 3, 59, tzinfo=UTC), "2026-10-31"),
        ("America/New_York", datetime(2026, 11, 2, 4, 59, tzinfo=UTC), "2026-11-01"),
        ("America/New_York", datetime(2026, 11, 2, 5, 0, tzinfo=UTC), "2026-11-02"),
        ("Asia/Kathmandu", datetime(2026, 7, 9, 18, 14, tzinfo=UTC), "2026-07-09"),
        ("Asia/Kathmandu", datetime(2026, 7, 9, 18, 15, tzinfo=UTC), "2026-07-10"),
        ("Pacific/Kiritimati", datetime(2026, 7, 9, 10, 0, tzinfo=UTC), "2026-07-10"),
    ],
)
def test_a_day_is_the_rooms_own(
    make_room: MakeRoom, make_slot: MakeSlot, zone: str, start: datetime, day: str
) -> None:
    # Another zone beside it, which must not be mixed up with it.
    make_slot(room=make_room(timezone="Pacific/Pago_Pago"), start=start - timedelta(days=30))
    make_slot(room=make_room(timezone=zone), start=start)
    around = date.fromisoformat(day)

    told = booking_statistics(since=around - timedelta(days=9), until=around + timedelta(days=9))

    days = {
        row["period"]: row["occupancy"]["open_places"]
        for row in told["by_period"]
        if row["occupancy"]["open_places"]
    }
    assert days == {day: 1}


def test_a_refund_that_failed_gave_nothing_back(make_booking: MakeBooking) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    Refund.objects.update(status=RefundState.FAILED)

    assert booking_statistics(since=FIRST, until=LAST)["revenue"]["net"] == Decimal("80.00")


def test_one_room_of_several(make_booking: MakeBooking, make_slot: MakeSlot) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    make_slot()

    told = booking_statistics(since=FIRST, until=LAST, room_id=booking.room_id)

    assert [row["room_id"] for row in told["by_room"]] == [booking.room_id]
    assert told["occupancy"] == {"open_places": 1, "taken_places": 1, "rate": 1.0}
    assert booking_statistics(since=FIRST, until=LAST, room_id=10**6)["by_room"] == []


def test_many_days_are_told_by_month(make_slot: MakeSlot) -> None:
    make_slot()

    told = booking_statistics(since=date(2026, 7, 1), until=date(2026, 9, 10))

    assert told["step"] == "month"
    assert [row["period"] for row in told["by_period"]] == ["2026-07", "2026-08", "2026-09"]
    assert told["by_period"][0]["occupancy"]["open_places"] == 1


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2026, 7, 2), date(2026, 7, 1)),
        (date(2024, 1, 1), date(2026, 1, 1)),
        (date.min, date.min),
        (date.max, date.max),
    ],
)
def test_days_that_make_no_sense_are_refused(db: None, since: date, until: date) -> None:
    with pytest.raises(InvalidInput):
        booking_statistics(since=since, until=until)


def test_five_queries_however_much_there_is(
    make_slot: MakeSlot, make_room: MakeRoom, make_user: MakeUser
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            booking_statistics(since=FIRST, until=LAST)
        return len(caught)

    book_slot(make_slot(), make_user("one@example.com"))
    few = queries()
    for number in range(30):
        room = make_room(timezone="Asia/Tokyo" if number % 2 else "Europe/Berlin")
        book_slot(make_slot(room=room), make_user(f"{number}@example.com"))

    assert few == queries() == 5
    assert Booking.objects.count() == 31
