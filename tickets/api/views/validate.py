"""Whether a ticket is valid, for anybody who has its code."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import address_of
from common.api.views import ApiViewSet
from common.api.writing import write
from common.throttle import count_one
from tickets.api.authentication import AT_THE_DOOR, link_of
from tickets.api.online import online_for
from tickets.api.serializers.tickets import (
    CheckedTicketSerializer,
    DoorTicketSerializer,
    TicketSerializer,
    ValidateInputSerializer,
    VerdictSerializer,
)
from tickets.models import Ticket
from tickets.queries import validate

MOST_BY_STRANGERS: Final = 30
WITHIN_SECONDS: Final = 60


class ValidateViewSet(ApiViewSet):
    """Says what the door would say, and writes nothing."""

    authentication_classes = AT_THE_DOOR
    permission_classes = [AllowAny]
    refusals = {"check": {429: ("throttled",)}}

    @extend_schema(
        operation_id="validateTicket",
        summary="Check a ticket's code",
        parameters=[
            OpenApiParameter(
                "ticketCode", str, OpenApiParameter.PATH, description="Typed or scanned."
            )
        ],
        request=ValidateInputSerializer,
        responses=VerdictSerializer,
    )
    def check(self, request: Request, ticketCode: str) -> Response:  # noqa: N803
        """Always 200: `valid`, or `reason` why not. With `eventId`, at that event's door.

        Only its owner and who may scan are shown the ticket. Everybody else may ask 30 times a
        minute from one address. A scanner link asks at its own event's door.
        """
        wanted = self.read_body(ValidateInputSerializer)
        link = link_of(request)
        event_id = wanted.get("event_id") if link is None else link.event_id
        verdict, ticket = validate(ticketCode, at=self.at, event_id=event_id)
        answer: dict[str, Any] = {"valid": verdict.valid}
        if not verdict.valid:
            answer |= {"reason": verdict.reason, "code": verdict.code}
        kind = self._kind_for(ticket)
        if kind is None:
            count_one(
                "validate",
                by=address_of(request),
                most=MOST_BY_STRANGERS,
                seconds=WITHIN_SECONDS,
                at=self.at,
            )
        elif ticket is not None:
            answer["ticket"] = self._shown(ticket, kind)
        return Response(answer)

    def _kind_for(self, ticket: Ticket | None) -> type[TicketSerializer] | None:
        """How much of the ticket this person is shown; None for strangers."""
        person = self.request.user
        if person.has_perm("tickets.scan_ticket"):
            sees_prices = person.has_perm("tickets.view_ticket")
            return CheckedTicketSerializer if sees_prices else DoorTicketSerializer
        if ticket is not None and person.pk == ticket.user_id:
            return TicketSerializer
        return None

    def _shown(self, ticket: Ticket, kind: type[TicketSerializer]) -> Any:
        # The rule asked for little; what is shown takes more.
        row = self.find(Ticket.objects.with_everything(), ticket.pk)
        online = online_for(self.request.user, [row.event], self.at)
        return write(row, kind, context={"at": self.at, "online_for": online})
