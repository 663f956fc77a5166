"""Everybody's tickets, by staff."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import signed_in
from common.api.permissions import HasRole
from common.api.views import ApiViewSet
from tickets.api.serializers.door import ScanSerializer
from tickets.api.serializers.tickets import StaffTicketSerializer, TicketStatusInputSerializer
from tickets.history import with_history
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.services import set_ticket_status
from tickets.states import TicketStatus


class StaffTicketViewSet(ApiViewSet):
    """What staff do with one ticket."""

    permission_classes = [HasRole]
    needs = {
        "retrieve": "tickets.view_ticket",
        "set_status": "tickets.desk_ticketorder",
        "scans": "tickets.view_ticketscan",
    }
    refusals = {"set_status": {409: ("invalid_transition",)}}

    def everybodys(self) -> TicketQuerySet:
        return with_history(Ticket.objects.with_everything())

    @extend_schema(
        operation_id="getStaffTicket", summary="Show any ticket", responses=StaffTicketSerializer
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One ticket, with whose it is and its history."""
        return Response(self.written(self.find(self.everybodys(), pk), StaffTicketSerializer))

    @extend_schema(
        operation_id="setTicketStatus",
        summary="Cancel or refund a ticket",
        request=TicketStatusInputSerializer,
        responses=StaffTicketSerializer,
    )
    def set_status(self, request: Request, pk: int) -> Response:
        """`cancelled`: from active; it reads `refunded` when money goes back.

        `refunded`: from active, used or cancelled. Other than by the policy needs the permission
        to refund at discretion.
        """
        self.find(Ticket.objects.all(), pk)
        wanted = self.read_body(TicketStatusInputSerializer)
        set_ticket_status(
            ticket_id=pk,
            status=TicketStatus(wanted["status"]),
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
            refund=wanted.get("refund"),
        )
        return Response(self.written(self.find(self.everybodys(), pk), StaffTicketSerializer))

    @extend_schema(
        operation_id="listTicketScans",
        summary="List a ticket's scans",
        responses=ScanSerializer(many=True),
    )
    def scans(self, request: Request, pk: int) -> Response:
        """Every attempt with this ticket, refused and undone ones too, the latest first."""
        ticket = self.find(Ticket.objects.all(), pk)
        return self.page(ticket.scans.order_by("-pk"), ScanSerializer)

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        tickets = {row.event_id for row in rows if isinstance(row, Ticket)}
        return super().context_for(rows) | {"online_for": tickets}
