"""Everybody's bookings, by staff."""

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK

from accounts.authentication import signed_in
from bookings.api import filters
from bookings.api.serializers.bookings import StaffBookingSerializer, StatusInputSerializer
from bookings.api.serializers.desk import (
    DeskPaymentInputSerializer,
    StaffBookingInputSerializer,
    StaffNotesInputSerializer,
    StaffRescheduleInputSerializer,
    StatisticsSerializer,
)
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from bookings.services import book_for_customer, move_by_staff, save_staff_notes, set_status
from bookings.services.release import release_lapsed_holds
from bookings.states import BookingStatus
from bookings.statistics import booking_statistics
from common.api.once import Answer, answer_once
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet
from common.errors import InvalidTransition
from payments.services import take_desk_payment
from payments.states import DeskMethod


class StaffBookingViewSet(ApiViewSet):
    """All bookings, with whose they are and what happened to them."""

    permission_classes = [HasRole]
    needs = {
        "list": "bookings.view_booking",
        "retrieve": "bookings.view_booking",
        "create": "bookings.desk_booking",
        "update": "bookings.desk_booking",
        "partial_update": "bookings.desk_booking",
        "set_status": "bookings.desk_booking",
        "reschedule": "bookings.desk_booking",
        "take_payment": "bookings.desk_booking",
        "stats": "bookings.view_reports",
    }
    refusals = {
        "create": {409: ("slot_taken", "already_booked", *IDEMPOTENCY_CODES)},
        "set_status": {409: ("invalid_transition",)},
        "reschedule": {409: ("slot_taken", "already_booked", "invalid_transition")},
        "take_payment": {409: ("invalid_transition", "amount_changed", *IDEMPOTENCY_CODES)},
    }

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
        operation_id="createStaffBooking",
        summary="Book for a customer",
        parameters=[IDEMPOTENCY_KEY],
        request=StaffBookingInputSerializer,
        responses={201: StaffBookingSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """Confirmed and due at the desk with `paymentDue`, else held until it is paid.

        What costs nothing is confirmed at once. Notice, advance, the number of holds and an address
        still to be verified don't stand in staff's way. A 409 `slot_taken` carries up to three
        `alternatives`.
        """
        wanted = self.read_body(StaffBookingInputSerializer)
        # In transactions of their own, so before the one that the key's answer is stored in.
        release_lapsed_holds(timeslot_id=wanted["timeslot_id"], at=self.at)

        def work() -> Answer:
            booking = book_for_customer(
                user_id=wanted["user_id"],
                timeslot_id=wanted["timeslot_id"],
                by=signed_in(request),
                at=self.at,
                notes=wanted.get("notes") or "",
                payment_due=wanted.get("payment_due", False),
            )
            made = self.find(self.everybodys(), booking.pk)
            return Answer(
                self.written(made, StaffBookingSerializer),
                location=reverse("bookings_api:staff_booking", args=[made.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getBookingStats",
        summary="Count bookings, money and places",
        parameters=[filters.SlotDaysQuery],
        responses=StatisticsSerializer,
    )
    def stats(self, request: Request) -> Response:
        """The figures of some days, at most two years; of one room or of all.

        Without any day from a year ago to a year ahead; with one, two years from it or up to it.
        """
        wanted = self.read_query(filters.SlotDaysQuery)
        since, until = filters.report_days(wanted, self.at)
        found = booking_statistics(since=since, until=until, room_id=wanted.get("room_id"))
        return Response(self.written(found, StatisticsSerializer))

    @extend_schema(
        operation_id="getStaffBooking",
        summary="Show any booking",
        responses=StaffBookingSerializer,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One booking, with its history."""
        return self.shown(pk)

    @extend_schema(
        operation_id="updateStaffBooking",
        summary="Write the staff's notes",
        request=StaffNotesInputSerializer,
        responses=StaffBookingSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        """Only `staffNotes`; status, time and money have addresses of their own."""
        self.find(self.everybodys(), pk)
        wanted = self.read_body(StaffNotesInputSerializer)
        if "staff_notes" in wanted:
            save_staff_notes(booking_id=pk, notes=wanted["staff_notes"])
        return self.shown(pk)

    @extend_schema(
        operation_id="patchStaffBooking",
        summary="Write the staff's notes",
        request=StaffNotesInputSerializer,
        responses=StaffBookingSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same as PUT."""
        return self.update(request, pk)

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

    @extend_schema(
        operation_id="rescheduleStaffBooking",
        summary="Move a customer's booking",
        request=StaffRescheduleInputSerializer,
        responses=StaffBookingSerializer,
    )
    def reschedule(self, request: Request, pk: int) -> Response:
        """At any time, and a dearer time costs the customer nothing more.

        The holder may then cancel for 100 % for seven days, at latest until the start. A cheaper
        time gives back the difference, or lowers what is due at the desk.
        """
        self.find(self.everybodys(), pk)
        wanted = self.read_body(StaffRescheduleInputSerializer)
        move_by_staff(
            booking_id=pk,
            timeslot_id=wanted["timeslot_id"],
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
        )
        return self.shown(pk)

    @extend_schema(
        operation_id="takeBookingPayment",
        summary="Note that a booking was paid at the desk",
        parameters=[IDEMPOTENCY_KEY],
        request=DeskPaymentInputSerializer,
        responses=StaffBookingSerializer,
    )
    def take_payment(self, request: Request, pk: int) -> HttpResponse:
        """The whole amount, in cash, at the card terminal or by transfer.

        A held booking is confirmed by it.
        """
        booking = self.find(self.everybodys(), pk)
        wanted = self.read_body(DeskPaymentInputSerializer)

        def work() -> Answer:
            if booking.payment_id is None:
                raise InvalidTransition("This booking costs nothing.")
            take_desk_payment(
                payment_id=booking.payment_id,
                method=DeskMethod(wanted["method"]),
                receipt=wanted.get("receipt") or "",
                expected=wanted.get("amount"),
                by=signed_in(request),
                at=self.at,
            )
            paid = self.find(self.everybodys(), pk)
            return Answer(self.written(paid, StaffBookingSerializer), status=HTTP_200_OK)

        return answer_once(request, work)

    def shown(self, pk: int) -> Response:
        return Response(self.written(self.find(self.everybodys(), pk), StaffBookingSerializer))
