"""Orders and tickets, as their holder sees them, as staff see them, and what may be asked for."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.serializers import IdField, InstantField, MoneyField, Serializer
from common.api.shared import PersonSerializer, StatusChangeSerializer
from payments.api.serializers import RefundChoiceField, RefundStepSerializer, checkout_url
from tickets.api.serializers.events import HeldEventSerializer
from tickets.history import history_of
from tickets.models import Ticket, TicketOrder
from tickets.states import OrderStatus, TicketStatus, TicketType


# Its context has `at`, the moment at which it is looked at, and what the event's needs.
class TicketSerializer(Serializer):
    """Lets one person in."""

    id = serializers.IntegerField()
    ticket_code = serializers.CharField()
    user_id = serializers.IntegerField()
    event_id = serializers.IntegerField()
    event = HeldEventSerializer()
    order_id = serializers.IntegerField()
    ticket_type = serializers.ChoiceField(choices=TicketType.choices)
    status = serializers.SerializerMethodField(
        help_text="As it reads now: `expired` from its time on."
    )
    price_paid = MoneyField()
    currency = serializers.CharField(source="order.currency")
    valid_from = InstantField()
    valid_until = InstantField()
    payment_id = serializers.SerializerMethodField(help_text="Null when there was nothing to pay.")
    check_in_time = InstantField(allow_null=True)
    qr_code_url = serializers.SerializerMethodField(
        help_text="A PNG, for the owner and staff; null once the ticket is of no use."
    )
    pdf_url = serializers.SerializerMethodField(help_text="To print; null like `qrCodeUrl`.")
    metadata = serializers.DictField()
    refund_amount = serializers.SerializerMethodField(
        help_text="What of it went back or is on its way."
    )
    refund_percent = serializers.IntegerField(
        allow_null=True, help_text="What the cancel earned; null as long as nothing was cancelled."
    )
    refund_schedule = RefundStepSerializer(
        source="order.refund_schedule",
        many=True,
        help_text="What a cancel gives back, until when; frozen when it was bought.",
    )
    created_at = InstantField()
    updated_at = InstantField()
    cancelled_at = InstantField(allow_null=True)

    @extend_schema_field(serializers.ChoiceField(choices=TicketStatus.choices))
    def get_status(self, ticket: Ticket) -> str:
        return str(ticket.status_at(self.context["at"]))

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_payment_id(self, ticket: Ticket) -> str | None:
        return str(ticket.payment_id) if ticket.payment_id else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_qr_code_url(self, ticket: Ticket) -> str | None:
        return self._address(ticket, "tickets:qr_png")

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_pdf_url(self, ticket: Ticket) -> str | None:
        return self._address(ticket, "tickets:pdf")

    def _address(self, ticket: Ticket, name: str) -> str | None:
        if not ticket.shows_qr(self.context["at"]):
            return None
        return f"{settings.SITE_URL}{reverse(name, args=[ticket.pk])}"

    @extend_schema_field(MoneyField())
    def get_refund_amount(self, ticket: Ticket) -> Any:
        return MoneyField().to_representation(ticket.refund_amount or 0)


class CheckedTicketSerializer(TicketSerializer):
    """For who scans it: with whether its holder is inside, and what kind of ticket it is."""

    is_inside = serializers.BooleanField()
    ticket_label = serializers.CharField(
        source="order.label", help_text="The kind of ticket as the event calls it."
    )


class DoorTicketSerializer(CheckedTicketSerializer):
    """For who only scans: no prices, and no addresses of papers that aren't served to them."""

    is_inside = serializers.BooleanField(required=False, help_text="For staff.")
    ticket_label = serializers.CharField(
        source="order.label", required=False, help_text="For staff."
    )
    # Left empty rather than out: the shape of a ticket stays what it is.
    # DRF takes declared fields out of the class, so nobody meets the other kind.
    price_paid = serializers.SerializerMethodField()  # type: ignore[assignment]
    refund_percent = serializers.SerializerMethodField()  # type: ignore[assignment]
    refund_schedule = serializers.SerializerMethodField()  # type: ignore[assignment]

    @extend_schema_field(MoneyField(allow_null=True))
    def get_price_paid(self, ticket: Ticket) -> None:
        return None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_qr_code_url(self, ticket: Ticket) -> None:
        return None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_pdf_url(self, ticket: Ticket) -> None:
        return None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_payment_id(self, ticket: Ticket) -> None:
        return None

    @extend_schema_field(MoneyField(allow_null=True))
    def get_refund_amount(self, ticket: Ticket) -> None:
        return None

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_refund_percent(self, ticket: Ticket) -> None:
        return None

    @extend_schema_field(RefundStepSerializer(many=True))
    def get_refund_schedule(self, ticket: Ticket) -> list[Any]:
        return []


