"""Events, orders and tickets for tests; made by the real services where there is one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from payments import courier
from payments.gateways import demo
from payments.models import PaymentAttempt
from tests.infrastructure.world import NOW
from tickets.models import Event, TicketOrder, Tier
from tickets.services import purchase
from tickets.states import EventStatus, EventType

# A Saturday evening in Berlin, sixteen days after NOW.
DOORS = datetime(2026, 7, 18, 17, 0, tzinfo=UTC)
EVENT_START = datetime(2026, 7, 18, 18, 0, tzinfo=UTC)
EVENT_END = datetime(2026, 7, 18, 21, 0, tzinfo=UTC)

MakeEvent = Callable[..., Event]
MakeTier = Callable[..., Tier]


@pytest.fixture
def make_event(db: None) -> MakeEvent:
    def make(**fields: Any) -> Event:
        start = fields.get("start_date", EVENT_START)
        fields = {
            "name": "Summer concert",
            "event_type": EventType.OTHER,
            "start_date": start,
            "end_date": start + timedelta(hours=3),
            "timezone": "Europe/Berlin",
            "location": "Old Mill, Berlin",
            "ticket_price": Decimal("20.00"),
            "max_participants": 100,
            "status": EventStatus.PUBLISHED,
        } | fields
        return Event.objects.create(**fields)

    return make


@pytest.fixture
def event(make_event: MakeEvent) -> Event:
    return make_event()


@pytest.fixture
def make_tier(db: None) -> MakeTier:
    def make(event: Event, ticket_type: str = "standard", **fields: Any) -> Tier:
        fields = {"price": Decimal("20.00")} | fields
        return Tier.objects.create(event=event, ticket_type=ticket_type, **fields)

    return make


def buy(
    event: Event, user: User, quantity: int = 1, *, at: datetime = NOW, **fields: Any
) -> TicketOrder:
    """Hold places, as the page does; free ones are tickets at once."""
    return purchase(user_id=user.pk, event_id=event.pk, quantity=quantity, at=at, **fields)


def pay_order_at_provider(order: TicketOrder, *, at: datetime = NOW) -> PaymentAttempt:
    """Press Pay on the provider's page; our side hasn't heard of it yet."""
    assert order.payment is not None
    courier.open_session(order.payment.pk, at=at)
    attempt = order.payment.attempts.latest("pk")
    assert attempt.session_id is not None
    assert demo.pay(attempt.session_id, at=at)
    return attempt


def pay_order(order: TicketOrder, *, at: datetime = NOW) -> TicketOrder:
    """Pay and come back."""
    courier.ask(pay_order_at_provider(order, at=at).pk, at=at)
    order.refresh_from_db()
    return order
