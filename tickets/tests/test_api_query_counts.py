"""A list costs as many queries with thirty rows as with one."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from tests.infrastructure.api import Api, MakeApi
from tests.infrastructure.events import EVENT_START, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket
from tickets.services import cancel_ticket

Fill = Callable[[int], None]


def cost_of(client: Api, path: str, **query: Any) -> tuple[int, Any]:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path, pageSize=100, **query)
    assert answer.status_code == 200, answer.content
    return len(queries), answer.json()


def assert_constant(client: Api, path: str, fill: Fill, *, most: int, **query: Any) -> None:
    costs = []
    for more, rows in ((1, 1), (29, 30)):
        fill(more)
        cost, answer = cost_of(client, path, **query)
        assert answer["count"] == rows
        costs.append(cost)
    assert costs[1] == costs[0] <= most


@pytest.fixture
def events(make_event: MakeEvent, make_tier: MakeTier) -> Fill:
    """Events with two tiers each."""

    def fill(number: int) -> None:
        for _ in range(number):
            event = make_event(start_date=EVENT_START + timedelta(hours=Event.objects.count()))
            make_tier(event, "standard")
            make_tier(event, "vip")

    return fill


def test_events(api: MakeApi, events: Fill) -> None:
    assert_constant(api(), "/events", events, most=3)


def test_events_of_some_days(api: MakeApi, events: Fill) -> None:
    query = {"startDate": "2026-07-18", "search": "concert"}
    assert_constant(api(), "/events", events, most=4, **query)


def test_events_for_who_is_signed_in(api: MakeApi, customer: User, events: Fill) -> None:
    assert_constant(api(customer), "/events", events, most=8)


def test_events_for_staff(api: MakeApi, front_desk: User, events: Fill) -> None:
    query = {"startDate": "2026-07-01", "status": "published"}
    assert_constant(api(front_desk), "/admin/events", events, most=9, **query)


def test_one_event(api: MakeApi, events: Fill) -> None:
    events(1)

    cost, _ = cost_of(api(), f"/events/{Event.objects.get().pk}")

    assert cost <= 2


@pytest.fixture
def tickets(settings: Settings, make_event: MakeEvent, customer: User) -> Fill:
    """Paid, of an order each, and every other one given back; all of them the customer's."""
    settings.MAX_HOLDS_PER_HOUR = 100
    event = make_event(name="Long night", ticket_price=Decimal(20))
    made: list[int] = []

    def fill(number: int) -> None:
        for _ in range(number):
            [ticket] = pay_order(buy(event, customer)).tickets.all()
            if len(made) % 2:
                cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)
            made.append(ticket.pk)

    return fill


def test_one_s_own_tickets(api: MakeApi, customer: User, tickets: Fill) -> None:
    assert_constant(api(customer), "/tickets", tickets, most=7)


def test_an_event_s_tickets_for_staff(api: MakeApi, front_desk: User, tickets: Fill) -> None:
    event = Event.objects.get()
    path = f"/admin/events/{event.pk}/tickets"
    assert_constant(api(front_desk), path, tickets, most=10, search="ada")


def test_numbers(api: MakeApi, front_desk: User, tickets: Fill) -> None:
    client, path = api(front_desk), f"/admin/events/{Event.objects.get().pk}/stats"

    costs = []
    for more in (1, 29):
        tickets(more)
        costs.append(cost_of(client, path)[0])

    assert costs[1] == costs[0] <= 12


def test_an_order_costs_the_same_however_many_tickets(
    api: MakeApi, customer: User, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event()
    make_tier(event, max_per_order=30)
    costs = [
        cost_of(api(customer), f"/tickets/orders/{pay_order(buy(event, customer, number)).pk}")[0]
        for number in (1, 30)
    ]

    assert costs[1] == costs[0] <= 11


def test_a_code_is_found_by_one_query_and_counted_by_two(api: MakeApi, tickets: Fill) -> None:
    tickets(2)
    path = f"/tickets/{Ticket.objects.latest('pk').ticket_code}/validate"
    client = api()
    client.post(path)

    with CaptureQueriesContext(connection) as queries:
        assert client.post(path).json()["valid"] is False

    assert len(queries) == 3


BOOKKEEPING = ("BEGIN", "SAVEPOINT", "RELEASE")


@pytest.mark.parametrize(("price", "most"), [(0, 15), (20, 16)])
def test_a_purchase_costs_few_statements(
    api: MakeApi, customer: User, make_event: MakeEvent, price: int, most: int
) -> None:
    """Sold at once when it is free, and nothing that was just written is read back."""
    event = make_event(ticket_price=price)
    client = api(customer)
    body = {"eventId": event.pk, "quantity": 2}
    # The first one plans the reminder too.
    client.post("/tickets/purchase", body, idempotency_key="one")

    with CaptureQueriesContext(connection) as queries:
        answer = client.post("/tickets/purchase", body, idempotency_key="two")

    assert answer.status_code == 201
    asked = [query["sql"] for query in queries if not query["sql"].startswith(BOOKKEEPING)]
    assert len(asked) <= most, asked
    assert (
        client.get(f"/tickets/orders/{answer.json()['order']['id']}").json()
        == (answer.json()["order"])
    )
