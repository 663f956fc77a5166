"""Moves, generators and staff at one thing at once, each with real connections at a barrier."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts.models import User
from bookings.errors import SlotTaken
from bookings.models import Booking, Room, Timeslot
from bookings.planning import Plan, Window, same_hours
from bookings.querysets import TimeslotQuerySet
from bookings.services import (
    GenerateResult,
    cancel_booking,
    cancel_by_staff,
    generate_slots,
    move_by_staff,
    reschedule_booking,
)
from bookings.states import BookingStatus
from bookings.verify import wrong_counters
from common.errors import InvalidTransition
from payments.models import Payment, Refund
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tests.infrastructure.world import NOW, MakeRoom, MakeSlot, MakeUser, book_slot, pay

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

MakeCrowd = Callable[[int], Crowd]
FIRST = NOW + timedelta(days=10)


@pytest.fixture(autouse=True)
def no_limits(settings: Settings) -> None:
    settings.MAX_OPEN_HOLDS = settings.MAX_HOLDS_PER_HOUR = 10**6


@pytest.fixture
def room(transactional_db: None, make_room: MakeRoom) -> Room:
    return make_room(max_advance_days=3_000)


@pytest.fixture
def people(transactional_db: None, make_user: MakeUser) -> list[User]:
    return [make_user(f"client{number}@example.com") for number in range(8)]


def hours_from(number: int, hour: int) -> datetime:
    """A start of its own for each round and slot."""
    return FIRST + timedelta(hours=8 * number + hour)


def confirmed(slot: Timeslot, user: User) -> Booking:
    return pay(book_slot(slot, user))


def taken(*slots: Timeslot) -> list[int]:
    return [Timeslot.objects.get(pk=slot.pk).taken for slot in slots]


def test_one_of_a_move_and_a_new_booking_gets_the_place(
    crowd: MakeCrowd, people: list[User], room: Room, make_slot: MakeSlot
) -> None:
    clients = crowd(2)
    mover, newcomer = people[:2]
    for number in range(ROUNDS):
        slots = [
            make_slot(room=room, start=hours_from(number, hour), price=Decimal(80))
            for hour in range(2)
        ]
        # The lower and the higher id by turns: the order of the two locks differs.
        old, new = slots if number % 2 else slots[::-1]
        booking = confirmed(old, mover)

        results = clients.at_once(
            [
                partial(
                    reschedule_booking,
                    booking_id=booking.pk,
                    timeslot_id=new.pk,
                    by=mover,
                    at=NOW,
                ),
                partial(book_slot, new, newcomer),
            ]
        )

        assert Counter(type(result) for result in results) == {Booking: 1, SlotTaken: 1}
        moved = isinstance(results[0], Booking)
        assert taken(old, new) == ([0, 1] if moved else [1, 1])
    assert list(wrong_counters()) == []


def test_a_move_and_a_cancel_leave_no_place_and_all_the_money(
    crowd: MakeCrowd, people: list[User], room: Room, make_slot: MakeSlot
) -> None:
    clients, customer = crowd(2), people[0]
    for number in range(ROUNDS):
        old, new = (
            make_slot(room=room, start=hours_from(number, hour), price=Decimal(80 - hour))
            for hour in range(2)
        )
        booking = confirmed(old, customer)

        results = clients.at_once(
            [
                partial(
                    reschedule_booking,
                    booking_id=booking.pk,
                    timeslot_id=new.pk,
                    by=customer,
                    at=NOW,
                ),
                partial(cancel_booking, booking_id=booking.pk, by=customer, at=NOW),
            ]
        )

        assert isinstance(results[1], Booking)
        assert isinstance(results[0], Booking | InvalidTransition)
        assert Booking.objects.get(pk=booking.pk).status == BookingStatus.CANCELLED
        assert taken(old, new) == [0, 0]
        payment = Payment.objects.get(bookings=booking)
        assert payment.captured == payment.refunded == Decimal(80)
    assert list(wrong_counters()) == []


def test_of_two_moves_to_one_time_one_arrives(
    crowd: MakeCrowd, people: list[User], room: Room, make_slot: MakeSlot
) -> None:
    clients = crowd(2)
    for number in range(ROUNDS):
        first, second, wanted = (
            make_slot(room=room, start=hours_from(number, hour), price=Decimal(80))
            for hour in range(3)
        )
        bookings = [confirmed(first, people[0]), confirmed(second, people[1])]

        results = clients.at_once(
            [
                partial(
                    reschedule_booking,
                    booking_id=booking.pk,
                    timeslot_id=wanted.pk,
                    by=booking.user,
                    at=NOW,
                )
                for booking in bookings
            ]
        )

        assert Counter(type(result) for result in results) == {Booking: 1, SlotTaken: 1}
        assert sum(taken(first, second, wanted)) == 2
        assert taken(wanted) == [1]
    assert list(wrong_counters()) == []


def test_two_who_swap_their_times_never_both_lose(
    crowd: MakeCrowd, people: list[User], room: Room, make_slot: MakeSlot
) -> None:
    """Crossing moves want the same two rows in opposite order."""
    clients = crowd(2)
    for number in range(ROUNDS):
        left, right = (
            make_slot(room=room, start=hours_from(number, hour), price=Decimal(80), max_bookings=2)
            for hour in range(2)
        )
        bookings = [confirmed(left, people[0]), confirmed(right, people[1])]

        results = clients.at_once(
            [
                partial(
                    reschedule_booking,
                    booking_id=booking.pk,
                    timeslot_id=goal.pk,
                    by=booking.user,
                    at=NOW,
                )
                for booking, goal in zip(bookings, (right, left), strict=True)
            ]
        )

        assert [type(result) for result in results] == [Booking, Booking]
        assert taken(left, right) == [1, 1]
    assert list(wrong_counters()) == []


def test_control_moving_without_the_guard_oversells(
    crowd: MakeCrowd,
    people: list[User],
    room: Room,
    make_slot: MakeSlot,
) -> None:
    """Two movers who both look before either writes both arrive."""
    first, second, wanted = (
        make_slot(room=room, start=hours_from(0, hour), price=Decimal(80)) for hour in range(3)
    )
    bookings = [confirmed(first, people[0]), confirmed(second, people[1])]
    both_have_looked = threading.Barrier(2)

    def naive(booking: Booking) -> bool:
        seen = Timeslot.objects.get(pk=wanted.pk)
        both_have_looked.wait(HELD_SECONDS)
        if seen.taken >= seen.max_bookings:
            return False
        with transaction.atomic():
            Timeslot.objects.filter(pk=wanted.pk).update(taken=seen.taken + 1)
            Timeslot.objects.release_place(booking.timeslot_id)
            Booking.objects.filter(pk=booking.pk).update(timeslot=wanted)
        return True

    results = crowd(2).at_once([partial(naive, booking) for booking in bookings])

    assert results == [True, True]
    assert len(list(wrong_counters())) == 1


def test_generators_at_once_make_each_time_once(
    crowd: MakeCrowd, make_room: MakeRoom, transactional_db: None
) -> None:
    clients = crowd(4)
    for number in range(max(ROUNDS // 5, 1)):
        room = make_room(name=f"Room {number}")
        plan = Plan(
            first_day=date(2026, 7, 6),
            last_day=date(2026, 7, 17),
            slot_length=timedelta(minutes=30),
            hours=same_hours(Window(time(9), time(17))),
        )

        results: list[Any] = clients.at_once(
            [partial(generate_slots, room_id=room.pk, plan=plan)] * 4
        )

        assert [type(result) for result in results] == [GenerateResult] * 4
        assert sum(result.created for result in results) == 160
        assert sum(result.skipped for result in results) == 480
        starts = list(Timeslot.objects.filter(room=room).values_list("start_time", flat=True))
        assert (len(starts), len(set(starts))) == (160, 160)


def half_an_hour_apart() -> list[Plan]:
    """Whole hours, and whole hours half an hour later: each of one is in the way of the other."""
    return [
        Plan(
            first_day=date(2026, 7, 6),
            last_day=date(2026, 7, 8),
            slot_length=timedelta(hours=1),
            hours=same_hours(Window(time(9, minute), time(17, minute))),
        )
        for minute in (0, 30)
    ]


def in_each_other_s_way(room: Room) -> int:
    """How many pairs of the room's times overlap."""
    spans = sorted(Timeslot.objects.filter(room=room).values_list("start_time", "end_time"))
    return sum(later[0] < earlier[1] for earlier, later in pairwise(spans))


