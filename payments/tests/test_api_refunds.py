"""Refunds by the API: seen by staff, changed by nobody."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from payments.models import Refund
from payments.states import RefundState
from tests.infrastructure.api import MakeApi
from tests.infrastructure.world import NOW, START, MakeBooking


@pytest.fixture
def refund(make_booking: MakeBooking, customer: User) -> Refund:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW, reason="I am ill")
    return Refund.objects.get()


def test_a_refund_says_whose_it_is_and_why(
    api: MakeApi, front_desk: User, customer: User, refund: Refund
) -> None:
    booking = Booking.objects.get()

    answer = api(front_desk).get("/admin/refunds").json()

    assert answer["results"] == [
        {
            "id": refund.pk,
            "paymentId": str(booking.payment_id),
            "userId": customer.pk,
            "description": "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)",
            "amount": 80,
            "currency": "USD",
            "status": "requested",
            "reason": "I am ill",
            "requestedBy": customer.pk,
            "tries": 0,
            "lastError": "",
            "createdAt": "2026-07-02T08:00:00Z",
            "doneAt": None,
        }
    ]


def test_the_list_by_status(api: MakeApi, front_desk: User, refund: Refund) -> None:
    client = api(front_desk)
    Refund.objects.update(status=RefundState.FAILED, last_error="card gone")

    assert client.get("/admin/refunds", status="requested").json()["count"] == 0
    [failed] = client.get("/admin/refunds", status="failed").json()["results"]
    assert (failed["status"], failed["lastError"]) == ("failed", "card gone")
    assert client.get("/admin/refunds", status="lost").status_code == 400


def test_thirty_cost_as_much_as_one(
    api: MakeApi,
    front_desk: User,
    customer: User,
    refund: Refund,
    make_booking: MakeBooking,
    settings: Settings,
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 100

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            api(front_desk).get("/admin/refunds", pageSize=100)
        return len(queries)

    one = cost()
    for number in range(29):
        booking = make_booking(
            status=BookingStatus.CONFIRMED, starts_at=START + timedelta(hours=number + 1)
        )
        cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    assert Refund.objects.count() == 30
    assert cost() == one
