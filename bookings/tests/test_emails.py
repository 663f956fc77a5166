"""The mails about a booking, as they are read: the words, the invite, and what was frozen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from accounts.models import User
from bookings.emails import build
from bookings.models import Room
from bookings.services import cancel_booking, cancel_by_staff, set_status
from bookings.states import BookingStatus
from notifications.messages import Message
from notifications.models import OutgoingMail
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot

CONFIRMED = BookingStatus.CONFIRMED


def last_mail() -> Message:
    return build(OutgoingMail.objects.latest("pk"))


def invite_of(message: Message) -> Calendar:
    """The invite, which goes as the part that calendars act on and as a file."""
    part, file = message.attachments
    assert part.content == file.content
    assert (part.is_alternative, file.is_alternative) == (True, False)
    return Calendar.from_ical(file.content)


def test_confirmed_says_what_when_how_much_and_what_a_cancel_gives_back(
    make_booking: MakeBooking,
) -> None:
    booking = make_booking(status=CONFIRMED, notes="Ring <twice>.")

    mail = last_mail()

    assert mail.subject == "Confirmed: Dr Weber, Thu 9 July, 11:00"
    for said in (
        "Dr Weber",
        "11:00–11:30 (Berlin)",
        "80.00 USD",
        "until Wed 8 July, 11:00",
        "until Thu 9 July, 05:00",
        f"/bookings/{booking.pk}",
    ):
        assert said in mail.text
        assert said in mail.html
    assert "Notes: Ring <twice>." in mail.text
    assert "Ring &lt;twice&gt;." in mail.html
    invite = invite_of(mail)
    assert invite["METHOD"] == "REQUEST"
    assert str(invite.walk("VEVENT")[0]["UID"]).startswith(str(booking.uid))


@pytest.mark.parametrize("is_due", [False, True], ids=["free", "due-at-the-desk"])
def test_what_was_not_paid_has_no_refund_terms(
    make_booking: MakeBooking, manager: User, *, is_due: bool
) -> None:
    booking = make_booking(price=80 if is_due else 0)
    if is_due:
        set_status(booking_id=booking.pk, status=CONFIRMED, by=manager, at=NOW)

    mail = last_mail()

    assert "If you cancel" not in mail.text + mail.html
    said = "80.00 USD, to be paid at the desk" if is_due else "Free of charge"
    assert said in mail.html


def test_cancelled_says_what_comes_back_and_withdraws_the_invite(
    make_booking: MakeBooking, customer: User
) -> None:
    booking = make_booking(status=CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=customer, at=START - timedelta(hours=7))

    mail = last_mail()

    assert mail.subject == "Cancelled: Dr Weber, Thu 9 July, 11:00"
    assert "40.00 USD is on its way back to you" in mail.text
    assert "<strong>40.00 USD</strong> is on its way back to you" in mail.html
    assert "Your booking is cancelled" in mail.html
    invite = invite_of(mail)
    assert invite["METHOD"] == "CANCEL"
    assert invite.walk("VEVENT")[0]["SEQUENCE"] == 1


def test_cancelled_too_late_and_by_staff_say_so(
    make_booking: MakeBooking, customer: User, manager: User
) -> None:
    late = make_booking(status=CONFIRMED)
    cancel_booking(booking_id=late.pk, by=customer, at=START - timedelta(hours=1))
    assert "nothing is paid back" in last_mail().html

    by_staff = make_booking(status=CONFIRMED, starts_at=START + timedelta(days=1))
    cancel_by_staff(booking_id=by_staff.pk, by=manager, at=NOW)
    assert "We had to cancel your booking" in last_mail().html


def test_a_mail_says_what_was_true_when_it_was_queued(
    make_booking: MakeBooking, make_slot: MakeSlot, make_room: MakeRoom
) -> None:
    room = make_room(name="Dr Weber")
    make_booking(status=CONFIRMED, slot=make_slot(room=room, price=Decimal(80)))

    Room.objects.update(name="Dr Nobody", timezone="Asia/Tokyo")

    assert "Dr Weber" in last_mail().html
    assert "11:00–11:30 (Berlin)" in last_mail().html


def test_a_time_over_midnight_names_both_days(
    make_booking: MakeBooking, make_slot: MakeSlot
) -> None:
    start = START.replace(hour=21, minute=30)
    make_booking(status=CONFIRMED, slot=make_slot(start=start, minutes=60, price=Decimal(80)))

    assert "23:30–Fri 10 July, 00:30 (Berlin)" in last_mail().html
