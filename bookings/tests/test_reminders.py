"""Reminders of bookings: once, in time, and never of what isn't so any more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import choose_reminders
from bookings.models import Booking, Room
from bookings.reminders import build
from bookings.services import cancel_booking, move_by_staff, reschedule_booking
from bookings.states import BookingStatus
from notifications import delivery
from notifications.models import OutgoingMail, Reminder
from notifications.reminders import remind
from notifications.states import MailState
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot, book_slot, pay

DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


def reminded() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind="booking_reminder").order_by("pk"))


def planned() -> list[tuple[int, datetime, str]]:
    rows = Reminder.objects.order_by("pk").values_list("minutes_before", "due_at", "state")
    return list(rows)


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    return make_booking(status=BookingStatus.CONFIRMED, price=80)


def test_one_day_before_not_earlier_and_not_twice(booking: Booking) -> None:
    assert planned() == [(1440, START - DAY, "planned")]

    assert remind(at=START - DAY - SECOND) == 0
    assert reminded() == []

    assert remind(at=START - DAY) == 1
    assert remind(at=START - DAY) == 0
    assert remind(at=START - DAY + timedelta(minutes=5)) == 0
    assert [(mail.to, mail.state, mail.priority) for mail in reminded()] == [
        ("ada@example.com", MailState.QUEUED, 8)
    ]


def test_a_pending_booking_is_planned_for_only_once_it_is_paid(make_booking: MakeBooking) -> None:
    held = make_booking(price=80)
    assert planned() == []

    pay(held)

    assert planned() == [(1440, START - DAY, "planned")]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(DAY + SECOND, [1440], id="just-before-it-is-due"),
        pytest.param(DAY, [], id="when-it-is-due"),
        pytest.param(timedelta(hours=3), [], id="later"),
    ],
)
def test_who_books_later_than_that_is_not_reminded(
    make_booking: MakeBooking, before: timedelta, expected: list[int]
) -> None:
    make_booking(status=BookingStatus.CONFIRMED, price=80, at=START - before)

    assert [row[0] for row in planned()] == expected


def test_a_rooms_own_offsets_go_before_the_sites(
    make_room: MakeRoom, make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    own = make_slot(room=make_room(reminder_hours=[48, 0.5]), price=80)
    none = make_slot(room=make_room(reminder_hours=[]), price=80)
    make_booking(status=BookingStatus.CONFIRMED, slot=own)
    make_booking(status=BookingStatus.CONFIRMED, slot=none)

    assert planned() == [
        (2880, START - 2 * DAY, "planned"),
        (30, START - timedelta(minutes=30), "planned"),
    ]


def test_a_cancelled_booking_is_not_reminded_of(booking: Booking) -> None:
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    assert [row[2] for row in planned()] == ["dropped"]
    assert remind(at=START - DAY) == 0
    assert reminded() == []


def test_a_move_takes_the_reminder_along(booking: Booking, make_slot: MakeSlot) -> None:
    later = START + timedelta(days=2)
    target = make_slot(room=booking.room, start=later, price=80)

    reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)

    assert planned() == [(1440, START - DAY, "dropped"), (1440, later - DAY, "planned")]
    assert remind(at=START - DAY) == 0
    assert remind(at=later - DAY) == 1
    assert reminded()[0].context["starts_at"] == later.isoformat()


def test_moved_after_the_reminder_went_one_is_reminded_of_the_new_time(
    booking: Booking, make_slot: MakeSlot, manager: Any
) -> None:
    target = make_slot(room=booking.room, start=START + timedelta(days=2), price=80)
    remind(at=START - DAY)

    move_by_staff(booking_id=booking.pk, timeslot_id=target.pk, by=manager, at=START - DAY / 2)
    remind(at=START + DAY)

    assert [mail.context["starts_at"] for mail in reminded()] == [
        START.isoformat(),
        (START + timedelta(days=2)).isoformat(),
    ]


def _cancel(booking: Booking) -> None:
    cancel_booking(booking_id=booking.pk, by=booking.user, at=START - DAY)


def _opt_out(booking: Booking) -> None:
    choose_reminders(user_id=booking.user_id, wanted=False)


@pytest.mark.parametrize("change", [_cancel, _opt_out])
def test_what_is_no_longer_so_is_not_sent_even_from_the_outbox(
    booking: Booking, change: Callable[[Booking], None]
) -> None:
    """The mail server was away while somebody changed their mind."""
    remind(at=START - DAY)
    change(booking)

    mail = reminded()[0]
    assert not delivery.deliver(mail.pk, now=lambda: START - DAY + timedelta(hours=1))

    mail.refresh_from_db()
    assert mail.state == MailState.DROPPED
    assert "No longer true" in mail.last_error


def test_nobody_is_reminded_of_what_has_begun(booking: Booking) -> None:
    remind(at=START - DAY)

    delivery.deliver(reminded()[0].pk, now=lambda: START)

    assert reminded()[0].state == MailState.DROPPED


def test_a_worker_that_slept_through_it_reminds_late_but_not_of_the_past(
    booking: Booking, make_booking: MakeBooking
) -> None:
    assert remind(at=START - timedelta(hours=1)) == 1

    make_booking(status=BookingStatus.CONFIRMED, price=80, starts_at=START + DAY)
    assert remind(at=START + DAY) == 0
    assert [row[2] for row in planned()] == ["queued", "dropped"]


def test_the_mail_has_one_way_out_of_reminders_and_no_invite(booking: Booking) -> None:
    remind(at=START - DAY)
    mail = reminded()[0]

    message = build(mail)

    assert message.subject == "Soon: Dr Weber, Thu 9 July, 11:00"
    assert message.attachments == ()
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message.headers["List-Unsubscribe"].strip("<>")
    assert link in message.text
    assert link in message.html


def test_many_cost_no_more_statements_than_one(
    make_booking: MakeBooking, make_user: Any, make_slot: MakeSlot
) -> None:
    make_booking(status=BookingStatus.CONFIRMED, price=80)
    one = statements_for(START - DAY)
    slot = make_slot(start=START + timedelta(minutes=1), max_bookings=30, price=0)
    for number in range(30):
        book_slot(slot, make_user(f"guest{number}@example.com"))
    # Free of charge: what hangs on payments isn't even asked for.
    assert statements_for(slot.start_time - DAY) <= one
    assert len(reminded()) == 31


def statements_for(at: datetime) -> int:
    with CaptureQueriesContext(connection) as queries:
        remind(at=at)
    return len(queries)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        pytest.param(
            datetime(2026, 10, 25, 9, 0, tzinfo=UTC),
            datetime(2026, 10, 24, 9, 0, tzinfo=UTC),
            id="autumn: 10:00 in Berlin, due at 11:00 the day before",
        ),
        pytest.param(
            datetime(2027, 3, 28, 8, 0, tzinfo=UTC),
            datetime(2027, 3, 27, 8, 0, tzinfo=UTC),
            id="spring: 10:00 in Berlin, due at 9:00 the day before",
        ),
    ],
)
def test_on_switch_days_24_hours_are_24_hours(
    make_booking: MakeBooking, start: datetime, due: datetime
) -> None:
    make_booking(
        status=BookingStatus.CONFIRMED, price=80, starts_at=start, at=start - timedelta(days=7)
    )

    assert remind(at=due - SECOND) == 0
    assert remind(at=due) == 1
    assert "10:00" in reminded()[0].context["when"]


def test_one_that_cannot_be_told_of_keeps_nobody_waiting(
    make_booking: MakeBooking, caplog: pytest.LogCaptureFixture
) -> None:
    broken = make_booking(status=BookingStatus.CONFIRMED, price=80)
    make_booking(status=BookingStatus.CONFIRMED, price=80, starts_at=START + timedelta(minutes=1))
    # No such zone: saying the time raises.
    Room.objects.filter(pk=broken.room_id).update(timezone="Mars/Olympus")

    assert remind(at=START - DAY + timedelta(minutes=1)) == 1

    assert [row[2] for row in planned()] == ["dropped", "queued"]
    assert "can't be told of" in caplog.text
