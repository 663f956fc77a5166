"""Taking a place: what is written, each refusal, and that a refusal writes nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.errors import AlreadyBooked, PriceChanged, SlotTaken, TooFar, TooManyHolds, TooSoon
from bookings.models import Booking, Timeslot
from bookings.services import block_slot, book, cancel_booking
from bookings.states import PaymentStatus
from bookings.verify import repair_counter, wrong_counters
from common.errors import DomainError, InvalidInput, NotFound, PermissionRefused, Throttled
from notifications.models import OutgoingMail
from payments.models import Payment
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
)


def test_a_held_place_waits_for_its_money(slot: Timeslot, customer: User) -> None:
    booking = book_slot(slot, customer, notes="first visit", booking_type="check-up")

    booking = Booking.objects.get()
    payment = booking.payment
    assert payment is not None
    assert (booking.status, booking.payment_status) == ("pending", PaymentStatus.PENDING)
    assert (booking.price, booking.currency, booking.notes) == (
        Decimal("80.00"),
        "USD",
        "first visit",
    )
    assert booking.refund_policy == [
        {"hoursBefore": 24, "percent": 100},
        {"hoursBefore": 6, "percent": 50},
    ]
    assert (payment.amount, payment.expires_at) == (
        Decimal("80.00"),
        NOW + timedelta(minutes=15),
    )
    assert payment.description == "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)"
    assert Timeslot.objects.get().taken == 1
    assert not OutgoingMail.objects.exists()


def test_the_lock_comes_before_all_reading_and_the_claim_before_all_writing(
    slot: Timeslot, customer: User
) -> None:
    with CaptureQueriesContext(connection) as captured:
        book_slot(slot, customer)

    of_table = re.compile(r"(UPDATE|SELECT .*? FROM|INSERT INTO) [`\"](\w+)")
    matches = [of_table.match(one["sql"]) for one in captured.captured_queries]
    asked = [(match[1].split()[0], match[2]) for match in matches if match]
    assert asked == [
        ("SELECT", "bookings"),  # lapsed holds, each released in a transaction of its own
        ("SELECT", "users"),  # the lock
        ("SELECT", "timeslots"),
        ("SELECT", "account_emailaddress"),
        ("SELECT", "bookings"),
        ("SELECT", "payments"),
        ("SELECT", "payments"),
        ("UPDATE", "timeslots"),  # the claim
        ("INSERT", "payments"),
        ("INSERT", "bookings"),
        ("INSERT", "booking_status_changes"),
    ]


def test_a_free_place_is_confirmed_at_once(make_slot: MakeSlot, customer: User) -> None:
    book_slot(make_slot(price=Decimal(0)), customer)

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("confirmed", PaymentStatus.PAID)
    assert not Payment.objects.exists()
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["booking_confirmed"]


def test_the_policy_is_frozen_when_the_booking_is_made(
    make_room: MakeRoom, make_slot: MakeSlot, customer: User
) -> None:
    room = make_room(refund_policy=[{"hoursBefore": 48, "percent": 80}])
    book_slot(make_slot(room=room), customer)

    room.refund_policy = []
    room.save()

    assert Booking.objects.get().refund_policy == [{"hoursBefore": 48, "percent": 80}]


Refusal = Callable[[Timeslot, User], object]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        pytest.param(
            lambda slot, user: book(
                user_id=user.pk, timeslot_id=slot.pk + 1, room_id=slot.room_id, at=NOW
            ),
            NotFound,
            id="unknown-slot",
        ),
        pytest.param(
            lambda slot, user: book(
                user_id=user.pk, timeslot_id=slot.pk, room_id=slot.room_id + 1, at=NOW
            ),
            NotFound,
            id="unknown-room",
        ),
        pytest.param(
            lambda slot, user: book_slot(slot, user, at=START), InvalidInput, id="has-begun"
        ),
        pytest.param(
            lambda slot, user: book_slot(
                slot, user, at=START - timedelta(minutes=60) + timedelta(microseconds=1)
            ),
            TooSoon,
            id="too-soon",
        ),
        pytest.param(
            lambda slot, user: book_slot(
                slot, user, at=START - timedelta(days=90) - timedelta(microseconds=1)
            ),
            TooFar,
            id="too-far",
        ),
    ],
)
def test_a_refusal_writes_nothing(
    slot: Timeslot, customer: User, refusal: Refusal, error: type[DomainError]
) -> None:
    with pytest.raises(error):
        refusal(slot, customer)

    assert_nothing_happened(slot)


def test_the_bounds_of_notice_and_advance_are_bookable(make_slot: MakeSlot, customer: User) -> None:
    soon, far = make_slot(price=Decimal(9)), make_slot(price=Decimal(9))

    book_slot(soon, customer, at=START - timedelta(minutes=60))
    book_slot(far, customer, at=START - timedelta(days=90))

    assert Booking.objects.count() == 2


def test_the_slot_of_another_room_is_refused(
    slot: Timeslot, make_room: MakeRoom, customer: User
) -> None:
    with pytest.raises(InvalidInput):
        book(user_id=customer.pk, timeslot_id=slot.pk, room_id=make_room().pk, at=NOW)

    assert_nothing_happened(slot)


def test_an_inactive_room_is_refused(slot: Timeslot, customer: User) -> None:
    slot.room.is_active = False
    slot.room.save()

    with pytest.raises(InvalidInput):
        book_slot(slot, customer)

    assert_nothing_happened(slot)


def test_an_unverified_address_holds_nothing(slot: Timeslot, make_user: MakeUser) -> None:
    with pytest.raises(PermissionRefused) as refused:
        book_slot(slot, make_user("new@example.com", verified=False))

    assert refused.value.code == "email_unverified"
    assert_nothing_happened(slot)


def test_a_closed_slot_is_refused(slot: Timeslot, customer: User) -> None:
    block_slot(slot_id=slot.pk, reason="holiday")

    with pytest.raises(SlotTaken):
        book_slot(slot, customer)

    assert_nothing_happened(slot)


def test_a_taken_slot_names_the_three_nearest_free_ones(
    make_room: MakeRoom, make_slot: MakeSlot, customer: User, stranger: User
) -> None:
    room = make_room()
    slots = [
        make_slot(room=room, start=START + timedelta(hours=hour), price=Decimal(80))
        for hour in range(6)
    ]
    book_slot(slots[2], stranger)
    block_slot(slot_id=slots[1].pk, reason="holiday")

    with pytest.raises(SlotTaken) as refused:
        book_slot(slots[2], customer)

    assert refused.value.details["alternatives"] == [slots[3], slots[0], slots[4]]


def test_a_second_place_for_one_person_needs_the_rooms_leave(
    make_room: MakeRoom, make_slot: MakeSlot, customer: User
) -> None:
    slot = make_slot(max_bookings=2, price=Decimal(80))
    book_slot(slot, customer)
    with pytest.raises(AlreadyBooked):
        book_slot(slot, customer)
    slot.room.allow_repeat_booking = True
    slot.room.save()

    book_slot(slot, customer)

    slot.refresh_from_db()
    assert slot.taken == 2


def test_who_has_a_place_is_told_so_though_it_is_full(slot: Timeslot, customer: User) -> None:
    book_slot(slot, customer)

    with pytest.raises(AlreadyBooked):
        book_slot(slot, customer)


def test_three_holds_are_enough(make_slot: MakeSlot, customer: User) -> None:
    for _ in range(3):
        book_slot(make_slot(price=Decimal(80)), customer)
    fourth = make_slot(price=Decimal(80))

    with pytest.raises(TooManyHolds):
        book_slot(fourth, customer)
    book_slot(make_slot(price=Decimal(0)), customer)
    with pytest.raises(TooManyHolds):
        book_slot(fourth, customer, at=NOW + timedelta(minutes=15) - timedelta(microseconds=1))
    # Their time is over, so they count no longer, released or not.
    book_slot(fourth, customer, at=NOW + timedelta(minutes=15))

    assert Booking.objects.count() == 5


def test_ten_holds_an_hour_are_enough(
    make_slot: MakeSlot, customer: User, settings: Settings
) -> None:
    for number in range(10):
        booking = book_slot(
            make_slot(price=Decimal(80)), customer, at=NOW + timedelta(minutes=number)
        )
        cancel_booking(booking_id=booking.pk, by=customer, at=NOW + timedelta(minutes=number))
    eleventh = make_slot(price=Decimal(80))

    with pytest.raises(Throttled):
        book_slot(eleventh, customer, at=NOW + timedelta(minutes=59))

    assert_nothing_happened(eleventh, bookings=10)
    book_slot(eleventh, customer, at=NOW + timedelta(minutes=61))


def test_a_lapsed_hold_is_released_by_who_comes_next(
    slot: Timeslot, customer: User, stranger: User
) -> None:
    first = book_slot(slot, stranger)
    with pytest.raises(SlotTaken):
        book_slot(slot, customer, at=NOW + timedelta(minutes=14, seconds=59))

    book_slot(slot, customer, at=NOW + timedelta(minutes=15))

    first.refresh_from_db()
    assert first.lapsed_unpaid
    assert Timeslot.objects.get().taken == 1


# --- counters against rows --------------------------------------------------------------------


def test_verify_finds_and_repairs_a_wrong_counter(
    make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    slot = make_slot(max_bookings=3, price=Decimal(20))
    make_booking(slot=slot)
    assert list(wrong_counters()) == []
    Timeslot.objects.filter(pk=slot.pk).update(taken=3)

    assert [str(wrong) for wrong in wrong_counters()] == [
        f"slot {slot.pk}: 3 places counted, 1 taken by bookings"
    ]
    assert repair_counter(slot.pk) is not None
    assert repair_counter(slot.pk) is None

    assert list(wrong_counters()) == []
    assert Timeslot.objects.get().taken == 1


def assert_nothing_happened(slot: Timeslot, *, bookings: int = 0) -> None:
    slot.refresh_from_db()
    assert slot.taken == 0
    assert (Booking.objects.count(), Payment.objects.count()) == (bookings, bookings)
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("price", ["80.01", "79.99", "0"])
def test_another_price_than_was_shown_books_nothing(
    slot: Timeslot, customer: User, price: str
) -> None:
    with pytest.raises(PriceChanged) as refused:
        book_slot(slot, customer, expected_price=Decimal(price))

    assert (refused.value.code, refused.value.status) == ("price_changed", 409)
    assert_nothing_happened(slot)
    assert book_slot(slot, customer, expected_price=Decimal("80")).price == Decimal("80.00")
