"""Bookings under attack by many at once; each race has a control run, guard off, that fails.

A round of unheld racing passes on code that is wrong, so every client waits at a barrier.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from pytest_django import Settings

from accounts.models import User
from bookings.errors import SlotTaken
from bookings.models import Booking, Timeslot
from bookings.querysets import BookingQuerySet
from bookings.services import cancel_booking, deliver
from bookings.states import BookingStatus, PaymentStatus
from bookings.verify import wrong_counters
from common.errors import InvalidTransition
from payments import courier
from payments.gateways import demo
from payments.models import ZERO, Payment, PaymentQuerySet, Refund
from payments.services import lapse
from payments.states import PaymentState
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tests.infrastructure.world import (
    NOW,
    START,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
    pay_at_provider,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

CLIENTS = 50
MakeCrowd = Callable[[int], Crowd]


@pytest.fixture(autouse=True)
def no_limits(settings: Settings) -> None:
    """The same people come round after round; their own limits are tested elsewhere."""
    settings.MAX_OPEN_HOLDS = settings.MAX_HOLDS_PER_HOUR = 10**6


@pytest.fixture
def people(transactional_db: None, make_user: MakeUser) -> list[User]:
    return [make_user(f"client{number}@example.com") for number in range(CLIENTS)]


# --- the last places --------------------------------------------------------------------------


@pytest.mark.parametrize("places", [1, 5])
def test_the_last_places_are_sold_once(
    crowd: MakeCrowd, people: list[User], make_room: MakeRoom, make_slot: MakeSlot, places: int
) -> None:
    clients, room = crowd(CLIENTS), make_room()
    for number in range(ROUNDS):
        slot = make_slot(
            room=room,
            start=START + timedelta(hours=number),
            minutes=30,
            max_bookings=places,
            price=Decimal("80.00"),
        )

        results = clients.at_once(
            [partial(book_slot, slot, user, at=soon(slot)) for user in people]
        )

        outcomes = Counter(type(result) for result in results)
        assert outcomes == {Booking: places, SlotTaken: CLIENTS - places}
        assert Booking.objects.filter(timeslot=slot).count() == places
        assert Timeslot.objects.get(pk=slot.pk).taken == places
    assert Payment.objects.count() == places * ROUNDS
    assert list(wrong_counters()) == []


def test_control_looking_first_and_writing_later_oversells(
    crowd: MakeCrowd, people: list[User], slot: Timeslot
) -> None:
    """Without the guarded UPDATE the same crowd gets more than there is, on every database."""
    clients = crowd(CLIENTS)
    everybody_has_looked = threading.Barrier(CLIENTS)

    def naive(user: User) -> bool:
        seen = Timeslot.objects.get(pk=slot.pk)
        everybody_has_looked.wait(HELD_SECONDS)
        if seen.taken >= seen.max_bookings:
            return False
        with transaction.atomic():
            Timeslot.objects.filter(pk=slot.pk).update(taken=seen.taken + 1)
            Booking.objects.create(
                user=user, timeslot=slot, room=slot.room, price=80, currency="USD", created_at=NOW
            )
        return True

    results = clients.at_once([partial(naive, user) for user in people])

    assert results.count(True) > 1
    assert len(list(wrong_counters())) == 1


def test_the_check_constraint_stands_behind_the_guard(
    crowd: MakeCrowd, people: list[User], slot: Timeslot
) -> None:
    """Counting up without asking is stopped by the database itself."""

    def blind() -> int:
        return Timeslot.objects.filter(pk=slot.pk).update(taken=F("taken") + 1)

    results = crowd(CLIENTS).at_once([blind] * CLIENTS)

    assert results.count(1) == 1
    assert {type(result) for result in results if result != 1} <= {IntegrityError, OperationalError}
    assert Timeslot.objects.get(pk=slot.pk).taken == 1


# --- cancel against pay -----------------------------------------------------------------------


def test_cancelling_while_the_money_arrives_never_keeps_it(
    crowd: MakeCrowd, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    clients, room = crowd(2), make_room()
    for number in range(ROUNDS):
        booking, attempt = paid_but_unheard(customer, make_slot, room, number)

        results = clients.at_once(
            [
                partial(courier.ask, attempt.pk, at=NOW),
                # Asking takes a moment before it locks; the cancel comes now before, now after.
                partial(
                    after_a_moment,
                    partial(cancel_booking, booking_id=booking.pk, by=customer, at=NOW),
                ),
            ]
        )

        assert [type(result) for result in results] == [Payment, Booking]
        assert_cancelled_and_refunded(booking)
    assert list(wrong_counters()) == []


@pytest.mark.mariadb
def test_control_without_row_locks_the_money_is_kept_for_nothing(
    crowd: MakeCrowd, customer: User, slot: Timeslot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same meeting with the locks taken away: the cancel acts on what it read before."""
    booking = book_slot(slot, customer)
    attempt = pay_at_provider(booking)
    has_read, has_paid = threading.Event(), threading.Event()
    unlock_the_cancel(monkeypatch, has_read, has_paid)

    def pay_meanwhile() -> None:
        has_read.wait(HELD_SECONDS)
        courier.ask(attempt.pk, at=NOW)
        has_paid.set()

    crowd(2).at_once(
        [pay_meanwhile, lambda: cancel_booking(booking_id=booking.pk, by=customer, at=NOW)]
    )

    payment = Payment.objects.get()
    assert Booking.objects.get().status == BookingStatus.CANCELLED
    assert (payment.captured, payment.refunded) == (Decimal("80.00"), ZERO)


