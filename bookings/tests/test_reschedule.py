"""Moving: never both places, never none, and never a way around the refund policy."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bookings.errors import AlreadyBooked, PriceIncrease, SlotTaken, TooFar, TooLate, TooSoon
from bookings.models import Booking, Timeslot
from bookings.services import (
    block_slot,
    cancel_booking,
    move_by_staff,
    reschedule_booking,
)
from bookings.services.set_status import confirm_by_staff
from bookings.states import BookingStatus
from common.errors import DomainError, InvalidInput, InvalidTransition, NotFound
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from payments.refund_terms import RefundStep
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot, book_slot

LATER = START + timedelta(days=1)
IN_TIME = START - timedelta(hours=24)


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    return make_booking(status=BookingStatus.CONFIRMED, price=80)


@pytest.fixture
def target(booking: Booking, make_slot: MakeSlot) -> Timeslot:
    return make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))


def taken(*slots: Timeslot) -> list[int]:
    return [Timeslot.objects.get(pk=slot.pk).taken for slot in slots]


def test_moving_swaps_the_places_and_updates_the_invite(booking: Booking, target: Timeslot) -> None:
    former = booking.timeslot

    reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=IN_TIME)

    moved = Booking.objects.get()
    assert (moved.timeslot_id, moved.status, moved.payment_status) == (
        target.pk,
        "confirmed",
        "paid",
    )
    assert taken(former, target) == [0, 1]
    assert (moved.uid, moved.sequence) == (booking.uid, booking.sequence + 1)
    assert moved.history.latest("pk").reason == "moved from Thu 9 July, 11:00"
    assert not Refund.objects.exists()
    mail = OutgoingMail.objects.latest("pk")
    assert mail.kind == "booking_moved"
    assert mail.context["former_when"] == "Thu 9 July, 11:00–11:30 (Berlin)"


def test_a_cheaper_time_gives_back_the_difference(booking: Booking, target: Timeslot) -> None:
    Timeslot.objects.filter(pk=target.pk).update(price=Decimal("50.00"))

    reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)

    moved = Booking.objects.get()
    assert (moved.price, moved.payment_status) == (Decimal("50.00"), "paid")
    assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal("30.00")]

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [
        Decimal("30.00"),
        Decimal("50.00"),
    ]
    assert Payment.objects.get().refundable == 0


def test_moving_late_or_dearer_or_nowhere_is_refused(
    booking: Booking, target: Timeslot, make_slot: MakeSlot, stranger: User
) -> None:
    former = booking.timeslot
    full = make_slot(room=booking.room, start=LATER + timedelta(hours=1), price=Decimal(80))
    book_slot(full, stranger)
    closed = make_slot(room=booking.room, start=LATER + timedelta(hours=2), price=Decimal(80))
    block_slot(slot_id=closed.pk, reason="holiday")
    dearer = make_slot(room=booking.room, start=LATER + timedelta(hours=3), price=Decimal("80.01"))
    far = make_slot(room=booking.room, start=NOW + timedelta(days=91), price=Decimal(80))
    soon = make_slot(room=booking.room, start=NOW + timedelta(minutes=30), price=Decimal(80))
    past = make_slot(room=booking.room, start=NOW - timedelta(hours=1), price=Decimal(80))
    elsewhere = make_slot(start=LATER, price=Decimal(80))
    late = IN_TIME + timedelta(microseconds=1)
    refusals: list[tuple[int, object, type[DomainError]]] = [
        (target.pk, late, TooLate),
        (dearer.pk, NOW, PriceIncrease),
        (full.pk, NOW, SlotTaken),
        (closed.pk, NOW, SlotTaken),
        (far.pk, NOW, TooFar),
        (soon.pk, NOW, TooSoon),
        (past.pk, NOW, InvalidInput),
        (elsewhere.pk, NOW, InvalidInput),
        (former.pk, NOW, InvalidTransition),
        (10**6, NOW, NotFound),
    ]

    for timeslot_id, at, error in refusals:
        with pytest.raises(error):
            reschedule_booking(
                booking_id=booking.pk,
                timeslot_id=timeslot_id,
                by=booking.user,
                at=at,  # type: ignore[arg-type]
            )

    unmoved = Booking.objects.get(pk=booking.pk)
    assert (unmoved.timeslot_id, unmoved.sequence) == (former.pk, 0)
    assert taken(former, target, full, closed, dearer, far, soon, past, elsewhere) == [
        1, 0, 1, 0, 0, 0, 0, 0, 0
    ]  # fmt: skip
    assert list(OutgoingMail.objects.values_list("kind", flat=True)) == ["booking_confirmed"]


def test_a_second_place_at_the_new_time_is_refused(booking: Booking, target: Timeslot) -> None:
    Timeslot.objects.filter(pk=target.pk).update(max_bookings=2)
    book_slot(target, booking.user)

    with pytest.raises(AlreadyBooked):
        reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)

    assert taken(booking.timeslot, target) == [1, 1]


def test_only_the_holder_moves_and_only_what_is_confirmed(
    booking: Booking, target: Timeslot, stranger: User, make_booking: MakeBooking
) -> None:
    with pytest.raises(NotFound):
        reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=stranger, at=NOW)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    with pytest.raises(InvalidTransition):
        reschedule_booking(booking_id=booking.pk, timeslot_id=target.pk, by=booking.user, at=NOW)

    assert taken(booking.timeslot, target) == [0, 0]


def test_where_nothing_is_ever_refunded_one_may_move_until_the_start(
    make_room: MakeRoom, make_slot: MakeSlot, make_booking: MakeBooking
) -> None:
    room = make_room(refund_policy=[], min_notice_minutes=0)
    booking = make_booking(
        status=BookingStatus.CONFIRMED, slot=make_slot(room=room, price=Decimal(80))
    )
    target = make_slot(room=room, start=LATER, price=Decimal(80))

    reschedule_booking(
        booking_id=booking.pk,
        timeslot_id=target.pk,
        by=booking.user,
        at=START - timedelta(minutes=1),
    )

    assert Booking.objects.get().timeslot == target


# --- by staff ---------------------------------------------------------------------------------


def test_staff_move_at_any_time_and_the_holder_may_cancel_for_all_of_it(
    booking: Booking, target: Timeslot, front_desk: User
) -> None:
    last_minute = START - timedelta(minutes=5)
    Timeslot.objects.filter(pk=target.pk).update(price=Decimal("99.00"))

    move_by_staff(
        booking_id=booking.pk, timeslot_id=target.pk, by=front_desk, at=last_minute, reason="ill"
    )

    moved = Booking.objects.get()
    assert (moved.price, moved.free_cancel_until) == (Decimal("80.00"), LATER)
    assert moved.history.latest("pk").reason == "moved from Thu 9 July, 11:00: ill"
    assert moved.refund_due(LATER) == Decimal("80.00")
    assert moved.refund_schedule == [
        RefundStep(until=LATER, percent=100, amount=Decimal("80.00")),
        RefundStep(until=None, percent=0, amount=Decimal(0)),
    ]


def test_the_right_to_cancel_ends_after_seven_days(
    booking: Booking, make_slot: MakeSlot, front_desk: User
) -> None:
    start = NOW + timedelta(days=8)
    target = make_slot(room=booking.room, start=start, price=Decimal("80.00"))

    move_by_staff(booking_id=booking.pk, timeslot_id=target.pk, by=front_desk, at=NOW)

    moved = Booking.objects.get()
    week = NOW + timedelta(days=7)
    assert moved.free_cancel_until == week
    # A day before the start the policy gives everything anyway, so both end at one moment here.
    assert moved.refund_due(week) == Decimal("80.00")
    assert moved.refund_due(week + timedelta(microseconds=1)) == Decimal("40.00")
    assert [(step.until, step.percent) for step in moved.refund_schedule] == [
        (week, 100),
        (start - timedelta(hours=6), 50),
        (None, 0),
    ]


def test_a_move_of_what_is_due_at_the_desk_lowers_what_is_due(
    make_booking: MakeBooking, make_slot: MakeSlot, front_desk: User
) -> None:
    booking = make_booking()
    confirm_by_staff(booking_id=booking.pk, by=front_desk, at=NOW)
    cheaper = make_slot(room=booking.room, start=LATER, price=Decimal("50.00"))
    free = make_slot(room=booking.room, start=LATER + timedelta(hours=1), price=Decimal(0))

    move_by_staff(booking_id=booking.pk, timeslot_id=cheaper.pk, by=front_desk, at=NOW)
    assert Payment.objects.get().amount == Decimal("50.00")
    move_by_staff(booking_id=booking.pk, timeslot_id=free.pk, by=front_desk, at=NOW)

    assert Payment.objects.get().status == "closed"
    moved = Booking.objects.get()
    assert (moved.price, moved.payment_status) == (Decimal(0), "paid")
    assert not Refund.objects.exists()
