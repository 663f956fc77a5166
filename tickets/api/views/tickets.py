"""One's own orders and tickets."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import HoldingViewSet
from accounts.authentication import signed_in
from common.api.once import Answer, answer_once
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.shared import CancelInputSerializer
from common.api.views import ApiViewSet
from tickets.api import filters
from tickets.api.online import online_for
from tickets.api.serializers.tickets import (
    OrderSerializer,
    PurchaseInputSerializer,
    PurchaseSerializer,
    TicketSerializer,
)
from tickets.models import Ticket, TicketOrder
from tickets.querysets import OrderQuerySet, TicketQuerySet
from tickets.services import cancel_order, cancel_ticket, place_order
from tickets.services.release import release_lapsed_orders
from tickets.states import TicketType


class OrderViewSet(HoldingViewSet):
    """Somebody else's orders aren't there, whoever asks."""

    refusals = {
        "create": {
            403: ("email_unverified",),
            409: (
                "not_on_sale",
                "sold_out",
                "price_changed",
                "too_many_holds",
                *IDEMPOTENCY_CODES,
            ),
            429: ("throttled",),
        },
        "cancel": {409: ("invalid_transition",)},
    }

    def own(self) -> OrderQuerySet:
        orders: OrderQuerySet = TicketOrder.objects.with_everything()
        return orders.of(signed_in(self.request).pk)

    @extend_schema(
        operation_id="purchaseTickets",
        summary="Buy tickets",
        parameters=[IDEMPOTENCY_KEY],
        request=PurchaseInputSerializer,
        responses={201: PurchaseSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """Hold places until `expiresAt`; `checkoutUrl` is where they are paid.

        The tickets are there once it is paid, at once when it costs nothing. The address must have
        been verified (403 `email_unverified`). A 409 `sold_out` carries `placesLeft`. More than
        ten holds within an hour are a 429.
        """
        wanted = self.read_body(PurchaseInputSerializer)
        # In transactions of their own, so before the one that the key's answer is stored in.
        release_lapsed_orders(event_id=wanted["event_id"], at=self.at)

        def work() -> Answer:
            order = place_order(
                user_id=signed_in(request).pk,
                event_id=wanted["event_id"],
                ticket_type=wanted.get("ticket_type") or TicketType.STANDARD,
                quantity=wanted["quantity"],
                at=self.at,
            )
            return Answer(
                self.written(order, PurchaseSerializer),
                location=reverse("tickets_api:order", args=[order.pk]),
            )

        return answer_once(request, work)

    @extend_schema(operation_id="getOrder", summary="Show my order", responses=OrderSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One order with its tickets; as long as it is pending, with where to pay."""
        return Response(self.written(self.find(self.own(), pk), OrderSerializer))

    @extend_schema(
        operation_id="cancelOrder",
        summary="Give back all tickets of my order",
        request=CancelInputSerializer,
        responses=OrderSerializer,
    )
    def cancel(self, request: Request, pk: int) -> Response:
        """Give up a pending order, or give back all of its tickets that are still valid."""
        self.find(self.own(), pk)
        wanted = self.read_body(CancelInputSerializer)
        cancel_order(
            order_id=pk,
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
        )
        return Response(self.written(self.find(self.own(), pk), OrderSerializer))

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        online = online_for(self.request.user, [order.event for order in rows], self.at)
        return super().context_for(rows) | {"online_for": online}


class TicketViewSet(ApiViewSet):
    """Somebody else's tickets aren't there, whoever asks."""

    refusals = {"cancel": {409: ("invalid_transition", "group_minimum")}}

    def own(self) -> TicketQuerySet:
        tickets: TicketQuerySet = Ticket.objects.with_everything()
        return tickets.of(signed_in(self.request).pk)

    @extend_schema(
        operation_id="listTickets",
        summary="List my tickets",
        parameters=[filters.TicketQuery],
        responses=TicketSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """One's own tickets, the newest first."""
        wanted = self.read_query(filters.TicketQuery)
        return self.page(filters.tickets(self.own(), wanted, self.at), TicketSerializer)

    @extend_schema(operation_id="getTicket", summary="Show my ticket", responses=TicketSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One ticket, with where its QR code is and what a cancel would give back until when."""
        return Response(self.written(self.find(self.own(), pk), TicketSerializer))

    @extend_schema(
        operation_id="cancelTicket",
        summary="Give back my ticket",
        request=CancelInputSerializer,
        responses=TicketSerializer,
    )
    def cancel(self, request: Request, pk: int) -> Response:
        """Give back one ticket: `refunded` when money goes back, else `cancelled`.

        A group can't become smaller than it was sold (409 `group_minimum`); its order can be
        cancelled as a whole.
        """
        self.find(self.own(), pk)
        wanted = self.read_body(CancelInputSerializer)
        cancel_ticket(
            ticket_id=pk,
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
        )
        return Response(self.written(self.find(self.own(), pk), TicketSerializer))

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        online = online_for(self.request.user, [ticket.event for ticket in rows], self.at)
        return super().context_for(rows) | {"online_for": online}
