"""Events, as everybody sees them, as staff see them, and as staff write them."""

from decimal import Decimal
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.serializers import (
    InstantField,
    JsonObjectField,
    ModelSerializer,
    MoneyField,
    Serializer,
)
from common.api.writing import write
from payments.api.serializers import RefundPolicyField, RefundTierSerializer
from tickets.models import Event, Tier
from tickets.models.event import MOST_PER_ORDER, MOST_PLACES, validate_policy
from tickets.states import EntryMode, EventStatus, EventType, TicketStatus, TicketType

MOST_AT_ONCE = 1_000


# Its context has `at`, the moment at which it is looked at.
class TierSerializer(Serializer):
    """One kind of ticket of an event."""

    id = serializers.IntegerField()
    ticket_type = serializers.ChoiceField(choices=TicketType.choices)
    name = serializers.CharField(source="label")
    price = MoneyField()
    quota = serializers.IntegerField(allow_null=True, help_text="Null: no limit of its own.")
    sales_start = InstantField(allow_null=True)
    sales_end = InstantField(allow_null=True)
    min_per_order = serializers.IntegerField()
    max_per_order = serializers.IntegerField()
    places_left = serializers.IntegerField(
        allow_null=True, help_text="Of the tier and of the event, the less; null: no limit."
    )
    on_sale = serializers.SerializerMethodField(
        help_text="Offered, inside its window, and enough left for the smallest order."
    )

    def get_on_sale(self, tier: Tier) -> bool:
        return tier.is_on_sale(self.context["at"])


# Its context has `at`, and `online_for`: the events whose online address may be told.
class HeldEventSerializer(Serializer):
    """An event within something else, such as a ticket."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    event_type = serializers.ChoiceField(choices=EventType.choices)
    start_date = InstantField()
    end_date = InstantField()
    location = serializers.CharField(allow_blank=True)
    is_online = serializers.BooleanField()
    max_participants = serializers.IntegerField(allow_null=True, help_text="Null: unlimited.")
    current_participants = serializers.IntegerField(help_text="Places sold.")
    ticket_price = serializers.SerializerMethodField(
        help_text="Its own price, else, on its own, that of its cheapest tier, else 0."
    )
    status = serializers.SerializerMethodField(
        help_text="As it reads now: `completed` from its end on."
    )
    image_url = serializers.CharField(allow_blank=True)
    metadata = serializers.DictField()
    timezone = serializers.CharField(help_text="IANA name; days are calendar days there.")
    entry_mode = serializers.ChoiceField(choices=EntryMode.choices)
    doors_open_minutes = serializers.IntegerField(
        help_text="So long before the start tickets become valid."
    )
    refund_policy = serializers.SerializerMethodField(help_text="Null: the site's own.")
    online_url = serializers.SerializerMethodField(
        help_text="Where it takes place online: for holders of a valid ticket and for staff; "
        "null for others, and where there is no such address."
    )
    places_left = serializers.IntegerField(allow_null=True, help_text="Null: unlimited.")

    def to_representation(self, instance: Event) -> Any:
        # The same event stands in ticket after ticket.
        context = cast("dict[str, Any]", self.context)
        written = context.setdefault("written_events", {})
        key = (type(self), instance.pk)
        if key not in written:
            written[key] = super().to_representation(instance)
        return written[key]

    @extend_schema_field(MoneyField())
    def get_ticket_price(self, event: Event) -> Any:
        return MoneyField().to_representation(event.price)

    @extend_schema_field(serializers.ChoiceField(choices=EventStatus.choices))
    def get_status(self, event: Event) -> str:
        return str(event.status_at(self.context["at"]))

    @extend_schema_field(RefundTierSerializer(many=True, allow_null=True))
    def get_refund_policy(self, event: Event) -> Any:
        return event.refund_policy

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_online_url(self, event: Event) -> str | None:
        return event.online_url or None if event.pk in self.context["online_for"] else None


class EventSerializer(HeldEventSerializer):
    """An event on its own, with what it offers."""

    on_sale = serializers.SerializerMethodField(
        help_text="Published and not over; whether anything is left, its tiers tell."
    )
    tiers = serializers.SerializerMethodField(
        help_text="The cheapest first; without any, `standard` tickets at `ticketPrice`."
    )

    @extend_schema_field(MoneyField())
    def get_ticket_price(self, event: Event) -> Any:
        price = event.ticket_price
        if price is None:
            price = min((tier.price for tier in _offered(event)), default=Decimal(0))
        return MoneyField().to_representation(price)

    def get_on_sale(self, event: Event) -> bool:
        return event.is_on_sale(self.context["at"])

    @extend_schema_field(TierSerializer(many=True))
    def get_tiers(self, event: Event) -> Any:
        return write(_offered(event), TierSerializer, context=self.context, many=True)


def _offered(event: Event) -> list[Tier]:
    return [tier for tier in event.tiers.all() if tier.is_active]


class StaffEventSerializer(EventSerializer):
    """With what only staff may know."""

    # As it is written: '' where there is none.
    online_url = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    staff_email = serializers.CharField(allow_blank=True)
    notify_staff = serializers.BooleanField()
    held = serializers.IntegerField(help_text="Places held unpaid.")
    created_at = InstantField()
    updated_at = InstantField()


class TierInputSerializer(Serializer):
    """One kind of ticket, written as a whole."""

    ticket_type = serializers.ChoiceField(choices=TicketType.choices)
    name = serializers.CharField(required=False, allow_blank=True, max_length=100, default="")
    price = MoneyField(min_value=Decimal(0))
    quota = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MOST_PLACES, default=None
    )
    sales_start = InstantField(required=False, allow_null=True, default=None)
    sales_end = InstantField(required=False, allow_null=True, default=None)
    min_per_order = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_AT_ONCE, default=1
    )
    max_per_order = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_AT_ONCE,
        help_text=f"Default: {MOST_PER_ORDER}, or `minPerOrder` where that is more.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.setdefault("max_per_order", max(MOST_PER_ORDER, attrs["min_per_order"]))
        return attrs


@extend_schema_field(TierInputSerializer(many=True, required=False))
class TiersField(serializers.Field[Any, Any, Any, Any]):
    """All tiers of an event, in place of those that there were."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        # A serializer of its own: where only some fields of the event are given, each tier is
        # still written as a whole.
        tiers = TierInputSerializer(data=data, many=True)
        tiers.is_valid(raise_exception=True)
        return [dict(tier) for tier in tiers.validated_data]


