"""The invites of a booking's whole life, put into a calendar as two programs would read them.

What is read is what goes out: the outbox's own rows, built and turned into MIME, and of that the
part that mail programs act on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from email import message_from_bytes

import icalendar
import pytest
import vobject
from django.core.mail import get_connection

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking, move_by_staff, reschedule_booking
from bookings.states import BookingStatus
from notifications.mime import email_message
from notifications.models import OutgoingMail
from notifications.registry import find_kind
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW, START, MakeBooking, MakeSlot

LATER = START + timedelta(days=1)


@dataclass(frozen=True)
class Invite:
    """One calendar message: what a calendar needs to act on it."""

    method: str
    uid: str
    sequence: int
    starts_at: datetime
    status: str


def by_icalendar(ics: bytes) -> Invite:
    calendar = icalendar.Calendar.from_ical(ics)
    [event] = calendar.walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    return Invite(
        method=str(calendar["METHOD"]),
        uid=str(event["UID"]),
        sequence=event.sequence,
        starts_at=event.start,  # type: ignore[arg-type]
        status=str(event["STATUS"]),
    )


def by_vobject(ics: bytes) -> Invite:
    calendar = vobject.readOne(ics.decode())
    [event] = calendar.vevent_list
    return Invite(
        method=calendar.method.value,
        uid=event.uid.value,
        sequence=int(event.sequence.value),
        starts_at=event.dtstart.value,
        status=event.status.value,
    )


class Diary:
    """Somebody's calendar, which keeps to RFC 5546: older news is no news."""

    def __init__(self) -> None:
        self.events: dict[str, Invite] = {}
        self.heard: dict[str, int] = {}

    def receive(self, invite: Invite) -> None:
        if invite.sequence < self.heard.get(invite.uid, -1):
            return
        self.heard[invite.uid] = invite.sequence
        if invite.method == "CANCEL":
            self.events.pop(invite.uid, None)
        else:
            self.events[invite.uid] = invite

    @property
    def starts(self) -> list[datetime]:
        return [event.starts_at for event in self.events.values()]


def invites(booking: Booking) -> list[bytes]:
    """The calendar part of every mail to its holder, in the order of the outbox."""
    found = []
    for mail in OutgoingMail.objects.filter(to=booking.user.email).order_by("pk"):
        built = find_kind(mail.kind).builder(mail)
        sent = email_message(mail, built, get_connection())
        root = message_from_bytes(sent.message().as_bytes())
        [part] = [
            part
            for part in root.walk()
            if part.get_content_type() == "text/calendar" and not part.get_filename()
        ]
        ics = part.get_payload(decode=True)
        assert isinstance(ics, bytes)
        # Programs look at the type of the part before they open it.
        assert part.get_param("method") == by_icalendar(ics).method
        found.append(ics)
    return found


READERS = [pytest.param(by_icalendar, id="icalendar"), pytest.param(by_vobject, id="vobject")]


@pytest.mark.parametrize("read", READERS)
def test_confirmed_moved_and_cancelled_leave_one_one_and_none(
    make_booking: MakeBooking, make_slot: MakeSlot, read: Callable[[bytes], Invite]
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    target = make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))
    reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    confirmed, moved, cancelled = (read(ics) for ics in invites(booking))
    diary = Diary()

    after = []
    for invite in (confirmed, moved, cancelled):
        diary.receive(invite)
        after.append(diary.starts)

    assert after == [[START], [LATER], []]
    assert [invite.method for invite in (confirmed, moved, cancelled)] == [
        "REQUEST",
        "REQUEST",
        "CANCEL",
    ]
    assert {invite.uid for invite in (confirmed, moved, cancelled)} == {confirmed.uid}
    assert confirmed.sequence < moved.sequence < cancelled.sequence
    assert [invite.status for invite in (confirmed, moved, cancelled)] == [
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
    ]


@pytest.mark.parametrize("read", READERS)
def test_mails_that_overtake_each_other_end_at_the_same(
    make_booking: MakeBooking,
    make_slot: MakeSlot,
    front_desk: User,
    read: Callable[[bytes], Invite],
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    target = make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))
    move_by_staff(booking_id=booking.pk, timeslot_id=target.pk, by=front_desk, at=NOW)
    confirmed, moved = (read(ics) for ics in invites(booking))
    diary = Diary()

    for invite in (moved, confirmed):
        diary.receive(invite)

    assert diary.starts == [LATER]


def test_the_file_of_the_page_is_the_moved_one_at_once(
    visit: MakeVisitor, make_booking: MakeBooking, make_slot: MakeSlot
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    target = make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))
    visitor = visit(booking.user)
    before = visitor.client.get(f"/bookings/{booking.pk}.ics").content
    reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)

    after = visitor.client.get(f"/bookings/{booking.pk}.ics").content

    for read in (by_icalendar, by_vobject):
        was, now = read(before), read(after)
        assert (was.method, was.starts_at) == ("PUBLISH", START)
        assert (now.method, now.starts_at) == ("PUBLISH", LATER)
        assert now.uid == was.uid == read(invites(booking)[-1]).uid
        assert now.sequence == was.sequence + 1
