"""`/events`: what is shown, in which order, marked how, and what the filters find."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.infrastructure.events import EVENT_START, MakeEvent, MakeTier
from tests.infrastructure.pages import MakeVisitor, Page
from tests.infrastructure.world import NOW
from tickets.models import Event
from tickets.states import EventStatus, EventType

EVENTS = "/events"


def names_of(page: Page) -> list[str]:
    """The cards, in their order."""
    return [words for words, href in page.links if href.startswith("/events/")]


def test_published_events_stand_under_their_months_the_next_first(
    visit: MakeVisitor, make_event: MakeEvent
) -> None:
    make_event(name="Autumn fair", start_date=EVENT_START + timedelta(days=60))
    make_event(name="Summer concert")
    make_event(name="Garden party", start_date=EVENT_START - timedelta(days=3))
    make_event(name="A draft", status=EventStatus.DRAFT)
    make_event(name="Called off", status=EventStatus.CANCELLED)
    make_event(name="Yesterday", start_date=NOW - timedelta(days=1))

    page = visit().get(EVENTS)

    assert (page.status, page.h1) == (200, "Events")
    assert names_of(page) == ["Garden party", "Summer concert", "Autumn fair"]
    text = page.text
    assert text.index("July 2026") < text.index("Summer concert") < text.index("September 2026")
    assert text.count("July 2026") == 1


def test_a_card_says_what_one_wants_to_know_first(
    visit: MakeVisitor, make_event: MakeEvent
) -> None:
    make_event()

    text = visit().get(EVENTS).text

    assert "Sat 18 Jul Event Summer concert 20:00–23:00 (Berlin) Old Mill, Berlin 20.00 USD" in text


def test_the_month_is_that_of_the_event_s_own_clock(
    visit: MakeVisitor, make_event: MakeEvent
) -> None:
    # 31 July, 23:00 UTC is the first of August in Berlin.
    make_event(start_date=EVENT_START.replace(day=31, hour=23))

    assert "August 2026" in visit().get(EVENTS).text


def test_an_event_over_days_says_both_ends(visit: MakeVisitor, make_event: MakeEvent) -> None:
    make_event(end_date=EVENT_START + timedelta(days=2))

    assert "Sat 18 July, 20:00 – Mon 20 July, 20:00 (Berlin)" in visit().get(EVENTS).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current_participants": 100}, "Sold out"),
        ({"held": 60, "current_participants": 40}, "Sold out"),
        ({"current_participants": 90}, "Few left"),
        ({"is_online": True}, "Online"),
        ({"ticket_price": None}, "Free"),
    ],
)
def test_marks(
    visit: MakeVisitor, make_event: MakeEvent, fields: dict[str, object], said: str
) -> None:
    make_event(name="Plain")
    assert said not in visit().get(EVENTS).text.split("Show", 1)[1]

    make_event(name="Marked", **fields)

    assert said in visit().get(EVENTS).text.split("Show", 1)[1]


def test_prices_of_tiers_that_are_still_sold(
    visit: MakeVisitor, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event()
    make_tier(event, "early_bird", price=Decimal(5), sales_end=NOW - timedelta(days=1))
    make_tier(event, "standard", price=Decimal(25))
    make_tier(event, "vip", price=Decimal(90), is_active=False)
    assert "25.00 USD" in visit().get(EVENTS).text
    assert "from" not in visit().get(EVENTS).text

    make_tier(event, "group", price=Decimal(15))
    assert "from 15.00 USD" in visit().get(EVENTS).text


def test_all_tiers_gone_is_sold_out(
    visit: MakeVisitor, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event(max_participants=None)
    make_tier(event, "standard", quota=5, sold=5)
    make_tier(event, "group", quota=7, held=4, min_per_order=4)

    assert "Sold out" in visit().get(EVENTS).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "mill"}, ["Concert", "Workshop"]),
        ({"search": "jazz mill"}, ["Concert"]),
        ({"type": EventType.WORKSHOP}, ["Workshop"]),
        ({"online": "yes"}, ["Webinar"]),
        ({"online": "no"}, ["Concert", "Workshop"]),
        ({"since": "2026-07-19"}, ["Workshop", "Webinar"]),
        ({"until": "2026-07-19"}, ["Concert"]),
        ({"since": "2026-07-18", "until": "2026-07-18"}, ["Concert"]),
        ({"since": "2026-06-01", "until": "2026-07-01"}, ["Long ago"]),
        # What makes no sense filters nothing.
        ({"type": "party", "since": "someday", "online": "maybe"}, None),
        ({"since": "0001-01-01"}, None),
        ({"until": "9999-12-31"}, None),
        ({"since": "9999-12-31"}, []),
        ({"search": "nothing like that"}, []),
    ],
)
def test_filters(
    visit: MakeVisitor, make_event: MakeEvent, query: dict[str, str], found: list[str] | None
) -> None:
    make_event(name="Concert", description="Jazz.")
    make_event(
        name="Workshop",
        event_type=EventType.WORKSHOP,
        start_date=EVENT_START + timedelta(days=5),
    )
    make_event(
        name="Webinar",
        event_type=EventType.WEBINAR,
        is_online=True,
        location="",
        start_date=EVENT_START + timedelta(days=9),
    )
    if found == ["Long ago"]:
        make_event(name="Long ago", start_date=NOW - timedelta(days=2))

    page = visit().get(EVENTS, **query)

    assert page.status == 200
    assert names_of(page) == (["Concert", "Workshop", "Webinar"] if found is None else found)
    if found == []:
        assert page.href("Show all events") == EVENTS


def test_an_empty_house_says_so(visit: MakeVisitor) -> None:
    page = visit().get(EVENTS)

    assert "Nothing is planned at present." in page.text
    assert not page.has_link("Show all")


def test_many_events_have_pages_that_keep_the_filter(
    visit: MakeVisitor, make_event: MakeEvent
) -> None:
    for number in range(30):
        make_event(name=f"Concert {number}", start_date=EVENT_START + timedelta(days=number))

    page = visit().get(EVENTS, search="concert")

    assert len(names_of(page)) == 24
    assert page.href("Next") == "?search=concert&page=2"
    assert len(names_of(visit().get(EVENTS, search="concert", page="2"))) == 6
    assert len(names_of(visit().get(EVENTS, page="99"))) == 6


def test_twenty_events_take_as_many_queries_as_one(
    visit: MakeVisitor, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert visit().get(EVENTS).status == 200
        return len(counted)

    make_tier(make_event(), "standard")
    with_one = queries()
    for number in range(20):
        make_tier(make_event(name=f"Concert {number}"), "vip", quota=3)

    # The events, their number, their tiers.
    assert queries() == with_one == 3


def test_the_front_page_leads_there_and_shows_what_is_on_soon(
    visit: MakeVisitor, make_event: MakeEvent
) -> None:
    event = make_event(current_participants=95)

    page = visit().get("/")

    assert page.h1 == "Find an event"
    assert page.href("Summer concert") == f"/events/{event.pk}"
    assert "Summer concert Sat 18 July, 20:00 (Berlin) 20.00 USD Few left" in page.text
    assert page.href("All events") == EVENTS
    assert Event.objects.count() == 1


@pytest.mark.parametrize("typed", ["/events/", "/tickets/", "/events/7/", "/tickets/orders/7/"])
def test_an_address_typed_with_a_slash_leads_to_the_one_without(
    visit: MakeVisitor, typed: str
) -> None:
    assert visit().get_address(typed).location == typed.removesuffix("/")
