"""An event's tickets, its numbers, and what staff make of a ticket."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import Refund
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused
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
from tickets.states import TicketStatus
from tickets.verify import wrong_counters


@pytest.fixture
def order(event: Event, customer: User) -> TicketOrder:
    return pay_order(buy(event, customer, 2))


@pytest.fixture
def ticket(order: TicketOrder) -> Ticket:
    found: Ticket = order.tickets.latest("pk")
    return found


# --- GET /admin/events/{id}/tickets -------------------------------------------------------------


def test_tickets_with_whose_they_are(
    api: MakeApi,
    customer: User,
    stranger: User,
    front_desk: User,
    event: Event,
    ticket: Ticket,
    make_event: MakeEvent,
) -> None:
    buy(make_event(ticket_price=0), stranger)
    own = api(customer).get(f"/tickets/{ticket.pk}").json()

    answer = api(front_desk).get(f"/admin/events/{event.pk}/tickets").json()

    assert answer["count"] == 2
    assert answer["results"][0] == own | {
        "isInside": False,
        "ticketLabel": "Standard",
        "user": {"id": customer.pk, "name": "Ada Lovelace", "email": "ada@example.com"},
        "history": [
            {
                "from": None,
                "to": "active",
                "at": own["createdAt"],
                "by": customer.pk,
                "byName": "Ada Lovelace",
                "reason": "",
            }
        ],
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ada", {"ada"}),
        ("EXAMPLE.com", {"ada", "eve"}),
        ("<code>", {"ada"}),
        ("<code in groups>", {"ada"}),
        ("<id>", {"ada"}),
        ("<order>", {"ada"}),
        ("nobody", set()),
        ("%", set()),
        ("99999999999999999999", set()),
        ("", {"ada", "eve"}),
    ],
)
def test_the_list_is_searched(
    api: MakeApi,
    customer: User,
    stranger: User,
    front_desk: User,
    make_event: MakeEvent,
    words: str,
    found: set[str],
) -> None:
    event = make_event(ticket_price=0)
    order = buy(event, customer)
    [ticket] = order.tickets.all()
    # Its number is nobody's order's.
    Ticket.objects.filter(order=buy(event, stranger)).update(id=ticket.pk + 1_000)
    Ticket.objects.filter(pk=ticket.pk).update(id=ticket.pk + 2_000)
    ticket = Ticket.objects.get(order=order)
    said = {
        "<code>": ticket.ticket_code.lower(),
        "<code in groups>": ticket.code_in_groups,
        "<id>": str(ticket.pk),
        "<order>": str(order.pk),
    }

    answer = api(front_desk).get(f"/admin/events/{event.pk}/tickets", search=said.get(words, words))

    results = answer.json()["results"]
    assert {row["user"]["email"].split("@")[0] for row in results} == found


def test_the_list_by_status_reads_right_before_the_beat(
    front_desk: User, event: Event, order: TicketOrder
) -> None:
    used, active = order.tickets.order_by("pk")
    Ticket.objects.filter(pk=used.pk).update(status=TicketStatus.USED)

    def listed(at: Any, status: str) -> list[int]:
        with time_machine.travel(at, tick=False):
            answer = Api(front_desk).get(f"/admin/events/{event.pk}/tickets", status=status)
        return [row["id"] for row in answer.json()["results"]]

    later = EVENT_END + timedelta(seconds=1)
    assert (listed(NOW, "active"), listed(NOW, "expired")) == ([active.pk], [])
    assert (listed(later, "active"), listed(later, "expired")) == ([], [active.pk])
    assert listed(NOW, "used") == listed(later, "used") == [used.pk]


@pytest.mark.parametrize("query", [{"status": "lost"}, {"search": "x" * 101}, {"page": "0"}])
def test_bad_parameters_are_400(
    api: MakeApi, front_desk: User, event: Event, query: dict[str, str]
) -> None:
    answer = api(front_desk).get(f"/admin/events/{event.pk}/tickets", **query)

    assert answer.status_code == 400
    assert error_of(answer)["attr"] == next(iter(query))


# --- GET /admin/events/{id}/stats ---------------------------------------------------------------


def test_an_event_in_numbers(
    api: MakeApi,
    customer: User,
    stranger: User,
    scanner: User,
    front_desk: User,
    event: Event,
    make_tier: MakeTier,
) -> None:
    make_tier(event, "standard", price=Decimal("19.95"))
    make_tier(event, "vip", price=Decimal(50))
    first, _second = pay_order(buy(event, customer, 2)).tickets.all()
    [vip] = pay_order(buy(event, stranger, ticket_type="vip")).tickets.all()
    buy(event, stranger, 4)
    Ticket.objects.filter(pk=vip.pk).update(status="used", is_inside=True)
    api(customer).put(f"/tickets/{first.pk}/cancel")
    path = f"/admin/events/{event.pk}/stats"

    answer = api(front_desk).get(path)

    assert answer.status_code == 200
    expected = {
        "eventId": event.pk,
        "sold": 2,
        "held": 4,
        "maxParticipants": 100,
        "placesLeft": 94,
        "inside": 1,
        "byStatus": {"active": 1, "used": 1, "expired": 0, "cancelled": 0, "refunded": 1},
        "byType": {"standard": 1, "vip": 1},
        "captured": 89.9,
        "disputed": 0,
        "refunded": 19.95,
        "currency": "USD",
    }
    assert answer.json() == expected
    # Who may only scan sees no money.
    assert api(scanner).get(path).json() == expected | {
        "captured": None,
        "refunded": None,
        "disputed": None,
    }


def test_numbers_of_an_event_that_nobody_knows(
    api: MakeApi, front_desk: User, make_event: MakeEvent
) -> None:
    event = make_event(max_participants=None)

    found = api(front_desk).get(f"/admin/events/{event.pk}/stats").json()

    assert (found["sold"], found["placesLeft"], found["byType"]) == (0, None, {})
    assert (found["captured"], found["refunded"]) == (0, 0)
    assert set(found["byStatus"].values()) == {0}


def test_numbers_read_right_before_the_beat(
    front_desk: User, event: Event, order: TicketOrder
) -> None:
    with time_machine.travel(EVENT_END + timedelta(seconds=1), tick=False):
        found = Api(front_desk).get(f"/admin/events/{event.pk}/stats").json()

    assert (found["byStatus"]["active"], found["byStatus"]["expired"]) == (0, 2)


# --- PUT /admin/tickets/{id}/status -------------------------------------------------------------


def set_status(client: Api, ticket: Ticket, status: str, **body: Any) -> Any:
    return client.put(f"/admin/tickets/{ticket.pk}/status", {"status": status} | body)


@pytest.mark.parametrize(
    ("person", "refund", "status", "amount"),
    [
        ("manager", None, "refunded", 20),
        ("manager", "full", "refunded", 20),
        ("manager", "policy", "refunded", 10),
        ("manager", "none", "cancelled", 0),
        ("front_desk", None, "refunded", 10),
        ("front_desk", "policy", "refunded", 10),
    ],
)
def test_staff_cancel_with_the_refund_that_they_choose(
    manager: User,
    front_desk: User,
    customer: User,
    ticket: Ticket,
    person: str,
    refund: str | None,
    status: str,
    amount: int,
) -> None:
    user = {"manager": manager, "front_desk": front_desk}[person]
    with time_machine.travel(EVENT_START - timedelta(days=4), tick=False):
        client = Api(user)
        answer = set_status(client, ticket, "cancelled", refund=refund, reason="by telephone")
        [listed] = client.get(f"/admin/events/{ticket.event_id}/tickets", status=status).json()[
            "results"
        ]

    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["refundAmount"]) == (status, amount)
    assert found == listed
    assert found["user"]["email"] == customer.email
    assert [refund.amount for refund in Refund.objects.all()] == ([amount] if amount else [])
    assert list(wrong_counters()) == []
    assert OutgoingMail.objects.latest("pk").to == customer.email


@pytest.mark.parametrize("refund", ["full", "none"])
def test_front_desk_refunds_by_the_policy_alone(
    api: MakeApi, front_desk: User, ticket: Ticket, refund: str
) -> None:
    with nothing_changes():
        for status in ("cancelled", "refunded"):
            if (status, refund) != ("refunded", "none"):
                answer = set_status(api(front_desk), ticket, status, refund=refund)
                refused(answer, 403, "permission_denied")


@pytest.mark.parametrize("status", ["used", "cancelled", "active"])
def test_staff_give_back_what_was_paid(
    api: MakeApi, manager: User, ticket: Ticket, status: str
) -> None:
    client = api(manager)
    if status == "cancelled":
        assert set_status(client, ticket, "cancelled", refund="none").status_code == 200
    else:
        Ticket.objects.filter(pk=ticket.pk).update(status=status)

    found = set_status(client, ticket, "refunded").json()

    assert (found["status"], found["refundPercent"], found["refundAmount"]) == ("refunded", 100, 20)
    assert list(wrong_counters()) == []


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("used", "cancelled"),
        ("cancelled", "cancelled"),
        ("refunded", "cancelled"),
        ("refunded", "refunded"),
        ("expired", "cancelled"),
        ("expired", "refunded"),
        ("active", "active"),
        ("active", "used"),
        ("active", "expired"),
        ("used", "active"),
    ],
)
def test_no_other_way(api: MakeApi, manager: User, ticket: Ticket, now: str, wanted: str) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=now)

    with nothing_changes():
        refused(set_status(api(manager), ticket, wanted), 409, "invalid_transition")


def test_expired_by_the_clock_is_expired(manager: User, ticket: Ticket) -> None:
    with time_machine.travel(EVENT_END + timedelta(seconds=1), tick=False), nothing_changes():
        for status in ("cancelled", "refunded"):
            refused(set_status(Api(manager), ticket, status), 409, "invalid_transition")


def test_what_cost_nothing_is_not_refunded(
    api: MakeApi, manager: User, customer: User, make_event: MakeEvent
) -> None:
    [ticket] = buy(make_event(ticket_price=0), customer).tickets.all()
    client = api(manager)

    with nothing_changes():
        refused(set_status(client, ticket, "refunded"), 409, "invalid_transition")
    assert set_status(client, ticket, "cancelled").json()["status"] == "cancelled"


def test_refunded_without_a_refund_is_400(api: MakeApi, manager: User, ticket: Ticket) -> None:
    with nothing_changes():
        refused(
            set_status(api(manager), ticket, "refunded", refund="none"), 400, "invalid", "refund"
        )


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "status"),
        ({"status": "lost"}, "status"),
        ({"status": None}, "status"),
        ({"status": "cancelled", "refund": "half"}, "refund"),
        ({"status": "cancelled", "reason": "x" * 251}, "reason"),
        ({"status": "cancelled", "reason": {}}, "reason"),
        ([], "nonFieldErrors"),
    ],
)
def test_a_malformed_body_is_400(
    api: MakeApi, manager: User, ticket: Ticket, body: Any, attr: str
) -> None:
    with nothing_changes():
        answer = api(manager).put(f"/admin/tickets/{ticket.pk}/status", body)

    assert answer.status_code == 400
    assert error_of(answer)["attr"] == attr


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, manager: User, number: int) -> None:
    bodies: list[Any] = [{"status": "cancelled"}, {}, []]
    for body in bodies:
        refused(api(manager).put(f"/admin/tickets/{number}/status", body), 404, "not_found")
