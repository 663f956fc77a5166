"""Events for everybody: what is listed, what is told of each, and to whom where it is online."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from tests.infrastructure.api import Api, MakeApi, error_of, refused
from tests.infrastructure.events import EVENT_END, EVENT_START, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket
from tickets.services import cancel_event, cancel_ticket
from tickets.states import EntryMode, EventStatus, EventType

PUBLISHED = EventStatus.PUBLISHED


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [event["name"] for event in answer.json()["results"]]


def test_an_event_without_tiers(api: MakeApi, make_event: MakeEvent) -> None:
    event = make_event(
        description="By the river.\nBring a coat.",
        metadata={"stage": 2},
        image_url="https://example.com/poster.jpg",
        staff_email="mill@example.com",
        current_participants=30,
        held=5,
    )

    answer = api().get(f"/events/{event.pk}")

    assert answer.status_code == 200
    assert answer.json() == {
        "id": event.pk,
        "name": "Summer concert",
        "description": "By the river.\nBring a coat.",
        "eventType": "other",
        "startDate": "2026-07-18T18:00:00Z",
        "endDate": "2026-07-18T21:00:00Z",
        "location": "Old Mill, Berlin",
        "isOnline": False,
        "maxParticipants": 100,
        "currentParticipants": 30,
        "ticketPrice": 20,
        "status": "published",
        "imageUrl": "https://example.com/poster.jpg",
        "metadata": {"stage": 2},
        "timezone": "Europe/Berlin",
        "entryMode": "single",
        "doorsOpenMinutes": 60,
        "refundPolicy": None,
        "onlineUrl": None,
        "placesLeft": 65,
        "onSale": True,
        "tiers": [],
    }
    assert api().get("/events").json() == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [answer.json()],
    }


def test_tiers_the_cheapest_first_and_without_those_no_longer_offered(
    api: MakeApi, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event(max_participants=40, ticket_price=None)
    vip = make_tier(event, "vip", price=Decimal("99.50"), quota=10, name="Front row", sold=4)
    early = make_tier(
        event,
        "early_bird",
        price=Decimal(15),
        sales_start=NOW - timedelta(days=1),
        sales_end=NOW,
        min_per_order=2,
        max_per_order=4,
    )
    make_tier(event, "group", price=Decimal(5), is_active=False)

    found = api().get(f"/events/{event.pk}").json()

    assert found["tiers"] == [
        {
            "id": early.pk,
            "ticketType": "early_bird",
            "name": "Early bird",
            "price": 15,
            "quota": None,
            "salesStart": "2026-07-01T08:00:00Z",
            "salesEnd": "2026-07-02T08:00:00Z",
            "minPerOrder": 2,
            "maxPerOrder": 4,
            "placesLeft": 40,
            "onSale": False,
        },
        {
            "id": vip.pk,
            "ticketType": "vip",
            "name": "Front row",
            "price": 99.5,
            "quota": 10,
            "salesStart": None,
            "salesEnd": None,
            "minPerOrder": 1,
            "maxPerOrder": 10,
            "placesLeft": 6,
            "onSale": True,
        },
    ]
    # Without a price of its own: the cheapest that is offered.
    assert found["ticketPrice"] == 15


def test_a_free_event_without_a_maximum(api: MakeApi, make_event: MakeEvent) -> None:
    event = make_event(max_participants=None, ticket_price=None)

    found = api().get(f"/events/{event.pk}").json()

    assert (found["ticketPrice"], found["maxParticipants"], found["placesLeft"]) == (0, None, None)


@pytest.mark.parametrize("status", EventStatus.values)
def test_only_published_ones_are_listed_and_drafts_are_not_there(
    api: MakeApi, manager: User, make_event: MakeEvent, status: str
) -> None:
    event = make_event(status=status)

    for client in (api(), api(manager)):
        found = client.get(f"/events/{event.pk}")
        if status == EventStatus.DRAFT:
            refused(found, 404, "not_found")
        else:
            assert (found.json()["status"], found.json()["onSale"]) == (
                status,
                status == PUBLISHED,
            )
        assert len(names(client.get("/events"))) == (status == PUBLISHED)


def test_over_by_the_clock_is_over_before_the_beat(api: MakeApi, make_event: MakeEvent) -> None:
    event = make_event(start_date=NOW - timedelta(hours=3))
    going_on = make_event(name="Going on", start_date=NOW - timedelta(hours=2))

    assert names(api().get("/events")) == ["Going on"]
    assert names(api().get("/events", startDate="2026-07-01")) == ["Going on"]
    found = api().get(f"/events/{event.pk}").json()
    assert (found["status"], found["onSale"]) == ("completed", False)
    assert api().get(f"/events/{going_on.pk}").json()["status"] == "published"


def test_the_next_come_first(api: MakeApi, make_event: MakeEvent) -> None:
    for days in (3, 1, 2):
        make_event(name=f"Day {days}", start_date=EVENT_START + timedelta(days=days))

    assert names(api().get("/events")) == ["Day 1", "Day 2", "Day 3"]
    second = api().get("/events", page=2, pageSize=2).json()
    assert [event["name"] for event in second["results"]] == ["Day 3"]
    assert (second["count"], second["next"]) == (3, None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "workshop"}, ["Pottery"]),
        ({"type": "series"}, []),
        ({"isOnline": "true"}, ["Clouds"]),
        ({"isOnline": "false"}, ["Pottery", "Jazz"]),
        ({"search": "clay"}, ["Pottery"]),
        ({"search": "BERLIN ja"}, ["Jazz"]),
        ({"search": " "}, ["Pottery", "Jazz", "Clouds"]),
        ({"search": "%"}, []),
        ({"startDate": "2026-07-19"}, ["Jazz", "Clouds"]),
        ({"startDate": "2026-07-20"}, ["Clouds"]),
        ({"endDate": "2026-07-19"}, ["Pottery", "Jazz"]),
        ({"endDate": "2026-07-18"}, ["Pottery"]),
        ({"startDate": "2026-07-19", "endDate": "2026-07-19"}, ["Jazz"]),
        ({"startDate": "2026-07-22"}, []),
        ({"startDate": "2026-07-19", "type": "webinar", "isOnline": "true"}, ["Clouds"]),
        ({"colour": "red"}, ["Pottery", "Jazz", "Clouds"]),
    ],
)
def test_the_list_is_narrowed(
    api: MakeApi, make_event: MakeEvent, query: dict[str, str], found: list[str]
) -> None:
    make_event(name="Pottery", event_type=EventType.WORKSHOP, description="Wet clay", location="")
    # Sunday 19 July by the clock in Auckland, still Saturday in UTC.
    make_event(
        name="Jazz",
        timezone="Pacific/Auckland",
        start_date=datetime(2026, 7, 18, 23, 0, tzinfo=UTC),
        location="Little Berlin",
    )
    make_event(
        name="Clouds",
        event_type=EventType.WEBINAR,
        is_online=True,
        start_date=EVENT_START + timedelta(days=2),
        end_date=EVENT_START + timedelta(days=3),
        location="",
    )

    assert names(api().get("/events", **query)) == found


def test_a_filter_that_is_left_empty_filters_nothing(api: MakeApi, event: Event) -> None:
    query = dict.fromkeys(("type", "startDate", "endDate", "isOnline", "search", "page"), "")

    assert names(api().get("/events", **query)) == [event.name]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"type": "party"}, "type"),
        ({"isOnline": "perhaps"}, "isOnline"),
        ({"startDate": "18.7.2026"}, "startDate"),
        ({"startDate": "2026-02-30"}, "startDate"),
        ({"endDate": "9999-12-31"}, "endDate"),
        ({"startDate": "2026-07-19", "endDate": "2026-07-18"}, "endDate"),
        ({"search": "x" * 101}, "search"),
        ({"page": "0"}, "page"),
    ],
)
def test_bad_parameters_are_400(api: MakeApi, query: dict[str, str], attr: str) -> None:
    answer = api().get("/events", **query)

    assert answer.status_code == 400
    assert error_of(answer)["attr"] == attr


@pytest.mark.parametrize("number", [0, 10**6, 2**31, 2**63, 10**30])
def test_unknown_numbers_are_404(api: MakeApi, number: int) -> None:
    refused(api().get(f"/events/{number}"), 404, "not_found")


# --- where it is online -------------------------------------------------------------------------

ROOM = "https://meet.example.com/secret"


@pytest.fixture
def webinar(make_event: MakeEvent) -> Event:
    return make_event(is_online=True, online_url=ROOM, max_participants=None)


def told(client: Api, event: Event) -> str | None:
    """The same in the list and on its own."""
    [listed] = client.get("/events").json()["results"]
    url: str | None = client.get(f"/events/{event.pk}").json()["onlineUrl"]
    assert listed["onlineUrl"] == url
    return url


def test_staff_and_holders_are_told_where(
    api: MakeApi,
    customer: User,
    stranger: User,
    scanner: User,
    front_desk: User,
    manager: User,
    webinar: Event,
) -> None:
    held = buy(webinar, stranger)
    pay_order(buy(webinar, customer))

    assert [told(api(user), webinar) for user in (customer, front_desk, manager)] == [ROOM] * 3
    assert [told(api(user), webinar) for user in (None, stranger, scanner)] == [None] * 3
    pay_order(held)
    assert told(api(stranger), webinar) == ROOM


def test_a_ticket_that_was_given_back_tells_no_more(
    api: MakeApi, customer: User, webinar: Event
) -> None:
    [ticket] = pay_order(buy(webinar, customer)).tickets.all()
    cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)

    assert told(api(customer), webinar) is None


def test_a_used_ticket_tells_until_the_end(api: MakeApi, customer: User, webinar: Event) -> None:
    pay_order(buy(webinar, customer))
    Ticket.objects.update(status="used")

    with time_machine.travel(EVENT_END - timedelta(seconds=1), tick=False):
        assert told(Api(customer), webinar) == ROOM
    with time_machine.travel(EVENT_END + timedelta(seconds=1), tick=False):
        assert Api(customer).get(f"/events/{webinar.pk}").json()["onlineUrl"] is None


def test_a_cancelled_event_takes_place_nowhere(
    api: MakeApi, customer: User, manager: User, webinar: Event
) -> None:
    pay_order(buy(webinar, customer))
    cancel_event(event_id=webinar.pk, by=manager, at=NOW)

    assert api(customer).get(f"/events/{webinar.pk}").json()["onlineUrl"] is None


def test_a_series_says_how_one_comes_in(api: MakeApi, make_event: MakeEvent) -> None:
    event = make_event(event_type=EventType.SERIES, entry_mode=EntryMode.MULTI)

    found = api().get(f"/events/{event.pk}").json()

    assert (found["eventType"], found["entryMode"]) == ("series", "multi")
