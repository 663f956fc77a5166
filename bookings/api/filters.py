"""What lists can be narrowed by: the query parameters and the rows that they leave."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from rest_framework import serializers

from bookings.days import on_local_days
from bookings.models import Booking, Room, Timeslot
from bookings.queries import bookable_by_time, bookable_in, find_rooms
from bookings.states import BookingStatus, RoomType
from common import clock
from common.api.serializers import DayField, IdField, Serializer

NEXT_DAYS = timedelta(days=7)
MOST_DAYS = 62
MOST_MINUTES = 24 * 60


class RoomQuery(Serializer):
    room_type = serializers.ChoiceField(choices=RoomType.choices, required=False)
    min_capacity = serializers.IntegerField(
        required=False, min_value=0, max_value=IdField.LARGEST, help_text="At least so many seats."
    )
    date = DayField(
        required=False, help_text="Only rooms with a free time on that day, in their own zone."
    )
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="In name and description."
    )


def rooms(rows: QuerySet[Room], wanted: dict[str, Any], at: datetime) -> QuerySet[Room]:
    """These rooms, narrowed by a RoomQuery."""
    return find_rooms(
        rows,
        at=at,
        search=wanted.get("search", ""),
        room_type=wanted.get("room_type", ""),
        min_capacity=wanted.get("min_capacity", 0),
        day=wanted.get("date"),
    )


class StaffRoomQuery(RoomQuery):
    is_active = serializers.BooleanField(required=False)


class DaysQuery(Serializer):
    """One day, or from one to another; both ends included."""

    date = DayField(required=False, help_text="That calendar day, in the room's zone.")
    start_date = DayField(required=False, help_text="From that day on.")
    end_date = DayField(required=False, help_text="To that day, itself included.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("start_date"), attrs.get("end_date")
        if "date" in attrs and (start or end):
            raise serializers.ValidationError(
                {"date": "Give either a date, or startDate and endDate."}
            )
        if start and end and end < start:
            raise serializers.ValidationError({"endDate": "endDate lies before startDate."})
        return attrs


class TimeslotQuery(DaysQuery):
    """Without any day: the next seven days."""

    duration = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_MINUTES, help_text="At least so many minutes."
    )
    available = serializers.BooleanField(
        required=False, help_text="True leaves out what can't be booked now."
    )


def timeslots_of(room: Room, wanted: dict[str, Any], at: datetime) -> QuerySet[Timeslot]:
    """The room's timeslots that a TimeslotQuery asks for, in order.

    Raises ValidationError for more than 62 days.
    """
    start, end = _span(room, wanted, at)
    rows = Timeslot.objects.filter(room=room, start_time__gte=start, start_time__lt=end)
    if "duration" in wanted:
        rows = rows.lasting(wanted["duration"])
    if wanted.get("available"):
        rows = rows.open().filter(bookable_by_time(room, at), room__is_active=True)
    return rows.select_related("room").order_by("start_time")


def _span(room: Room, wanted: dict[str, Any], at: datetime) -> tuple[datetime, datetime]:
    if "date" in wanted:
        return clock.day_bounds(wanted["date"], room.timezone)
    if "start_date" not in wanted and "end_date" not in wanted:
        return at, at + NEXT_DAYS
    today = at.astimezone(clock.zone(room.timezone)).date()
    first = wanted.get("start_date") or min(today, wanted["end_date"])
    last = wanted.get("end_date") or first + NEXT_DAYS - timedelta(days=1)
    if (last - first).days >= MOST_DAYS:
        raise serializers.ValidationError({"endDate": f"At most {MOST_DAYS} days at once."})
    return clock.day_bounds(first, room.timezone)[0], clock.day_bounds(last, room.timezone)[1]


class StaffTimeslotQuery(DaysQuery):
    """Without any day: all there are."""

    room_id = IdField(required=False)
    duration = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_MINUTES, help_text="At least so many minutes."
    )
    available = serializers.BooleanField(
        required=False, help_text="True leaves out what can't be booked now."
    )
    blocked = serializers.BooleanField(
        required=False,
        help_text="True: only what staff have closed; false: only what they haven't.",
    )


def staff_timeslots(wanted: dict[str, Any], at: datetime) -> QuerySet[Timeslot]:
    """All timeslots that a StaffTimeslotQuery leaves, in order."""
    rows = Timeslot.objects.all()
    if "room_id" in wanted:
        rows = rows.filter(room__pk=wanted["room_id"])
    first = wanted.get("date") or wanted.get("start_date")
    last = wanted.get("date") or wanted.get("end_date")
    rows = rows.filter(on_local_days("start_time", "room__timezone", first, last))
    if "duration" in wanted:
        rows = rows.lasting(wanted["duration"])
    if "blocked" in wanted:
        rows = rows.filter(is_blocked=wanted["blocked"])
    if wanted.get("available"):
        rows = rows.open().filter(bookable_in(Room.objects.active(), at))
    return rows.select_related("room").order_by("start_time", "pk")


class BookingQuery(Serializer):
    status = serializers.ChoiceField(choices=BookingStatus.choices, required=False)


class SlotDaysQuery(Serializer):
    """Bookings of a room, by the days of their timeslots; both ends included."""

    room_id = IdField(required=False)
    from_date = DayField(
        required=False, help_text="Timeslots from that day on, in each room's own zone."
    )
    to_date = DayField(required=False, help_text="To that day, itself included.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = attrs.get("from_date"), attrs.get("to_date")
        if first and last and last < first:
            raise serializers.ValidationError({"toDate": "toDate lies before fromDate."})
        return attrs


A_YEAR = timedelta(days=365)


def report_days(wanted: dict[str, Any], at: datetime) -> tuple[date, date]:
    """The first and last day that a SlotDaysQuery means where a span is needed."""
    today = at.astimezone(clock.zone(settings.TIME_ZONE)).date()
    if "from_date" not in wanted and "to_date" not in wanted:
        return today - A_YEAR, today + A_YEAR
    first = wanted.get("from_date")
    if first is None:
        last: date = wanted["to_date"]
        return last - min(2 * A_YEAR, last - DayField.FIRST), last
    return first, wanted.get("to_date") or first + min(2 * A_YEAR, DayField.LAST - first)


class StaffBookingQuery(BookingQuery, SlotDaysQuery):
    user_id = IdField(required=False)
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="In the person's name and address, the room's name and the notes; "
        "a number finds that booking too.",
    )


def bookings(rows: QuerySet[Booking], wanted: dict[str, Any]) -> QuerySet[Booking]:
    """These bookings, narrowed by a BookingQuery or a StaffBookingQuery; the newest first."""
    if "status" in wanted:
        rows = rows.filter(status=wanted["status"])
    if "room_id" in wanted:
        rows = rows.filter(room__pk=wanted["room_id"])
    if "user_id" in wanted:
        rows = rows.filter(user__pk=wanted["user_id"])
    rows = rows.filter(
        on_local_days(
            "timeslot__start_time",
            "room__timezone",
            wanted.get("from_date"),
            wanted.get("to_date"),
        )
    )
    if words := wanted.get("search"):
        found = (
            Q(user__name__icontains=words)
            | Q(user__email__icontains=words)
            | Q(room__name__icontains=words)
            | Q(notes__icontains=words)
        )
        if words.isascii() and words.isdecimal():
            found |= Q(pk=IdField().to_internal_value(words))
        rows = rows.filter(found)
    return rows.order_by("-pk")
