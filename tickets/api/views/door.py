"""The door: scanning, taking a scan back, and what is going on there."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import HasRole
from common.api.views import ApiViewSet
from common.errors import NotFound
from tickets.api.authentication import AT_THE_DOOR, actor_of, link_of
from tickets.api.door_answers import (
    Written,
    accepted_body,
    refused_body,
    reused_body,
    status_of,
    written_attendee,
    written_scan,
    written_ticket,
)
from tickets.api.serializers.door import (
    AcceptedScanSerializer,
    AttendanceSerializer,
    DoorSerializer,
    RefusedScanSerializer,
    ScanInputSerializer,
    UndoneScanSerializer,
    door_row,
)
from tickets.api.serializers.tickets import CheckedTicketSerializer
from tickets.door import attendance_of, door_of, first_scan_of
from tickets.errors import ScanIdReused
from tickets.models import Event, Ticket, TicketScan
from tickets.services import scan_ticket, undo_scan
from tickets.states import ScanType

CODES: Final = (
    "wrong_event",
    "event_cancelled",
    "cancelled",
    "refunded",
    "already_used",
    "already_inside",
    "not_inside",
    "expired",
    "not_yet_valid",
    "scan_id_reused",
)


class DoorViewSet(ApiViewSet):
    """For staff who may scan and for scanner links, which see no prices and no addresses."""

    authentication_classes = AT_THE_DOOR
    permission_classes = [HasRole]
    needs = {
        "scan": "tickets.scan_ticket",
        "undo": "tickets.scan_ticket",
        "door": "tickets.door_event",
        "counts": "tickets.door_event",
    }
    refusals = {"undo": {409: ("invalid_transition",)}}

    @extend_schema(
        operation_id="scanTicket",
        summary="Scan a ticket",
        parameters=[
            OpenApiParameter(
                "ticketCode", str, OpenApiParameter.PATH, description="Typed or scanned."
            )
        ],
        request=ScanInputSerializer,
        responses={
            200: AcceptedScanSerializer,
            404: OpenApiResponse(RefusedScanSerializer, description="The code is unknown."),
            409: OpenApiResponse(
                RefusedScanSerializer,
                description="Not let through. Codes: " + ", ".join(f"`{c}`" for c in CODES) + ".",
            ),
        },
    )
    def scan(self, request: Request, ticketCode: str) -> Response:  # noqa: N803
        """Let in, out or through, or say why not. Every attempt is stored.

        With `scanId` a repeat is answered as the first was, and nothing is done again.
        """
        wanted = self.read_body(ScanInputSerializer)
        try:
            scan = scan_ticket(
                code=ticketCode,
                scan_type=ScanType(wanted["scan_type"]),
                location=wanted.get("location") or "",
                event_id=wanted.get("event_id"),
                scan_id=wanted.get("scan_id"),
                at=self.at,
                **actor_of(request),
            )
        except ScanIdReused as error:
            return Response(reused_body(error, at=self.at), status=error.status)
        return Response(self._said(scan), status=status_of(scan))

    @extend_schema(
        operation_id="undoScan",
        summary="Take a scan back",
        request=None,
        responses=UndoneScanSerializer,
    )
    def undo(self, request: Request, pk: int) -> Response:
        """The last accepted scan of a ticket, for 15 minutes: the ticket is as it was before.

        A scanner link takes back its own alone.
        """
        scan = undo_scan(scan_id=pk, at=self.at, **actor_of(request))
        ticket = scan.ticket
        assert ticket is not None
        return Response(
            {
                "ticket": self._ticket(ticket),
                "scan": written_scan(scan),
                "attendee": written_attendee(ticket, with_address=self._sees_everything),
            }
        )

    @extend_schema(
        operation_id="getEventDoor", summary="Show an event's door", responses=DoorSerializer
    )
    def door(self, request: Request, pk: int) -> Response:
        """Who is in and who is to come, gate by gate, arrivals, refusals and the last scans."""
        event = self._event(pk)
        return Response(self.written(door_row(event, door_of(event, at=self.at)), DoorSerializer))

    @extend_schema(
        operation_id="getEventDoorCounts",
        summary="Count who is in",
        responses=AttendanceSerializer,
    )
    def counts(self, request: Request, pk: int) -> Response:
        """How many are in and how many are to come, as a phone at the door asks all the time."""
        return Response(self.written(attendance_of(self._event(pk)), AttendanceSerializer))

    def _event(self, pk: int) -> Event:
        """Raises NotFound; to a link other events aren't there."""
        link = link_of(self.request)
        if link is not None and link.event_id != pk:
            raise NotFound
        return self.find(Event.objects.all(), pk)

    def _said(self, scan: TicketScan) -> Written:
        ticket = scan.ticket
        shown = None if ticket is None else self._ticket(ticket)
        if scan.accepted:
            assert shown is not None
            return accepted_body(scan, ticket=shown, with_address=self._sees_everything)
        # A link of one event isn't told who goes to another.
        is_anothers = scan.code == "wrong_event" and link_of(self.request) is not None
        attendee = None if is_anothers else ticket
        return refused_body(
            scan,
            ticket=shown,
            first=first_scan_of(scan),
            attendee=written_attendee(attendee, with_address=self._sees_everything),
            at=self.at,
        )

    def _ticket(self, ticket: Ticket) -> Any:
        if not self._sees_everything:
            return written_ticket(ticket, at=self.at)
        # The rule asked for little; what is shown takes more.
        row = self.find(Ticket.objects.with_everything(), ticket.pk)
        context = {"at": self.at, "online_for": {row.event_id}}
        return CheckedTicketSerializer(row, context=context).data

    @property
    def _sees_everything(self) -> bool:
        """Prices and addresses."""
        return bool(self.request.user.has_perm("tickets.view_ticket"))
