"""Refunds, by staff."""

from typing import TYPE_CHECKING, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED

from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet
from payments.api.serializers import (
    PaidBackInputSerializer,
    RefundQuery,
    RefundSerializer,
    RetryInputSerializer,
)
from payments.models import Refund
from payments.services import note_paid_back, retry_refund

if TYPE_CHECKING:
    from accounts.models import User


class RefundViewSet(ApiViewSet):
    """All refunds."""

    permission_classes = [HasRole]
    needs = {
        "list": "payments.view_refund",
        "retry": "bookings.desk_booking",
        "paid_back": "bookings.desk_booking",
    }
    refusals = {
        "retry": {409: ("invalid_transition", *IDEMPOTENCY_CODES)},
        "paid_back": {409: ("invalid_transition", *IDEMPOTENCY_CODES)},
    }

    def all(self) -> QuerySet[Refund]:
        return Refund.objects.select_related("payment", "attempt")

    @extend_schema(
        operation_id="listRefunds",
        summary="List refunds",
        parameters=[RefundQuery],
        responses=RefundSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All refunds, the newest first."""
        rows = self.all().order_by("-pk")
        return self.page(rows.filter(**self.read_query(RefundQuery)), RefundSerializer)

    @extend_schema(
        operation_id="retryRefund",
        summary="Try a failed refund again",
        parameters=[IDEMPOTENCY_KEY],
        request=RetryInputSerializer,
        responses={201: RefundSerializer},
    )
    def retry(self, request: Request, pk: int) -> HttpResponse:
        """A new refund is asked for, of what is still there to go back; the failed one stays.

        Only one that failed, and only once: should the new one fail too, that is the one to retry.
        """
        self.find(self.all(), pk)
        wanted = self.read_body(RetryInputSerializer)

        def work() -> Answer:
            refund = retry_refund(
                refund_id=pk,
                by=cast("User", request.user),
                at=self.at,
                amount=wanted.get("amount"),
            )
            return self.answer(refund.pk, HTTP_201_CREATED)

        return answer_once(request, work)

    @extend_schema(
        operation_id="noteRefundPaidBack",
        summary="Note that a refund was handed over",
        parameters=[IDEMPOTENCY_KEY],
        request=PaidBackInputSerializer,
        responses=RefundSerializer,
    )
    def paid_back(self, request: Request, pk: int) -> HttpResponse:
        """For what was paid at the desk; what was paid online goes back by itself (400)."""
        self.find(self.all(), pk)
        wanted = self.read_body(PaidBackInputSerializer)

        def work() -> Answer:
            note_paid_back(
                refund_id=pk,
                by=cast("User", request.user),
                at=self.at,
                receipt=wanted.get("receipt") or "",
            )
            return self.answer(pk, HTTP_200_OK)

        return answer_once(request, work)

    def answer(self, pk: int, status: int) -> Answer:
        return Answer(self.written(self.find(self.all(), pk), RefundSerializer), status=status)
