"""Staff book for customers and take money at the desk."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bookings.errors import AlreadyBooked, SlotTaken
from bookings.models import Booking, Timeslot
from bookings.services import book_for_customer, cancel_by_staff
from common.errors import InvalidInput, InvalidTransition, NotFound
from notifications.models import OutgoingMail
from payments import courier
from payments.models import Payment, PaymentAttempt, Refund
from payments.services import note_paid_back, take_desk_payment
from payments.states import DeskMethod, PaymentState, RefundState
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
    pay_at_provider,
)


def test_staff_book_with_payment_due(slot: Timeslot, make_user: MakeUser, front_desk: User) -> None:
    """Also a moment before the start, for somebody who never confirmed an address."""
    walk_in = make_user("walkin@example.com", verified=False)

    book_for_customer(
        user_id=walk_in.pk,
        timeslot_id=slot.pk,
        by=front_desk,
        at=START - timedelta(minutes=1),
        notes="no card",
        payment_due=True,
    )

    booking = Booking.objects.get()
    payment = Payment.objects.get()
    assert (booking.user, booking.status, booking.payment_status) == (
        walk_in,
        "confirmed",
        "pending",
    )
    assert (payment.status, payment.amount, payment.expires_at) == (
        PaymentState.DUE,
        Decimal("80.00"),
        None,
    )
    assert [line.by for line in booking.history.all()] == [front_desk, front_desk]
    assert [mail.to for mail in OutgoingMail.objects.all()] == ["walkin@example.com"]


def test_staff_hold_a_place_that_the_customer_pays(
    slot: Timeslot, customer: User, front_desk: User
) -> None:
    book_for_customer(user_id=customer.pk, timeslot_id=slot.pk, by=front_desk, at=NOW)

    booking = Booking.objects.get()
    assert (booking.status, booking.expires_at) == ("pending", NOW + timedelta(minutes=15))


def test_staff_cannot_book_what_is_not_there(
    slot: Timeslot, customer: User, stranger: User, front_desk: User
) -> None:
    arguments = {"user_id": customer.pk, "timeslot_id": slot.pk, "by": front_desk, "at": NOW}
    with pytest.raises(NotFound):
        book_for_customer(**arguments | {"user_id": 10**6})  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        book_for_customer(**arguments | {"timeslot_id": 10**6})  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        book_for_customer(**arguments | {"at": START})  # type: ignore[arg-type]
    book_slot(slot, stranger)
    with pytest.raises(SlotTaken):
        book_for_customer(**arguments)  # type: ignore[arg-type]
    with pytest.raises(AlreadyBooked):
        book_for_customer(**arguments | {"user_id": stranger.pk})  # type: ignore[arg-type]

    assert Booking.objects.count() == 1
    assert Timeslot.objects.get().taken == 1


# --- money at the desk ------------------------------------------------------------------------


@pytest.fixture
def due(slot: Timeslot, customer: User, front_desk: User) -> Booking:
    return book_for_customer(
        user_id=customer.pk, timeslot_id=slot.pk, by=front_desk, at=NOW, payment_due=True
    )


def test_desk_money_is_written_down(due: Booking, front_desk: User) -> None:
    assert due.payment_id is not None

    take_desk_payment(
        payment_id=due.payment_id, method=DeskMethod.CASH, receipt="R-17", by=front_desk, at=START
    )

    attempt = PaymentAttempt.objects.get()
    assert (attempt.provider, attempt.method, attempt.receipt, attempt.taken_by) == (
        "desk",
        "cash",
        "R-17",
        front_desk,
    )
    assert Payment.objects.get().captured == Decimal("80.00")
    assert Booking.objects.get().payment_status == "paid"
    with pytest.raises(InvalidTransition):
        take_desk_payment(
            payment_id=due.payment_id, method=DeskMethod.CARD, by=front_desk, at=START
        )


def test_a_hold_that_is_paid_at_the_desk_is_confirmed(
    make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    assert booking.payment_id is not None
    take_desk_payment(
        payment_id=booking.payment_id, method=DeskMethod.TRANSFER, by=front_desk, at=NOW
    )

    # The customer had paid online as well: that money goes back.
    courier.ask(attempt.pk, at=NOW)

    assert Booking.objects.get().status == "confirmed"
    refund = Refund.objects.get()
    assert (refund.attempt_id, refund.amount) == (attempt.pk, Decimal("80.00"))


def test_desk_money_is_handed_back_by_hand(due: Booking, front_desk: User, manager: User) -> None:
    assert due.payment_id is not None
    take_desk_payment(payment_id=due.payment_id, method=DeskMethod.CASH, by=front_desk, at=NOW)
    cancel_by_staff(booking_id=due.pk, by=manager, at=NOW)
    refund = Refund.objects.get()
    assert refund.is_by_hand
    assert courier.due_refunds(START) == []
    assert not courier.send_refund(refund.pk, at=START)

    note_paid_back(refund_id=refund.pk, by=front_desk, at=START, receipt="R-18")

    refund.refresh_from_db()
    assert (refund.status, refund.done_by, refund.provider_refund_id) == (
        RefundState.SUCCEEDED,
        front_desk,
        "R-18",
    )
    with pytest.raises(InvalidTransition):
        note_paid_back(refund_id=refund.pk, by=front_desk, at=START)


def test_what_was_never_paid_at_the_desk_is_not_refunded(due: Booking, manager: User) -> None:
    cancel_by_staff(booking_id=due.pk, by=manager, at=NOW)

    assert not Refund.objects.exists()
    assert Payment.objects.get().status == PaymentState.CLOSED
    assert Booking.objects.get().payment_status == "pending"


# --- the room's staff address -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"staff_email": "front@example.com"}, ["staff_booked", "staff_cancelled"]),
        ({"staff_email": "front@example.com", "notify_staff": False}, []),
        ({}, []),
    ],
)
def test_the_rooms_staff_are_told_if_they_want(
    make_room: MakeRoom,
    make_slot: MakeSlot,
    make_booking: MakeBooking,
    front_desk: User,
    fields: dict[str, object],
    told: list[str],
) -> None:
    slot = make_slot(room=make_room(**fields), price=Decimal(0))
    booking = make_booking(slot=slot)

    cancel_by_staff(booking_id=booking.pk, by=front_desk, at=NOW)

    staff_mails = OutgoingMail.objects.filter(to="front@example.com").order_by("pk")
    assert [mail.kind for mail in staff_mails] == told
