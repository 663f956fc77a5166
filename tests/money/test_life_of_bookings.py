"""Any order of what people, staff, the clock and the bank can do: places and money stay true."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Model, QuerySet
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from accounts.models import User
from accounts.roles import MANAGER, write_roles
from bookings.models import Booking, Room, Timeslot
from bookings.services import (
    block_slot,
    book,
    book_for_customer,
    cancel_booking,
    cancel_by_staff,
    complete_past,
    edit_slot,
    move_by_staff,
    reschedule_booking,
    set_status,
    unblock_slot,
)
from bookings.states import BookingStatus, PaymentStatus, RoomType
from bookings.verify import wrong_counters
from common.errors import DomainError
from payments import courier
from payments.gateways import demo
from payments.models import DemoSession, Payment, PaymentAttempt
from payments.services import give_up, lapse, take_desk_payment
from payments.states import DeskMethod, PaymentState
from tests.infrastructure.world import NOW

FIRST_START = NOW + timedelta(days=2)
Row = TypeVar("Row", bound=Model)

PLACES = (1, 2, 3)
PRICES = (Decimal("80.00"), Decimal("50.01"), Decimal(0))

nth = st.integers(min_value=0, max_value=40)


class LifeOfBookings(RuleBasedStateMachine):
    """Three people, three times of a room, a manager, a clock and a bank."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        # As in any test that is undone: the gateway's door doesn't count it.
        self.undo._from_testcase = True  # type: ignore[attr-defined]
        self.undo.__enter__()
        self.at = NOW

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @initialize()
    def open_the_house(self) -> None:
        write_roles(apps)
        self.people = [User.objects.create_user(f"p{n}@example.com") for n in range(3)]
        for person in self.people:
            person.mark_verified()
        self.manager = User.objects.create_user("boss@example.com", is_staff=True)
        self.manager.groups.add(Group.objects.get(name=MANAGER))
        self.room = Room.objects.create(name="Room", room_type=RoomType.OFFICE, timezone="UTC")
        self.slots = [
            Timeslot.objects.create(
                room=self.room,
                start_time=FIRST_START + timedelta(hours=12 * number),
                end_time=FIRST_START + timedelta(hours=12 * number + 1),
                price=price,
                max_bookings=places,
            )
            for number, (places, price) in enumerate(zip(PLACES, PRICES, strict=True))
        ]

    # --- what can happen ----------------------------------------------------------------------

    @rule(person=nth, slot=nth)
    def somebody_books(self, person: int, slot: int) -> None:
        self.attempt(
            lambda: book(
                user_id=self.people[person % 3].pk,
                timeslot_id=self.slots[slot % 3].pk,
                room_id=self.room.pk,
                at=self.at,
            )
        )

    @rule(person=nth, slot=nth, due=st.booleans())
    def staff_book(self, person: int, slot: int, due: bool) -> None:
        self.attempt(
            lambda: book_for_customer(
                user_id=self.people[person % 3].pk,
                timeslot_id=self.slots[slot % 3].pk,
                by=self.manager,
                at=self.at,
                payment_due=due,
            )
        )

    @rule(which=nth)
    def somebody_opens_the_payment_page(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            self.attempt(lambda: courier.open_session(payment.pk, at=self.at))

    @rule(which=nth)
    def somebody_pays_at_the_bank(self, which: int) -> None:
        if session := self.pick(DemoSession.objects.all(), which):
            demo.pay(session.session_id, at=self.at)

    @rule(person=nth, slot=nth)
    def somebody_books_and_pays_and_closes_the_tab(self, person: int, slot: int) -> None:
        """The way to late money: paid at the bank, and we haven't heard of it."""
        self.somebody_books(person, slot)
        newest = Payment.objects.filter(status=PaymentState.OPEN).order_by("-pk").first()
        if newest is not None:
            self.attempt(lambda: courier.open_session(newest.pk, at=self.at))
            for attempt in newest.attempts.exclude(session_id=None):
                demo.pay(str(attempt.session_id), at=self.at)

    @rule(which=nth)
    def we_hear_of_it(self, which: int) -> None:
        if attempt := self.pick(PaymentAttempt.objects.exclude(session_id=None), which):
            courier.ask(attempt.pk, at=self.at)

    @rule(which=nth)
    def we_expire_a_session(self, which: int) -> None:
        if attempt := self.pick(PaymentAttempt.objects.exclude(session_id=None), which):
            courier.expire(attempt.pk, at=self.at)

    @rule(which=nth)
    def somebody_pays_at_the_desk(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            self.attempt(
                lambda: take_desk_payment(
                    payment_id=payment.pk, method=DeskMethod.CASH, by=self.manager, at=self.at
                )
            )

    @rule(which=nth)
    def a_hold_lapses(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            lapse(payment_id=payment.pk, at=self.at)

    @rule(which=nth)
    def somebody_gives_up(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            self.attempt(lambda: give_up(payment_id=payment.pk, at=self.at))

    @rule(which=nth)
    def somebody_cancels(self, which: int) -> None:
        if booking := self.pick(Booking.objects.all(), which):
            self.attempt(lambda: cancel_booking(booking_id=booking.pk, by=booking.user, at=self.at))

    @rule(which=nth, refund=st.sampled_from(["full", "policy", "none"]))
    def staff_cancel(self, which: int, refund: str) -> None:
        if booking := self.pick(Booking.objects.all(), which):
            self.attempt(
                lambda: cancel_by_staff(
                    booking_id=booking.pk,
                    by=self.manager,
                    at=self.at,
                    refund=refund,  # type: ignore[arg-type]
                )
            )

    @rule(which=nth, slot=nth, by_staff=st.booleans())
    def a_booking_is_moved(self, which: int, slot: int, by_staff: bool) -> None:
        if booking := self.pick(Booking.objects.all(), which):
            move = move_by_staff if by_staff else reschedule_booking
            by = self.manager if by_staff else booking.user
            self.attempt(
                lambda: move(
                    booking_id=booking.pk,
                    timeslot_id=self.slots[slot % 3].pk,
                    by=by,
                    at=self.at,
                )
            )

    @rule(which=nth, status=st.sampled_from(["confirmed", "completed", "no_show"]))
    def staff_say_how_it_went(self, which: int, status: str) -> None:
        if booking := self.pick(Booking.objects.all(), which):
            self.attempt(
                lambda: set_status(
                    booking_id=booking.pk,
                    status=BookingStatus(status),
                    by=self.manager,
                    at=self.at,
                )
            )

    @rule(slot=nth, closed=st.booleans())
    def staff_close_or_open_a_time(self, slot: int, closed: bool) -> None:
        slot_id = self.slots[slot % 3].pk
        if closed:
            block_slot(slot_id=slot_id, reason="holiday")
        else:
            unblock_slot(slot_id=slot_id)

    @rule(slot=nth, places=st.integers(min_value=1, max_value=4))
    def staff_change_the_places(self, slot: int, places: int) -> None:
        self.attempt(
            lambda: edit_slot(slot_id=self.slots[slot % 3].pk, changes={"max_bookings": places})
        )

    @rule(minutes=st.sampled_from([1, 5, 16, 120, 60 * 12, 60 * 30]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def the_beat_completes(self) -> None:
        complete_past(at=self.at)

    # --- what must always be true -------------------------------------------------------------

    @invariant()
    def counters_are_rows(self) -> None:
        assert list(wrong_counters()) == []

    @invariant()
    def nothing_is_sold_twice(self) -> None:
        assert not Timeslot.objects.filter(taken__gt=F("max_bookings")).exists()

    @invariant()
    def money_is_the_ledger(self) -> None:
        for booking in Booking.objects.select_related("payment"):
            if booking.payment is None:
                assert booking.price == 0
                continue
            kept = booking.payment.captured - booking.payment.refunded
            assert kept >= 0
            if booking.payment_status == PaymentStatus.PENDING:
                assert kept == 0
            elif not booking.is_cancelled:
                assert (booking.payment_status, kept) == (PaymentStatus.PAID, booking.price)
            elif booking.payment_status == PaymentStatus.REFUNDED:
                assert booking.payment.refunded > 0

    @invariant()
    def history_ends_where_the_booking_is(self) -> None:
        for booking in Booking.objects.all():
            assert booking.history.latest("pk").to_status == booking.status

    def come_to_rest(self) -> None:
        """In the end every bank session is heard of, and nobody has paid for nothing."""
        for attempt in PaymentAttempt.objects.exclude(session_id=None):
            courier.expire(attempt.pk, at=self.at)
        for payment in Payment.objects.filter(status=PaymentState.OPEN):
            lapse(payment_id=payment.pk, at=self.at + timedelta(days=30))
        self.counters_are_rows()
        self.money_is_the_ledger()
        paid = DemoSession.objects.filter(status="paid").values_list("amount", flat=True)
        captured = PaymentAttempt.objects.exclude(provider="desk").values_list(
            "captured", flat=True
        )
        assert sum(paid) == sum(captured)
        for booking in Booking.objects.filter(status=BookingStatus.CANCELLED):
            if booking.cancel_cause in {"lapsed", "given_up", "failed"} and booking.payment:
                assert booking.payment.captured == booking.payment.refunded

    # --- how it is done -----------------------------------------------------------------------

    def attempt(self, work: Callable[[], object]) -> None:
        """A refusal is fine: what matters is what is true after it."""
        with contextlib.suppress(DomainError):
            work()

    def pick(self, rows: QuerySet[Row], which: int) -> Row | None:
        found = list(rows.order_by("pk"))
        return found[which % len(found)] if found else None


@pytest.mark.django_db
def test_any_life_of_bookings_keeps_places_and_money_true(settings: Settings) -> None:
    settings.MAX_HOLDS_PER_HOUR = 10**6
    run_state_machine_as_test(
        LifeOfBookings,
        settings=how(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
