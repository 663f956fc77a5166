"""One's own tickets by the API: list, look, give back. Somebody else's aren't there."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from payments.models import Refund
from tests.infrastructure.api import Api, MakeApi, nothing_changes, refused
from tests.infrastructure.events import (
    EVENT_END,
    EVENT_START,
    MakeEvent,
    MakeTier,
    buy,
    pay_order,
)
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_ticket, expire_tickets
from tickets.states import TicketStatus


@pytest.fixture
def order(event: Event, customer: User) -> TicketOrder:
    return pay_order(buy(event, customer, 3))


@pytest.fixture
def ticket(order: TicketOrder) -> Ticket:
    found: Ticket = order.tickets.latest("pk")
    return found


def test_a_ticket_as_its_holder_sees_it(
    api: MakeApi, customer: User, ticket: Ticket, order: TicketOrder
) -> None:
    answer = api(customer).get(f"/tickets/{ticket.pk}")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": ticket.pk,
        "ticketCode": ticket.ticket_code,
        "userId": customer.pk,
        "eventId": order.event_id,
        "event": {
            "id": order.event_id,
            "name": "Summer concert",
            "description": "",
            "eventType": "other",
            "startDate": "2026-07-18T18:00:00Z",
            "endDate": "2026-07-18T21:00:00Z",
            "location": "Old Mill, Berlin",
            "isOnline": False,
            "maxParticipants": 100,
            "currentParticipants": 3,
            "ticketPrice": 20,
            "status": "published",
            "imageUrl": "",
            "metadata": {},
            "timezone": "Europe/Berlin",
            "entryMode": "single",
            "doorsOpenMinutes": 60,
            "refundPolicy": None,
            "onlineUrl": None,
            "placesLeft": 97,
        },
        "orderId": order.pk,
        "ticketType": "standard",
        "status": "active",
        "pricePaid": 20,
        "currency": "USD",
        "validFrom": "2026-07-18T17:00:00Z",
        "validUntil": "2026-07-18T21:00:00Z",
        "paymentId": str(order.payment_id),
        "checkInTime": None,
        "qrCodeUrl": f"http://127.0.0.1:8000/tickets/{ticket.pk}/qr.png",
        "pdfUrl": f"http://127.0.0.1:8000/tickets/{ticket.pk}/pdf",
        "metadata": {},
        "refundAmount": 0,
        "refundPercent": None,
        "refundSchedule": [
            {"until": "2026-07-11T18:00:00Z", "percent": 100, "amount": 20},
            {"until": "2026-07-15T18:00:00Z", "percent": 50, "amount": 10},
            {"until": None, "percent": 0, "amount": 0},
        ],
        "createdAt": "2026-07-02T08:00:00Z",
        "updatedAt": answer.json()["updatedAt"],
        "cancelledAt": None,
    }


def test_the_list_has_one_s_own_alone_the_newest_first(
    api: MakeApi, customer: User, stranger: User, event: Event, order: TicketOrder
) -> None:
    pay_order(buy(event, stranger))
    buy(event, customer)
    client = api(customer)

    answer = client.get("/tickets").json()

    own = sorted(order.tickets.values_list("pk", flat=True), reverse=True)
    assert (answer["count"], answer["next"], answer["previous"]) == (3, None, None)
    assert [found["id"] for found in answer["results"]] == own
    assert answer["results"] == [client.get(f"/tickets/{pk}").json() for pk in own]


def listed(client: Api, **query: str) -> set[int]:
    return {found["id"] for found in client.get("/tickets", **query).json()["results"]}


def test_the_list_by_status(api: MakeApi, customer: User, make_event: MakeEvent) -> None:
    made = {}
    for status in TicketStatus.values:
        [ticket] = buy(make_event(ticket_price=0), customer).tickets.all()
        Ticket.objects.filter(pk=ticket.pk).update(status=status)
        made[status] = ticket.pk
    client = api(customer)

    for status, pk in made.items():
        assert listed(client, status=status) == {pk}
        assert client.get(f"/tickets/{pk}").json()["status"] == status


def test_past_its_time_it_reads_expired_before_and_after_the_beat(
    customer: User, ticket: Ticket
) -> None:
    for moment, status in [
        (EVENT_END, "active"),
        (EVENT_END + timedelta(seconds=1), "expired"),
    ]:
        with time_machine.travel(moment, tick=False):
            client = Api(customer)
            found = client.get(f"/tickets/{ticket.pk}").json()
            assert (found["status"], found["qrCodeUrl"] is None) == (status, status == "expired")
            assert found["pdfUrl"] is None or status == "active"
            assert (ticket.pk in listed(client, status="active")) == (status == "active")
            assert (ticket.pk in listed(client, status="expired")) == (status == "expired")
    before = found
    expire_tickets(at=moment)
    with time_machine.travel(moment, tick=False):
        after = Api(customer).get(f"/tickets/{ticket.pk}").json()
        assert ticket.pk in listed(Api(customer), status="expired")
    assert after | {"updatedAt": None} == before | {"updatedAt": None}


@pytest.mark.parametrize("status", TicketStatus.values)
def test_only_what_may_let_in_has_a_qr_code(
    api: MakeApi, customer: User, ticket: Ticket, status: str
) -> None:
    Ticket.objects.update(status=status)

    found = api(customer).get(f"/tickets/{ticket.pk}").json()

    shows = status in {"active", "used"}
    assert (found["qrCodeUrl"] is not None, found["pdfUrl"] is not None) == (shows, shows)


def test_a_free_ticket_costs_nothing(api: MakeApi, customer: User, make_event: MakeEvent) -> None:
    [ticket] = buy(make_event(ticket_price=None), customer).tickets.all()

    found = api(customer).get(f"/tickets/{ticket.pk}").json()

    assert (found["pricePaid"], found["paymentId"]) == (0, None)
    assert {step["amount"] for step in found["refundSchedule"]} == {0}


def test_the_holder_is_told_where_it_is_online(
    api: MakeApi, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(ticket_price=0, is_online=True, online_url="https://meet.example.com/x")
    first, second = buy(event, customer, 2).tickets.all()
    client = api(customer)

    def told() -> list[Any]:
        [one, two] = client.get("/tickets").json()["results"]
        assert client.get(f"/tickets/{first.pk}").json()["event"] == one["event"]
        return [one["event"]["onlineUrl"], two["event"]["onlineUrl"]]

    assert told() == ["https://meet.example.com/x"] * 2
    for ticket in (first, second):
        cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)
    assert told() == [None] * 2


@pytest.mark.parametrize("query", [{"status": "lost"}, {"page": "x"}])
def test_bad_parameters_are_400(api: MakeApi, customer: User, query: dict[str, str]) -> None:
    answer = api(customer).get("/tickets", **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == next(iter(query))


def test_somebody_else_s_ticket_is_not_there(
    api: MakeApi, stranger: User, manager: User, ticket: Ticket
) -> None:
    with nothing_changes():
        for other in (stranger, manager):
            refused(api(other).get(f"/tickets/{ticket.pk}"), 404, "not_found")
            # Not even a malformed body tells that it is there.
            bodies: list[Any] = [{}, {"reason": 5}, []]
            for body in bodies:
                refused(cancel(api(other), ticket, body), 404, "not_found")
        refused(api().get("/tickets"), 401, "not_authenticated")
        refused(api().get(f"/tickets/{ticket.pk}"), 401, "not_authenticated")
        refused(cancel(api(), ticket), 401, "not_authenticated")


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, customer: User, number: int) -> None:
    refused(api(customer).get(f"/tickets/{number}"), 404, "not_found")
    refused(api(customer).put(f"/tickets/{number}/cancel"), 404, "not_found")


# --- giving back --------------------------------------------------------------------------------


def cancel(client: Api, ticket: Ticket, body: Any = None) -> Any:
    return client.put(f"/tickets/{ticket.pk}/cancel", body)


@pytest.mark.parametrize(
    ("notice", "status", "percent", "amount"),
    [
        pytest.param(timedelta(days=7), "refunded", 100, 20, id="7-days"),
        pytest.param(timedelta(days=7, seconds=-1), "refunded", 50, 10, id="below-7-days"),
        pytest.param(timedelta(days=3), "refunded", 50, 10, id="3-days"),
        pytest.param(timedelta(days=3, seconds=-1), "cancelled", 0, 0, id="below-3-days"),
        pytest.param(timedelta(seconds=1), "cancelled", 0, 0, id="just-before"),
    ],
)
def test_giving_back_says_what_comes_back(
    customer: User, ticket: Ticket, notice: timedelta, status: str, percent: int, amount: int
) -> None:
    with time_machine.travel(EVENT_START - notice, tick=False):
        client = Api(customer)
        answer = cancel(client, ticket, {"reason": "I am ill"})
        later = client.get(f"/tickets/{ticket.pk}").json()

    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["refundPercent"], found["refundAmount"]) == (
        status,
        percent,
        amount,
    )
    assert found["cancelledAt"] == (EVENT_START - notice).isoformat().replace("+00:00", "Z")
    assert (found["qrCodeUrl"], found["event"]["placesLeft"]) == (None, 98)
    assert later == found
    assert [refund.amount for refund in Refund.objects.all()] == ([amount] if amount else [])
    others = Ticket.objects.exclude(pk=ticket.pk).values_list("status", flat=True)
    assert list(others) == ["active", "active"]


@pytest.mark.parametrize("body", [None, {}, {"reason": ""}, {"reason": None}, {"more": 1}])
def test_a_reason_is_not_needed(api: MakeApi, customer: User, ticket: Ticket, body: Any) -> None:
    assert cancel(api(customer), ticket, body).status_code == 200


@pytest.mark.parametrize("body", [{"reason": {}}, {"reason": "x" * 251}, {"reason": "\0"}, [], 3])
def test_a_malformed_reason_is_400(api: MakeApi, customer: User, ticket: Ticket, body: Any) -> None:
    with nothing_changes():
        assert cancel(api(customer), ticket, body).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "used", "check_in_time": NOW},
        {"status": "expired"},
        {"status": "cancelled"},
        {"status": "refunded"},
        # A multi-entry ticket stays active when its holder comes in.
        {"check_in_time": NOW},
        {"valid_until": NOW - timedelta(seconds=1)},
    ],
)
def test_what_is_used_or_over_stays(
    api: MakeApi, customer: User, ticket: Ticket, fields: dict[str, Any]
) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(**fields)

    with nothing_changes():
        refused(cancel(api(customer), ticket), 409, "invalid_transition")


def test_from_the_start_on_nothing_is_given_back(customer: User, ticket: Ticket) -> None:
    with time_machine.travel(EVENT_START, tick=False), nothing_changes():
        refused(cancel(Api(customer), ticket), 409, "invalid_transition")


def test_a_group_may_not_become_too_small(
    api: MakeApi, customer: User, event: Event, make_tier: MakeTier
) -> None:
    make_tier(event, "group", min_per_order=3)
    order = pay_order(buy(event, customer, 4, ticket_type="group"))
    first, second, *_ = order.tickets.all()
    client = api(customer)

    assert cancel(client, first).status_code == 200
    with nothing_changes():
        refused(cancel(client, second), 409, "group_minimum")
    answer = client.put(f"/tickets/orders/{order.pk}/cancel")
    assert [ticket["status"] for ticket in answer.json()["tickets"]] == ["refunded"] * 4
