"""The mails about a booking, as they are read: the words, the invite, and what was frozen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from accounts.models import User
from bookings.emails import build, build_plain
from bookings.models import Room
from bookings.services import (
    cancel_booking,
    cancel_by_staff,
    move_by_staff,
    reschedule_booking,
    set_status,
)
from bookings.states import BookingStatus
from notifications.messages import Message
from notifications.models import OutgoingMail
from payments.services import take_desk_payment
from payments.states import DeskMethod
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot

CONFIRMED = BookingStatus.CONFIRMED
LATER = START + timedelta(days=1)


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

    assert "23:30 – Fri 10 July, 00:30 (Berlin)" in last_mail().html


def test_moved_says_the_new_time_the_former_one_and_what_comes_back(
    make_booking: MakeBooking, make_slot: MakeSlot, customer: User
) -> None:
    booking = make_booking(status=CONFIRMED)
    cheaper = make_slot(room=booking.room, start=LATER, price=Decimal("50.00"))
    reschedule_booking(booking_id=booking.pk, timeslot_id=cheaper.pk, by=customer, at=NOW)

    mail = last_mail()

    assert mail.subject == "Moved: Dr Weber, now Fri 10 July, 11:00"
    assert "Now:   Fri 10 July, 11:00–11:30 (Berlin)" in mail.text
    assert "Was:   Thu 9 July, 11:00–11:30 (Berlin)" in mail.text
    assert "30.00 USD is on its way back to you, the way you paid." in mail.text
    for said in (
        "Your booking is moved",
        "<del>Thu 9 July, 11:00–11:30 (Berlin)</del>",
        "<strong>30.00 USD</strong> is on its way back to you",
        "until Thu 9 July, 11:00",
        f"/bookings/{booking.pk}",
    ):
        assert said in mail.html
    assert "doesn't suit you" not in mail.text + mail.html
    assert invite_of(mail).walk("VEVENT")[0]["SEQUENCE"] == 1


def test_moved_by_staff_says_until_when_all_of_it_comes_back(
    make_booking: MakeBooking, make_slot: MakeSlot, front_desk: User
) -> None:
    booking = make_booking(status=CONFIRMED)
    target = make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))
    move_by_staff(booking_id=booking.pk, timeslot_id=target.pk, by=front_desk, at=NOW)

    mail = last_mail()

    assert "We had to move your booking" in mail.html
    assert "cancel until <strong>Thu 9 July, 11:00</strong> and get everything back" in mail.html
    assert "cancel until Thu 9 July, 11:00 and get everything back" in mail.text


def test_what_was_paid_at_the_desk_is_handed_back_there(
    make_booking: MakeBooking, make_slot: MakeSlot, front_desk: User
) -> None:
    booking = make_booking()
    assert booking.payment is not None
    take_desk_payment(payment_id=booking.payment.pk, method=DeskMethod.CARD, by=front_desk, at=NOW)
    cheaper = make_slot(room=booking.room, start=LATER, price=Decimal("50.00"))

    reschedule_booking(booking_id=booking.pk, timeslot_id=cheaper.pk, by=booking.user, at=NOW)
    moved = last_mail()
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    cancelled = last_mail()

    assert "30.00 USD will be handed back to you at the desk." in moved.text
    assert "<strong>30.00 USD</strong> will be handed back to you at the desk." in moved.html
    assert "50.00 USD will be handed back to you at the desk." in cancelled.text
    assert "<strong>50.00 USD</strong> will be handed back to you at the desk." in cancelled.html
    for mail in (moved, cancelled):
        assert "the way you paid" not in mail.text + mail.html


def test_the_staff_of_a_room_are_told_who_and_when_without_an_invite(
    make_booking: MakeBooking, make_slot: MakeSlot, make_room: MakeRoom
) -> None:
    room = make_room(staff_email="weber@example.com")
    booking = make_booking(
        status=CONFIRMED, slot=make_slot(room=room, price=Decimal(80)), notes="Ring <twice>."
    )
    target = make_slot(room=room, start=LATER, price=Decimal("80.00"))
    reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    mails = {
        mail.kind: build_plain(mail) for mail in OutgoingMail.objects.filter(to="weber@example.com")
    }

    assert list(mails) == ["staff_booked", "staff_moved", "staff_cancelled"]
    for mail in mails.values():
        assert mail.attachments == ()
        for said in ("Ada Lovelace", "ada@example.com", f"/{booking.pk}/change/"):
            assert said in mail.text
            assert said in mail.html
        assert "Ring &lt;twice&gt;." in mail.html
    assert "<del>Thu 9 July, 11:00–11:30 (Berlin)</del>" in mails["staff_moved"].html
    assert mails["staff_cancelled"].subject == (
        "Dr Weber cancelled: Fri 10 July, 11:00, Ada Lovelace"
    )
