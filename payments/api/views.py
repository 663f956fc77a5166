"""Refunds, by staff."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import HasRole
from common.api.views import ApiViewSet
from payments.api.serializers import RefundQuery, RefundSerializer
from payments.models import Refund


class RefundViewSet(ApiViewSet):
    """All refunds."""

    permission_classes = [HasRole]
    needs = {"list": "payments.view_refund"}

    @extend_schema(
        operation_id="listRefunds",
        summary="List refunds",
        parameters=[RefundQuery],
        responses=RefundSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All refunds, the newest first."""
        rows = Refund.objects.select_related("payment").order_by("-pk")
        return self.page(rows.filter(**self.read_query(RefundQuery)), RefundSerializer)
