"""Invites, read back by icalendar and by vobject, which share no code."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from notifications.calendar import Entry, invite, invite_parts

STARTS = datetime(2027, 7, 8, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
AWKWARD = 'Check-up; "Dr. Müller", room\\2\nsecond line, ' + "ü" * 120


def make_invite(**facts: Any) -> bytes:
    method = facts.pop("method", "REQUEST")
    entry = Entry(
        **{
            "uid": "booking-7@example.com",
            "sequence": 0,
            "starts_at": STARTS,
            "ends_at": STARTS + timedelta(minutes=30),
            "summary": "Check-up",
            "description": "Bring your card.",
            "location": "1 Main Street",
            "url": "https://example.com/bookings/7",
            "organizer_email": "desk@example.com",
            "organizer_name": "Practice",
            "attendee_email": "ann@example.com",
            "attendee_name": "Ann",
            "stamped_at": datetime(2027, 7, 1, 12, 0, 0, 999_999, tzinfo=UTC),
            **facts,
        }
    )
    return invite(entry, method=method)


def lines(ics: bytes) -> list[str]:
    """The logical lines, unfolded by hand."""
    return ics.decode().replace("\r\n ", "").split("\r\n")


def test_a_request_line_by_line() -> None:
    assert lines(make_invite(sequence=3, alarm_minutes=(60, 1440))) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Booking and Ticket System//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "SUMMARY:Check-up",
        "DTSTART:20270708T070000Z",
        "DTEND:20270708T073000Z",
        "DTSTAMP:20270701T120000Z",
        "UID:booking-7@example.com",
        "SEQUENCE:3",
        "ATTENDEE;CN=Ann;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:ann@example.com",
        "DESCRIPTION:Bring your card.",
        "LAST-MODIFIED:20270701T120000Z",
        "LOCATION:1 Main Street",
        "ORGANIZER;CN=Practice:mailto:desk@example.com",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "URL:https://example.com/bookings/7",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Check-up",
        "TRIGGER:-PT1H",
        "END:VALARM",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Check-up",
        "TRIGGER:-P1D",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_cancel_has_its_status_and_no_alarm() -> None:
    ics = lines(make_invite(method="CANCEL", sequence=4))

    assert [line for line in ics if line.startswith(("METHOD", "STATUS", "SEQ", "BEGIN"))] == [
        "BEGIN:VCALENDAR",
        "METHOD:CANCEL",
        "BEGIN:VEVENT",
        "SEQUENCE:4",
        "STATUS:CANCELLED",
    ]


def test_lines_end_in_crlf_and_are_folded_at_75_octets() -> None:
    ics = make_invite(summary=AWKWARD, attendee_name="Ä" * 90)

    physical = ics.split(b"\r\n")
    assert physical.pop() == b""
    assert not any(b"\n" in line or b"\r" in line for line in physical)
    assert max(len(line) for line in physical) <= 75
    # Folding counts octets but never cuts a letter in two.
    assert all(line.decode() for line in physical)


def read_by_icalendar(ics: bytes) -> dict[str, Any]:
    calendar = icalendar.Calendar.from_ical(ics)
    [event] = calendar.events
    return {
        "method": str(calendar["METHOD"]),
        "uid": str(event["UID"]),
        "sequence": event.sequence,
        "status": str(event["STATUS"]),
        "starts": event.start,
        "ends": event.end,
        "summary": str(event["SUMMARY"]),
        "description": str(event["DESCRIPTION"]),
        "location": str(event["LOCATION"]),
        "attendee": (str(event["ATTENDEE"]), event["ATTENDEE"].params["CN"]),
        "organizer": (str(event["ORGANIZER"]), event["ORGANIZER"].params["CN"]),
        "alarms": [alarm.TRIGGER for alarm in event.walk() if isinstance(alarm, icalendar.Alarm)],
    }


def read_by_vobject(ics: bytes) -> dict[str, Any]:
    calendar = vobject.readOne(ics.decode())
    event = calendar.vevent
    return {
        "method": calendar.method.value,
        "uid": event.uid.value,
        "sequence": int(event.sequence.value),
        "status": event.status.value,
        "starts": event.dtstart.value,
        "ends": event.dtend.value,
        "summary": event.summary.value,
        "description": event.description.value,
        "location": event.location.value,
        "attendee": (event.attendee.value, event.attendee.cn_param),
        "organizer": (event.organizer.value, event.organizer.cn_param),
        "alarms": [alarm.trigger.value for alarm in event.contents.get("valarm", [])],
    }


def test_what_is_published_names_nobody_and_keeps_its_alarm() -> None:
    ics = lines(make_invite(method="PUBLISH", sequence=2))

    assert [line for line in ics if line.startswith(("METHOD", "STATUS", "SEQ", "BEGIN"))] == [
        "BEGIN:VCALENDAR",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        "SEQUENCE:2",
        "STATUS:CONFIRMED",
        "BEGIN:VALARM",
    ]
    assert not [line for line in ics if line.startswith("ATTENDEE")]
    assert [line for line in ics if line.startswith("ORGANIZER")]


@pytest.mark.parametrize("read", [read_by_icalendar, read_by_vobject])
@pytest.mark.parametrize(
    ("method", "status", "alarms"),
    [("REQUEST", "CONFIRMED", [timedelta(hours=-1)]), ("CANCEL", "CANCELLED", [])],
)
def test_two_independent_readers_read_what_was_meant(
    read: Any, method: str, status: str, alarms: list[timedelta]
) -> None:
    ics = make_invite(
        method=method,
        sequence=2,
        summary=AWKWARD,
        description=AWKWARD,
        location="Main Street 1; 2nd floor, left",
        attendee_name="Müller, Ann; née Bo",
    )

    assert read(ics) == {
        "method": method,
        "uid": "booking-7@example.com",
        "sequence": 2,
        "status": status,
        "starts": STARTS,
        "ends": STARTS + timedelta(minutes=30),
        "summary": AWKWARD,
        "description": AWKWARD,
        "location": "Main Street 1; 2nd floor, left",
        "attendee": ("mailto:ann@example.com", "Müller, Ann; née Bo"),
        "organizer": ("mailto:desk@example.com", "Practice"),
        "alarms": alarms,
    }


def apply(calendar: dict[str, dict[str, Any]], ics: bytes, read: Any) -> None:
    """What a calendar program does by RFC 5546: the UID names the event, SEQUENCE its age."""
    message = read(ics)
    known = calendar.get(message["uid"])
    if known is not None and known["sequence"] > message["sequence"]:
        return
    if message["method"] == "CANCEL":
        calendar.pop(message["uid"], None)
    else:
        calendar[message["uid"]] = message


@pytest.mark.parametrize("read", [read_by_icalendar, read_by_vobject])
def test_a_calendar_shows_one_event_then_the_moved_one_then_none(read: Any) -> None:
    calendar: dict[str, dict[str, Any]] = {}
    moved = STARTS + timedelta(days=1)

    apply(calendar, make_invite(sequence=0), read)
    assert [event["starts"] for event in calendar.values()] == [STARTS]

    moved_ics = make_invite(sequence=1, starts_at=moved, ends_at=moved + timedelta(minutes=30))
    apply(calendar, moved_ics, read)
    apply(calendar, make_invite(sequence=0), read)
    assert [event["starts"] for event in calendar.values()] == [moved]

    apply(calendar, make_invite(sequence=2, method="CANCEL"), read)
    assert calendar == {}


@pytest.mark.parametrize(
    ("local", "fold", "stamp"),
    [
        pytest.param("2027-03-28T01:30", 0, "20270328T003000Z", id="before-spring-switch"),
        pytest.param("2027-03-28T03:30", 0, "20270328T013000Z", id="after-spring-switch"),
        pytest.param("2027-10-31T02:30", 0, "20271031T003000Z", id="autumn-first-time"),
        pytest.param("2027-10-31T02:30", 1, "20271031T013000Z", id="autumn-second-time"),
    ],
)
def test_times_are_right_on_the_days_of_the_switch(local: str, fold: int, stamp: str) -> None:
    starts_at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    ends_at = starts_at.astimezone(UTC) + timedelta(minutes=15)

    ics = make_invite(starts_at=starts_at, ends_at=ends_at)

    assert f"DTSTART:{stamp}" in lines(ics)


def test_what_is_empty_is_left_out() -> None:
    ics = lines(make_invite(description="", location="", url="", attendee_name=""))

    names = [line.partition(":")[0].partition(";")[0] for line in ics if line]
    assert {"DESCRIPTION", "LOCATION", "URL"} & set(names[: names.index("BEGIN", 2)]) == set()
    assert not any("CN=;" in line or "CN=:" in line for line in ics)


def test_control_characters_go_and_line_ends_stay() -> None:
    ics = make_invite(summary="a\x00b\x1bc\r\nd\re\tf", attendee_name='An"n\r\nATTENDEE:x')

    event = icalendar.Calendar.from_ical(ics).events[0]
    assert str(event["SUMMARY"]) == "abc\nd\ne\tf"
    assert event["ATTENDEE"].params["CN"] == 'An"n ATTENDEE:x'
    assert len([line for line in lines(ics) if line.startswith("ATTENDEE")]) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"starts_at": STARTS.replace(tzinfo=None)}, "with a zone"),
        ({"ends_at": STARTS}, "ends after it starts"),
        ({"sequence": -1}, "0 or more"),
        ({"method": "REPLY"}, "REQUEST or CANCEL or PUBLISH"),
        ({"uid": ""}, "needs a UID"),
        ({"uid": "a\r\nMETHOD:CANCEL"}, "needs a UID"),
        ({"attendee_email": "ann"}, "isn't an e-mail address"),
        ({"organizer_email": "a@b.c\nX:1"}, "isn't an e-mail address"),
        ({"url": "https://example.com/\r\nX:1"}, "isn't an address of a page"),
    ],
)
def test_what_no_calendar_could_read_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_invite(**wrong)


def test_an_invite_has_two_places_in_a_mail() -> None:
    ics = make_invite()

    parts = invite_parts(ics, "REQUEST")

    assert [(part.content, part.is_alternative) for part in parts] == [(ics, True), (ics, False)]
