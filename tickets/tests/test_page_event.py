"""`/events/{id}`: what is told, what can be chosen, and what the button does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.events import MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW
from tickets.models import Event
from tickets.services import cancel_order
from tickets.states import EventStatus

PAY_20 = "Hold and pay 20.00 USD"
KEY = "6b3f6a57-5b13-4fd0-9d75-0c0f9e1f0b11"


def look(visitor: Visitor, event: Event, **chosen: object) -> Page:
    return visitor.get(f"/events/{event.pk}", **chosen)


def sent(**fields: str) -> dict[str, str]:
    """What the page's form sends."""
    known = {
        "ticket_type": "standard",
        "quantity": "1",
        "expected_amount": "20.00",
        "idempotency_key": KEY,
    }
    return known | fields


# --- What is told ---------------------------------------------------------------------------


def test_it_says_what_when_where_how_much_and_what_comes_back(
    visit: MakeVisitor, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(description="Slow & late.\n\nBring a coat.")

    page = look(visit(customer), event)

    assert (page.status, page.h1) == (200, "Summer concert")
    assert "Sat 18 July, 20:00–23:00 (Berlin)" in page.text
    assert "Doors open 19:00" in page.text
    # Before the tickets: on a phone nobody scrolls past what is sold to learn when it is.
    assert page.text.index("Old Mill, Berlin") < page.text.index("100 left")
    assert "Old Mill, Berlin" in page.text
    assert "Slow & late. Bring a coat." in page.text
    assert "Standard 20.00 USD 100 left" in page.text
    assert "20.00 USD back now until Sat 11 July, 20:00" in page.text
    assert "10.00 USD back until Wed 15 July, 20:00" in page.text
    assert "Held for 15 minutes while you pay." in page.text
    assert page.form(PAY_20).method == "post"


def test_quantity_and_kind_are_in_the_address(
    visit: MakeVisitor, customer: User, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event()
    make_tier(event, "standard", price=Decimal(25), max_per_order=3)
    make_tier(event, "vip", price=Decimal(90), quota=4, name="Front row")
    make_tier(event, "group", price=Decimal(15), min_per_order=5, max_per_order=20)
    visitor = visit(customer)
    here = f"/events/{event.pk}"

    page = look(visitor, event)
    assert "1 × Standard 25.00 USD" in page.text
    assert page.href("Front row 90.00 USD 4 left") == f"{here}?type=vip&quantity=1"
    fewer = [tag for tag in page.tags("a", "aria-label") if tag["aria-label"] == "One fewer"]
    assert fewer == []

    page = look(visitor, event, type="standard", quantity=2)
    assert page.form("Hold and pay 50.00 USD").fields["quantity"] == "2"
    steps = {tag["aria-label"]: tag["href"] for tag in page.tags("a", "aria-label")}
    assert steps["One more"] == f"{here}?type=standard&quantity=3"
    assert steps["One fewer"] == f"{here}?type=standard&quantity=1"

    assert "3 × Standard 75.00 USD" in look(visitor, event, type="standard", quantity=99).text
    assert "5 × Group 75.00 USD" in look(visitor, event, type="group").text
    assert "4 × Front row 360.00 USD" in look(visitor, event, type="vip", quantity=9).text
    assert "1 × Standard" in look(visitor, event, type="standard", quantity=0).text
    assert look(visitor, event, type="nonsense", quantity="many").text == look(visitor, event).text


def test_tiers_say_why_they_can_not_be_had(
    visit: MakeVisitor, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event()
    make_tier(event, "early_bird", price=Decimal(15), sales_end=NOW)
    make_tier(event, "standard", price=Decimal(25), quota=20, sold=18)
    make_tier(event, "vip", price=Decimal(90), sales_start=NOW + timedelta(days=1))
    make_tier(event, "group", price=Decimal(110), quota=3, min_per_order=5)

    text = look(visit(), event).text

    assert "Early bird 15.00 USD No longer on sale" in text
    assert "Standard 25.00 USD Only 2 left" in text
    assert "VIP 90.00 USD On sale from Fri 3 July, 10:00" in text
    assert "Group 110.00 USD Sold out" in text


def test_doors_are_told_while_they_matter(visit: MakeVisitor, make_event: MakeEvent) -> None:
    """With the day where it is another than that of the start, and not once all is over."""
    start = NOW + timedelta(days=3)
    the_day_before = make_event(start_date=start, doors_open_minutes=24 * 60)
    over = make_event(name="Long ago", start_date=NOW - timedelta(days=3))

    assert "Doors open Sat 4 July, 10:00" in look(visit(), the_day_before).text
    assert "Doors open" not in look(visit(), over).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": EventStatus.CANCELLED}, "This event was cancelled. It doesn't take place."),
        ({"status": EventStatus.COMPLETED}, "This event is over."),
        ({"start_date": NOW - timedelta(hours=4)}, "This event is over."),
        ({"current_participants": 100}, "This event is sold out."),
        ({"held": 1, "current_participants": 99}, "Some are held for payment and may come back."),
    ],
)
def test_what_is_not_on_sale_is_shown_and_says_why(
    visit: MakeVisitor,
    customer: User,
    make_event: MakeEvent,
    fields: dict[str, object],
    said: str,
) -> None:
    page = look(visit(customer), make_event(**fields))

    assert (page.status, page.h1) == (200, "Summer concert")
    assert said in page.text
    assert page.href("See other events") == "/events"
    assert not [form for form in page.forms if "expected_amount" in form.fields]


def test_only_windows_ahead_is_not_on_sale_at_the_moment(
    visit: MakeVisitor, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    event = make_event()
    make_tier(event, "standard", sales_start=NOW + timedelta(days=1))

    assert "No tickets are on sale at the moment." in look(visit(), event).text


def test_drafts_are_staff_s_alone(
    visit: MakeVisitor,
    customer: User,
    manager: User,
    scanner: User,
    make_event: MakeEvent,
    make_tier: MakeTier,
) -> None:
    event = make_event(status=EventStatus.DRAFT)
    make_tier(event, "vip", price=Decimal(90), quota=4)

    for visitor in (visit(), visit(customer), visit(scanner)):
        assert look(visitor, event).status == 404
    page = look(visit(manager), event)
    assert page.status == 200
    assert "This is a draft. Only staff see this page." in page.text
    assert "VIP 90.00 USD 4 left" in page.text
    with nothing_changes():
        assert visit(manager).post(f"/events/{event.pk}", **sent()).status in {403, 404}


def test_an_unknown_event_is_not_there(visit: MakeVisitor) -> None:
    assert visit().get("/events/77").status == 404


def test_the_online_address_is_for_holders_of_valid_tickets(
    visit: MakeVisitor, customer: User, stranger: User, make_event: MakeEvent
) -> None:
    url = "https://meet.example.com/abc"
    event = make_event(is_online=True, location="", online_url=url)
    visitor = visit(customer)
    order = buy(event, customer)
    assert url not in look(visitor, event).text
    assert "The address is shown to who has a ticket." in look(visitor, event).text

    pay_order(order)
    [ticket] = order.tickets.all()
    assert look(visitor, event).href(url) == url
    assert visitor.get(f"/tickets/{ticket.pk}").href(url) == url
    assert visitor.get(f"/tickets/orders/{order.pk}").href(url) == url
    for other in (visit(), visit(stranger)):
        assert url not in look(other, event).text

    cancel_order(order_id=order.pk, by=customer, at=NOW)
    assert url not in look(visitor, event).text
    assert url not in visitor.get(f"/tickets/{ticket.pk}").text


def test_the_page_takes_as_many_queries_for_many_orders_as_for_none(
    visit: MakeVisitor, customer: User, make_event: MakeEvent, make_tier: MakeTier
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert look(visit(), event).status == 200
        return len(counted)

    event = make_event(ticket_price=None, max_participants=None)
    bare = queries()
    for _ in range(30):
        buy(event, customer)
    # The event and its tiers.
    assert queries() == bare == 2


def test_what_the_page_says_in_words_has_no_mark(visit: MakeVisitor, make_event: MakeEvent) -> None:
    event = make_event(is_online=True, current_participants=100)

    text = look(visit(), event).text

    assert text.count("Online") == 1
    assert "This event is sold out." in text
