"""Timeslots, by staff."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from bookings.api import filters
from bookings.api.serializers.timeslots import (
    BlockInputSerializer,
    GenerateInputSerializer,
    GenerateResultSerializer,
    StaffTimeslotSerializer,
    TimeslotInputSerializer,
)
from bookings.models import Timeslot
from bookings.services import (
    block_slot,
    delete_slot,
    edit_slot,
    generate_slots,
    unblock_slot,
)
from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet


class StaffTimeslotViewSet(ApiViewSet):
    """All timeslots of all rooms."""

    permission_classes = [HasRole]
    needs = {
        "list": "bookings.view_timeslot",
        "retrieve": "bookings.view_timeslot",
        "generate": "bookings.add_timeslot",
        "update": "bookings.change_timeslot",
        "partial_update": "bookings.change_timeslot",
        "destroy": "bookings.delete_timeslot",
        "block": "bookings.block_timeslot",
        "unblock": "bookings.block_timeslot",
    }
    refusals = {
        "generate": {400: ("below_minimum",), 409: IDEMPOTENCY_CODES},
        "update": {400: ("below_minimum",)},
        "partial_update": {400: ("below_minimum",)},
        "destroy": {409: ("in_use",)},
    }

    @extend_schema(
        operation_id="listStaffTimeslots",
        summary="List all timeslots",
        parameters=[filters.StaffTimeslotQuery],
        responses=StaffTimeslotSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All timeslots, by start."""
        wanted = self.read_query(filters.StaffTimeslotQuery)
        return self.page(filters.staff_timeslots(wanted, self.at), StaffTimeslotSerializer)

    @extend_schema(
        operation_id="generateTimeslots",
        summary="Fill a room's opening hours with timeslots",
        parameters=[IDEMPOTENCY_KEY],
        request=GenerateInputSerializer,
        responses={
            201: GenerateResultSerializer,
            200: OpenApiResponse(
                GenerateResultSerializer, description="A dry run: nothing was made."
            ),
        },
    )
    def generate(self, request: Request) -> HttpResponse:
        """Make the timeslots that fit wholly inside the hours, right about daylight saving.

        What overlaps a timeslot that is there is skipped, so a second run makes nothing new.
        """
        wanted = self.read_body(GenerateInputSerializer)

        def work() -> Answer:
            result = generate_slots(
                room_id=wanted["room_id"],
                plan=GenerateInputSerializer.plan_of(wanted),
                price=wanted.get("price"),
                max_bookings=wanted.get("max_bookings", 1),
                dry_run=wanted.get("dry_run", False),
            )
            return Answer(
                self.written(result, GenerateResultSerializer),
                status=HTTP_200_OK if result.dry_run else HTTP_201_CREATED,
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getTimeslot", summary="Show a timeslot", responses=StaffTimeslotSerializer
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One timeslot."""
        return self.shown(pk)

    @extend_schema(
        operation_id="updateTimeslot",
        summary="Change places or price",
        request=TimeslotInputSerializer,
        responses=StaffTimeslotSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        """Only what is given is changed; bookings keep the price at which they were made.

        Fewer places than are taken are refused, and so is a price that can't be charged.
        """
        self.find(Timeslot.objects.all(), pk)
        edit_slot(slot_id=pk, changes=self.read_body(TimeslotInputSerializer, partial=True))
        return self.shown(pk)

    @extend_schema(
        operation_id="patchTimeslot",
        summary="Change places or price",
        request=TimeslotInputSerializer,
        responses=StaffTimeslotSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same as PUT."""
        return self.update(request, pk)

    @extend_schema(
        operation_id="deleteTimeslot",
        summary="Remove a timeslot",
        request=None,
        responses={204: OpenApiResponse(description="Removed.")},
    )
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a timeslot that nobody ever booked; any other can only be blocked."""
        self.find(Timeslot.objects.all(), pk)
        delete_slot(slot_id=pk)
        return Response(status=HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="blockTimeslot",
        summary="Close a timeslot",
        request=BlockInputSerializer,
        responses=StaffTimeslotSerializer,
    )
    def block(self, request: Request, pk: int) -> Response:
        """No new bookings; who has a place there keeps it."""
        self.find(Timeslot.objects.all(), pk)
        wanted = self.read_body(BlockInputSerializer)
        block_slot(slot_id=pk, reason=wanted.get("reason") or "")
        return self.shown(pk)

    @extend_schema(
        operation_id="unblockTimeslot",
        summary="Open a timeslot again",
        request=None,
        responses=StaffTimeslotSerializer,
    )
    def unblock(self, request: Request, pk: int) -> Response:
        """Take back what `block` did."""
        self.find(Timeslot.objects.all(), pk)
        unblock_slot(slot_id=pk)
        return self.shown(pk)

    def shown(self, pk: int) -> Response:
        slot = self.find(Timeslot.objects.select_related("room"), pk)
        return Response(self.written(slot, StaffTimeslotSerializer))
