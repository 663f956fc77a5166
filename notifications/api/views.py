"""The outbox, by staff."""

from typing import cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet
from notifications.api.serializers import MailQuery, MailSerializer
from notifications.models import OutgoingMail
from notifications.services.resend import Actor, resend_mail


class MailViewSet(ApiViewSet):
    """All mails that were or will be sent."""

    permission_classes = [HasRole]
    needs = {
        "list": "notifications.view_outgoingmail",
        "resend": "notifications.resend_mail",
    }
    refusals = {"resend": {409: ("invalid_transition", *IDEMPOTENCY_CODES)}}

    @extend_schema(
        operation_id="listMails",
        summary="List mails",
        parameters=[MailQuery],
        responses=MailSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All mails, the newest first; what they say isn't shown."""
        rows = OutgoingMail.objects.order_by("-pk")
        return self.page(rows.filter(**self.read_query(MailQuery)), MailSerializer)

    @extend_schema(
        operation_id="resendMail",
        summary="Send a mail again",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={201: MailSerializer},
    )
    def resend(self, request: Request, pk: int) -> HttpResponse:
        """Queue a new mail that tells the same facts; account mails are never sent again."""
        self.find(OutgoingMail.objects.all(), pk)

        def work() -> Answer:
            mail = resend_mail(mail_id=pk, by=cast("Actor", request.user), at=self.at)
            return Answer(self.written(mail, MailSerializer))

        return answer_once(request, work)