class EventInputSerializer(ModelSerializer):
    """An event as staff write it."""

    description = serializers.CharField(
        required=False, allow_blank=True, max_length=20_000, trim_whitespace=False
    )
    ticket_price = MoneyField(
        required=False,
        allow_null=True,
        min_value=Decimal(0),
        help_text="Null or 0: free. Not used when there are tiers.",
    )
    metadata = JsonObjectField(required=False)
    refund_policy = RefundPolicyField(
        required=False,
        allow_null=True,
        validators=[validate_policy],
        help_text="More notice can't earn less. Null: the site's own.",
    )
    tiers = TiersField(required=False, help_text="Written as a whole; none: `[]`.")

    class Meta:
        model = Event
        fields = [
            "name",
            "description",
            "event_type",
            "start_date",
            "end_date",
            "location",
            "is_online",
            "max_participants",
            "ticket_price",
            "image_url",
            "metadata",
            "timezone",
            "entry_mode",
            "doors_open_minutes",
            "refund_policy",
            "online_url",
            "staff_email",
            "notify_staff",
            "tiers",
        ]


class CountsByStatusSerializer(Serializer):
    """How many tickets read so now."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {status: serializers.IntegerField() for status in TicketStatus.values}


class EventStatsSerializer(Serializer):
    """An event in numbers."""

    event_id = serializers.IntegerField()
    sold = serializers.IntegerField()
    held = serializers.IntegerField(help_text="Places held unpaid.")
    max_participants = serializers.IntegerField(allow_null=True)
    places_left = serializers.IntegerField(allow_null=True)
    inside = serializers.IntegerField()
    by_status = CountsByStatusSerializer()
    by_type = serializers.DictField(
        child=serializers.IntegerField(), help_text="Tickets that take a place, by their type."
    )
    captured = MoneyField(allow_null=True, help_text="Null for who may not see payments.")
    refunded = MoneyField(allow_null=True)
    disputed = MoneyField(allow_null=True, help_text="Taken by cardholders' banks.")
    currency = serializers.CharField()