class StaffTicketSerializer(CheckedTicketSerializer):
    """With whose it is and what happened to it, oldest first."""

    user = PersonSerializer()
    history = serializers.SerializerMethodField()

    @extend_schema_field(StatusChangeSerializer(many=True))
    def get_history(self, ticket: Ticket) -> Any:
        return StatusChangeSerializer(history_of(ticket), many=True).data


class OrderSerializer(Serializer):
    """A purchase: so many tickets of one kind for one event."""

    id = serializers.IntegerField()
    user_id = serializers.IntegerField()
    event_id = serializers.IntegerField()
    event = HeldEventSerializer()
    ticket_type = serializers.ChoiceField(choices=TicketType.choices)
    quantity = serializers.IntegerField()
    unit_price = MoneyField()
    amount = MoneyField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    payment_id = serializers.SerializerMethodField(help_text="Null when there was nothing to pay.")
    payment_processing = serializers.BooleanField(
        source="is_processing", help_text="Paid in a way that the bank still has to settle."
    )
    checkout_url = serializers.SerializerMethodField(
        help_text="Where to pay, as long as the order is pending."
    )
    expires_at = InstantField(
        allow_null=True, help_text="How long the places are held, as long as it is pending."
    )
    refund_amount = serializers.SerializerMethodField(
        help_text="What of it went back or is on its way."
    )
    created_at = InstantField()
    tickets = TicketSerializer(many=True, help_text="None before it is paid.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_payment_id(self, order: TicketOrder) -> str | None:
        return str(order.payment_id) if order.payment_id else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_checkout_url(self, order: TicketOrder) -> str | None:
        return checkout_url(order.payment) if order.is_pending else None

    @extend_schema_field(MoneyField())
    def get_refund_amount(self, order: TicketOrder) -> Any:
        return MoneyField().to_representation(order.payment.refunded if order.payment else 0)


class PurchaseSerializer(Serializer):
    """What was bought, and where it is paid."""

    order = OrderSerializer(source="*")
    checkout_url = serializers.URLField(
        allow_null=True, help_text="Null when there is nothing to pay."
    )
    expires_at = InstantField(allow_null=True)
    tickets = TicketSerializer(many=True, help_text="None before it is paid.")

    def to_representation(self, instance: TicketOrder) -> dict[str, Any]:
        # The order says it all, so nothing is written twice.
        order = self.fields["order"].to_representation(instance)
        names = ("checkoutUrl", "expiresAt", "tickets")
        return {"order": order} | {name: order[name] for name in names}


class PurchaseInputSerializer(Serializer):
    """So many tickets of one kind."""

    event_id = IdField()
    ticket_type = serializers.ChoiceField(
        choices=TicketType.choices, required=False, allow_null=True, help_text="Default: standard."
    )
    quantity = serializers.IntegerField(help_text="From 1 to 10, or within the limits of the tier.")


class ValidateInputSerializer(Serializer):
    """At which event's door, if at one."""

    event_id = IdField(required=False, allow_null=True)


class VerdictSerializer(Serializer):
    """Whether the ticket lets in now."""

    valid = serializers.BooleanField()
    reason = serializers.CharField(required=False, help_text="Why not.")
    code = serializers.CharField(required=False, help_text="The reason, stable, for programs.")
    ticket = DoorTicketSerializer(
        required=False,
        help_text="For its owner and for who may scan; the money is null for who may only scan.",
    )


class TicketStatusInputSerializer(Serializer):
    """What staff want to become of a ticket."""

    status = serializers.ChoiceField(
        choices=TicketStatus.choices, help_text="`cancelled` or `refunded`."
    )
    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=250
    )
    refund = RefundChoiceField()
