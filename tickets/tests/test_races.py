"""Tickets under attack by many at once; each with a control run, guard off, that fails."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts.models import User
from common.errors import InvalidTransition, NotFound
from payments import courier
from payments.gateways import demo
from payments.models import ZERO, Payment, Refund
from payments.services import lapse
from tests.infrastructure.events import (
    MakeEvent,
    MakeTier,
    buy,
    pay_order,
    pay_order_at_provider,
)
from tests.infrastructure.races import HELD_SECONDS, ROUNDS, Crowd
from tests.infrastructure.world import NOW, MakeUser
from tickets import services
from tickets.errors import NotOnSale, PriceChanged, SoldOut
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.states import EventStatus, OrderStatus
from tickets.verify import wrong_counters

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


def test_the_last_tickets_are_never_oversold(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent
) -> None:
    """Fifty clients, each wanting one to ten of a hundred places."""
    clients = crowd(CLIENTS)
    for _ in range(ROUNDS):
        event = make_event(max_participants=100)
        wanted = [random.randint(1, 10) for _ in people]

        results = clients.at_once(
            [partial(buy, event, user, n) for user, n in zip(people, wanted, strict=True)]
        )

        assert {type(result) for result in results} <= {TicketOrder, SoldOut}
        sold = sum(result.quantity for result in results if isinstance(result, TicketOrder))
        event.refresh_from_db()
        assert event.held == sold <= 100
        refused = [
            n for n, result in zip(wanted, results, strict=True) if isinstance(result, SoldOut)
        ]
        # Nobody was refused who would still have fitted in.
        assert all(n > 100 - sold for n in refused)
    assert list(wrong_counters()) == []


def test_quota_and_event_maximum_hold_together(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent, make_tier: MakeTier
) -> None:
    clients = crowd(CLIENTS)
    for _ in range(ROUNDS):
        event = make_event(max_participants=20)
        make_tier(event, "standard", quota=15)
        make_tier(event, "vip", quota=15)

        results = clients.at_once(
            [
                partial(buy, event, user, 1, ticket_type=("standard", "vip")[number % 2])
                for number, user in enumerate(people)
            ]
        )

        assert sum(isinstance(result, TicketOrder) for result in results) == 20
        event.refresh_from_db()
        quotas = list(Tier.objects.filter(event=event).values_list("held", flat=True))
        assert event.held == sum(quotas) == 20
        assert max(quotas) <= 15
    assert list(wrong_counters()) == []


def test_control_looking_first_and_writing_later_oversells(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent
) -> None:
    event = make_event(max_participants=1)
    everybody_has_looked = threading.Barrier(CLIENTS)

    def naive(user: User) -> bool:
        seen = Event.objects.get(pk=event.pk)
        everybody_has_looked.wait(HELD_SECONDS)
        if not seen.places_left:
            return False
        with transaction.atomic():
            Event.objects.filter(pk=event.pk).update(held=seen.held + 1)
            TicketOrder.objects.create(
                user=user,
                event=event,
                ticket_type="standard",
                quantity=1,
                unit_price=20,
                amount=20,
                currency="USD",
            )
        return True

    results = crowd(CLIENTS).at_once([partial(naive, user) for user in people])

    assert results.count(True) > 1
    assert len(list(wrong_counters())) == 1


def test_paying_while_the_hold_lapses_ends_in_tickets_or_money(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent
) -> None:
    """Payer, sweeper and a rival for the same places, all at one moment."""
    clients = crowd(3)
    payer, rival = people[:2]
    for _ in range(ROUNDS):
        event = make_event(max_participants=2)
        order = buy(event, payer, 2)
        payment = order.payment
        assert payment is not None
        assert payment.expires_at is not None
        courier.open_session(payment.pk, at=NOW)
        attempt = payment.attempts.get()
        late = payment.expires_at + timedelta(seconds=1)

        results = clients.at_once(
            [
                partial(_pay_and_come_back, attempt.session_id, attempt.pk, late),
                partial(_sweep, attempt.pk, payment.pk, late),
                partial(_try_to_buy, event, rival, late),
            ]
        )

        assert [result for result in results if isinstance(result, Exception)] == []
        order.refresh_from_db()
        payment.refresh_from_db()
        if order.status == OrderStatus.PAID:
            assert (payment.captured, payment.refunded) == (Decimal(40), ZERO)
            assert order.tickets.count() == 2
        else:
            assert payment.captured == payment.refunded
            assert not order.tickets.exists()
    assert list(wrong_counters()) == []


def test_cancelling_while_the_event_is_cancelled_refunds_once(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent, manager: User
) -> None:
    clients, customer = crowd(4), people[0]
    for _ in range(ROUNDS):
        event = make_event()
        order = pay_order(buy(event, customer, 3))
        ticket = order.tickets.earliest("pk")
        services.cancel_event(event_id=event.pk, by=manager, at=NOW)
        campaign = event.campaigns.get()

        results = clients.at_once(
            [
                partial(services.cancel_ticket, ticket_id=ticket.pk, by=customer, at=NOW),
                partial(services.cancel_order, order_id=order.pk, by=customer, at=NOW),
                partial(services.run_campaign, campaign_id=campaign.pk, at=NOW),
                partial(services.run_campaign, campaign_id=campaign.pk, at=NOW),
            ]
        )

        faults = [result for result in results if isinstance(result, Exception)]
        assert all(isinstance(fault, InvalidTransition) for fault in faults)
        services.run_campaign(campaign_id=campaign.pk, at=NOW)
        refunds = Refund.objects.filter(payment=order.payment_id)
        assert sum(refund.amount for refund in refunds) == Decimal(60)
        assert {ticket.status for ticket in order.tickets.all()} == {"refunded"}
    assert list(wrong_counters()) == []


def test_paying_while_the_event_is_cancelled_leaves_nobody_empty_handed(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent, manager: User
) -> None:
    clients, customer = crowd(3), people[0]
    for _ in range(ROUNDS):
        event = make_event()
        order = buy(event, customer, 2)
        attempt = pay_order_at_provider(order)

        results = clients.at_once(
            [
                partial(courier.ask, attempt.pk, at=NOW),
                partial(services.cancel_event, event_id=event.pk, by=manager, at=NOW),
                partial(_try_to_buy, event, people[1], NOW),
            ]
        )

        assert [result for result in results if isinstance(result, Exception)] == []
        services.run_campaign(campaign_id=event.campaigns.get().pk, at=NOW)
        payment = Payment.objects.get(ticket_orders=order)
        assert payment.captured == payment.refunded == Decimal(40)
        event.refresh_from_db()
        assert (event.held, event.current_participants) == (0, 0)
        assert not Ticket.objects.filter(event=event, status="active").exists()
    assert list(wrong_counters()) == []


def test_a_price_is_sold_as_it_was_shown_or_not_at_all(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent, manager: User
) -> None:
    """Price change and publication against purchase: no order mixes the two."""
    clients = crowd(9)
    for _ in range(ROUNDS):
        event = make_event(ticket_price=Decimal(20))

        results = clients.at_once(
            [
                partial(
                    services.save_event,
                    event_id=event.pk,
                    fields={"ticket_price": Decimal(30)},
                    by=manager,
                    at=NOW,
                ),
                *[partial(_try_to_buy, event, user, NOW) for user in people[:8]],
            ]
        )

        assert [result for result in results if isinstance(result, Exception)] == []
        orders = TicketOrder.objects.filter(event=event)
        assert {(order.unit_price, order.amount) for order in orders} <= {
            (Decimal(20), Decimal(20)),
            (Decimal(30), Decimal(30)),
        }
        event.refresh_from_db()
        assert (event.ticket_price, event.held) == (Decimal(30), orders.count())
        assert event.status == EventStatus.PUBLISHED


def test_a_tier_is_changed_while_it_is_sold(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent, make_tier: MakeTier, manager: User
) -> None:
    """Both take the tier before its event, so neither is told that it is too busy."""
    clients = crowd(9)
    for _ in range(ROUNDS):
        event = make_event()
        tier = make_tier(event, quota=50)

        results = clients.at_once(
            [
                partial(
                    services.save_event,
                    event_id=event.pk,
                    fields={"max_participants": 60},
                    tiers=[{"ticket_type": "standard", "price": Decimal(30), "quota": 40}],
                    by=manager,
                    at=NOW,
                ),
                *[partial(_try_to_buy, event, user, NOW) for user in people[:8]],
            ]
        )

        assert [result for result in results if isinstance(result, Exception)] == []
        orders = TicketOrder.objects.filter(event=event)
        assert {order.amount for order in orders} <= {Decimal(20), Decimal(30)}
        tier.refresh_from_db()
        assert (tier.price, tier.quota, tier.held) == (Decimal(30), 40, orders.count())
    assert list(wrong_counters()) == []


def test_what_is_removed_while_somebody_buys_is_sold_or_not_there(
    crowd: MakeCrowd, people: list[User], make_event: MakeEvent, make_tier: MakeTier, manager: User
) -> None:
    """Who looked at the event before it was gone is told that it isn't there."""
    clients = crowd(9)
    for _ in range(ROUNDS):
        event = make_event()
        make_tier(event)

        results = clients.at_once(
            [
                partial(services.delete_event, event_id=event.pk, by=manager, at=NOW),
                *[partial(_try_to_buy, event, user, NOW) for user in people[:8]],
            ]
        )

        faults = [result for result in results if isinstance(result, Exception)]
        assert {type(fault) for fault in faults} <= {NotFound}
        is_kept = Event.objects.filter(pk=event.pk).exists()
        assert is_kept is TicketOrder.objects.filter(event_id=event.pk).exists()
    assert list(wrong_counters()) == []


def _pay_and_come_back(session_id: str | None, attempt_id: int, at: Any) -> None:
    assert session_id is not None
    demo.pay(session_id, at=at)
    courier.ask(attempt_id, at=at)


def _sweep(attempt_id: int, payment_id: int, at: Any) -> None:
    courier.expire(attempt_id, at=at)
    lapse(payment_id=payment_id, at=at)


def _try_to_buy(event: Event, user: User, at: Any) -> TicketOrder | None:
    try:
        return buy(event, user, at=at)
    except (SoldOut, NotOnSale, PriceChanged):
        return None
