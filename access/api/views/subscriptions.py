"""One's own subscriptions, and everybody's by staff."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access.api import filters
from access.api.serializers.subscriptions import (
    EndInputSerializer,
    StaffSubscriptionSerializer,
    SubscribeInputSerializer,
    SubscriptionSerializer,
)
from access.models import Subscription
from access.services import (
    cancel_subscription,
    end_by_staff,
    resume_subscription,
    subscribe,
)
from accounts.api import HoldingViewSet
from accounts.authentication import signed_in
from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.shared import CancelInputSerializer
from common.api.views import ApiViewSet


class SubscriptionViewSet(HoldingViewSet):
    """Somebody else's subscriptions aren't there, whoever asks."""

    refusals = {
        "create": {
            403: ("email_unverified",),
            409: ("not_on_sale", "already_subscribed", "too_many_holds", *IDEMPOTENCY_CODES),
            429: ("throttled",),
        },
        "cancel": {409: ("invalid_transition",)},
        "resume": {409: ("invalid_transition", "already_subscribed")},
    }

    def own(self) -> QuerySet[Subscription]:
        rows = Subscription.objects.select_related("plan", "payment", "agreement")
        return rows.filter(user_id=signed_in(self.request).pk)

    @extend_schema(
        operation_id="listSubscriptions",
        summary="List my subscriptions",
        responses=SubscriptionSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """The latest first."""
        return self.page(self.own(), SubscriptionSerializer)

    @extend_schema(
        operation_id="subscribe",
        summary="Take a plan",
        parameters=[IDEMPOTENCY_KEY],
        request=SubscribeInputSerializer,
        responses={201: SubscriptionSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """It begins when `checkoutUrl` is paid, a free one at once.

        One that was chosen before and isn't paid yet comes back as it is. The address must have
        been verified (403 `email_unverified`). A 409 `already_subscribed` carries
        `subscriptionId`, `planId` and `planName` of the one that is in the way.
        """
        wanted = self.read_body(SubscribeInputSerializer)

        def work() -> Answer:
            made = subscribe(user_id=signed_in(request).pk, plan_id=wanted["plan_id"], at=self.at)
            return Answer(
                self.written(made, SubscriptionSerializer),
                location=reverse("access_api:subscription", args=[made.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getSubscription",
        summary="Show my subscription",
        responses=SubscriptionSerializer,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One subscription; as long as it is pending, with where to pay."""
        return self._shown(pk)

    @extend_schema(
        operation_id="cancelSubscription",
        summary="Cancel my subscription",
        request=CancelInputSerializer,
        responses=SubscriptionSerializer,
    )
    def cancel(self, request: Request, pk: int) -> Response:
        """Nothing more is collected; it stays open until `accessUntil`.

        A pending one is given up, a free one and one whose payment failed end at once.
        """
        wanted = self.read_body(CancelInputSerializer)
        cancel_subscription(
            subscription_id=pk,
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
        )
        return self._shown(pk)

    @extend_schema(
        operation_id="resumeSubscription",
        summary="Keep my cancelled subscription",
        request=None,
        responses=SubscriptionSerializer,
    )
    def resume(self, request: Request, pk: int) -> Response:
        """As long as it is open it can be kept after all; nothing is paid now."""
        resume_subscription(subscription_id=pk, by=signed_in(request), at=self.at)
        return self._shown(pk)

    def _shown(self, pk: int) -> Response:
        return Response(self.written(self.find(self.own(), pk), SubscriptionSerializer))


class StaffSubscriptionViewSet(ApiViewSet):
    """Everybody's."""

    permission_classes = [HasRole]
    needs = {
        "list": "access.view_subscription",
        "retrieve": "access.view_subscription",
        "cancel": "access.manage_subscription",
    }
    refusals = {"cancel": {409: ("invalid_transition",)}}

    def all(self) -> QuerySet[Subscription]:
        rows = Subscription.objects.select_related("plan", "payment", "agreement", "user")
        return rows.prefetch_related("history__by")

    @extend_schema(
        operation_id="listStaffSubscriptions",
        summary="List everybody's subscriptions",
        parameters=[filters.SubscriptionQuery],
        responses=StaffSubscriptionSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """The latest first."""
        wanted = self.read_query(filters.SubscriptionQuery)
        return self.page(filters.subscriptions(self.all(), wanted), StaffSubscriptionSerializer)

    @extend_schema(
        operation_id="getStaffSubscription",
        summary="Show any subscription",
        responses=StaffSubscriptionSerializer,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One subscription, with its history."""
        return self._shown(pk)

    @extend_schema(
        operation_id="endSubscription",
        summary="Cancel or end somebody's subscription",
        request=EndInputSerializer,
        responses=StaffSubscriptionSerializer,
    )
    def cancel(self, request: Request, pk: int) -> Response:
        """When what is paid for is over, or at once; only then money goes back.

        All of it (`full`) is given back by whoever may give back at discretion.
        """
        self.find(self.all(), pk)
        wanted = self.read_body(EndInputSerializer)
        end_by_staff(
            subscription_id=pk,
            by=signed_in(request),
            at=self.at,
            when=wanted["when"],
            refund=wanted["refund"],
            reason=wanted.get("reason") or "",
        )
        return self._shown(pk)

    def _shown(self, pk: int) -> Response:
        return Response(self.written(self.find(self.all(), pk), StaffSubscriptionSerializer))
