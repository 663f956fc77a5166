"""Events, by staff."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from accounts.authentication import signed_in
from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet
from tickets.api import filters
from tickets.api.serializers.events import (
    EventInputSerializer,
    EventStatsSerializer,
    StaffEventSerializer,
)
from tickets.api.serializers.tickets import StaffTicketSerializer
from tickets.history import with_history
from tickets.models import Event, Ticket
from tickets.queries import event_numbers
from tickets.services import delete_event, publish_event, save_event


class StaffEventViewSet(ApiViewSet):
    """All events, drafts too."""

    permission_classes = [HasRole]
    needs = {
        "list": "tickets.view_event",
        "retrieve": "tickets.view_event",
        "create": "tickets.add_event",
        "update": "tickets.change_event",
        "partial_update": "tickets.change_event",
        "destroy": "tickets.delete_event",
        "publish": "tickets.publish_event",
        "tickets": "tickets.view_ticket",
        "stats": "tickets.door_event",
    }
    refusals = {
        "create": {400: ("below_minimum",), 409: IDEMPOTENCY_CODES},
        "update": {400: ("below_minimum",), 409: ("invalid_transition",)},
        "partial_update": {400: ("below_minimum",), 409: ("invalid_transition",)},
        "destroy": {409: ("invalid_transition",)},
        "publish": {400: ("invalid",), 409: ("invalid_transition",)},
    }

    @extend_schema(
        operation_id="listStaffEvents",
        summary="List all events",
        parameters=[filters.StaffEventQuery],
        responses=StaffEventSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All events, the latest first."""
        wanted = self.read_query(filters.StaffEventQuery)
        return self.page(filters.staff_events(wanted, self.at), StaffEventSerializer)

    @extend_schema(
        operation_id="createEvent",
        summary="Make an event",
        parameters=[IDEMPOTENCY_KEY],
        request=EventInputSerializer,
        responses={201: StaffEventSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """A draft, with its tiers. A price below what can be charged is refused."""
        fields = self.read_body(EventInputSerializer)
        tiers = fields.pop("tiers", None)

        def work() -> Answer:
            event = save_event(
                event_id=None, fields=fields, tiers=tiers, by=signed_in(request), at=self.at
            )
            return Answer(
                self.written(event, StaffEventSerializer),
                location=reverse("tickets_api:staff_event", args=[event.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getStaffEvent", summary="Show any event", responses=StaffEventSerializer
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One event, with what only staff may know."""
        return self.shown(pk)

    @extend_schema(
        operation_id="updateEvent",
        summary="Change or move an event",
        request=EventInputSerializer(partial=True),
        responses=StaffEventSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        """Only what is given is changed; `tiers` take the place of all that there were.

        New dates of a published event move it: tickets follow, holders are told and may cancel
        for 100 % for seven days.
        """
        self.find(Event.objects.all(), pk)
        fields = self.read_body(EventInputSerializer, partial=True)
        tiers = fields.pop("tiers", None)
        save_event(event_id=pk, fields=fields, tiers=tiers, by=signed_in(request), at=self.at)
        return self.shown(pk)

    @extend_schema(
        operation_id="patchEvent",
        summary="Change or move an event",
        request=EventInputSerializer(partial=True),
        responses=StaffEventSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same as PUT."""
        return self.update(request, pk)

    @extend_schema(
        operation_id="deleteEvent",
        summary="Remove or cancel an event",
        request=None,
        responses={
            204: OpenApiResponse(description="Removed: there were no orders."),
            200: OpenApiResponse(
                StaffEventSerializer,
                description="Cancelled: all is refunded and everybody told, by and by.",
            ),
        },
    )
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove an event that nobody ordered for; any other is cancelled and refunded in full."""
        self.find(Event.objects.all(), pk)
        event = delete_event(event_id=pk, by=signed_in(request), at=self.at)
        return Response(status=HTTP_204_NO_CONTENT) if event is None else self.shown(pk)

    @extend_schema(
        operation_id="publishEvent",
        summary="Put an event on sale",
        request=None,
        responses=StaffEventSerializer,
    )
    def publish(self, request: Request, pk: int) -> Response:
        """From draft to published; an event that is over needs a later date first."""
        self.find(Event.objects.all(), pk)
        publish_event(event_id=pk, by=signed_in(request), at=self.at)
        return self.shown(pk)

    @extend_schema(
        operation_id="listEventTickets",
        summary="List an event's tickets",
        parameters=[filters.StaffTicketQuery],
        responses=StaffTicketSerializer(many=True),
    )
    def tickets(self, request: Request, pk: int) -> Response:
        """All tickets of the event with whose they are, the newest first."""
        event = self.find(Event.objects.all(), pk)
        wanted = self.read_query(filters.StaffTicketQuery)
        rows = with_history(Ticket.objects.with_everything().filter(event=event))
        return self.page(filters.tickets(rows, wanted, self.at), StaffTicketSerializer)

    @extend_schema(
        operation_id="getEventStats",
        summary="Show an event in numbers",
        responses=EventStatsSerializer,
    )
    def stats(self, request: Request, pk: int) -> Response:
        """Places, tickets and, for who may see payments, money."""
        event = self.find(Event.objects.all(), pk)
        sees_money = signed_in(request).has_perm("payments.view_payment")
        numbers = event_numbers(event, at=self.at, with_money=sees_money)
        return Response(EventStatsSerializer(numbers).data)

    def shown(self, pk: int) -> Response:
        event = self.find(Event.objects.prefetch_related("tiers"), pk)
        return Response(self.written(event, StaffEventSerializer))

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        online = {row.pk if isinstance(row, Event) else row.event_id for row in rows}
        return super().context_for(rows) | {"online_for": online}
