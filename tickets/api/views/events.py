"""Events, for everybody."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import ApiViewSet
from tickets.api import filters
from tickets.api.online import online_for
from tickets.api.serializers.events import EventSerializer
from tickets.models import Event


class EventViewSet(ApiViewSet):
    """Drafts aren't there, whoever asks."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="listEvents",
        summary="List events",
        parameters=[filters.EventQuery],
        responses=EventSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """Published events that are still to come or on, the next first."""
        wanted = self.read_query(filters.EventQuery)
        return self.page(filters.public_events(wanted, self.at), EventSerializer)

    @extend_schema(operation_id="getEvent", summary="Show an event", responses=EventSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One event with what it offers; one that is cancelled or over too, not on sale."""
        event = self.find(Event.objects.public().prefetch_related("tiers"), pk)
        return Response(self.written(event, EventSerializer))

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        online = online_for(self.request.user, rows, self.at)
        return super().context_for(rows) | {"online_for": online}
