"""Timeslots, and how staff make and change them."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.models import MOST_PLACES, Timeslot
from bookings.planning import MONDAY_TO_FRIDAY, Plan, Window, same_hours
from bookings.services.generate import SkippedSpan
from common.api.serializers import DayField, IdField, InstantField, MoneyField, Serializer

MINUTES_OF_A_DAY = 24 * 60
MIDNIGHT = time(0)


# Its context has `at`, the moment at which it is looked at.
class TimeslotSerializer(Serializer):
    """A time in a room."""

    id = serializers.IntegerField()
    room_id = serializers.IntegerField()
    start_time = InstantField()
    end_time = InstantField()
    is_available = serializers.SerializerMethodField(
        help_text="Open, a place free, and neither too soon nor too far ahead."
    )
    price = MoneyField(
        source="effective_price", help_text="What a booking costs, in the site's currency."
    )
    max_bookings = serializers.IntegerField(help_text="How many places it has.")
    places_left = serializers.IntegerField()

    def get_is_available(self, slot: Timeslot) -> bool:
        return slot.is_bookable(self.context["at"])


class StaffTimeslotSerializer(TimeslotSerializer):
    """With whether staff have closed it, and why."""

    is_blocked = serializers.BooleanField()
    blocked_reason = serializers.CharField(allow_blank=True)


class PlannedTimeslotSerializer(StaffTimeslotSerializer):
    """One that was generated, or on a dry run would be: that has no id yet."""

    id = serializers.IntegerField(allow_null=True)


class TimeslotInputSerializer(Serializer):
    """What staff may change of a timeslot."""

    max_bookings = serializers.IntegerField(required=False, min_value=1, max_value=MOST_PLACES)
    price = MoneyField(
        required=False,
        allow_null=True,
        min_value=Decimal(0),
        help_text="Null: the room's hourly rate for its length.",
    )


class BlockInputSerializer(Serializer):
    """Why a timeslot is closed."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


CLOCK_TIME_SCHEMA = {
    "type": "string",
    "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "example": "09:00",
}
CLOSING_TIME_SCHEMA = {
    "type": "string",
    "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
    "example": "17:00",
}


@extend_schema_field(CLOCK_TIME_SCHEMA)
class ClockTimeField(serializers.Field[time, Any, str, Any]):
    """A time on the wall clock, HH:MM."""

    default_error_messages = {"invalid": "Write a time as HH:MM, such as 09:30."}

    def to_internal_value(self, data: Any) -> time:
        if not isinstance(data, str) or len(data) != len("HH:MM"):
            self.fail("invalid")
        try:
            hours, minutes = data.split(":")
            if not (hours + minutes).isascii() or not (hours + minutes).isdecimal():
                self.fail("invalid")
            return time(int(hours), int(minutes))
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


@extend_schema_field(CLOSING_TIME_SCHEMA)
class ClosingTimeField(ClockTimeField):
    """The same; 24:00 is the midnight at which the day ends."""

    def to_internal_value(self, data: Any) -> time:
        return MIDNIGHT if data == "24:00" else super().to_internal_value(data)


class WindowSerializer(Serializer):
    """From `start` to `end` on the wall clock of the room; an end of 00:00 is midnight."""

    start = ClockTimeField()
    end = ClosingTimeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["end"] <= attrs["start"] and attrs["end"] != MIDNIGHT:
            raise serializers.ValidationError({"end": "The end must lie after the start."})
        return attrs


WINDOW_SCHEMA = {
    "type": "object",
    "properties": {"start": CLOCK_TIME_SCHEMA, "end": CLOSING_TIME_SCHEMA},
    "required": ["start", "end"],
}
WORKING_HOURS_SCHEMA = {
    "description": "The hours of every open day, or for each ISO weekday (1 is Monday) its own.",
    "oneOf": [
        WINDOW_SCHEMA,
        {
            "type": "object",
            "propertyNames": {"pattern": "^[1-7]$"},
            "additionalProperties": {"type": "array", "items": WINDOW_SCHEMA, "maxItems": 24},
            "minProperties": 1,
            "example": {"1": [{"start": "09:00", "end": "12:00"}]},
        },
    ],
}


