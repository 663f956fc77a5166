"""What a reminder of a booking says, and whether there is still something to be reminded of.

They are planned where the booking's other mails are queued (`bookings.emails`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.opting_out import opt_out_headers, opt_out_url
from bookings.emails import REMINDER, facts_of
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from bookings.states import BookingStatus
from notifications.messages import Message
from notifications.models import OutgoingMail, Reminder
from notifications.registry import register
from notifications.reminders import register_source, untrue
from notifications.rendering import render_mail


class BookingReminders:
    """Implements notifications.reminders.Source."""

    def recall(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Any]:
        """Confirmed, still at the time it was planned for, ahead, and wanted."""
        bookings = {booking.pk: booking for booking in _ahead(reminders, at).with_everything()}
        return {
            reminder.pk: facts_of(bookings[reminder.subject_id], at=at)
            | {"user_id": reminder.user_id}
            for reminder in reminders
            if reminder.subject_id in bookings
            and bookings[reminder.subject_id].sequence == reminder.version
        }

    def still_true(self, reminders: Sequence[Reminder], *, at: datetime) -> set[int]:
        ahead = set(_ahead(reminders, at).values_list("pk", "sequence"))
        return {
            reminder.pk
            for reminder in reminders
            if (reminder.subject_id, reminder.version) in ahead
        }


def _ahead(reminders: Sequence[Reminder], at: datetime) -> BookingQuerySet:
    return Booking.objects.filter(
        pk__in=[reminder.subject_id for reminder in reminders],
        status=BookingStatus.CONFIRMED,
        timeslot__start_time__gt=at,
        user__wants_reminders=True,
        user__is_active=True,
    )


def build(mail: OutgoingMail) -> Message:
    """Without an invite: the calendar has it since it was booked."""
    user_id = mail.context["user_id"]
    url = opt_out_url(user_id)
    subject, text, html = render_mail(mail.kind, mail.context | {"opt_out_url": url})
    return Message(subject=subject, text=text, html=html, headers=opt_out_headers(url))


def register_reminders() -> None:
    register(REMINDER, build, title="Booking reminder", check=untrue)
    register_source(REMINDER, BookingReminders())
