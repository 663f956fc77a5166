"""Booking by the API: what is answered."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from bookings.models import Booking, Timeslot
from notifications.models import OutgoingMail
from payments.models import Payment, PaymentAttempt
from tests.infrastructure.api import Api, MakeApi
from tests.infrastructure.world import (
    NOW,
    START,
    MakeRoom,
    MakeSlot,
)


def book(client: Api, slot: Timeslot, **body: Any) -> Any:
    return client.post("/bookings", {"timeslotId": slot.pk, "roomId": slot.room_id} | body)


def test_a_booking_is_held_until_it_is_paid(api: MakeApi, customer: User, slot: Timeslot) -> None:
    answer = book(api(customer), slot, notes="Upper left.\nIt hurts.", bookingType="check-up")

    assert answer.status_code == 201
    booking, payment = Booking.objects.get(), Payment.objects.get()
    assert answer["Location"] == f"/api/v1/bookings/{booking.pk}"
    assert answer.json() == {
        "id": booking.pk,
        "userId": customer.pk,
        "timeslotId": slot.pk,
        "roomId": slot.room_id,
        "room": {
            "id": slot.room_id,
            "name": "Dr Weber",
            "description": "",
            "capacity": 1,
            "roomType": "treatment",
            "hourlyRate": 90,
            "isActive": True,
            "metadata": {},
            "timezone": "Europe/Berlin",
            "minNoticeMinutes": 60,
            "maxAdvanceDays": 90,
            "allowRepeatBooking": False,
            "refundPolicy": None,
            "imageUrl": "",
        },
        "timeslot": {
            "id": slot.pk,
            "roomId": slot.room_id,
            "startTime": "2026-07-09T09:00:00Z",
            "endTime": "2026-07-09T09:30:00Z",
            "isAvailable": False,
            "price": 80,
            "maxBookings": 1,
            "placesLeft": 0,
        },
        "status": "pending",
        "bookingType": "check-up",
        "price": 80,
        "currency": "USD",
        "paymentStatus": "pending",
        "paymentId": str(payment.pk),
        "paymentProcessing": False,
        "checkoutUrl": f"http://127.0.0.1:8000/pay/{payment.token}",
        "expiresAt": "2026-07-02T08:15:00Z",
        "notes": "Upper left.\nIt hurts.",
        "refundAmount": 0,
        "refundPercent": None,
        "refundSchedule": [
            {"until": "2026-07-08T09:00:00Z", "percent": 100, "amount": 80},
            {"until": "2026-07-09T03:00:00Z", "percent": 50, "amount": 40},
            {"until": None, "percent": 0, "amount": 0},
        ],
        "createdAt": "2026-07-02T08:00:00Z",
        "updatedAt": "2026-07-02T08:00:00Z",
        "cancelledAt": None,
    }
    # Nobody outside was asked yet, and nobody was told.
    assert not PaymentAttempt.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_free_booking_is_confirmed_at_once(
    api: MakeApi, customer: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal(0))

    answer = book(api(customer), slot)

    assert answer.status_code == 201
    found = answer.json()
    assert (found["status"], found["paymentStatus"], found["price"]) == ("confirmed", "paid", 0)
    assert (found["checkoutUrl"], found["expiresAt"], found["paymentId"]) == (None, None, None)
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["booking_confirmed"]


def test_the_hold_ends_with_the_slot_s_start_at_the_latest(
    api: MakeApi, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    room = make_room(min_notice_minutes=0)
    slot = make_slot(room=room, start=NOW + timedelta(minutes=10))

    assert book(api(customer), slot).json()["expiresAt"] == "2026-07-02T08:10:00Z"


@pytest.mark.parametrize("price", ["0.50", "45.10", "99999999.99", "1234567.89"])
def test_money_is_exact(api: MakeApi, customer: User, make_slot: MakeSlot, price: str) -> None:
    slot = make_slot(price=Decimal(price))

    answer = book(api(customer), slot)

    assert f'"price":{price.rstrip("0")}' in answer.content.decode().replace(" ", "")
    assert Payment.objects.get().amount == Decimal(price)


def test_unknown_body_fields_are_ignored(api: MakeApi, customer: User, slot: Timeslot) -> None:
    answer = book(api(customer), slot, price=1, status="confirmed", userId=99)

    assert answer.status_code == 201
    assert (answer.json()["price"], answer.json()["status"]) == (80, "pending")


def test_notes_may_be_missing_null_or_empty(
    api: MakeApi, customer: User, make_slot: MakeSlot
) -> None:
    bodies: list[dict[str, Any]] = [{}, {"notes": None, "bookingType": None}, {"notes": ""}]
    for number, body in enumerate(bodies):
        slot = make_slot(start=START + timedelta(hours=number))
        assert book(api(customer), slot, **body).json()["notes"] == ""
