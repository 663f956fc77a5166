"""What a scanner link is for, asked by whoever has opened it."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import HasRole
from common.api.views import ApiViewSet
from tickets.api.authentication import ScannerLinkAuthentication, link_of
from tickets.api.serializers.door import ScannerLinkSerializer


class ScannerLinkViewSet(ApiViewSet):
    """Only a link itself may ask: nobody else has one gate and one event."""

    authentication_classes = [ScannerLinkAuthentication]
    permission_classes = [HasRole]
    needs = {"show": "tickets.scan_ticket"}

    @extend_schema(
        operation_id="getScannerLink",
        summary="Show what a scanner link is for",
        responses=ScannerLinkSerializer,
    )
    def show(self, request: Request) -> Response:
        """Its event, its gate, and until when. The token itself is never shown again."""
        link = link_of(request)
        assert link is not None
        return Response(self.written(link, ScannerLinkSerializer))
