"""What staff may ask for at the desk, and the figures they may see."""

from decimal import Decimal

from rest_framework import serializers

from common.api.serializers import IdField, MoneyField, Serializer
from payments.states import DeskMethod


class RescheduleInputSerializer(Serializer):
    """Where to."""

    timeslot_id = IdField(help_text="Another time of the same room.")


class StaffRescheduleInputSerializer(RescheduleInputSerializer):
    """Where to, and why."""

    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=250
    )


class StaffBookingInputSerializer(Serializer):
    """A place for a customer."""

    user_id = IdField(help_text="Whose it will be.")
    timeslot_id = IdField()
    notes = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=2_000
    )
    payment_due = serializers.BooleanField(
        required=False,
        help_text="True: confirmed at once and paid at the desk. Else it is held until it is paid "
        "at `checkoutUrl`.",
    )


class StaffNotesInputSerializer(Serializer):
    """What staff may write on a booking."""

    staff_notes = serializers.CharField(required=False, allow_blank=True, max_length=5_000)


class DeskPaymentInputSerializer(Serializer):
    """Money that changed hands."""

    method = serializers.ChoiceField(choices=DeskMethod.choices)
    receipt = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=100
    )
    amount = MoneyField(
        required=False,
        allow_null=True,
        min_value=Decimal(0),
        help_text="What was taken; refused when another amount is due by now.",
    )


class CountsSerializer(Serializer):
    """How many bookings, by the day of their timeslot."""

    total = serializers.IntegerField()
    pending = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    completed = serializers.IntegerField()
    no_show = serializers.IntegerField()


class RevenueSerializer(Serializer):
    """As the ledger has it, by the day on which the money came in or was asked back."""

    captured = MoneyField(help_text="What came in.")
    refunded = MoneyField(help_text="What went back or is on its way.")
    disputed = MoneyField(
        help_text="What cardholders' banks have taken by disputes, on the day it had come in."
    )
    net = MoneyField(help_text="`captured` − `refunded` − `disputed`.")


class OccupancySerializer(Serializer):
    """How full the rooms are, by the day of each timeslot."""

    open_places = serializers.IntegerField(
        help_text="That could be had or are taken; of a closed timeslot only the taken ones."
    )
    taken_places = serializers.IntegerField()
    rate = serializers.FloatField(help_text="`takenPlaces` / `openPlaces`, from 0 to 1.")


class FiguresSerializer(Serializer):
    """The figures of all rooms, of one, or of one day or month."""

    bookings = CountsSerializer()
    revenue = RevenueSerializer()
    occupancy = OccupancySerializer()


class PeriodFiguresSerializer(FiguresSerializer):
    period = serializers.CharField(help_text="`2026-07-09`, or `2026-07` when `step` is `month`.")


class RoomFiguresSerializer(FiguresSerializer):
    room_id = serializers.IntegerField()
    name = serializers.CharField()


class StatisticsSerializer(FiguresSerializer):
    """All of it, then by day or month and by room."""

    from_date = serializers.CharField(source="since")
    to_date = serializers.CharField(source="until")
    room_id = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField()
    step = serializers.ChoiceField(
        choices=["day", "month"], help_text="What `byPeriod` goes by: months beyond 62 days."
    )
    by_period = PeriodFiguresSerializer(many=True)
    by_room = RoomFiguresSerializer(many=True)
