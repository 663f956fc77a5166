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
    GiveBackInputSerializer,
    PaidBackInputSerializer,
    RefundQuery,
    RefundSerializer,
    RetryInputSerializer,
)
from payments.models import Payment, Refund
from payments.services import note_paid_back, refund_by_staff, retry_refund

if TYPE_CHECKING:
    from accounts.models import User


class PaymentViewSet(ApiViewSet):
    """What was paid."""

    permission_classes = [HasRole]
    needs = {"give_back": "bookings.refund_at_discretion"}
    refusals = {"give_back": {409: ("invalid_transition", "disputed", *IDEMPOTENCY_CODES)}}

    @extend_schema(
        operation_id="givePaymentBack",
        summary="Give money back without a cancel",
        parameters=[IDEMPOTENCY_KEY],
        request=GiveBackInputSerializer,
        responses={201: RefundSerializer},
    )
    def give_back(self, request: Request, pk: int) -> HttpResponse:
        """All that is left of what was paid, or a part; what was bought stays as it is.

        The customer is told by mail. More than is left is 400, nothing left 409. Should the money
        have come by two payments, two refunds are made and the answer is the later one.
        """
        payment = self.find(Payment.objects.all(), pk)
        wanted = self.read_body(GiveBackInputSerializer)

        def work() -> Answer:
            refund_by_staff(
                payment_id=pk,
                amount=wanted.get("amount"),
                reason=wanted["reason"],
                message=wanted.get("message") or "",
                by=cast("User", request.user),
                at=self.at,
            )
            refund = payment.refunds.select_related("payment", "attempt").latest("pk")
            return Answer(self.written(refund, RefundSerializer))

        return answer_once(request, work)


class RefundViewSet(ApiViewSet):
    """All refunds."""

    permission_classes = [HasRole]
    needs = {
        "list": "payments.view_refund",
        "retry": "bookings.desk_booking",
        "paid_back": "bookings.desk_booking",
    }
    refusals = {
        "retry": {409: ("invalid_transition", "disputed", *IDEMPOTENCY_CODES)},
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
