"""Everybody's tickets, by staff."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import signed_in
from common.api.permissions import HasRole
from common.api.views import ApiViewSet
from tickets.api.serializers.tickets import StaffTicketSerializer, TicketStatusInputSerializer
from tickets.models import Ticket
from tickets.services import set_ticket_status
from tickets.states import TicketStatus


class StaffTicketViewSet(ApiViewSet):
    """What staff do with one ticket."""

    permission_classes = [HasRole]
    needs = {"set_status": "tickets.desk_ticketorder"}
    refusals = {"set_status": {409: ("invalid_transition",)}}

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
        rows = Ticket.objects.with_everything()
        self.find(rows, pk)
        wanted = self.read_body(TicketStatusInputSerializer)
        set_ticket_status(
            ticket_id=pk,
            status=TicketStatus(wanted["status"]),
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
            refund=wanted.get("refund"),
        )
        return Response(self.written(self.find(rows, pk), StaffTicketSerializer))

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        return super().context_for(rows) | {"online_for": {row.event_id for row in rows}}
