"""Rooms and their timeslots, for everybody."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api import filters
from bookings.api.serializers.rooms import RoomSerializer
from bookings.api.serializers.timeslots import TimeslotSerializer
from bookings.models import Room
from bookings.queries import next_free_times
from common.api.views import ApiViewSet


class RoomViewSet(ApiViewSet):
    """What can be booked."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="listRooms",
        summary="List rooms",
        parameters=[filters.RoomQuery],
        responses=RoomSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """Rooms that can be booked, by name."""
        wanted = self.read_query(filters.RoomQuery)
        return self.page(filters.rooms(Room.objects.active(), wanted, self.at), RoomSerializer)

    @extend_schema(operation_id="getRoom", summary="Show a room", responses=RoomSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One room; one that can't be booked at present isn't there."""
        room = self.find(Room.objects.active(), pk)
        return Response(self.written(room, RoomSerializer))

    @extend_schema(
        operation_id="listRoomTimeslots",
        summary="List a room's timeslots",
        parameters=[filters.TimeslotQuery],
        responses=TimeslotSerializer(many=True),
    )
    def timeslots(self, request: Request, pk: int) -> Response:
        """The room's timeslots in order, full and closed ones too, with `isAvailable: false`.

        Without any day the next seven days; at most 62 days at once.
        """
        room = self.find(Room.objects.active(), pk)
        wanted = self.read_query(filters.TimeslotQuery)
        return self.page(filters.timeslots_of(room, wanted, self.at), TimeslotSerializer)

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        context = super().context_for(rows)
        if self.action != "timeslots":
            context["next_free"] = next_free_times(rows, self.at)
        return context
