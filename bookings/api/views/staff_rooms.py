"""Rooms, by staff."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from bookings.api import filters
from bookings.api.serializers.rooms import RoomInputSerializer, StaffRoomSerializer
from bookings.models import Room
from bookings.queries import next_free_times
from bookings.services import delete_room, save_room
from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet


class StaffRoomViewSet(ApiViewSet):
    """All rooms, those too that can't be booked."""

    permission_classes = [HasRole]
    needs = {
        "list": "bookings.view_room",
        "retrieve": "bookings.view_room",
        "create": "bookings.add_room",
        "update": "bookings.change_room",
        "partial_update": "bookings.change_room",
        "destroy": "bookings.delete_room",
    }
    refusals = {
        "create": {400: ("below_minimum",), 409: IDEMPOTENCY_CODES},
        "update": {400: ("below_minimum",)},
        "partial_update": {400: ("below_minimum",)},
    }

    @extend_schema(
        operation_id="listStaffRooms",
        summary="List all rooms",
        parameters=[filters.StaffRoomQuery],
        responses=StaffRoomSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All rooms, by name."""
        wanted = self.read_query(filters.StaffRoomQuery)
        rows = filters.rooms(Room.objects.all(), wanted, self.at)
        if "is_active" in wanted:
            rows = rows.filter(is_active=wanted["is_active"])
        return self.page(rows, StaffRoomSerializer)

    @extend_schema(
        operation_id="createRoom",
        summary="Make a room",
        parameters=[IDEMPOTENCY_KEY],
        request=RoomInputSerializer,
        responses={201: StaffRoomSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """An hourly rate below what can be charged is refused, with the minimum named."""
        wanted = self.read_body(RoomInputSerializer)

        def work() -> Answer:
            room = save_room(changes=wanted, at=self.at)
            return Answer(
                self.written(room, StaffRoomSerializer),
                location=reverse("bookings_api:staff_room", args=[room.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getStaffRoom", summary="Show any room", responses=StaffRoomSerializer
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One room, with what only staff may know."""
        return Response(self.written(self.find(Room.objects.all(), pk), StaffRoomSerializer))

    @extend_schema(
        operation_id="updateRoom",
        summary="Change a room",
        request=RoomInputSerializer(partial=True),
        responses=StaffRoomSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        """Only what is given is changed."""
        self.find(Room.objects.all(), pk)
        changes = self.read_body(RoomInputSerializer, partial=True)
        room = save_room(room_id=pk, changes=changes, at=self.at)
        return Response(self.written(room, StaffRoomSerializer))

    @extend_schema(
        operation_id="patchRoom",
        summary="Change a room",
        request=RoomInputSerializer(partial=True),
        responses=StaffRoomSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same as PUT."""
        return self.update(request, pk)

    @extend_schema(
        operation_id="deleteRoom",
        summary="Remove a room",
        request=None,
        responses={
            204: OpenApiResponse(description="Removed: nobody ever booked it."),
            200: OpenApiResponse(
                StaffRoomSerializer, description="Only deactivated: it was booked before."
            ),
        },
    )
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a room that nobody ever booked; any other can only no longer be booked."""
        self.find(Room.objects.all(), pk)
        room = delete_room(room_id=pk)
        if room is None:
            return Response(status=HTTP_204_NO_CONTENT)
        return Response(self.written(room, StaffRoomSerializer))

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        active = [room for room in rows if room.is_active]
        return super().context_for(rows) | {"next_free": next_free_times(active, self.at)}
