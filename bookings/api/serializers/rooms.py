"""Rooms, as everybody sees them, as staff see them, and as staff write them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.models import Room, validate_policy, validate_reminders
from bookings.states import RoomType
from common.api.serializers import (
    InstantField,
    JsonObjectField,
    ModelSerializer,
    MoneyField,
    Serializer,
    written_instant,
)
from payments.api.serializers import RefundPolicyField, RefundTierSerializer


class BookedRoomSerializer(Serializer):
    """A room within something else, such as a booking."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    capacity = serializers.IntegerField(help_text="Seats.")
    room_type = serializers.ChoiceField(choices=RoomType.choices)
    hourly_rate = serializers.SerializerMethodField(
        help_text="What an hour costs where a timeslot has no price of its own; 0: nothing."
    )
    is_active = serializers.BooleanField()
    metadata = serializers.DictField()
    timezone = serializers.CharField(help_text="IANA name; `date` means a calendar day there.")
    min_notice_minutes = serializers.IntegerField()
    max_advance_days = serializers.IntegerField()
    allow_repeat_booking = serializers.BooleanField()
    refund_policy = serializers.SerializerMethodField(help_text="Null: the site's own.")
    image_url = serializers.CharField(allow_blank=True)

    @extend_schema_field(MoneyField())
    def get_hourly_rate(self, room: Room) -> Any:
        return MoneyField().to_representation(room.hourly_rate or Decimal(0))

    @extend_schema_field(RefundTierSerializer(many=True, allow_null=True))
    def get_refund_policy(self, room: Room) -> Any:
        return room.refund_policy


# Its context has `next_free`, by room id.
class RoomSerializer(BookedRoomSerializer):
    """A room on its own, with its next free time."""

    next_free_time = serializers.SerializerMethodField(
        help_text="The start of the earliest timeslot that can be booked now; null: none."
    )

    @extend_schema_field(InstantField(allow_null=True))
    def get_next_free_time(self, room: Room) -> str | None:
        first: datetime | None = self.context["next_free"].get(room.pk)
        return None if first is None else written_instant(first)


class StaffRoomSerializer(RoomSerializer):
    """With what only staff may know."""

    staff_email = serializers.CharField(allow_blank=True)
    notify_staff = serializers.BooleanField()
    reminder_hours = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    created_at = InstantField()
    updated_at = InstantField()


class RoomInputSerializer(ModelSerializer):
    """A room as staff write it."""

    description = serializers.CharField(
        required=False, allow_blank=True, max_length=10_000, trim_whitespace=False
    )
    hourly_rate = MoneyField(required=False, allow_null=True, min_value=Decimal(0))
    metadata = JsonObjectField(required=False)
    refund_policy = RefundPolicyField(
        required=False,
        allow_null=True,
        validators=[validate_policy],
        help_text="More notice can't earn less. Null: the site's own.",
    )

    reminder_hours = serializers.ListField(
        child=serializers.FloatField(),
        required=False,
        allow_null=True,
        validators=[validate_reminders],
        help_text="Hours before the start, as in [24, 2]; [] for none. Null: the site's own.",
    )

    class Meta:
        model = Room
        fields = [
            "name",
            "description",
            "capacity",
            "room_type",
            "hourly_rate",
            "is_active",
            "metadata",
            "reminder_hours",
            "timezone",
            "min_notice_minutes",
            "max_advance_days",
            "allow_repeat_booking",
            "refund_policy",
            "staff_email",
            "notify_staff",
            "image_url",
        ]
