"""Buying by the API: what is answered, in which order it is refused, and that nothing moved."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from common.models import IdempotencyKey
from notifications.models import OutgoingMail
from payments.models import Payment, PaymentAttempt, Refund
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.events import (
    EVENT_START,
    MakeEvent,
    MakeTier,
    buy,
    pay_order,
)
from tests.infrastructure.world import NOW, MakeBooking, MakeUser
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.services import cancel_event, cancel_order
from tickets.states import EventStatus
from tickets.verify import wrong_counters


def purchase(client: Api, event: Event, quantity: object = 1, key: str = "", **body: Any) -> Any:
    wanted = {"eventId": event.pk, "quantity": quantity} | body
    return client.post("/tickets/purchase", wanted, idempotency_key=key)


EVENT = {
    "name": "Summer concert",
    "description": "",
    "eventType": "other",
    "startDate": "2026-07-18T18:00:00Z",
    "endDate": "2026-07-18T21:00:00Z",
    "location": "Old Mill, Berlin",
    "isOnline": False,
    "maxParticipants": 100,
    "ticketPrice": 20,
    "status": "published",
    "imageUrl": "",
    "metadata": {},
    "timezone": "Europe/Berlin",
    "entryMode": "single",
    "doorsOpenMinutes": 60,
    "refundPolicy": None,
    "onlineUrl": None,
}


def test_places_are_held_until_they_are_paid(api: MakeApi, customer: User, event: Event) -> None:
    answer = purchase(api(customer), event, 3)

    assert answer.status_code == 201
    order, payment = TicketOrder.objects.get(), Payment.objects.get()
    assert answer["Location"] == f"/api/v1/tickets/orders/{order.pk}"
    url = f"http://127.0.0.1:8000/pay/{payment.token}"
    assert answer.json() == {
        "order": {
            "id": order.pk,
            "userId": customer.pk,
            "eventId": event.pk,
            "event": EVENT | {"id": event.pk, "currentParticipants": 0, "placesLeft": 97},
            "ticketType": "standard",
            "quantity": 3,
            "unitPrice": 20,
            "amount": 60,
            "currency": "USD",
            "status": "pending",
            "paymentId": str(payment.pk),
            "paymentProcessing": False,
            "checkoutUrl": url,
            "expiresAt": "2026-07-02T08:15:00Z",
            "refundAmount": 0,
            "createdAt": "2026-07-02T08:00:00Z",
            "tickets": [],
        },
        "checkoutUrl": url,
        "expiresAt": "2026-07-02T08:15:00Z",
        "tickets": [],
    }
    # No ticket and no code before it is paid; nobody outside was asked, nobody was told.
    assert not Ticket.objects.exists()
    assert not PaymentAttempt.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_free_tickets_are_there_at_once(
    api: MakeApi, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(ticket_price=None, max_participants=None)

    answer = purchase(api(customer), event, 2)

    assert answer.status_code == 201
    found = answer.json()
    assert (found["checkoutUrl"], found["expiresAt"]) == (None, None)
    order = found["order"]
    assert (order["status"], order["amount"], order["paymentId"]) == ("paid", 0, None)
    assert (order["checkoutUrl"], order["expiresAt"]) == (None, None)
    codes = set(Ticket.objects.values_list("ticket_code", flat=True))
    assert {ticket["ticketCode"] for ticket in found["tickets"]} == codes
    assert len(codes) == 2
    assert found["tickets"] == order["tickets"]
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["tickets_purchased"]


def test_a_tier_is_bought_at_its_price(
    api: MakeApi, customer: User, event: Event, make_tier: MakeTier
) -> None:
    make_tier(event, "standard")
    make_tier(event, "group", price=Decimal("12.35"), min_per_order=5, max_per_order=20)

    order = purchase(api(customer), event, 12, ticketType="group").json()["order"]

    assert (order["ticketType"], order["unitPrice"], order["amount"]) == ("group", 12.35, 148.2)
    assert Payment.objects.get().amount == Decimal("148.20")


def test_the_hold_ends_with_the_event_at_the_latest(
    api: MakeApi, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(start_date=NOW - timedelta(hours=2), end_date=NOW + timedelta(minutes=5))

    assert purchase(api(customer), event).json()["expiresAt"] == "2026-07-02T08:05:00Z"


def test_unknown_body_fields_are_ignored(api: MakeApi, customer: User, event: Event) -> None:
    answer = purchase(api(customer), event, unitPrice=1, status="paid", userId=99)

    assert answer.status_code == 201
    order = answer.json()["order"]
    assert (order["amount"], order["status"], order["userId"]) == (20, "pending", customer.pk)


# --- refusals: each leaves everything as it was -------------------------------------------------


@pytest.mark.parametrize(
    ("body", "attrs"),
    [
        ({}, ["eventId", "quantity"]),
        ({"eventId": 1}, ["quantity"]),
        ({"quantity": 1}, ["eventId"]),
        ({"eventId": "first", "quantity": 1}, ["eventId"]),
        ({"eventId": None, "quantity": 1}, ["eventId"]),
        ({"eventId": 1, "quantity": None}, ["quantity"]),
        ({"eventId": 1, "quantity": "two"}, ["quantity"]),
        ({"eventId": 1, "quantity": 1.5}, ["quantity"]),
        ({"eventId": 1, "quantity": True}, ["quantity"]),
        ({"eventId": 1, "quantity": [1]}, ["quantity"]),
        ({"eventId": 1, "quantity": 1, "ticketType": "gold"}, ["ticketType"]),
        ({"eventId": 1, "quantity": 1, "ticketType": {}}, ["ticketType"]),
        ([], ["nonFieldErrors"]),
        ("buy", ["nonFieldErrors"]),
        (None, ["eventId", "quantity"]),
    ],
)
def test_a_malformed_body_is_400(
    api: MakeApi, customer: User, event: Event, body: object, attrs: list[str]
) -> None:
    with nothing_changes():
        answer = api(customer).post("/tickets/purchase", body)

    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == attrs


@pytest.mark.parametrize("quantity", [0, -1, 11, 10**30])
def test_more_or_less_than_may_be_bought_at_once_is_400(
    api: MakeApi, customer: User, event: Event, quantity: int
) -> None:
    with nothing_changes():
        refused(purchase(api(customer), event, quantity), 400, "invalid", "quantity")


@pytest.mark.parametrize(("quantity", "status"), [(4, 400), (5, 201), (6, 201), (7, 400)])
def test_a_tier_has_limits_of_its_own(
    api: MakeApi, customer: User, event: Event, make_tier: MakeTier, quantity: int, status: int
) -> None:
    make_tier(event, "group", min_per_order=5, max_per_order=6)

    answer = purchase(api(customer), event, quantity, ticketType="group")

    assert answer.status_code == status


def test_a_type_that_is_not_offered_is_400(
    api: MakeApi, customer: User, event: Event, make_tier: MakeTier
) -> None:
    client = api(customer)

    with nothing_changes():
        refused(purchase(client, event, ticketType="vip"), 400, "invalid", "ticketType")
    make_tier(event, "vip")
    make_tier(event, "group", is_active=False)
    with nothing_changes():
        for ticket_type in ("standard", None, "group"):
            answer = purchase(client, event, ticketType=ticket_type)
            refused(answer, 400, "invalid", "ticketType")
    assert purchase(client, event, ticketType="vip").status_code == 201


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**31, 2**63, 10**30])
def test_unknown_events_are_404(api: MakeApi, customer: User, event: Event, number: int) -> None:
    with nothing_changes():
        answer = api(customer).post("/tickets/purchase", {"eventId": number, "quantity": 1})

    refused(answer, 404, "not_found")


def test_a_draft_is_404_to_everybody(
    api: MakeApi, customer: User, manager: User, make_event: MakeEvent
) -> None:
    event = make_event(status=EventStatus.DRAFT)

    with nothing_changes():
        for user in (customer, manager):
            refused(purchase(api(user), event), 404, "not_found")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": EventStatus.CANCELLED},
        {"status": EventStatus.COMPLETED},
        {"start_date": NOW - timedelta(hours=3)},
    ],
)
def test_what_is_cancelled_or_over_is_not_on_sale(
    api: MakeApi, customer: User, make_event: MakeEvent, fields: dict[str, Any]
) -> None:
    event = make_event(**fields)

    with nothing_changes():
        refused(purchase(api(customer), event), 409, "not_on_sale")


@pytest.mark.parametrize(
    "window",
    [{"sales_start": NOW + timedelta(seconds=1)}, {"sales_end": NOW}],
    ids=["not-yet", "no-longer"],
)
def test_outside_its_window_a_tier_is_not_on_sale(
    api: MakeApi, customer: User, event: Event, make_tier: MakeTier, window: dict[str, Any]
) -> None:
    make_tier(event, **window)

    with nothing_changes():
        refused(purchase(api(customer), event), 409, "not_on_sale")


@pytest.mark.parametrize("left", [0, 1, 2])
def test_too_few_places_say_how_many_are_left(
    api: MakeApi, customer: User, make_event: MakeEvent, left: int
) -> None:
    event = make_event(max_participants=5 + left, held=2, current_participants=3)

    with nothing_changes():
        answer = purchase(api(customer), event, 3)

    refused(answer, 409, "sold_out")
    assert error_of(answer)["placesLeft"] == left


def test_a_tier_s_quota_counts_too(
    api: MakeApi, customer: User, event: Event, make_tier: MakeTier
) -> None:
    make_tier(event, quota=3, sold=1)

    with nothing_changes():
        answer = purchase(api(customer), event, 3)

    refused(answer, 409, "sold_out")
    assert error_of(answer)["placesLeft"] == 2
    assert purchase(api(customer), event, 2).status_code == 201


def test_who_is_not_signed_in_buys_nothing(api: MakeApi, event: Event) -> None:
    with nothing_changes():
        refused(purchase(api(), event), 401, "not_authenticated")


def test_an_unproved_address_holds_nothing(
    api: MakeApi, make_user: MakeUser, make_event: MakeEvent
) -> None:
    client = api(make_user("new@example.com", verified=False))

    events = [make_event(ticket_price=price) for price in (0, 20)]

    with nothing_changes():
        for event in events:
            refused(purchase(client, event), 403, "email_unverified")


def test_holds_of_bookings_and_tickets_count_together(
    api: MakeApi, customer: User, event: Event, make_event: MakeEvent, make_booking: MakeBooking
) -> None:
    client = api(customer)
    make_booking()
    for _ in range(2):
        assert purchase(client, event).status_code == 201

    with nothing_changes():
        refused(purchase(client, event), 409, "too_many_holds")
    # What costs nothing isn't held.
    assert purchase(client, make_event(ticket_price=0)).status_code == 201


def test_ten_holds_within_an_hour_are_many(api: MakeApi, customer: User, event: Event) -> None:
    """And a program that waits as long as it is told to may go on."""
    client = api(customer)
    for number in range(10):
        at = NOW + timedelta(minutes=number)
        with time_machine.travel(at, tick=False):
            order = purchase(client, event).json()["order"]
            cancel_order(order_id=order["id"], by=customer, at=at)
    now = NOW + timedelta(minutes=9, seconds=30)

    with time_machine.travel(now, tick=False), nothing_changes():
        answer = purchase(client, event)

    refused(answer, 429, "throttled")
    wait = int(answer["Retry-After"])
    assert wait == error_of(answer)["retryAfter"] == 50 * 60 + 31
    with time_machine.travel(now + timedelta(seconds=wait - 1), tick=False), nothing_changes():
        refused(purchase(client, event), 429, "throttled")
    with time_machine.travel(now + timedelta(seconds=wait), tick=False):
        assert purchase(client, event).status_code == 201


def test_a_lapsed_hold_is_released_for_the_next(
    api: MakeApi, customer: User, stranger: User, make_event: MakeEvent
) -> None:
    event = make_event(max_participants=1)
    lapsed = buy(event, stranger, at=NOW - timedelta(minutes=16))

    answer = purchase(api(customer), event, key="one")

    assert answer.status_code == 201
    lapsed.refresh_from_db()
    assert lapsed.status == "expired"
    assert list(wrong_counters()) == []


# --- Idempotency-Key ----------------------------------------------------------------------------


def test_a_repeat_gets_the_same_bytes_and_buys_nothing(
    api: MakeApi, customer: User, event: Event
) -> None:
    client = api(customer)
    first = purchase(client, event, 2, key="one")

    with nothing_changes():
        again = purchase(client, event, 2, key="one")

    assert (again.status_code, again.content) == (201, first.content)
    assert (again["Location"], again["Idempotency-Replayed"]) == (first["Location"], "true")
    with nothing_changes():
        refused(purchase(client, event, 3, key="one"), 409, "idempotency_key_reused")
    assert purchase(client, event, 2, key="two").status_code == 201
    assert TicketOrder.objects.count() == 2


def test_sold_out_stays_sold_out_under_its_key(
    api: MakeApi, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(max_participants=1)
    client = api(customer)
    first = purchase(client, event, 2, key="one")
    refused(first, 409, "sold_out")
    Event.objects.update(max_participants=2)

    with nothing_changes():
        again = purchase(client, event, 2, key="one")

    assert (again.status_code, again.content) == (409, first.content)
    assert purchase(client, event, 2, key="two").status_code == 201


def test_not_on_sale_is_kept_and_400_is_not(
    api: MakeApi, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(status=EventStatus.CANCELLED)
    client = api(customer)
    refused(purchase(client, event, key="one"), 409, "not_on_sale")
    Event.objects.update(status=EventStatus.PUBLISHED)

    refused(purchase(client, event, key="one"), 409, "not_on_sale")
    refused(purchase(client, event, 11, key="two"), 400, "invalid", "quantity")
    assert IdempotencyKey.objects.count() == 1


# --- orders -------------------------------------------------------------------------------------


def test_an_order_is_shown_as_it_was_bought_and_then_with_its_tickets(
    api: MakeApi, customer: User, event: Event
) -> None:
    client = api(customer)
    bought = purchase(client, event, 2).json()["order"]
    path = f"/tickets/orders/{bought['id']}"
    assert client.get(path).json() == bought

    pay_order(TicketOrder.objects.get())
    paid = client.get(path).json()

    assert (paid["status"], paid["checkoutUrl"], paid["expiresAt"]) == ("paid", None, None)
    tickets = [
        client.get(f"/tickets/{pk}").json() for pk in Ticket.objects.values_list("pk", flat=True)
    ]
    assert paid["tickets"] == tickets
    assert paid | {"event": None} == bought | {
        "status": "paid",
        "checkoutUrl": None,
        "expiresAt": None,
        "tickets": tickets,
        "event": None,
    }


def cancel(client: Api, order: TicketOrder, body: Any = None) -> Any:
    return client.put(f"/tickets/orders/{order.pk}/cancel", body)


def test_a_held_order_is_given_up(api: MakeApi, customer: User, event: Event) -> None:
    order = buy(event, customer, 2)

    answer = cancel(api(customer), order, {"reason": "no time"})

    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["checkoutUrl"], found["tickets"]) == ("cancelled", None, [])
    assert found["event"]["placesLeft"] == 100
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("notice", "status", "refunded", "percent", "tickets"),
    [
        pytest.param(timedelta(days=7), "refunded", 60, 100, "refunded", id="7-days"),
        pytest.param(timedelta(days=3), "refunded", 30, 50, "refunded", id="3-days"),
        pytest.param(timedelta(hours=71), "cancelled", 0, 0, "cancelled", id="below-3-days"),
    ],
)
def test_a_group_goes_back_together(
    api: MakeApi,
    customer: User,
    event: Event,
    make_tier: MakeTier,
    notice: timedelta,
    status: str,
    refunded: int,
    percent: int,
    tickets: str,
) -> None:
    make_tier(event, "group", min_per_order=3)
    order = pay_order(buy(event, customer, 3, ticket_type="group"))

    with time_machine.travel(EVENT_START - notice, tick=False):
        answer = cancel(Api(customer), order)

    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["refundAmount"]) == (status, refunded)
    assert [
        (ticket["status"], ticket["refundPercent"], ticket["refundAmount"], ticket["qrCodeUrl"])
        for ticket in found["tickets"]
    ] == [(tickets, percent, refunded / 3, None)] * 3
    assert [refund.amount for refund in Refund.objects.all()] == ([refunded] if refunded else [])
    assert Tier.objects.get().sold == 0


def test_what_can_t_be_given_back_stays(
    api: MakeApi, customer: User, manager: User, make_event: MakeEvent
) -> None:
    begun = pay_order(buy(make_event(start_date=NOW + timedelta(hours=1)), customer))
    gone = pay_order(buy(make_event(), customer))
    cancel_order(order_id=gone.pk, by=customer, at=NOW)
    lapsed = buy(make_event(), customer, at=NOW - timedelta(hours=1))
    TicketOrder.objects.filter(pk=lapsed.pk).update(status="expired")

    with time_machine.travel(NOW + timedelta(hours=1), tick=False), nothing_changes():
        for order in (begun, gone, lapsed):
            refused(cancel(Api(customer), order), 409, "invalid_transition")


@pytest.mark.parametrize("body", [{"reason": {}}, {"reason": "x" * 251}, {"reason": "\0"}, [], 3])
def test_a_malformed_reason_is_400(api: MakeApi, customer: User, event: Event, body: Any) -> None:
    order = buy(event, customer)

    with nothing_changes():
        assert cancel(api(customer), order, body).status_code == 400


def test_somebody_else_s_order_is_not_there(
    api: MakeApi, customer: User, stranger: User, manager: User, event: Event
) -> None:
    order = pay_order(buy(event, customer))
    path = f"/tickets/orders/{order.pk}"

    with nothing_changes():
        for other in (stranger, manager):
            refused(api(other).get(path), 404, "not_found")
            bodies: list[Any] = [{}, {"reason": 5}, []]
            for body in bodies:
                refused(cancel(api(other), order, body), 404, "not_found")
        refused(api().get(path), 401, "not_authenticated")
        refused(cancel(api(), order), 401, "not_authenticated")


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_orders_are_404(api: MakeApi, customer: User, number: int) -> None:
    refused(api(customer).get(f"/tickets/orders/{number}"), 404, "not_found")
    refused(api(customer).put(f"/tickets/orders/{number}/cancel"), 404, "not_found")


def test_an_order_of_a_cancelled_event_still_says_what_it_was(
    api: MakeApi, customer: User, manager: User, event: Event
) -> None:
    order = pay_order(buy(event, customer))
    cancel_event(event_id=event.pk, by=manager, at=NOW)

    found = api(customer).get(f"/tickets/orders/{order.pk}").json()

    assert found["event"]["status"] == "cancelled"
