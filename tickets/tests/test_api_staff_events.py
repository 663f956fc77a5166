"""Events, made, changed, published and ended by staff."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from tests.infrastructure.api import MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.events import (
    EVENT_START,
    MakeEvent,
    MakeTier,
    buy,
    pay_order,
)
from tests.infrastructure.world import NOW
from tickets.models import Campaign, Event, Ticket, TicketScan, Tier
from tickets.services import run_campaign
from tickets.states import EventStatus

MINIMAL = {
    "name": "Pottery",
    "eventType": "workshop",
    "startDate": "2026-09-01T18:00:00+02:00",
    "endDate": "2026-09-01T20:30:00+02:00",
}
TIER = {"ticketType": "standard", "price": 20}


def test_an_event_is_made(api: MakeApi, manager: User) -> None:
    wanted = {
        "name": "Pottery",
        "description": "Wet clay\nand dry jokes ",
        "eventType": "workshop",
        "startDate": "2026-09-01T16:00:00Z",
        "endDate": "2026-09-01T18:30:00Z",
        "location": "Studio 2",
        "isOnline": True,
        "maxParticipants": 12,
        "ticketPrice": 45.5,
        "imageUrl": "/media/pottery.jpg",
        "metadata": {"level": 1, "tags": ["clay"]},
        "timezone": "Europe/Berlin",
        "entryMode": "multi",
        "doorsOpenMinutes": 30,
        "refundPolicy": [{"hoursBefore": 48, "percent": 80}],
        "onlineUrl": "https://meet.example.com/x",
        "staffEmail": "studio@example.com",
        "notifyStaff": False,
    }
    tiers = [
        {
            "ticketType": "early_bird",
            "name": "Quick ones",
            "price": 30,
            "quota": 4,
            "salesStart": "2026-07-01T00:00:00Z",
            "salesEnd": "2026-08-01T00:00:00Z",
            "minPerOrder": 1,
            "maxPerOrder": 2,
        },
        {"ticketType": "group", "price": 35.25, "minPerOrder": 12},
    ]

    answer = api(manager).post("/admin/events", wanted | {"tiers": tiers})

    assert answer.status_code == 201
    event = Event.objects.get()
    early, group = Tier.objects.order_by("price")
    assert answer["Location"] == f"/api/v1/admin/events/{event.pk}"
    assert answer.json() == wanted | {
        "id": event.pk,
        "status": "draft",
        "currentParticipants": 0,
        "held": 0,
        "placesLeft": 12,
        "onSale": False,
        "tiers": [
            tiers[0] | {"id": early.pk, "placesLeft": 4, "onSale": False},
            {
                "id": group.pk,
                "ticketType": "group",
                "name": "Group",
                "price": 35.25,
                "quota": None,
                "salesStart": None,
                "salesEnd": None,
                "minPerOrder": 12,
                "maxPerOrder": 12,
                "placesLeft": 12,
                "onSale": False,
            },
        ],
        "createdAt": "2026-07-02T08:00:00Z",
        "updatedAt": "2026-07-02T08:00:00Z",
    }
    assert event.ticket_price == Decimal("45.50")
    assert api(manager).get(f"/admin/events/{event.pk}").json() == answer.json()


def test_little_is_needed(api: MakeApi, manager: User, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"

    found = api(manager).post("/admin/events", MINIMAL).json()

    assert (found["status"], found["ticketPrice"], found["timezone"]) == ("draft", 0, "Asia/Tokyo")
    assert (found["startDate"], found["maxParticipants"]) == ("2026-09-01T16:00:00Z", None)
    assert (found["entryMode"], found["doorsOpenMinutes"], found["tiers"]) == ("single", 60, [])
    assert (found["notifyStaff"], found["metadata"], found["refundPolicy"]) == (True, {}, None)


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        ({"endDate": "2026-09-02T18:00:00+02:00"}, "single"),
        ({"endDate": "2026-09-02T18:00:01+02:00"}, "multi"),
        ({"eventType": "series"}, "multi"),
        ({"eventType": "series", "entryMode": "single"}, "single"),
    ],
)
def test_what_lasts_lets_in_and_out(
    api: MakeApi, manager: User, body: dict[str, str], mode: str
) -> None:
    assert api(manager).post("/admin/events", MINIMAL | body).json()["entryMode"] == mode


BAD = [
    ({"name": ""}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": None}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"description": "x" * 20_001}, "description"),
    ({"eventType": "party"}, "eventType"),
    ({"startDate": "2026-09-01T18:00:00"}, "startDate"),
    ({"startDate": "2026-09-01"}, "startDate"),
    ({"startDate": "soon"}, "startDate"),
    ({"startDate": 5}, "startDate"),
    ({"startDate": {}}, "startDate"),
    ({"startDate": None}, "startDate"),
    ({"startDate": "1969-12-31T23:59:59Z"}, "startDate"),
    ({"startDate": "0001-01-01T00:00:00+14:00"}, "startDate"),
    ({"endDate": "9999-12-31T23:59:59-12:00"}, "endDate"),
    ({"location": "x" * 256}, "location"),
    ({"isOnline": "perhaps"}, "isOnline"),
    ({"maxParticipants": 0}, "maxParticipants"),
    ({"maxParticipants": -1}, "maxParticipants"),
    ({"maxParticipants": 1_000_001}, "maxParticipants"),
    ({"maxParticipants": "many"}, "maxParticipants"),
    ({"ticketPrice": -1}, "ticketPrice"),
    ({"ticketPrice": 12.345}, "ticketPrice"),
    ({"ticketPrice": 10**9}, "ticketPrice"),
    ({"ticketPrice": 0.49}, "ticketPrice"),
    ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
    ({"imageUrl": "/" + "x" * 500}, "imageUrl"),
    ({"onlineUrl": "javascript:alert(1)"}, "onlineUrl"),
    ({"onlineUrl": "meet.example.com"}, "onlineUrl"),
    ({"metadata": []}, "metadata"),
    ({"metadata": {"x": "y" * 20_001}}, "metadata"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "../etc/passwd"}, "timezone"),
    ({"entryMode": "sometimes"}, "entryMode"),
    ({"doorsOpenMinutes": -1}, "doorsOpenMinutes"),
    ({"doorsOpenMinutes": 10_081}, "doorsOpenMinutes"),
    ({"refundPolicy": {}}, "refundPolicy"),
    ({"refundPolicy": [{"hoursBefore": 24, "percent": 101}]}, "refundPolicy"),
    ({"staffEmail": "nobody"}, "staffEmail"),
    ({"tiers": {}}, "tiers"),
    ({"tiers": "vip"}, "tiers"),
    ({"tiers": None}, "tiers"),
    ({"tiers": [5]}, "tiers"),
    ({"tiers": [{}]}, "tiers"),
    ({"tiers": [{"ticketType": "standard"}]}, "tiers"),
    ({"tiers": [TIER | {"ticketType": "gold"}]}, "tiers"),
    ({"tiers": [TIER | {"price": -1}]}, "tiers"),
    ({"tiers": [TIER | {"price": 0.2}]}, "tiers"),
    ({"tiers": [TIER | {"quota": -1}]}, "tiers"),
    ({"tiers": [TIER | {"minPerOrder": 0}]}, "tiers"),
    ({"tiers": [TIER | {"minPerOrder": 5, "maxPerOrder": 4}]}, "tiers"),
    ({"tiers": [TIER | {"maxPerOrder": 1_001}]}, "tiers"),
    ({"tiers": [TIER | {"name": "x" * 101}]}, "tiers"),
    ({"tiers": [TIER | {"salesStart": "2026-07-01T00:00:00"}]}, "tiers"),
    (
        {"tiers": [TIER | {"salesStart": "2026-07-02T00:00Z", "salesEnd": "2026-07-01T00:00Z"}]},
        "tiers",
    ),
    ({"tiers": [TIER, TIER]}, "tiers"),
    ({"tiers": [TIER] * 5}, "tiers"),
]


@pytest.mark.parametrize(("body", "attr"), BAD)
def test_bad_values_are_named(
    api: MakeApi, manager: User, event: Event, body: dict[str, Any], attr: str
) -> None:
    client = api(manager)

    with nothing_changes():
        for answer in (
            client.post("/admin/events", MINIMAL | body),
            client.put(f"/admin/events/{event.pk}", body),
            client.patch(f"/admin/events/{event.pk}", body),
        ):
            assert answer.status_code == 400, answer.content
            assert {error["attr"].split(".")[0] for error in answer.json()["errors"]} == {attr}


def test_a_tier_s_fault_is_named_by_its_place(api: MakeApi, manager: User, event: Event) -> None:
    body = {"tiers": [TIER, {"ticketType": "vip", "price": "much"}]}

    with nothing_changes():
        answer = api(manager).put(f"/admin/events/{event.pk}", body)

    refused(answer, 400, "invalid", "tiers.1.price")


def test_some_things_are_needed(api: MakeApi, manager: User) -> None:
    with nothing_changes():
        answer = api(manager).post("/admin/events", {})

    assert answer.status_code == 400
    assert {(error["attr"], error["code"]) for error in answer.json()["errors"]} == {
        (name, "required") for name in ("name", "eventType", "startDate", "endDate")
    }


def test_the_end_lies_after_the_start(api: MakeApi, manager: User, event: Event) -> None:
    client = api(manager)
    backwards = {"endDate": MINIMAL["startDate"]}

    with nothing_changes():
        refused(client.post("/admin/events", MINIMAL | backwards), 400, "invalid", "endDate")
        # Nor is anything else that came along taken over.
        answer = client.put(
            f"/admin/events/{event.pk}", {"name": "New", "endDate": "2026-07-18T18:00:00Z"}
        )
        refused(answer, 400, "invalid", "endDate")


def test_a_price_below_the_minimum_is_refused_with_the_minimum_named(
    api: MakeApi, manager: User
) -> None:
    for body in ({"ticketPrice": 0.49}, {"tiers": [TIER | {"price": 0.49}]}):
        with nothing_changes():
            answer = api(manager).post("/admin/events", MINIMAL | body)
        refused(answer, 400, "below_minimum", next(iter(body)))
        assert "0.50 USD" in error_of(answer)["detail"]


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"ticketPrice": 10_000_000}, "ticketPrice"),
        ({"tiers": [TIER | {"price": 99_999_999.99, "maxPerOrder": 2}]}, "tiers"),
        ({"tiers": [TIER | {"price": 100_000, "maxPerOrder": 1_000}]}, "tiers"),
    ],
)
def test_a_price_that_comes_to_more_than_can_be_charged_is_refused(
    api: MakeApi, manager: User, body: dict[str, Any], attr: str
) -> None:
    with nothing_changes():
        answer = api(manager).post("/admin/events", MINIMAL | body)

    refused(answer, 400, "invalid", attr)


def test_the_dearest_order_can_be_bought(api: MakeApi, manager: User, customer: User) -> None:
    client = api(manager)
    made = client.post("/admin/events", MINIMAL | {"ticketPrice": 9_999_999.99}).json()
    client.put(f"/admin/events/{made['id']}/publish")

    answer = api(customer).post("/tickets/purchase", {"eventId": made["id"], "quantity": 10})

    assert answer.status_code == 201
    assert answer.json()["order"]["amount"] == 99_999_999.9


def test_a_repeat_makes_nothing_new(api: MakeApi, manager: User) -> None:
    client = api(manager)
    body = MINIMAL | {"tiers": [TIER]}
    first = client.post("/admin/events", body, idempotency_key="one")

    with nothing_changes():
        again = client.post("/admin/events", body, idempotency_key="one")

    assert (again.status_code, again.content) == (201, first.content)


# --- change -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch"])
def test_only_what_is_given_is_changed(
    api: MakeApi, manager: User, make_event: MakeEvent, make_tier: MakeTier, method: str
) -> None:
    event = make_event(metadata={"stage": 1}, refund_policy=[], staff_email="mill@example.com")
    make_tier(event)
    path = f"/admin/events/{event.pk}"
    before = api(manager).get(path).json()

    answer = api(manager).send(method, path, {"name": "New", "status": "draft", "held": 9})

    assert answer.status_code == 200
    expected = before | {"name": "New", "updatedAt": "2026-07-02T08:00:00Z"}
    assert answer.json() == expected
    assert api(manager).get(path).json() == expected


def test_what_is_read_may_be_written_back(
    api: MakeApi, manager: User, event: Event, make_tier: MakeTier, customer: User
) -> None:
    make_tier(event, "vip", price=Decimal(50), quota=5)
    pay_order(buy(event, customer, ticket_type="vip"))
    client, path = api(manager), f"/admin/events/{event.pk}"
    before = client.get(path).json()

    answer = client.put(path, before)

    assert answer.status_code == 200
    assert answer.json() | {"updatedAt": None} == before | {"updatedAt": None}
    # Nothing was moved, so nobody is told.
    assert not Campaign.objects.exists()


def test_tiers_are_written_as_a_whole(
    api: MakeApi, manager: User, customer: User, event: Event, make_tier: MakeTier
) -> None:
    bought = make_tier(event, "standard", name="Seat", quota=10)
    make_tier(event, "vip")
    buy(event, customer)
    client, path = api(manager), f"/admin/events/{event.pk}"

    answer = client.put(path, {"tiers": [{"ticketType": "group", "price": 10}]})

    assert [tier["ticketType"] for tier in answer.json()["tiers"]] == ["group"]
    # One that somebody holds stays for the records.
    kept = Tier.objects.order_by("pk").values_list("ticket_type", "is_active")
    assert list(kept) == [("standard", False), ("group", True)]

    [tier] = client.put(path, {"tiers": [TIER]}).json()["tiers"]
    assert (tier["id"], tier["name"], tier["quota"]) == (bought.pk, "Standard", None)
    assert client.put(path, {"tiers": []}).json()["tiers"] == []


def test_not_below_what_is_sold_or_held(
    api: MakeApi, manager: User, customer: User, event: Event, make_tier: MakeTier
) -> None:
    make_tier(event, quota=10)
    pay_order(buy(event, customer, 2))
    buy(event, customer)
    client, path = api(manager), f"/admin/events/{event.pk}"

    with nothing_changes():
        refused(client.put(path, {"maxParticipants": 2}), 400, "invalid", "maxParticipants")
        refused(client.put(path, {"tiers": [TIER | {"quota": 2}]}), 400, "invalid", "tiers")
    body = {"maxParticipants": 3, "tiers": [TIER | {"quota": 3}]}
    found = client.put(path, body).json()
    assert (found["placesLeft"], found["currentParticipants"], found["held"]) == (0, 2, 1)


def test_new_dates_move_the_event(
    api: MakeApi, manager: User, customer: User, event: Event
) -> None:
    order = pay_order(buy(event, customer))

    answer = api(manager).put(
        f"/admin/events/{event.pk}",
        {"startDate": "2026-07-25T20:00:00+02:00", "endDate": "2026-07-25T23:00:00+02:00"},
    )

    assert (answer.status_code, answer.json()["startDate"]) == (200, "2026-07-25T18:00:00Z")
    ticket = api(customer).get(f"/tickets/{order.tickets.get().pk}").json()
    assert (ticket["validFrom"], ticket["validUntil"]) == (
        "2026-07-25T17:00:00Z",
        "2026-07-25T21:00:00Z",
    )
    # For seven days all of it comes back; afterwards what the notice earns.
    assert ticket["refundSchedule"][0]["percent"] == 100
    assert Campaign.objects.get().kind == Campaign.MOVED


def test_doors_that_open_earlier_let_in_earlier(
    api: MakeApi, manager: User, customer: User, event: Event
) -> None:
    pay_order(buy(event, customer))

    api(manager).put(f"/admin/events/{event.pk}", {"doorsOpenMinutes": 90})

    assert Ticket.objects.get().valid_from == EVENT_START - timedelta(minutes=90)


@pytest.mark.parametrize("status", [EventStatus.CANCELLED, EventStatus.COMPLETED])
def test_what_has_ended_is_not_moved(
    api: MakeApi, manager: User, make_event: MakeEvent, status: str
) -> None:
    event = make_event(status=status)

    with nothing_changes():
        answer = api(manager).put(
            f"/admin/events/{event.pk}", {"name": "New", "endDate": "2026-07-18T22:00:00Z"}
        )
        refused(answer, 409, "invalid_transition")


# --- publish, cancel, remove --------------------------------------------------------------------


def test_a_draft_is_published(
    api: MakeApi, manager: User, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(status=EventStatus.DRAFT)

    answer = api(manager).put(f"/admin/events/{event.pk}/publish")

    assert (answer.status_code, answer.json()["status"], answer.json()["onSale"]) == (
        200,
        "published",
        True,
    )
    assert api(customer).get(f"/events/{event.pk}").status_code == 200
    assert list(event.history.values_list("what", "by")) == [("draft → published", manager.pk)]


@pytest.mark.parametrize(
    "status", [EventStatus.PUBLISHED, EventStatus.CANCELLED, EventStatus.COMPLETED]
)
def test_only_drafts_are_published(
    api: MakeApi, manager: User, make_event: MakeEvent, status: str
) -> None:
    event = make_event(status=status)

    with nothing_changes():
        answer = api(manager).put(f"/admin/events/{event.pk}/publish")

    refused(answer, 409, "invalid_transition")


def test_what_is_over_is_not_published(api: MakeApi, manager: User, make_event: MakeEvent) -> None:
    event = make_event(status=EventStatus.DRAFT, start_date=NOW - timedelta(days=1))

    with nothing_changes():
        answer = api(manager).put(f"/admin/events/{event.pk}/publish")

    refused(answer, 400, "invalid", "endDate")


@pytest.mark.parametrize("status", [EventStatus.DRAFT, EventStatus.PUBLISHED])
def test_an_event_without_orders_is_removed(
    api: MakeApi, manager: User, make_event: MakeEvent, make_tier: MakeTier, status: str
) -> None:
    event = make_event(status=status)
    make_tier(event)

    answer = api(manager).delete(f"/admin/events/{event.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Event.objects.exists()
    assert not Tier.objects.exists()


def test_an_event_with_tickets_is_cancelled_and_refunded(
    api: MakeApi, manager: User, customer: User, stranger: User, event: Event
) -> None:
    paid = pay_order(buy(event, customer, 2))
    held = buy(event, stranger)
    path = f"/admin/events/{event.pk}"

    for _ in range(2):
        answer = api(manager).delete(path)

        assert answer.status_code == 200
        assert answer.json() == api(manager).get(path).json()
        assert (answer.json()["status"], answer.json()["onSale"]) == ("cancelled", False)

    run_campaign(campaign_id=Campaign.objects.get().pk, at=NOW)
    order = api(customer).get(f"/tickets/orders/{paid.pk}").json()
    assert (order["status"], order["refundAmount"]) == ("refunded", 40)
    assert api(stranger).get(f"/tickets/orders/{held.pk}").json()["status"] == "cancelled"


def test_an_event_whose_door_was_tried_stays(api: MakeApi, manager: User, event: Event) -> None:
    TicketScan.objects.create(event=event, code_hash="x")

    answer = api(manager).delete(f"/admin/events/{event.pk}")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


def test_what_is_over_is_not_cancelled(
    api: MakeApi, manager: User, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(ticket_price=0, start_date=NOW - timedelta(hours=3))
    buy(event, customer, at=NOW - timedelta(days=1))

    for status in (EventStatus.PUBLISHED, EventStatus.COMPLETED):
        Event.objects.update(status=status)
        with nothing_changes():
            answer = api(manager).delete(f"/admin/events/{event.pk}")
        refused(answer, 409, "invalid_transition")


# --- the list -----------------------------------------------------------------------------------


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [event["name"] for event in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Published", "Draft", "Cancelled", "Completed", "Ended"]),
        ({"status": "draft"}, ["Draft"]),
        ({"status": "published"}, ["Published"]),
        ({"status": "completed"}, ["Completed", "Ended"]),
        ({"status": "cancelled"}, ["Cancelled"]),
        ({"search": "pub"}, ["Published"]),
        ({"type": "workshop"}, []),
        ({"isOnline": "true"}, []),
        ({"endDate": "2026-07-02"}, ["Completed", "Ended"]),
        ({"startDate": "2026-07-17", "endDate": "2026-07-17"}, ["Draft"]),
    ],
)
def test_the_list_has_all_of_them_the_latest_first(
    api: MakeApi, front_desk: User, make_event: MakeEvent, query: dict[str, str], found: list[str]
) -> None:
    make_event(name="Published")
    make_event(name="Draft", status="draft", start_date=EVENT_START - timedelta(days=1))
    make_event(name="Cancelled", status="cancelled", start_date=EVENT_START - timedelta(days=2))
    make_event(name="Completed", status="completed", start_date=NOW - timedelta(days=1))
    # Over by the clock; the beat hasn't run.
    make_event(name="Ended", start_date=NOW - timedelta(days=2))

    answer = api(front_desk).get("/admin/events", **query)

    assert names(answer) == found
    for event in answer.json()["results"]:
        assert event == api(front_desk).get(f"/admin/events/{event['id']}").json()


@pytest.mark.parametrize("query", [{"status": "lost"}, {"type": "party"}, {"startDate": "x"}])
def test_bad_parameters_are_400(api: MakeApi, front_desk: User, query: dict[str, str]) -> None:
    answer = api(front_desk).get("/admin/events", **query)

    assert answer.status_code == 400
    assert error_of(answer)["attr"] == next(iter(query))


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, manager: User, number: int) -> None:
    client, path = api(manager), f"/admin/events/{number}"

    for answer in (
        client.get(path),
        client.put(path, {"name": ""}),
        client.patch(path, []),
        client.delete(path),
        client.put(f"{path}/publish"),
        client.get(f"{path}/tickets", status="lost"),
        client.get(f"{path}/stats"),
    ):
        refused(answer, 404, "not_found")
