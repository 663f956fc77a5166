"""The desk by the API: book for a customer, take money."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import block_slot, cancel_booking
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments.models import Payment, PaymentAttempt
from payments.states import PaymentState
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
)


def book(client: Api, user: User, slot: Timeslot, key: str = "", **body: Any) -> Any:
    wanted = {"userId": user.pk, "timeslotId": slot.pk} | body
    return client.post("/admin/bookings", wanted, idempotency_key=key)


def take(client: Api, booking: Booking, key: str = "", **body: Any) -> Any:
    wanted = {"method": "cash"} | body
    return client.post(f"/admin/bookings/{booking.pk}/payment", wanted, idempotency_key=key)


# --- book for a customer ------------------------------------------------------------------------


def test_held_until_the_customer_pays(
    api: MakeApi, front_desk: User, customer: User, slot: Timeslot
) -> None:
    client = api(front_desk)

    answer = book(client, customer, slot, notes="by phone")

    found = answer.json()
    booking = Booking.objects.get()
    assert booking.payment is not None
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/admin/bookings/{booking.pk}"
    assert found == client.get(f"/admin/bookings/{booking.pk}").json()
    assert (found["userId"], found["status"], found["notes"]) == (
        customer.pk,
        "pending",
        "by phone",
    )
    assert found["checkoutUrl"].endswith(f"/pay/{booking.payment.token}")
    assert found["expiresAt"] == "2026-07-02T08:15:00Z"
    assert found["history"][0]["by"] == front_desk.pk
    assert (
        api(customer).get(f"/bookings/{booking.pk}").json()["checkoutUrl"] == found["checkoutUrl"]
    )


def test_confirmed_and_due_at_the_desk(
    api: MakeApi, front_desk: User, customer: User, slot: Timeslot
) -> None:
    found = book(api(front_desk), customer, slot, paymentDue=True).json()

    assert (found["status"], found["paymentStatus"]) == ("confirmed", "pending")
    assert (found["checkoutUrl"], found["expiresAt"]) == (None, None)
    assert Payment.objects.get().status == PaymentState.DUE
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["booking_confirmed"]


@pytest.mark.parametrize("due", [False, True])
def test_what_costs_nothing_is_confirmed_at_once(
    api: MakeApi, front_desk: User, customer: User, make_slot: MakeSlot, due: bool
) -> None:
    found = book(api(front_desk), customer, make_slot(price=Decimal(0)), paymentDue=due).json()

    assert (found["status"], found["paymentStatus"], found["paymentId"]) == (
        "confirmed",
        "paid",
        None,
    )


def test_what_binds_customers_does_not_bind_staff(
    api: MakeApi,
    front_desk: User,
    make_user: MakeUser,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    settings: Settings,
) -> None:
    """Notice, advance, the number of holds, an address to be verified."""
    settings.MAX_OPEN_HOLDS = settings.MAX_HOLDS_PER_HOUR = 1
    walk_in = make_user("walkin@example.com", verified=False)
    room = make_room()
    starts = [NOW + timedelta(minutes=1), NOW + timedelta(days=1), NOW + timedelta(days=200)]

    for start in starts:
        slot = make_slot(room=room, start=start, price=Decimal(80))
        assert book(api(front_desk), walk_in, slot).status_code == 201


def test_a_lapsed_hold_is_no_obstacle(
    api: MakeApi, front_desk: User, customer: User, stranger: User, slot: Timeslot
) -> None:
    book_slot(slot, stranger)
    client = api(front_desk)

    with time_machine.travel(NOW + timedelta(minutes=15), tick=False):
        assert book(client, customer, slot, key="one").status_code == 201


def test_a_repeat_gets_the_same_bytes_and_books_nothing(
    api: MakeApi, front_desk: User, customer: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal(80), max_bookings=2)
    slot.room.allow_repeat_booking = True
    slot.room.save()
    client = api(front_desk)
    first = book(client, customer, slot, key="one")

    with nothing_changes():
        again = book(client, customer, slot, key="one")
        other = book(client, customer, slot, key="one", paymentDue=True)

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    refused(other, 409, "idempotency_key_reused")


def test_a_lost_time_stays_lost_under_its_key(
    api: MakeApi, front_desk: User, customer: User, stranger: User, slot: Timeslot
) -> None:
    held = book_slot(slot, stranger)
    client = api(front_desk)
    first = book(client, customer, slot, key="one")
    refused(first, 409, "slot_taken")
    cancel_booking(booking_id=held.pk, by=stranger, at=NOW)

    with nothing_changes():
        assert book(client, customer, slot, key="one").content == first.content
    assert book(client, customer, slot, key="two").status_code == 201


def test_who_or_what_is_not_there_is_404(
    api: MakeApi, front_desk: User, customer: User, make_user: MakeUser, slot: Timeslot
) -> None:
    gone = make_user("gone@example.com", is_active=False)
    client = api(front_desk)

    with nothing_changes():
        refused(book(client, gone, slot), 404, "not_found")
        for unknown in (0, 10**6, 2**31, 10**30):
            refused(book(client, customer, slot, userId=unknown), 404, "not_found")
            refused(book(client, customer, slot, timeslotId=unknown), 404, "not_found")


def test_a_time_that_is_over_or_an_inactive_room_is_400(
    api: MakeApi, front_desk: User, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    over = make_slot(start=NOW)
    inactive = make_slot(room=make_room(is_active=False))

    with nothing_changes():
        for slot in (over, inactive):
            refused(book(api(front_desk), customer, slot), 400, "invalid", "timeslotId")


def test_full_closed_and_twice_are_409(
    api: MakeApi,
    front_desk: User,
    customer: User,
    stranger: User,
    slot: Timeslot,
    make_slot: MakeSlot,
) -> None:
    book_slot(slot, stranger)
    closed = make_slot(room=slot.room, start=START + timedelta(hours=1))
    block_slot(slot_id=closed.pk, reason="painting")
    free = make_slot(room=slot.room, start=START + timedelta(hours=2))
    client = api(front_desk)

    with nothing_changes():
        for gone in (slot, closed):
            answer = book(client, customer, gone)
            refused(answer, 409, "slot_taken")
            assert [found["id"] for found in error_of(answer)["alternatives"]] == [free.pk]
        refused(book(client, stranger, slot), 409, "already_booked")


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"userId": None}, "userId"),
        ({"userId": "x"}, "userId"),
        ({"timeslotId": [1]}, "timeslotId"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": "\0"}, "notes"),
        ({"paymentDue": "perhaps"}, "paymentDue"),
        ({"paymentDue": None}, "paymentDue"),
    ],
)
def test_malformed_bodies_are_400(
    api: MakeApi,
    front_desk: User,
    customer: User,
    slot: Timeslot,
    change: dict[str, Any],
    attr: str,
) -> None:
    with nothing_changes():
        answer = book(api(front_desk), customer, slot, **change)

    assert (answer.status_code, error_of(answer)["attr"]) == (400, attr)


# --- money at the desk --------------------------------------------------------------------------


@pytest.fixture
def due(api: MakeApi, front_desk: User, customer: User, slot: Timeslot) -> Booking:
    assert book(api(front_desk), customer, slot, paymentDue=True).status_code == 201
    return Booking.objects.get()


@pytest.mark.parametrize("method", ["cash", "card", "transfer"])
def test_money_is_written_down(api: MakeApi, front_desk: User, due: Booking, method: str) -> None:
    client = api(front_desk)

    answer = take(client, due, method=method, receipt="R-17", amount=80)

    assert answer.status_code == 200
    assert answer.json() == client.get(f"/admin/bookings/{due.pk}").json()
    assert (answer.json()["status"], answer.json()["paymentStatus"]) == ("confirmed", "paid")
    attempt = PaymentAttempt.objects.get()
    assert (attempt.method, attempt.receipt, attempt.captured, attempt.taken_by) == (
        method,
        "R-17",
        Decimal("80.00"),
        front_desk,
    )


def test_a_held_booking_is_confirmed_by_it(
    api: MakeApi, front_desk: User, make_booking: MakeBooking
) -> None:
    found = take(api(front_desk), make_booking()).json()

    assert (found["status"], found["paymentStatus"]) == ("confirmed", "paid")
    assert (found["checkoutUrl"], found["expiresAt"]) == (None, None)


def test_a_repeat_takes_nothing(api: MakeApi, front_desk: User, due: Booking) -> None:
    client = api(front_desk)
    first = take(client, due, key="one")

    with nothing_changes():
        again = take(client, due, key="one")
        refused(take(client, due, key="two"), 409, "invalid_transition")
        refused(take(client, due, key="one", method="card"), 409, "idempotency_key_reused")

    assert (again.status_code, again.content) == (200, first.content)


def test_nothing_is_due(
    api: MakeApi, front_desk: User, customer: User, make_booking: MakeBooking
) -> None:
    paid = make_booking(status=BookingStatus.CONFIRMED)
    free = make_booking(price=0, starts_at=START + timedelta(hours=1))
    given_up = make_booking(starts_at=START + timedelta(hours=2))
    cancel_booking(booking_id=given_up.pk, by=customer, at=NOW)

    with nothing_changes():
        for booking in (paid, free, given_up):
            refused(take(api(front_desk), booking), 409, "invalid_transition")


def test_another_amount_is_due_by_now(api: MakeApi, front_desk: User, due: Booking) -> None:
    with nothing_changes():
        refused(take(api(front_desk), due, amount=79.99), 409, "amount_changed")


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"method": None}, "method"),
        ({"method": "cheque"}, "method"),
        ({"method": ["cash"]}, "method"),
        ({"receipt": "x" * 101}, "receipt"),
        ({"receipt": "\0"}, "receipt"),
        ({"amount": "much"}, "amount"),
        ({"amount": -1}, "amount"),
    ],
)
def test_malformed_payments_are_400(
    api: MakeApi, front_desk: User, due: Booking, change: dict[str, Any], attr: str
) -> None:
    with nothing_changes():
        answer = take(api(front_desk), due, **change)

    assert (answer.status_code, error_of(answer)["attr"]) == (400, attr)


def test_unknown_bookings_are_404(api: MakeApi, front_desk: User) -> None:
    for number in (0, 10**6, 2**31, 10**30):
        answer = api(front_desk).post(f"/admin/bookings/{number}/payment", {})
        refused(answer, 404, "not_found")