# --- lapse against pay ------------------------------------------------------------------------


def test_a_hold_that_lapses_while_it_is_paid_is_delivered_or_refunded(
    crowd: MakeCrowd, people: list[User], make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    """Payer, sweeper and somebody who wants the place: three at one moment."""
    clients, room = crowd(3), make_room()
    payer, rival = people[:2]
    for number in range(ROUNDS):
        slot = make_slot(room=room, start=START + timedelta(hours=number), price=Decimal("80.00"))
        booking = book_slot(slot, payer, at=soon(slot))
        payment = booking.payment
        assert payment is not None
        assert payment.expires_at is not None
        courier.open_session(payment.pk, at=soon(slot))
        attempt = payment.attempts.get()
        late = payment.expires_at + timedelta(seconds=1)

        results = clients.at_once(
            [
                partial(pay_and_come_back, attempt.session_id, attempt.pk, late),
                partial(sweep, attempt.pk, payment.pk, late),
                partial(attempt_to_book, slot, rival, late),
            ]
        )

        assert [result for result in results if isinstance(result, Exception)] == []
        booking.refresh_from_db()
        payment.refresh_from_db()
        slot.refresh_from_db()
        holders = Booking.objects.filter(timeslot=slot).exclude(status=BookingStatus.CANCELLED)
        assert slot.taken == holders.count() <= 1
        if booking.status == BookingStatus.CONFIRMED:
            assert (payment.captured, payment.refunded) == (Decimal("80.00"), ZERO)
        else:
            assert booking.status == BookingStatus.CANCELLED
            assert payment.captured == payment.refunded
    assert list(wrong_counters()) == []


@pytest.mark.mariadb
def test_control_without_row_locks_what_is_paid_lapses(
    crowd: MakeCrowd, customer: User, slot: Timeslot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper acts on what it read before the money came: paid, and empty-handed."""
    booking = book_slot(slot, customer)
    payment = booking.payment
    assert payment is not None
    assert payment.expires_at is not None
    attempt = pay_at_provider(booking)
    has_read, has_paid = threading.Event(), threading.Event()
    late = payment.expires_at

    def read_and_wait() -> None:
        has_read.set()
        has_paid.wait(HELD_SECONDS)

    def pay_meanwhile() -> None:
        has_read.wait(HELD_SECONDS)
        courier.ask(attempt.pk, at=late)
        has_paid.set()

    def sweep_slowly() -> bool:
        sweeper.acts_on_what_it_read = True
        return lapse(payment_id=payment.pk, at=late)

    sweeper = unlock_the_lapse(monkeypatch, read_and_wait)

    results = crowd(2).at_once([pay_meanwhile, sweep_slowly])

    assert results == [None, True]
    payment.refresh_from_db()
    assert Booking.objects.get().status == BookingStatus.CANCELLED
    assert (payment.captured, payment.refunded) == (Decimal("80.00"), ZERO)


def test_many_lapses_at_once_release_one_place(
    crowd: MakeCrowd, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    clients, room = crowd(8), make_room()
    for number in range(ROUNDS):
        slot = make_slot(
            room=room, start=START + timedelta(hours=number), max_bookings=5, price=Decimal(80)
        )
        booking = book_slot(slot, customer, at=soon(slot))
        payment = booking.payment
        assert payment is not None
        assert payment.expires_at is not None
        late: datetime = payment.expires_at
        Timeslot.objects.filter(pk=slot.pk).update(taken=3)

        results = clients.at_once([partial(lapse, payment_id=payment.pk, at=late)] * 8)

        assert results == [True] * 8
        assert Timeslot.objects.get(pk=slot.pk).taken == 2
        assert booking.history.filter(to_status="cancelled").count() == 1


@pytest.mark.mariadb
def test_control_without_row_locks_many_lapses_release_many_places(
    crowd: MakeCrowd, customer: User, make_slot: MakeSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(max_bookings=20, price=Decimal(80))
    payment = book_slot(slot, customer).payment
    assert payment is not None
    late = payment.expires_at
    assert late is not None
    Timeslot.objects.filter(pk=slot.pk).update(taken=12)
    sweepers = unlock_the_lapse(monkeypatch, partial(threading.Barrier(8).wait, HELD_SECONDS))

    def sweep_together() -> bool:
        sweepers.acts_on_what_it_read = True
        return lapse(payment_id=payment.pk, at=late)

    results = crowd(8).at_once([sweep_together] * 8)

    assert results.count(True) > 1
    assert Timeslot.objects.get(pk=slot.pk).taken == 12 - results.count(True)


# --- two refunds at once ----------------------------------------------------------------------


def test_ten_cancels_at_once_refund_once(
    crowd: MakeCrowd, customer: User, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    clients, room = crowd(10), make_room()
    for number in range(ROUNDS):
        booking, attempt = paid_but_unheard(customer, make_slot, room, number)
        courier.ask(attempt.pk, at=NOW)

        results = clients.at_once(
            [partial(cancel_booking, booking_id=booking.pk, by=customer, at=NOW)] * 10
        )

        assert Counter(type(result) for result in results) == {Booking: 1, InvalidTransition: 9}
        assert_cancelled_and_refunded(booking)


@pytest.mark.mariadb
def test_control_without_row_locks_ten_cancels_free_more_than_one_place(
    crowd: MakeCrowd, customer: User, make_slot: MakeSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(max_bookings=20, price=Decimal("80.00"))
    booking = book_slot(slot, customer)
    courier.ask(pay_at_provider(booking).pk, at=NOW)
    Timeslot.objects.filter(pk=slot.pk).update(taken=12)
    everybody_has_read = threading.Barrier(10)
    unlock_reading(monkeypatch, partial(everybody_has_read.wait, HELD_SECONDS))

    results = crowd(10).at_once(
        [partial(cancel_booking, booking_id=booking.pk, by=customer, at=NOW)] * 10
    )

    cancelled = [result for result in results if isinstance(result, Booking)]
    assert len(cancelled) > 1
    assert booking.history.filter(to_status="cancelled").count() == len(cancelled)
    assert Timeslot.objects.get(pk=slot.pk).taken == 12 - len(cancelled)


# --- what the races share ---------------------------------------------------------------------


def soon(slot: Timeslot) -> datetime:
    """A moment at which this slot can be booked."""
    return slot.start_time - timedelta(days=7)


def paid_but_unheard(
    customer: User, make_slot: MakeSlot, room: Any, number: int
) -> tuple[Booking, Any]:
    slot = make_slot(room=room, start=START + timedelta(hours=number), price=Decimal("80.00"))
    booking = book_slot(slot, customer, at=NOW)
    return booking, pay_at_provider(booking, at=NOW)


def pay_and_come_back(session_id: str | None, attempt_id: int, at: datetime) -> bool:
    assert session_id is not None
    paid = demo.pay(session_id, at=at)
    courier.ask(attempt_id, at=at)
    return paid


def sweep(attempt_id: int, payment_id: int, at: datetime) -> bool:
    courier.expire(attempt_id, at=at)
    return lapse(payment_id=payment_id, at=at)


def attempt_to_book(slot: Timeslot, user: User, at: datetime) -> Booking | None:
    try:
        return book_slot(slot, user, at=at)
    except SlotTaken:
        return None


def assert_cancelled_and_refunded(booking: Booking) -> None:
    """However the two met: no place, all the money on its way back, once."""
    fresh = Booking.objects.get(pk=booking.pk)
    assert (fresh.status, fresh.payment_status) == (
        BookingStatus.CANCELLED,
        PaymentStatus.REFUNDED,
    )
    assert fresh.timeslot.taken == 0
    assert fresh.payment is not None
    assert fresh.payment.status == PaymentState.PAID
    refunds = Refund.objects.filter(payment=fresh.payment)
    assert [refund.amount for refund in refunds] == [Decimal("80.00")]


def after_a_moment(work: Callable[[], Any]) -> Any:
    time.sleep(random.uniform(0, 0.015))
    return work()


def unlock_the_cancel(
    monkeypatch: pytest.MonkeyPatch, has_read: threading.Event, has_paid: threading.Event
) -> None:
    """Guard off: rows are read where they would be locked, and money comes before the write."""

    def wait() -> None:
        has_read.set()
        has_paid.wait(HELD_SECONDS)

    unlock_reading(monkeypatch, wait)


def unlock_reading(monkeypatch: pytest.MonkeyPatch, before_writing: Callable[[], Any]) -> None:
    """Guard off: nothing is locked, and something happens between reading and writing."""

    def read_and_wait(self: BookingQuerySet, pk: int) -> Booking:
        booking: Booking = self.get(pk=pk)
        before_writing()
        return booking

    monkeypatch.setattr("django.db.models.QuerySet.select_for_update", lambda self: self)
    monkeypatch.setattr(BookingQuerySet, "locked", read_and_wait)


def unlock_the_lapse(
    monkeypatch: pytest.MonkeyPatch, before_writing: Callable[[], Any]
) -> threading.local:
    """Guard off for those clients that say so of themselves (`acts_on_what_it_read`).

    They read payment and booking without a lock, then something happens, then they write.
    """
    client = threading.local()
    locked, found = PaymentQuerySet.locked, deliver._locked

    def read_and_wait(self: PaymentQuerySet, pk: int) -> Payment:
        if not getattr(client, "acts_on_what_it_read", False):
            return locked(self, pk)
        payment: Payment = self.get(pk=pk)
        client.booking = Booking.objects.get(payment_id=pk)
        client.booking.payment = payment
        before_writing()
        return payment

    def as_it_was_read(payment: Payment) -> Booking:
        return getattr(client, "booking", None) or found(payment)

    monkeypatch.setattr(PaymentQuerySet, "locked", read_and_wait)
    monkeypatch.setattr(deliver, "_locked", as_it_was_read)
    return client