def test_generators_of_different_hours_never_overlap(
    crowd: MakeCrowd, make_room: MakeRoom, transactional_db: None
) -> None:
    clients = crowd(2)
    for number in range(max(ROUNDS // 5, 1)):
        room = make_room(name=f"Room {number}")

        results = clients.at_once(
            [partial(generate_slots, room_id=room.pk, plan=plan) for plan in half_an_hour_apart()]
        )

        assert [type(result) for result in results] == [GenerateResult] * 2
        assert Timeslot.objects.filter(room=room).count() == sum(r.created for r in results)
        assert in_each_other_s_way(room) == 0


@pytest.mark.mariadb
def test_control_without_the_room_s_lock_they_overlap(
    crowd: MakeCrowd,
    make_room: MakeRoom,
    monkeypatch: pytest.MonkeyPatch,
    transactional_db: None,
) -> None:
    """Two generators that both look before either writes both find the room empty."""
    room = make_room()
    both_have_looked = threading.Barrier(2)
    insert = TimeslotQuerySet.insert_like

    def look_then_insert(self: TimeslotQuerySet, *what: Any) -> None:
        both_have_looked.wait(HELD_SECONDS)
        insert(self, *what)

    monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda self: self)
    monkeypatch.setattr(TimeslotQuerySet, "insert_like", look_then_insert)

    results = crowd(2).at_once(
        [partial(generate_slots, room_id=room.pk, plan=plan) for plan in half_an_hour_apart()]
    )

    assert [result.created for result in results] == [24, 24]
    assert in_each_other_s_way(room) > 0


def test_staff_and_customer_cancelling_at_once_refund_once(
    crowd: MakeCrowd, people: list[User], room: Room, make_slot: MakeSlot, manager: User
) -> None:
    clients, customer = crowd(3), people[0]
    for number in range(ROUNDS):
        old, new = (
            make_slot(room=room, start=hours_from(number, hour), price=Decimal(80))
            for hour in range(2)
        )
        booking = confirmed(old, customer)

        results = clients.at_once(
            [
                partial(cancel_booking, booking_id=booking.pk, by=customer, at=NOW),
                partial(cancel_by_staff, booking_id=booking.pk, by=manager, at=NOW),
                partial(
                    move_by_staff,
                    booking_id=booking.pk,
                    timeslot_id=new.pk,
                    by=manager,
                    at=NOW,
                ),
            ]
        )

        cancels = Counter(type(result) for result in results[:2])
        assert cancels == {Booking: 1, InvalidTransition: 1}
        assert taken(old, new) == [0, 0]
        refunds = Refund.objects.filter(payment__bookings=booking)
        assert [refund.amount for refund in refunds] == [Decimal(80)]
    assert list(wrong_counters()) == []
