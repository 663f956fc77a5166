"""Scans, what the door is answered, and what is going on there."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.schema import ErrorsSerializer
from common.api.serializers import IdField, InstantField, Serializer
from tickets.api.serializers.tickets import DoorTicketSerializer
from tickets.door import Attendance, Door
from tickets.states import EntryMode, EventStatus, ScanType, TicketType


class ScanIdField(serializers.UUIDField):
    """Written out: of a plain number, which would do too, two scanners easily think at once."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class ScanInputSerializer(Serializer):
    """What the scanner saw and wants."""

    scan_type = serializers.ChoiceField(choices=ScanType.choices)
    location = serializers.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=100,
        help_text="The gate. A scanner link's own gate holds instead.",
    )
    event_id = IdField(
        required=False,
        allow_null=True,
        help_text="At which event's door. A scanner link's own event holds instead.",
    )
    scan_id = ScanIdField(
        required=False,
        allow_null=True,
        help_text="Made by the scanner, fresh for each scan: a repeat gets the stored verdict.",
    )


class ScanSerializer(Serializer):
    """One attempt at a door."""

    id = serializers.IntegerField()
    ticket_id = serializers.IntegerField(allow_null=True, help_text="Null: the code was unknown.")
    scan_type = serializers.ChoiceField(choices=ScanType.choices)
    scanned_at = InstantField()
    scan_location = serializers.CharField(allow_blank=True)
    scanner_user_id = serializers.IntegerField(allow_null=True, help_text="Null: by a link.")
    scanner_link_id = serializers.IntegerField(allow_null=True)
    event_id = serializers.IntegerField(
        allow_null=True, help_text="At whose door; where none was said, the ticket's."
    )
    scan_id = serializers.UUIDField(allow_null=True)
    accepted = serializers.BooleanField()
    code = serializers.CharField(allow_blank=True, help_text="Why not, for programs.")
    reason = serializers.CharField(allow_blank=True, help_text="Why not.")
    undone_at = InstantField(allow_null=True)


class AttendeeSerializer(Serializer):
    """Whose ticket it is."""

    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(
        allow_null=True, help_text="Null for scanner links and for who may only scan."
    )


class AcceptedScanSerializer(Serializer):
    """Let through."""

    accepted = serializers.BooleanField()
    ticket = DoorTicketSerializer()
    scan = ScanSerializer()
    attendee = AttendeeSerializer()


class RefusedScanSerializer(ErrorsSerializer):
    """Not let through, and stored; `type` and `errors` are those of every refusal."""

    accepted = serializers.BooleanField()
    reason = serializers.CharField()
    code = serializers.CharField()
    ticket = DoorTicketSerializer(allow_null=True, help_text="Null: the code is unknown.")
    scan = ScanSerializer(allow_null=True)
    attendee = AttendeeSerializer(allow_null=True)
    first_scan = ScanSerializer(
        required=False, help_text="With `already_used`, `already_inside`: when and where."
    )


class UndoneScanSerializer(Serializer):
    """Taken back: the ticket as it was before."""

    ticket = DoorTicketSerializer()
    scan = ScanSerializer()
    attendee = AttendeeSerializer()


class GateSerializer(Serializer):
    """One gate, by what its scanners called it; what was undone doesn't count."""

    gate = serializers.CharField(allow_blank=True)
    checked_in = serializers.IntegerField()
    checked_out = serializers.IntegerField()
    passages = serializers.IntegerField()
    refused = serializers.IntegerField()
    last_scan_at = InstantField()


class ArrivalsSerializer(Serializer):
    """How many came in within one minute."""

    minute = InstantField()
    count = serializers.IntegerField()


class RefusalsSerializer(Serializer):
    """How often this was the reason."""

    code = serializers.CharField()
    count = serializers.IntegerField()


class RecentScanSerializer(ScanSerializer):
    """With a name to it."""

    attendee_name = serializers.CharField(
        source="ticket.attendee_name", allow_blank=True, default="", help_text="'' when unknown."
    )
    ticket_type = serializers.ChoiceField(
        source="ticket.ticket_type", choices=TicketType.choices, allow_null=True, default=None
    )
    ticket_label = serializers.CharField(
        source="ticket.order.label",
        allow_blank=True,
        default="",
        help_text="The kind of ticket as the event calls it.",
    )


class AttendanceSerializer(Serializer):
    """How many of an event's tickets have come."""

    expected = serializers.IntegerField(help_text="Tickets that take a place.")
    checked_in = serializers.IntegerField(help_text="Of them, those that have come.")
    inside = serializers.IntegerField(help_text="Of them, those that are in now.")
    to_come = serializers.IntegerField()


class DoorSerializer(AttendanceSerializer):
    """An event's door: no prices, no addresses."""

    event_id = serializers.IntegerField(source="event.pk")
    name = serializers.CharField(source="event.name")
    start_date = InstantField(source="event.start_date")
    end_date = InstantField(source="event.end_date")
    doors_open_at = InstantField(source="event.valid_from")
    timezone = serializers.CharField(source="event.timezone")
    location = serializers.CharField(source="event.location", allow_blank=True)
    entry_mode = serializers.ChoiceField(source="event.entry_mode", choices=EntryMode.choices)
    status = serializers.SerializerMethodField()
    gates = GateSerializer(many=True)
    arrivals = ArrivalsSerializer(
        many=True, help_text="Each minute of the last hour, the oldest first."
    )
    refusals = RefusalsSerializer(many=True, help_text="By code, the most frequent first.")
    recent = RecentScanSerializer(many=True, help_text="The last 20 attempts, the latest first.")

    @extend_schema_field(serializers.ChoiceField(choices=EventStatus.choices))
    def get_status(self, row: dict[str, Any]) -> str:
        return str(row["event"].status_at(self.context["at"]))


def door_row(event: Any, door: Door) -> dict[str, Any]:
    """What a DoorSerializer writes."""
    attendance: Attendance = door.attendance
    return {
        "event": event,
        "expected": attendance.expected,
        "checked_in": attendance.checked_in,
        "inside": attendance.inside,
        "to_come": attendance.to_come,
        "gates": door.gates,
        "arrivals": [{"minute": minute, "count": count} for minute, count in door.arrivals],
        "refusals": [{"code": code, "count": count} for code, count in door.refusals],
        "recent": door.recent,
    }


class DoorEventSerializer(Serializer):
    """An event as its door needs to know it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    start_date = InstantField()
    end_date = InstantField()
    timezone = serializers.CharField()
    location = serializers.CharField(allow_blank=True)


class ScannerLinkSerializer(Serializer):
    """Where a link scans, and until when."""

    gate = serializers.CharField()
    expires_at = InstantField()
    event = DoorEventSerializer()