@extend_schema_field(WORKING_HOURS_SCHEMA)
class WorkingHoursField(serializers.Field[dict[int, list[Window]] | Window, Any, Any, Any]):
    """`{start, end}`, or a list of such windows for each ISO weekday."""

    default_error_messages = {
        "invalid": (
            # DRF formats its messages: braces are doubled.
            'Write {{"start": "09:00", "end": "17:00"}}, or for each weekday '
            '{{"1": [{{"start": "09:00", "end": "12:00"}}]}} with 1 for Monday.'
        )
    }

    def to_internal_value(self, data: Any) -> dict[int, list[Window]] | Window:
        if not isinstance(data, dict) or not data:
            self.fail("invalid")
        if set(data) & {"start", "end"}:
            return self._window(data)
        hours: dict[int, list[Window]] = {}
        for weekday, given in data.items():
            windows = [given] if isinstance(given, dict) else given
            if weekday not in {"1", "2", "3", "4", "5", "6", "7"}:
                self.fail("invalid")
            if not isinstance(windows, list) or len(windows) > 24:
                self.fail("invalid")
            hours[int(weekday)] = [self._window(window) for window in windows]
        return hours

    def _window(self, data: Any) -> Window:
        window = WindowSerializer(data=data)
        if not window.is_valid():
            raise serializers.ValidationError(window.errors)
        return Window(**window.validated_data)

    def to_representation(self, value: Any) -> Any:
        return value


class GenerateInputSerializer(Serializer):
    """Opening hours to be filled with timeslots."""

    room_id = IdField()
    start_date = DayField()
    end_date = DayField(help_text="The last day, itself included; at most 366 days in all.")
    slot_duration = serializers.IntegerField(
        min_value=5, max_value=MINUTES_OF_A_DAY, help_text="Minutes."
    )
    working_hours = WorkingHoursField()
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        required=False,
        allow_empty=False,
        max_length=7,
        help_text="ISO numbers, 1 is Monday. Without them, and without hours for each weekday: "
        "Monday to Friday.",
    )
    breaks = serializers.ListField(child=WindowSerializer(), required=False, max_length=24)
    buffer_minutes = serializers.IntegerField(
        required=False, min_value=0, max_value=MINUTES_OF_A_DAY
    )
    excluded_dates = serializers.ListField(child=DayField(), required=False, max_length=366)
    price = MoneyField(
        required=False,
        allow_null=True,
        min_value=Decimal(0),
        help_text="Null: the room's hourly rate for their length.",
    )
    max_bookings = serializers.IntegerField(required=False, min_value=1, max_value=MOST_PLACES)
    dry_run = serializers.BooleanField(
        required=False, help_text="Only say what would be made (200 instead of 201)."
    )

    @staticmethod
    def plan_of(wanted: dict[str, Any]) -> Plan:
        """The validated input as a plan."""
        return Plan(
            first_day=wanted["start_date"],
            last_day=wanted["end_date"],
            slot_length=timedelta(minutes=wanted["slot_duration"]),
            hours=_hours_of(wanted["working_hours"], wanted.get("weekdays")),
            breaks=[Window(**window) for window in wanted.get("breaks", ())],
            buffer=timedelta(minutes=wanted.get("buffer_minutes", 0)),
            excluded=frozenset(wanted.get("excluded_dates", ())),
        )


def _hours_of(
    hours: dict[int, list[Window]] | Window, weekdays: list[int] | None
) -> dict[int, list[Window]]:
    if isinstance(hours, Window):
        return same_hours(hours, weekdays if weekdays is not None else MONDAY_TO_FRIDAY)
    if weekdays is None:
        return hours
    return {weekday: windows for weekday, windows in hours.items() if weekday in weekdays}


class SpanSerializer(Serializer):
    """From when to when."""

    start_time = InstantField()
    end_time = InstantField()


class SkippedTimeslotSerializer(Serializer):
    """A time that was left out, and why."""

    start_time = InstantField(source="start")
    end_time = InstantField(source="end")
    reason = serializers.SerializerMethodField()
    overlaps = serializers.SerializerMethodField(help_text="What it would overlap.")

    @extend_schema_field(serializers.ChoiceField(choices=["overlaps"]))
    def get_reason(self, skipped: SkippedSpan) -> str:
        return "overlaps"

    @extend_schema_field(SpanSerializer())
    def get_overlaps(self, skipped: SkippedSpan) -> Any:
        start, end = skipped.other
        return SpanSerializer({"start_time": start, "end_time": end}).data


class GenerateResultSerializer(Serializer):
    """What was made, or would be."""

    created = serializers.IntegerField(help_text="How many were made, or would be.")
    skipped = serializers.IntegerField(help_text="How many overlap a timeslot that is there.")
    dry_run = serializers.BooleanField()
    timeslots = PlannedTimeslotSerializer(
        many=True, help_text="On a dry run all that would be made, else the first hundred made."
    )
    skipped_timeslots = SkippedTimeslotSerializer(
        source="skipped_spans",
        many=True,
        help_text="On a dry run all that would be left out, else the first hundred.",
    )
