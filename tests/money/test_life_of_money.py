"""Any order of paying and giving back, whatever the bank does: our ledger is its books.

After every step the row checks of `verify_money` find nothing but what is truly under way; at rest
all of it agrees with the bank to the cent; and faults that are planted then are found.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import ClassVar, TypeVar

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
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
from bookings.services import book, cancel_booking, cancel_by_staff
from bookings.states import RoomType
from common.errors import DomainError, InvalidTransition
from payments import courier
from payments.differences import Moment
from payments.gateways import gateway
from payments.gateways.base import ProviderDispute, RefundStatus, Session, SessionStatus
from payments.models import ZERO, Dispute, Payment, PaymentAttempt, Refund
from payments.refund_words import refund_notes
from payments.services import (
    apply_dispute,
    give_up,
    lapse,
    refund_by_staff,
    retry_refund,
    take_desk_payment,
)
from payments.states import (
    DESK,
    HOLDING,
    AttemptState,
    DeskMethod,
    PaymentState,
    RefundState,
)
from payments.verify import Tally, check_money, ledger_differences
from tests.infrastructure.world import NOW
from tests.money.bank import Bank, Books
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_order, cancel_tickets_by_staff, purchase
from tickets.states import EventStatus, EventType

Row = TypeVar("Row", bound=Model)

nth = st.integers(min_value=0, max_value=20)
START = NOW + timedelta(days=9)
EVER = timedelta(days=3650)
# What a failed refund leaves until somebody tries it again: staff are shown it.
WAITS_FOR_STAFF = {"refund_failed", "empty_handed"}
# Few lives, as each step asks for everything that must be true; more of them by hand.
EXAMPLES = 6
# How a life begins, by any of these: left to the rules alone, most lives never give anything back.
BEGINNINGS: list[tuple[str, dict[str, object]]] = [
    ("staff_give_money_back", {"which": 0, "amount": "5"}),
    ("staff_give_money_back", {"which": 1, "amount": "20.01"}),
    ("staff_take_a_ticket_back", {"which": 0, "refund": "full"}),
    ("a_refund_is_sent", {"which": 0, "mood": "no"}),
    ("a_refund_is_sent", {"which": 0, "mood": "cut"}),
    ("a_refund_is_sent", {"which": 0, "mood": "ok"}),
    ("a_failed_refund_is_tried_again", {"which": 0}),
    ("the_bank_sends_a_refund_back", {"which": 0}),
    ("somebody_refunds_at_the_bank", {"which": 0, "is_all": False}),
    ("somebody_refunds_at_the_bank", {"which": 1, "is_all": True}),
    ("we_hear_of_refunds", {"which": 0}),
    ("we_hear_of_refunds", {"which": 1}),
]

# All that a life should come past; which ones were is counted while it lasts.
PLACES = {
    "part given back by staff",
    "refund refused at once",
    "refund sent back later",
    "failed refund tried again, and gone through",
    "part refunded at the bank",
    "all refunded at the bank",
    "more asked for than is left",
    "too late",
    "paid twice",
    "slow bank said yes",
    "slow bank said no",
    "disputed",
}


class LifeOfMoney(RuleBasedStateMachine):
    """Two customers, a manager, a room, an event, and a bank with moods."""

    reached: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.slow: set[str] = set()
        self.seen: set[str] = set()
        self.undo = undoable()
        self.undo.__enter__()
        self.at = Bank.at = NOW
        self.bank = Bank.books = Books()

    def teardown(self) -> None:
        self.reached.update(self.seen)
        try:
            self.come_to_rest()
            self.plant_faults()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @initialize(beginning=st.lists(st.sampled_from(BEGINNINGS), min_size=8, max_size=14))
    def begin(self, beginning: list[tuple[str, dict[str, object]]]) -> None:
        self.open_the_house()
        for step, chosen in beginning:
            self.do(step, **chosen)

    def open_the_house(self) -> None:
        write_roles(apps)
        self.people = [User.objects.create_user(f"p{n}@example.com") for n in range(2)]
        for person in self.people:
            person.mark_verified()
        self.manager = User.objects.create_user("boss@example.com", is_staff=True)
        self.manager.groups.add(Group.objects.get(name=MANAGER))
        self.room = Room.objects.create(
            name="Room", room_type=RoomType.OFFICE, timezone="UTC", allow_repeat_booking=True
        )
        self.slots = [
            Timeslot.objects.create(
                room=self.room,
                start_time=START + timedelta(hours=n),
                end_time=START + timedelta(hours=n + 1),
                price=Decimal("50.01"),
                max_bookings=2,
            )
            for n in range(2)
        ]
        self.event = Event.objects.create(
            name="Event",
            event_type=EventType.OTHER,
            start_date=START,
            end_date=START + timedelta(hours=3),
            timezone="UTC",
            max_participants=6,
            ticket_price=Decimal("20.01"),
            status=EventStatus.PUBLISHED,
        )
        # Something to give back from the first step on.
        self.somebody_books(person=0, slot=0)
        self.somebody_buys(person=1, quantity=3)
        for _ in range(2):
            self.a_page_is_opened(which=0)
            self.somebody_pays(which=0)
            for attempt in PaymentAttempt.objects.filter(status=AttemptState.OPEN):
                courier.ask(attempt.pk, at=self.at)
        assert Payment.objects.filter(status=PaymentState.PAID).count() == 2

    # --- buying and paying --------------------------------------------------------------------

    @rule(person=nth, slot=nth)
    def somebody_books(self, person: int, slot: int) -> None:
        wanted = self.slots[slot % 2]
        self.attempt(
            lambda: book(
                user_id=self.people[person % 2].pk,
                timeslot_id=wanted.pk,
                room_id=wanted.room_id,
                at=self.at,
            )
        )

    @rule(person=nth, quantity=st.integers(min_value=1, max_value=3))
    def somebody_buys(self, person: int, quantity: int) -> None:
        self.attempt(
            lambda: purchase(
                user_id=self.people[person % 2].pk,
                event_id=self.event.pk,
                quantity=quantity,
                at=self.at,
            )
        )

    @rule(which=nth)
    def a_page_is_opened(self, which: int) -> None:
        if payment := self.pick(Payment.objects.filter(status=PaymentState.OPEN), which):
            self.attempt(lambda: courier.open_session(payment.pk, at=self.at))

    @rule(which=nth)
    def somebody_pays(self, which: int) -> None:
        """And closes the tab: our side hasn't heard of it."""
        if session := self.session(which, SessionStatus.OPEN):
            self.bank.move(session.id, SessionStatus.PAID)

    @rule(which=nth)
    def somebody_pays_by_a_slow_bank(self, which: int) -> None:
        if session := self.session(which, SessionStatus.OPEN):
            self.bank.move(session.id, SessionStatus.PROCESSING)
            self.slow.add(session.id)

    @rule(which=nth, outcome=st.sampled_from([SessionStatus.PAID, SessionStatus.FAILED]))
    def the_slow_bank_answers(self, which: int, outcome: SessionStatus) -> None:
        if session := self.session(which, SessionStatus.PROCESSING):
            self.bank.move(session.id, outcome)

    @rule(which=nth)
    def we_hear_of_it(self, which: int) -> None:
        if attempt := self.pick(PaymentAttempt.objects.exclude(session_id=None), which):
            courier.ask(attempt.pk, at=self.at)

    @rule(which=nth)
    def somebody_pays_at_the_desk(self, which: int) -> None:
        """Also while a page of the same purchase is being paid: money that comes twice."""
        if payment := self.pick(Payment.objects.filter(status=PaymentState.OPEN), which):
            self.attempt(
                lambda: take_desk_payment(
                    payment_id=payment.pk, method=DeskMethod.CASH, by=self.manager, at=self.at
                )
            )

    # --- ending -------------------------------------------------------------------------------

    @rule(which=nth)
    def a_hold_lapses(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            lapse(payment_id=payment.pk, at=self.at)

    @rule(which=nth)
    def somebody_gives_up(self, which: int) -> None:
        if payment := self.pick(Payment.objects.filter(status__in=HOLDING), which):
            self.attempt(lambda: give_up(payment_id=payment.pk, at=self.at))

    @rule(which=nth)
    def a_booking_is_cancelled(self, which: int) -> None:
        if booking := self.pick(Booking.objects.all(), which):
            self.attempt(lambda: cancel_booking(booking_id=booking.pk, by=booking.user, at=self.at))

    @rule(which=nth, refund=st.sampled_from(["full", "policy", "none"]))
    def staff_cancel_a_booking(self, which: int, refund: str) -> None:
        if booking := self.pick(Booking.objects.all(), which):
            self.attempt(
                lambda: cancel_by_staff(
                    booking_id=booking.pk,
                    by=self.manager,
                    at=self.at,
                    refund=refund,  # type: ignore[arg-type]
                )
            )

    @rule(which=nth)
    def an_order_is_given_back(self, which: int) -> None:
        if order := self.pick(TicketOrder.objects.all(), which):
            self.attempt(lambda: cancel_order(order_id=order.pk, by=order.user, at=self.at))

    @rule(which=nth, refund=st.sampled_from(["full", "policy", "none"]))
    def staff_take_a_ticket_back(self, which: int, refund: str) -> None:
        if ticket := self.pick(Ticket.objects.all(), which):
            self.attempt(
                lambda: cancel_tickets_by_staff(
                    ticket_ids=[ticket.pk],
                    by=self.manager,
                    at=self.at,
                    refund=refund,  # type: ignore[arg-type]
                )
            )

    # --- giving back --------------------------------------------------------------------------

    @rule(which=nth, amount=st.sampled_from(["0.01", "5", "20.01", "50.01", "100"]))
    def staff_give_money_back(self, which: int, amount: str) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            self.attempt(
                lambda: refund_by_staff(
                    payment_id=payment.pk,
                    amount=Decimal(amount),
                    by=self.manager,
                    at=self.at,
                    reason="cold",
                )
            )

    @rule(which=nth, mood=st.sampled_from(["ok", "ok", "no", "no", "cut", "down"]))
    def a_refund_is_sent(self, which: int, mood: str) -> None:
        if refund := self.pick(self.unsent(), which):
            self.bank.mood = mood
            courier.send_refund(refund.pk, at=max(self.at, refund.next_try_at))
            self.bank.mood = "ok"

    @rule(which=nth)
    def a_failed_refund_is_tried_again(self, which: int) -> None:
        if refund := self.pick(Refund.objects.filter(status=RefundState.FAILED), which):
            self.attempt(lambda: retry_refund(refund_id=refund.pk, by=self.manager, at=self.at))

    @rule(which=nth)
    def the_bank_sends_a_refund_back(self, which: int) -> None:
        """It had gone through, and the customer's bank didn't take it."""
        good = [each for each in self.bank.refunds.values() if each.status != RefundStatus.FAILED]
        if good:
            found = good[which % len(good)]
            self.bank.refunds[found.id] = replace(
                found, status=RefundStatus.FAILED, failure="account closed"
            )
            for refund in self.unsent():
                # Else ours might go out while we still count that one: true, and not heard of yet.
                courier.ask_refunds(refund.attempt_id, at=self.at)

    @rule(which=nth, is_all=st.booleans())
    def somebody_refunds_at_the_bank(self, which: int, is_all: bool) -> None:
        """In its own pages, past us, where nobody sees what we are just about to send."""
        session = self.session(which, SessionStatus.PAID)
        if session is None:
            return
        left = self.bank.left(session)
        amount = left if is_all else min(left, Decimal("5"))
        if amount > ZERO:
            self.bank.give_back(session, amount, at=self.at)

    @rule(which=nth)
    def we_hear_of_refunds(self, which: int) -> None:
        attempts = PaymentAttempt.objects.exclude(provider_payment_id="")
        if attempt := self.pick(attempts, which):
            courier.ask_refunds(attempt.pk, at=self.at)

    @rule(which=nth, status=st.sampled_from(["needs_response", "won", "lost"]))
    def a_customer_disputes(self, which: int, status: str) -> None:
        if session := self.session(which, SessionStatus.PAID):
            self.dispute(session, status)

    def dispute(self, session: Session, status: str) -> None:
        is_closed = status != "needs_response"
        dispute = ProviderDispute(
            id=f"dp_{session.id}",
            status=status,
            reason="fraudulent",
            amount=session.amount,
            currency=session.currency,
            provider_payment_id=session.provider_payment_id,
            withdrawn=ZERO if status == "won" else session.amount,
            is_closed=is_closed,
            created_at=self.at,
        )
        known = self.bank.disputes.get(dispute.id)
        if known is not None and known.is_closed:
            return
        # What is disputed before we have heard of the money waits as an event.
        if apply_dispute(dispute, told_at=self.at, at=self.at):
            self.bank.disputes[dispute.id] = dispute

    @rule(minutes=st.sampled_from([1, 16, 60 * 24, 60 * 24 * 3]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        Bank.at = self.at

    # --- what must always be true -------------------------------------------------------------

    @invariant()
    def the_rows_agree(self) -> None:
        """Whatever is under way, in the middle of anything."""
        now = Moment(at=self.at, grace=EVER)
        found = list(ledger_differences(since=None, now=now, tally=Tally()))
        unexpected = [str(each) for each in found if each.kind not in WAITS_FOR_STAFF]
        assert unexpected == []
        failed = {
            refund.payment_id
            for refund in Refund.objects.select_related("retry")
            if refund.is_retryable
        }
        # Cancelled while disputed, and won: staff give back what is owed since.
        disputed = set(Dispute.objects.values_list("attempt__payment_id", flat=True))
        assert {each.payment_id for each in found} <= failed | disputed

    @invariant()
    def the_bank_never_gives_more_than_it_took(self) -> None:
        for session in self.bank.sessions.values():
            assert self.bank.left(session) >= 0
        for payment in Payment.objects.prefetch_related("attempts", "refunds"):
            gone = [each for each in payment.refunds.all() if each.status == RefundState.SUCCEEDED]
            assert ZERO <= sum(each.amount for each in gone) <= payment.captured
            assert ZERO <= payment.refundable <= payment.captured
            self.no_page_promises_too_much(payment)
            for place in self.places_of(payment):
                self.seen.add(place)

    def no_page_promises_too_much(self, payment: Payment) -> None:
        live = [each for each in payment.refunds.all() if each.is_live]
        told = [note for note in refund_notes(payment, zone="UTC") if note["tone"] != "bad"]
        if payment.refunded <= payment.captured:
            return
        assert len(told) < len(live), "what the bank will refuse is still promised"

    def places_of(self, payment: Payment) -> Iterator[str]:
        """Which of PLACES this payment is at."""
        attempts = {each.pk: each for each in payment.attempts.all()}
        for refund in payment.refunds.all():
            captured = attempts[refund.attempt_id].captured
            if refund.status == RefundState.FAILED:
                yield (
                    "refund sent back later"
                    if refund.provider_refund_id
                    else ("refund refused at once")
                )
            elif refund.is_made_elsewhere:
                is_all = refund.amount == captured
                yield "all refunded at the bank" if is_all else "part refunded at the bank"
            elif refund.status == RefundState.SUCCEEDED and refund.retry_of_id:
                yield "failed refund tried again, and gone through"
            elif refund.status == RefundState.SUCCEEDED and refund.amount < captured:
                yield "part given back by staff"
        if payment.refunded > payment.captured:
            yield "more asked for than is left"
        if payment.closed_because and payment.captured:
            yield "too late"
        if sum(each.captured > ZERO for each in attempts.values()) > 1:
            yield "paid twice"
        for attempt in attempts.values():
            if attempt.session_id in self.slow and attempt.status == AttemptState.PAID:
                yield "slow bank said yes"
            if attempt.session_id in self.slow and attempt.status == AttemptState.FAILED:
                yield "slow bank said no"
        if Dispute.objects.filter(attempt__in=attempts).exists():
            yield "disputed"

    # --- at rest ------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Everything is heard of, sent, tried again: as beats and staff do it in the end."""
        for session in list(self.bank.sessions.values()):
            if session.status == SessionStatus.PROCESSING:
                self.bank.move(session.id, SessionStatus.PAID)
        self.at += timedelta(days=60)
        Bank.at = self.at
        for dispute in list(self.bank.disputes.values()):
            if not dispute.is_closed:
                self.dispute(self.bank.sessions[dispute.id.removeprefix("dp_")], "won")
        for attempt in PaymentAttempt.objects.exclude(session_id=None):
            courier.expire(attempt.pk, at=self.at)
        for payment in Payment.objects.filter(status=PaymentState.OPEN):
            lapse(payment_id=payment.pk, at=self.at)
        for _ in range(3):
            for attempt in PaymentAttempt.objects.exclude(provider_payment_id=""):
                courier.ask_refunds(attempt.pk, at=self.at)
            for refund in Refund.objects.filter(status=RefundState.FAILED):
                again = partial(retry_refund, refund_id=refund.pk, by=self.manager, at=self.at)
                self.attempt(again)
            for refund in self.unsent():
                courier.send_refund(refund.pk, at=max(self.at, refund.next_try_at))
        self.staff_give_back_what_is_owed()
        assert self.differences() == []
        self.the_ledger_is_the_banks_books()

    def staff_give_back_what_is_owed(self) -> None:
        """Of what was cancelled while it was disputed, and won in the end."""
        now = Moment(at=self.at + timedelta(days=1), grace=timedelta(0))
        for found in ledger_differences(since=None, now=now, tally=Tally()):
            if found.kind == "empty_handed":
                assert found.payment_id is not None
                assert not found.is_repairable
                refund_by_staff(
                    payment_id=found.payment_id,
                    amount=found.amount,
                    by=self.manager,
                    at=self.at,
                    reason="won, and owed since the cancel",
                )
        for refund in self.unsent():
            courier.send_refund(refund.pk, at=max(self.at, refund.next_try_at))

    def the_ledger_is_the_banks_books(self) -> None:
        for payment in Payment.objects.prefetch_related("attempts", "refunds"):
            ours = [each for each in payment.attempts.all() if each.provider != DESK]
            theirs = [each for each in self.bank.sessions.values() if each.payment_id == payment.pk]
            paid = [each for each in theirs if each.status == SessionStatus.PAID]
            assert sum(each.captured for each in ours) == sum(each.amount for each in paid)
            back = [
                each.amount
                for each in payment.refunds.all()
                if each.is_live and each.attempt in ours
            ]
            assert sum(back) == sum(self.bank.given(each.provider_payment_id) for each in paid)
            if payment.closed_because and payment.captured:
                # Too late, and never delivered: not a cent of it is kept.
                assert payment.refundable == ZERO

    def plant_faults(self) -> None:
        """Behind the services' backs; each is found by the same check that was content before."""
        paid = Payment.objects.filter(status=PaymentState.PAID)
        refunds = Refund.objects.filter(status=RefundState.SUCCEEDED)
        plants: list[Callable[[], int]] = [
            lambda: PaymentAttempt.objects.filter(captured__gt=0).update(captured=Decimal(1)),
            lambda: paid.update(status=PaymentState.OPEN, expires_at=NOW),
            lambda: Refund.objects.filter(
                pk__in=refunds.exclude(attempt__provider=DESK).values("pk")
            ).update(status=RefundState.REQUESTED),
            lambda: refunds.update(amount=Decimal(1000)),
            lambda: Booking.objects.filter(payment__in=paid).update(payment_status="pending"),
            lambda: Booking.objects.filter(status="confirmed").update(status="pending"),
            lambda: TicketOrder.objects.filter(status="paid").update(quantity=17),
            lambda: self.forget(self.bank.refunds),
            lambda: self.forget(
                {
                    number: session
                    for number, session in self.bank.sessions.items()
                    if session.status == SessionStatus.PAID
                }
            ),
        ]
        for plant in plants:
            kept = (dict(self.bank.sessions), dict(self.bank.refunds))
            with undoable():
                if plant():
                    assert self.differences() != []
                transaction.set_rollback(True)
            self.bank.sessions, self.bank.refunds = kept
        assert self.differences() == []

    def forget(self, rows: Mapping[str, object]) -> int:
        good = [
            number
            for number, row in rows.items()
            if getattr(row, "status", "") != RefundStatus.FAILED
        ]
        for number in good:
            self.bank.sessions.pop(number, None)
            self.bank.refunds.pop(number, None)
        return len(good)

    def differences(self) -> list[str]:
        now = Moment(at=self.at + timedelta(days=1), grace=timedelta(0))
        found = check_money(since=None, now=now, tally=Tally())
        return [str(finding) for finding in found]

    # --- how it is done -----------------------------------------------------------------------

    def attempt(self, work: Callable[[], object]) -> None:
        """A refusal is fine: what matters is what is true after it."""
        with contextlib.suppress(DomainError):
            work()

    def do(self, step: str, **chosen: object) -> None:
        """One step by hand, and what must be true after any."""
        getattr(self, step)(**chosen)
        self.the_rows_agree()
        self.the_bank_never_gives_more_than_it_took()

    def pick(self, rows: QuerySet[Row], which: int) -> Row | None:
        found = list(rows.order_by("pk"))
        return found[which % len(found)] if found else None

    def session(self, which: int, status: SessionStatus) -> Session | None:
        found = [each for each in self.bank.sessions.values() if each.status == status]
        return found[which % len(found)] if found else None

    def unsent(self) -> QuerySet[Refund]:
        return Refund.objects.filter(status=RefundState.REQUESTED).exclude(attempt__provider=DESK)


def undoable() -> transaction.Atomic:
    """A transaction that is undone, as around any test: the gateway's door doesn't count it."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    return block


@contextlib.contextmanager
def life(lives: type[LifeOfMoney]) -> Iterator[LifeOfMoney]:
    """One that is led by hand; it comes to rest as any other does."""
    it = lives()
    try:
        it.open_the_house()
        yield it
    finally:
        it.teardown()


@pytest.fixture
def lives(settings: Settings) -> Iterator[type[LifeOfMoney]]:
    settings.MAX_HOLDS_PER_HOUR = settings.MAX_OPEN_HOLDS = 10**6
    settings.PAYMENT_GATEWAYS = {"bank": "tests.money.bank.Bank"}
    settings.PAYMENT_PROVIDER = "bank"
    gateway.cache_clear()
    LifeOfMoney.reached.clear()
    yield LifeOfMoney
    gateway.cache_clear()


@pytest.mark.django_db
def test_any_life_of_money_is_the_banks_books(lives: type[LifeOfMoney]) -> None:
    run_state_machine_as_test(
        lives,
        settings=how(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert lives.reached, "nothing was given back in any life"


@pytest.mark.django_db
def test_one_life_comes_past_everything(lives: type[LifeOfMoney]) -> None:
    """The same machine by hand, so that no place is left to luck."""
    with life(lives) as it:
        # The booking: a part by staff, refused at once, tried again, sent back later.
        booked = Payment.objects.get(purpose="booking")
        it.do("staff_give_money_back", which=0, amount="5")
        it.do("a_refund_is_sent", which=0, mood="no")
        it.do("a_failed_refund_is_tried_again", which=0)
        it.do("a_refund_is_sent", which=0, mood="ok")
        it.do("staff_give_money_back", which=0, amount="5")
        it.do("a_refund_is_sent", which=0, mood="cut")
        it.do("a_refund_is_sent", which=0, mood="ok")
        it.do("the_bank_sends_a_refund_back", which=1)
        it.do("we_hear_of_refunds", which=0)
        it.do("somebody_refunds_at_the_bank", which=0, is_all=False)
        it.do("we_hear_of_refunds", which=0)
        assert booked.refunds.count() == 4
        it.do("a_customer_disputes", which=0, status="needs_response")

        # Two slow ones: a no, and a yes that comes too late.
        for outcome in (SessionStatus.FAILED, SessionStatus.PAID):
            it.do("somebody_buys", person=0, quantity=1)
            it.do("a_page_is_opened", which=0)
            it.do("somebody_pays_by_a_slow_bank", which=0)
            it.do("we_hear_of_it", which=PaymentAttempt.objects.count() - 1)
            it.do("the_slow_bank_answers", which=0, outcome=outcome)
            it.do("we_hear_of_it", which=PaymentAttempt.objects.count() - 1)

        # The hold is over when we hear that it was paid.
        it.do("somebody_buys", person=0, quantity=1)
        it.do("a_page_is_opened", which=0)
        it.do("somebody_pays", which=0)
        late = Payment.objects.latest("pk")
        it.do("somebody_gives_up", which=0)
        it.do("we_hear_of_it", which=PaymentAttempt.objects.count() - 1)
        late.refresh_from_db()
        assert late.closed_because
        assert late.captured == late.refunded

        # At the desk, and then on the page that was still open.
        it.do("somebody_buys", person=0, quantity=1)
        it.do("a_page_is_opened", which=0)
        it.do("somebody_pays_at_the_desk", which=0)
        it.do("somebody_pays", which=0)
        for which in range(PaymentAttempt.objects.count()):
            it.do("we_hear_of_it", which=which)

        # All of an order at the bank, while we give one ticket of it back.
        order = TicketOrder.objects.earliest("pk")
        paid = [each.id for each in it.bank.sessions.values() if each.status == SessionStatus.PAID]
        which = paid.index(PaymentAttempt.objects.get(payment=order.payment).session_id or "")
        it.do("somebody_refunds_at_the_bank", which=which, is_all=True)
        it.do("staff_take_a_ticket_back", which=0, refund="full")
        ours = Refund.objects.latest("pk")
        it.do("we_hear_of_refunds", which=1)
        assert ours.status == RefundState.REQUESTED
    assert set(lives.reached) == PLACES


@pytest.mark.django_db
def test_what_the_bank_refunded_already_is_refused_and_shown(lives: type[LifeOfMoney]) -> None:
    """All of it there, of which we hear only after we asked for a part of it ourselves."""
    with life(lives) as it:
        order = TicketOrder.objects.get()
        payment = order.payment
        assert payment is not None
        it.do("staff_take_a_ticket_back", which=0, refund="full")
        ours = Refund.objects.get()
        it.do("somebody_refunds_at_the_bank", which=1, is_all=True)
        it.do("we_hear_of_refunds", which=1)

        payment.refresh_from_db()
        assert (payment.refunded, payment.refundable) == (Decimal("80.04"), ZERO)
        assert [note["text"][:5] for note in refund_notes(payment, zone="UTC")] == ["60.03"]

        it.do("a_refund_is_sent", which=0, mood="ok")

        ours.refresh_from_db()
        payment.refresh_from_db()
        assert ours.status == RefundState.FAILED
        assert "failed" in payment.attention
        assert payment.refunded == payment.captured == Decimal("60.03")
        assert len(refund_notes(payment, zone="UTC")) == 1
        with pytest.raises(InvalidTransition):
            retry_refund(refund_id=ours.pk, by=it.manager, at=it.at)


@pytest.mark.django_db
def test_what_is_asked_for_twice_takes_nothing_from_another_session(
    lives: type[LifeOfMoney],
) -> None:
    """A second session is paid meanwhile: all of that goes back, to the cent."""
    with life(lives) as it:
        payment = TicketOrder.objects.get().payment
        assert payment is not None
        first = payment.attempts.get()
        assert first.session_id is not None
        twin = replace(it.bank.sessions[first.session_id], id="cs_twin", reference="twin")
        it.bank.sessions["cs_twin"] = replace(twin, provider_payment_id="pay_cs_twin")
        second = PaymentAttempt.objects.create(
            payment=payment,
            provider="bank",
            status=AttemptState.EXPIRED,
            amount=first.amount,
            currency=first.currency,
            idempotency_key="twin",
            session_id="cs_twin",
            created_at=NOW,
            expires_at=NOW,
        )
        it.do("staff_take_a_ticket_back", which=0, refund="full")
        it.do("somebody_refunds_at_the_bank", which=1, is_all=True)
        it.do("we_hear_of_refunds", which=1)

        courier.ask(second.pk, at=it.at)

        assert second.refunds.get().amount == Decimal("60.03")
        assert Payment.objects.get(pk=payment.pk).refundable == ZERO
