"""Plans, for everybody and by staff."""

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from access.api.serializers.plans import (
    PlanInputSerializer,
    PlanSerializer,
    StaffPlanSerializer,
)
from access.models import Plan
from access.services import delete_plan, save_plan
from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet


class PlanViewSet(ApiViewSet):
    """What can be subscribed to."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="listPlans", summary="List plans", responses=PlanSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        """Plans on sale, the lowest rank first."""
        return self.page(Plan.objects.on_sale(), PlanSerializer)


class StaffPlanViewSet(ApiViewSet):
    """All plans, those too that aren't on sale."""

    permission_classes = [HasRole]
    needs = {
        "list": "access.view_plan",
        "retrieve": "access.view_plan",
        "create": "access.add_plan",
        "update": "access.change_plan",
        "partial_update": "access.change_plan",
        "destroy": "access.delete_plan",
    }
    refusals = {
        "create": {400: ("below_minimum", "unique"), 409: IDEMPOTENCY_CODES},
        "update": {400: ("below_minimum", "unique")},
        "partial_update": {400: ("below_minimum", "unique")},
    }

    @extend_schema(
        operation_id="listStaffPlans",
        summary="List all plans",
        responses=StaffPlanSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All plans, the lowest rank first."""
        return self.page(Plan.objects.all(), StaffPlanSerializer)

    @extend_schema(
        operation_id="createPlan",
        summary="Make a plan",
        parameters=[IDEMPOTENCY_KEY],
        request=PlanInputSerializer,
        responses={201: StaffPlanSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """A price below what can be charged is refused, with the minimum named."""
        wanted = self.read_body(PlanInputSerializer)

        def work() -> Answer:
            plan = save_plan(changes=wanted, at=self.at)
            return Answer(
                self.written(plan, StaffPlanSerializer),
                location=reverse("access_api:staff_plan", args=[plan.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getStaffPlan", summary="Show any plan", responses=StaffPlanSerializer
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One plan."""
        return Response(self.written(self.find(Plan.objects.all(), pk), StaffPlanSerializer))

    @extend_schema(
        operation_id="updatePlan",
        summary="Change a plan",
        request=PlanInputSerializer(partial=True),
        responses=StaffPlanSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        """Only what is given is changed. Who has the plan keeps the price that they took it at."""
        self.find(Plan.objects.all(), pk)
        wanted = self.read_body(PlanInputSerializer, partial=True)
        plan = save_plan(changes=wanted, at=self.at, plan_id=pk)
        return Response(self.written(plan, StaffPlanSerializer))

    @extend_schema(
        operation_id="patchPlan",
        summary="Change a plan",
        request=PlanInputSerializer(partial=True),
        responses=StaffPlanSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same as PUT."""
        return self.update(request, pk)

    @extend_schema(
        operation_id="deletePlan",
        summary="Remove a plan",
        request=None,
        responses={
            204: OpenApiResponse(description="Removed: nobody ever took it."),
            200: OpenApiResponse(
                StaffPlanSerializer, description="Only taken off sale: it was used before."
            ),
        },
    )
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a plan that nobody ever took; any other is only taken off sale."""
        self.find(Plan.objects.all(), pk)
        plan = delete_plan(plan_id=pk)
        if plan is None:
            return Response(status=HTTP_204_NO_CONTENT)
        return Response(self.written(plan, StaffPlanSerializer))
