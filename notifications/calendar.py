"""Calendar invites by RFC 5545 and 5546, as building blocks for the mails of other apps.

An invite is known by its UID for ever. Every change sends the whole event again with a higher
SEQUENCE; a CANCEL with a higher SEQUENCE takes it out of the calendar. Times are written in UTC,
so no calendar has to know our time zones.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from icalendar import Alarm, Calendar, Event, vCalAddress, vUri

from notifications.messages import Attachment

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]

PRODUCT: Final = "-//Booking and Ticket System//EN"
STATUS: Final = {"REQUEST": "CONFIRMED", "CANCEL": "CANCELLED", "PUBLISH": "CONFIRMED"}
# SEQUENCE is a 32-bit integer in most calendars.
LARGEST_SEQUENCE: Final = 2**31 - 1
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One appointment of one person.

    `uid` must stay the same and `sequence` must rise over its life. Empty `location`, `url`,
    `description` and names are left out. Alarms are minutes before the start.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    location: str
    url: str
    organizer_email: str
    organizer_name: str
    attendee_email: str
    attendee_name: str
    stamped_at: datetime
    alarm_minutes: Sequence[int] = (60,)


def invite(entry: Entry, *, method: Method) -> bytes:
    """One event for one attendee, as the bytes of an .ics file.

    REQUEST and CANCEL go by mail; PUBLISH is the same event for a file that one fetches oneself.
    Alarms go with all but a CANCEL.

    Raises ValueError for naive times, an end that isn't after the start, a sequence that is
    negative, an unknown method, and an address that isn't one.
    """
    if method not in STATUS:
        raise ValueError(f"An invite's method is {' or '.join(STATUS)}, not {method!r}.")
    calendar = _calendar(method)
    calendar.add_component(_event(entry, method))
    ics: bytes = calendar.to_ical()
    return ics


def feed(entries: Iterable[Entry], *, name: str) -> bytes:
    """A calendar to subscribe to: everything that somebody has, as it is now."""
    calendar = _calendar("PUBLISH")
    calendar.add("name", _clean(name))
    calendar.add("x-wr-calname", _clean(name))
    # How often programs should look; those that don't know the one know the other.
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        calendar.add_component(_event(entry, "PUBLISH"))
    ics: bytes = calendar.to_ical()
    return ics


def _calendar(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(entry: Entry, method: Method) -> Event:
    if not 0 <= entry.sequence <= LARGEST_SEQUENCE:
        raise ValueError(f"An invite's sequence is 0 or more, not {entry.sequence}.")
    if not entry.uid or not entry.uid.isprintable():
        raise ValueError("An invite needs a UID of printable characters.")
    starts, ends = _utc(entry.starts_at), _utc(entry.ends_at)
    if ends <= starts:
        raise ValueError("An invite ends after it starts.")

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", _utc(entry.stamped_at))
    event.add("last-modified", _utc(entry.stamped_at))
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("status", STATUS[method])
    event.add("summary", _clean(entry.summary))
    event.add("transp", "OPAQUE")
    for name, text in (("description", entry.description), ("location", entry.location)):
        if text:
            event.add(name, _clean(text))
    if entry.url:
        event.add("url", vUri(_uri(entry.url)))
    event.add("organizer", _person(entry.organizer_email, entry.organizer_name))
    if method != "PUBLISH":
        # What is published asks nobody for an answer, so it names nobody: RFC 5546, 3.2.1.
        event.add("attendee", _attendee(entry.attendee_email, entry.attendee_name))
    if method != "CANCEL":
        for minutes in entry.alarm_minutes:
            event.add_component(_alarm(minutes, entry.summary))
    return event


def invite_parts(ics: bytes, method: Method) -> tuple[Attachment, Attachment]:
    """The two places of an invite in a mail: the part that mail programs act on, and a file.

    Programs that know invites read the alternative part, whose METHOD must be in its MIME type
    too; the others offer `invite.ics` for saving.
    """
    params = {"method": method, "charset": "utf-8"}
    return (
        Attachment("invite.ics", ics, "text/calendar", params, is_alternative=True),
        Attachment("invite.ics", ics, "text/calendar", params),
    )


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("An invite needs times with a zone.")
    # Whole seconds are all that iCalendar knows.
    return at.astimezone(UTC).replace(microsecond=0)


def _clean(text: str) -> str:
    """Text without the control characters that RFC 5545 forbids; line ends become '\\n'."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return CONTROLS.sub("", lines)


def _uri(uri: str) -> str:
    if not uri.isprintable() or " " in uri:
        raise ValueError(f"{uri!r} isn't an address of a page.")
    return uri


def _person(email: str, name: str) -> vCalAddress:
    if "@" not in email or not email.isprintable() or " " in email:
        raise ValueError(f"{email!r} isn't an e-mail address.")
    person = vCalAddress(f"mailto:{email}")
    if name:
        person.params["CN"] = " ".join(_clean(name).split())
    return person


def _attendee(email: str, name: str) -> vCalAddress:
    """The one who booked: has accepted by booking, so no answer is asked for."""
    attendee = _person(email, name)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _alarm(minutes: int, summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _clean(summary))
    alarm.add("trigger", timedelta(minutes=-minutes))
    return alarm
