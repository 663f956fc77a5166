"""Bookings, as their holder sees them, as staff see them, and what may be asked for."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.api.serializers.rooms import BookedRoomSerializer
from bookings.api.serializers.timeslots import StaffTimeslotSerializer, TimeslotSerializer
from bookings.models import Booking
from bookings.states import BookingStatus, PaymentStatus
from common.api.serializers import IdField, InstantField, MoneyField, Serializer
from common.api.shared import PersonSerializer, StatusChangeSerializer
from payments.api.serializers import RefundStepSerializer, checkout_url


# Its context has `at`, the moment at which it is looked at.
class BookingSerializer(Serializer):
    """Somebody's place in a timeslot."""

    id = serializers.IntegerField()
    user_id = serializers.IntegerField()
    timeslot_id = serializers.IntegerField()
    room_id = serializers.IntegerField()
    room = BookedRoomSerializer()
    timeslot = TimeslotSerializer()
    status = serializers.ChoiceField(choices=BookingStatus.choices)
    booking_type = serializers.CharField(allow_blank=True)
    price = MoneyField()
    currency = serializers.CharField()
    payment_status = serializers.ChoiceField(choices=PaymentStatus.choices)
    payment_id = serializers.SerializerMethodField(help_text="Null when there was nothing to pay.")
    payment_processing = serializers.BooleanField(
        source="is_processing", help_text="Paid in a way that the bank still has to settle."
    )
    checkout_url = serializers.SerializerMethodField(
        help_text="Where to pay, as long as the booking is pending."
    )
    expires_at = InstantField(
        allow_null=True, help_text="How long the place is held, as long as the booking is pending."
    )
    notes = serializers.CharField(allow_blank=True)
    refund_amount = MoneyField(source="refunded", help_text="What went back or is on its way.")
    refund_percent = serializers.SerializerMethodField(
        help_text="What the cancel earned; null as long as nothing was cancelled."
    )
    refund_schedule = RefundStepSerializer(
        many=True, help_text="What a cancel gives back, until when; frozen when it was booked."
    )
    created_at = InstantField()
    updated_at = InstantField()
    cancelled_at = InstantField(allow_null=True)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_payment_id(self, booking: Booking) -> str | None:
        return str(booking.payment_id) if booking.payment_id else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_checkout_url(self, booking: Booking) -> str | None:
        return checkout_url(booking.payment) if booking.is_pending else None

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_refund_percent(self, booking: Booking) -> int | None:
        if booking.refund_percent is None and booking.is_cancelled:
            # Ended unpaid: nothing to give back. Paid too late: all of it went back by itself.
            return 100 if booking.refunded > Decimal(0) else 0
        return booking.refund_percent


class StaffBookingSerializer(BookingSerializer):
    """With whose it is and what happened to it, oldest first."""

    timeslot = StaffTimeslotSerializer()
    user = PersonSerializer()
    staff_notes = serializers.CharField(
        allow_blank=True, help_text="The staff's own; the customer never sees them."
    )
    history = StatusChangeSerializer(many=True)


class BookingInputSerializer(Serializer):
    """A place in a timeslot of a room."""

    timeslot_id = IdField()
    room_id = IdField()
    notes = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=2_000
    )
    booking_type = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=50
    )


class StatusInputSerializer(Serializer):
    """What staff want to become of a booking."""

    status = serializers.ChoiceField(choices=BookingStatus.choices)
    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=250
    )
    refund = serializers.ChoiceField(
        choices=["full", "policy", "none"],
        required=False,
        allow_null=True,
        help_text="With `cancelled` only. Default: `full` for who may refund at discretion, else "
        "`policy`.",
    )
