"""One's own bookings."""

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import HoldingViewSet
from accounts.authentication import signed_in
from bookings.api import filters
from bookings.api.serializers.bookings import (
    BookingInputSerializer,
    BookingSerializer,
)
from bookings.api.serializers.desk import RescheduleInputSerializer
from bookings.models import Booking
from bookings.querysets import BookingQuerySet
from bookings.services import book, cancel_booking, reschedule_booking
from bookings.services.release import release_lapsed_holds
from common.api.once import Answer, answer_once
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.shared import CancelInputSerializer
from payments.services import lapse


class BookingViewSet(HoldingViewSet):
    """Somebody else's bookings aren't there, whoever asks."""

    refusals = {
        "create": {
            403: ("email_unverified",),
            409: (
                "slot_taken",
                "already_booked",
                "too_many_holds",
                "too_soon",
                "too_far",
                *IDEMPOTENCY_CODES,
            ),
            429: ("throttled",),
        },
        "cancel": {409: ("invalid_transition",)},
        "reschedule": {
            409: (
                "slot_taken",
                "already_booked",
                "invalid_transition",
                "too_late",
                "too_soon",
                "too_far",
                "price_increase",
            )
        },
    }

    def own(self) -> BookingQuerySet:
        bookings: BookingQuerySet = Booking.objects.with_everything()
        return bookings.of(signed_in(self.request).pk)

    @extend_schema(
        operation_id="listBookings",
        summary="List my bookings",
        parameters=[filters.BookingQuery],
        responses=BookingSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """One's own bookings, the newest first."""
        wanted = self.read_query(filters.BookingQuery)
        return self.page(filters.bookings(self.own(), wanted), BookingSerializer)

    @extend_schema(
        operation_id="createBooking",
        summary="Book a timeslot",
        parameters=[IDEMPOTENCY_KEY],
        request=BookingInputSerializer,
        responses={201: BookingSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """Hold a place until `expiresAt`; `checkoutUrl` is where it is paid.

        What costs nothing is confirmed at once. The address must have been verified (403
        `email_unverified`). A 409 `slot_taken` carries up to three `alternatives`. More than ten
        holds within an hour are a 429.
        """
        wanted = self.read_body(BookingInputSerializer)
        # In transactions of their own, so before the one that the key's answer is stored in.
        release_lapsed_holds(timeslot_id=wanted["timeslot_id"], at=self.at)

        def work() -> Answer:
            booking = book(
                user_id=signed_in(request).pk,
                timeslot_id=wanted["timeslot_id"],
                room_id=wanted["room_id"],
                notes=wanted.get("notes") or "",
                booking_type=wanted.get("booking_type") or "",
                at=self.at,
            )
            made = self.find(self.own(), booking.pk)
            return Answer(
                self.written(made, BookingSerializer),
                location=reverse("bookings_api:booking", args=[made.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getBooking", summary="Show my booking", responses=BookingSerializer
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One booking, with what a cancel would give back until when."""
        booking = self.find(self.own(), pk)
        if booking.payment is not None and booking.payment.has_lapsed(self.at):
            # The beat is at most seconds away; who looks now needn't wait for it.
            lapse(payment_id=booking.payment.pk, at=self.at)
            booking = self.find(self.own(), pk)
        return Response(self.written(booking, BookingSerializer))

    @extend_schema(
        operation_id="cancelBooking",
        summary="Cancel my booking",
        request=CancelInputSerializer,
        responses=BookingSerializer,
    )
    def cancel(self, request: Request, pk: int) -> Response:
        """Give the place back; `refundAmount` is on its way, as `refundSchedule` promised."""
        self.find(self.own(), pk)
        wanted = self.read_body(CancelInputSerializer)
        cancel_booking(
            booking_id=pk,
            by=signed_in(request),
            at=self.at,
            reason=wanted.get("reason") or "",
        )
        return Response(self.written(self.find(self.own(), pk), BookingSerializer))

    @extend_schema(
        operation_id="rescheduleBooking",
        summary="Move my booking to another time",
        request=RescheduleInputSerializer,
        responses=BookingSerializer,
    )
    def reschedule(self, request: Request, pk: int) -> Response:
        """Swap the place for one in another timeslot of the room; never both, never none.

        As long as a cancel would give back the most; then 409 `too_late`. A cheaper time gives back
        the difference, a dearer one is 409 `price_increase`. A 409 `slot_taken` carries up to three
        `alternatives`.
        """
        self.find(self.own(), pk)
        wanted = self.read_body(RescheduleInputSerializer)
        reschedule_booking(
            booking_id=pk, timeslot_id=wanted["timeslot_id"], by=signed_in(request), at=self.at
        )
        return Response(self.written(self.find(self.own(), pk), BookingSerializer))
