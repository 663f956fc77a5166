"""Any order of buying, paying, lapsing, giving back and moving: places and money stay true."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet
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
from common.errors import DomainError
from notifications.models import OutgoingMail
from payments import courier
from payments.gateways import demo
from payments.models import DemoSession, Payment, PaymentAttempt
from payments.refund_terms import refund_percent
from payments.services import give_up, lapse
from payments.states import PaymentState
from tests.infrastructure.world import NOW
from tickets import services
from tickets.history import history_of, with_history
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.states import EventStatus, EventType, OrderStatus, TicketStatus
from tickets.verify import wrong_counters

Row = TypeVar("Row", bound=Model)

START = NOW + timedelta(days=9)

nth = st.integers(min_value=0, max_value=40)


class LifeOfOrders(RuleBasedStateMachine):
    """Three people, a small event with tiers and a free one, a manager, a clock and a bank."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        # As in any test that is undone: the gateway's door doesn't count it.
        self.undo._from_testcase = True  # type: ignore[attr-defined]
        self.undo.__enter__()
        self.at = NOW
        # When an event was moved last, and to what start.
        self.moves: dict[int, tuple[datetime, datetime]] = {}

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
        self.events = [self.make_event(8, Decimal("20.01")), self.make_event(5, Decimal(0))]
        for kind, price, quota, least in (
            ("standard", "30.00", 4, 1),
            ("group", "10.01", None, 3),
            ("vip", "90.00", 1, 1),
        ):
            Tier.objects.create(
                event=self.events[0],
                ticket_type=kind,
                price=Decimal(price),
                quota=quota,
                min_per_order=least,
            )

    def make_event(self, places: int, price: Decimal) -> Event:
        return Event.objects.create(
            name="Event",
            event_type=EventType.OTHER,
            start_date=START,
            end_date=START + timedelta(hours=3),
            timezone="UTC",
            max_participants=places,
            ticket_price=price,
            status=EventStatus.PUBLISHED,
        )

    # --- what can happen ----------------------------------------------------------------------

    @rule(person=nth, event=nth, kind=nth, quantity=st.integers(min_value=1, max_value=5))
    def somebody_buys(self, person: int, event: int, kind: int, quantity: int) -> None:
        wanted = self.events[event % 2]
        kinds = ("standard", "group", "vip") if event % 2 == 0 else ("standard",)
        self.attempt(
            lambda: services.purchase(
                user_id=self.people[person % 3].pk,
                event_id=wanted.pk,
                quantity=quantity,
                at=self.at,
                ticket_type=kinds[kind % len(kinds)],
            )
        )

    @rule(which=nth)
    def somebody_pays_and_closes_the_tab(self, which: int) -> None:
        if payment := self.pick(Payment.objects.filter(status=PaymentState.OPEN), which):
            self.attempt(lambda: courier.open_session(payment.pk, at=self.at))
            for attempt in payment.attempts.exclude(session_id=None):
                demo.pay(str(attempt.session_id), at=self.at)

    @rule(which=nth)
    def we_hear_of_it(self, which: int) -> None:
        if attempt := self.pick(PaymentAttempt.objects.exclude(session_id=None), which):
            courier.ask(attempt.pk, at=self.at)

    @rule(which=nth)
    def a_hold_lapses(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            lapse(payment_id=payment.pk, at=self.at)

    @rule(which=nth)
    def somebody_gives_up(self, which: int) -> None:
        if payment := self.pick(Payment.objects.all(), which):
            self.attempt(lambda: give_up(payment_id=payment.pk, at=self.at))

    @rule(which=nth)
    def one_ticket_is_given_back(self, which: int) -> None:
        if ticket := self.pick(Ticket.objects.all(), which):
            self.attempt(
                lambda: services.cancel_ticket(ticket_id=ticket.pk, by=ticket.user, at=self.at)
            )

    @rule(which=nth)
    def an_order_is_given_back(self, which: int) -> None:
        if order := self.pick(TicketOrder.objects.all(), which):
            self.attempt(
                lambda: services.cancel_order(order_id=order.pk, by=order.user, at=self.at)
            )

    @rule(which=nth, refund=st.sampled_from(["full", "policy", "none"]))
    def staff_take_a_ticket_back(self, which: int, refund: str) -> None:
        if ticket := self.pick(Ticket.objects.all(), which):
            self.attempt(
                lambda: services.cancel_tickets_by_staff(
                    ticket_ids=[ticket.pk],
                    by=self.manager,
                    at=self.at,
                    refund=refund,  # type: ignore[arg-type]
                )
            )

    @rule(which=nth)
    def staff_end_a_hold(self, which: int) -> None:
        if order := self.pick(TicketOrder.objects.all(), which):
            self.attempt(
                lambda: services.end_hold_by_staff(order_id=order.pk, by=self.manager, at=self.at)
            )

    @rule(event=nth)
    def an_event_is_cancelled(self, event: int) -> None:
        # Rarely: after it there is little left to happen.
        if event % 7 == 0:
            self.attempt(
                lambda: services.cancel_event(
                    event_id=self.events[event % 2].pk, by=self.manager, at=self.at
                )
            )

    @rule(event=nth, days=st.integers(min_value=1, max_value=20))
    def an_event_is_moved(self, event: int, days: int) -> None:
        start = self.at + timedelta(days=days)
        moved = self.events[event % 2]

        def move() -> None:
            services.move_event(
                event_id=moved.pk,
                start=start,
                end=start + timedelta(hours=3),
                by=self.manager,
                at=self.at,
            )
            self.moves[moved.pk] = (self.at, start)

        self.attempt(move)

    @rule(event=nth, places=st.integers(min_value=1, max_value=9))
    def staff_change_the_places(self, event: int, places: int) -> None:
        self.attempt(
            lambda: services.save_event(
                event_id=self.events[event % 2].pk,
                fields={"max_participants": places},
                by=self.manager,
                at=self.at,
            )
        )

    @rule(minutes=st.sampled_from([1, 16, 60 * 24, 60 * 24 * 3]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def the_beats_run(self) -> None:
        services.expire_tickets(at=self.at)
        services.complete_past(at=self.at)
        for campaign_id in services.open_campaigns():
            services.run_campaign(campaign_id=campaign_id, at=self.at)

    # --- what must always be true -------------------------------------------------------------

    @invariant()
    def counters_are_rows(self) -> None:
        assert list(wrong_counters()) == []

    @invariant()
    def nothing_is_oversold(self) -> None:
        assert not Event.objects.filter(
            max_participants__lt=F("held") + F("current_participants")
        ).exists()
        assert not Tier.objects.filter(quota__lt=F("held") + F("sold")).exists()

    @invariant()
    def no_ticket_without_its_money(self) -> None:
        for order in TicketOrder.objects.select_related("payment"):
            tickets = order.tickets.count()
            assert tickets in {0, order.quantity}
            assert tickets or order.status not in {OrderStatus.PAID, OrderStatus.REFUNDED}
            if order.payment is None:
                assert order.amount == 0
                continue
            kept = order.payment.captured - order.payment.refunded
            assert kept >= 0
            live = order.tickets.exclude(
                status__in=[TicketStatus.CANCELLED, TicketStatus.REFUNDED]
            ).count()
            # Whoever still holds a ticket has paid for it in full.
            assert kept >= live * order.unit_price
            if tickets:
                given = sum(t.refund_amount or 0 for t in order.tickets.all())
                assert order.payment.refunded == given

    @invariant()
    def a_move_gives_the_right_to_who_bought_before_it(self) -> None:
        live = TicketOrder.objects.filter(status=OrderStatus.PAID).exclude(
            event__status=EventStatus.CANCELLED
        )
        for order in live.select_related("payment", "event").prefetch_related("payment__attempts"):
            if order.payment is None:
                continue
            moved_at, start = self.moves.get(order.event_id, (None, None))
            has_right = (
                moved_at is not None
                and start is not None
                and order.created_at <= moved_at
                and self.at <= min(moved_at + timedelta(days=7), start)
            )
            usual = refund_percent(
                order.refund_policy, starts_at=order.event.start_date, at=self.at
            )
            assert order.refund_percent_at(self.at) == (100 if has_right else usual)

    @invariant()
    def a_ticket_s_history_leads_to_its_status(self) -> None:
        for ticket in with_history(Ticket.objects.select_related("event", "user")):
            lines = history_of(ticket)
            assert lines[-1].to_status == ticket.status
            assert all(former.to_status == later.from_status for former, later in pairwise(lines))

    @invariant()
    def nobody_is_told_twice(self) -> None:
        keys = list(OutgoingMail.objects.values_list("key", flat=True))
        assert len(keys) == len(set(keys))

    def come_to_rest(self) -> None:
        """Every bank session is heard of, campaigns are done, and nobody paid for nothing."""
        for attempt in PaymentAttempt.objects.exclude(session_id=None):
            courier.expire(attempt.pk, at=self.at)
        for payment in Payment.objects.filter(status=PaymentState.OPEN):
            lapse(payment_id=payment.pk, at=self.at + timedelta(days=60))
        self.the_beats_run()
        self.counters_are_rows()
        self.no_ticket_without_its_money()
        paid = DemoSession.objects.filter(status="paid").values_list("amount", flat=True)
        assert sum(paid) == sum(PaymentAttempt.objects.values_list("captured", flat=True))
        unpaid = Q(status=OrderStatus.EXPIRED) | Q(tickets=None)
        for order in TicketOrder.objects.filter(unpaid, payment__isnull=False):
            assert order.payment is not None
            assert order.payment.captured == order.payment.refunded
        for order in TicketOrder.objects.filter(event__status=EventStatus.CANCELLED):
            if order.payment is not None and order.amount:
                live = order.tickets.filter(status=TicketStatus.ACTIVE).exists()
                assert not live

    # --- how it is done -----------------------------------------------------------------------

    def attempt(self, work: Callable[[], object]) -> None:
        """A refusal is fine: what matters is what is true after it."""
        with contextlib.suppress(DomainError):
            work()

    def pick(self, rows: QuerySet[Row], which: int) -> Row | None:
        found = list(rows.order_by("pk"))
        return found[which % len(found)] if found else None


@pytest.mark.django_db
def test_any_life_of_orders_keeps_places_and_money_true(settings: Settings) -> None:
    settings.MAX_HOLDS_PER_HOUR = 10**6
    run_state_machine_as_test(
        LifeOfOrders,
        settings=how(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
