"""Everybody's bookings, by staff."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import signed_in
from bookings.api import filters
from bookings.api.serializers.bookings import StaffBookingSerializer, StatusInputSerializer
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from bookings.services import set_status
from bookings.states import BookingStatus
from common.api.permissions import HasRole
from common.api.views import ApiViewSet


class StaffBookingViewSet(ApiViewSet):
    """All bookings, with whose they are and what happened to them."""

    permission_classes = [HasRole]
    needs = {
        "list": "bookings.view_booking",
        "retrieve": "bookings.view_booking",
        "set_status": "bookings.desk_booking",
    }
    refusals = {"set_status": {409: ("invalid_transition",)}}

    def everybodys(self) -> BookingQuerySet:
        bookings: BookingQuerySet = Booking.objects.with_everything()
        return bookings.prefetch_related("history__by")

    @extend_schema(
        operation_id="listStaffBookings",
        summary="List all bookings",
        parameters=[filters.StaffBookingQuery],
        responses=StaffBookingSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All bookings, the newest first."""
        wanted = self.read_query(filters.StaffBookingQuery)
        return self.page(filters.bookings(self.everybodys(), wanted), StaffBookingSerializer)

    @extend_schema(
        operation_id="getStaffBooking",
        summary="Show any booking",
        responses=StaffBookingSerializer,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One booking, with its history."""
        return self.shown(pk)

    @extend_schema(
        operation_id="setBookingStatus",
        summary="Confirm, cancel, complete or note a missed visit",
        request=StatusInputSerializer,
        responses=StaffBookingSerializer,
    )
    def set_status(self, request: Request, pk: int) -> Response:
        """`confirmed`: payment due at the desk. `completed`, `no_show`: only after the start.

        `cancelled` with `refund`: `full`, `policy` or `none`; other than `policy` needs the
        permission to refund at discretion.
        """
        self.find(self.everybodys(), pk)
        wanted = self.read_body(StatusInputSerializer)
        set_status(
            booking_id=pk,
            status=BookingStatus(wanted["status"]),
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
            refund=wanted.get("refund"),
        )
        return self.shown(pk)

    def shown(self, pk: int) -> Response:
        return Response(self.written(self.find(self.everybodys(), pk), StaffBookingSerializer))
