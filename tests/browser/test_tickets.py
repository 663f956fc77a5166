"""From finding an event to a ticket given back: desk and phone, with scripts and without."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import Refund
from tests.browser.conftest import DESKTOP, PHONE, Open
from tests.browser.test_everywhere import RULES, WINDOWS, look_at
from tests.browser.test_journey import KINDS, sign_up
from tests.infrastructure.events import MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.scanning import codes_in
from tests.infrastructure.world import MakeUser
from tickets.models import Event, Ticket, TicketOrder
from tickets.services import cancel_event, cancel_ticket
from tickets.states import TicketStatus

pytestmark = pytest.mark.browser


@pytest.fixture
def concert(make_event: MakeEvent, make_tier: MakeTier, today: datetime) -> Event:
    """A month ahead; two kinds of tickets and a text to read."""
    event = make_event(
        start_date=today + timedelta(days=30),
        description="An evening that begins slowly.\n\nThe bar takes cards. " * 6,
    )
    make_tier(event, "standard", price=Decimal(20))
    make_tier(event, "vip", price=Decimal(90), name="Front row", quota=4)
    make_tier(event, "early_bird", price=Decimal(15), sales_end=today - timedelta(days=1))
    return event


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace-Wolfeschlegelsteinhausenbergerdorff")


@pytest.mark.parametrize("kind", KINDS)
def test_find_an_event_buy_two_see_them_and_give_one_back(
    visit: Open, concert: Event, kind: dict[str, Any]
) -> None:
    page = visit(**kind).page
    has_scripts = kind.get("java_script_enabled", True)

    choose(page)
    sign_up(page)
    hold_and_pay(page)
    see_the_tickets(page, has_scripts=has_scripts)
    give_one_back(page, has_scripts=has_scripts)

    order = TicketOrder.objects.get()
    assert sorted(ticket.status for ticket in order.tickets.all()) == ["active", "refunded"]
    assert str(Refund.objects.get().amount) == "20.00"
    concert.refresh_from_db()
    assert (concert.held, concert.current_participants) == (0, 1)
    kinds = OutgoingMail.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["tickets_purchased", "tickets_cancelled"]


def choose(page: Page) -> None:
    """From the front page to two tickets of one kind."""
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Find an event").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    page.get_by_role("link", name="Summer concert").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Summer concert")
    page.get_by_role("link", name="Front row 90.00 USD").click()
    expect(page.get_by_text("1 × Front row")).to_be_visible()
    page.get_by_role("link", name="Standard 20.00 USD").click()
    expect(page.get_by_text("1 × Standard")).to_be_visible()
    page.get_by_role("link", name="One more").click()
    expect(page.get_by_text("2 × Standard")).to_be_visible()
    page.wait_for_url("**quantity=2")


def hold_and_pay(page: Page) -> None:
    page.get_by_role("button", name="Hold and pay 40.00 USD").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay 40.00 USD")
    expect(page.get_by_text("To be paid by")).to_be_visible()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url("**/tickets/orders/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Here are your tickets")


def see_the_tickets(page: Page, *, has_scripts: bool) -> None:
    """What a camera sees on the screen is the code."""
    page.get_by_role("link", name="Ticket 1 of 2").click()
    page.wait_for_url(re.compile(r"/tickets/\d+$"))
    ticket = Ticket.objects.earliest("pk")
    expect(page.get_by_text(ticket.code_in_groups).first).to_be_visible()
    small = page.get_by_role("img", name="QR code of this ticket").first
    small.scroll_into_view_if_needed()
    assert codes_in(small.screenshot()) == [ticket.ticket_code]

    page.get_by_role("link", name="Show the code large").click()
    if has_scripts:
        large = page.get_by_role("dialog", name="The code, large")
        expect(large).to_be_visible()
        assert codes_in(page.screenshot()) == [ticket.ticket_code]
        large.get_by_role("button", name="Close").click()
        expect(large).to_be_hidden()
    else:
        page.wait_for_url("**/qr.svg")
        assert codes_in(page.screenshot()) == [ticket.ticket_code]
        page.go_back()


def give_one_back(page: Page, *, has_scripts: bool) -> None:
    """The dialog with scripts, a page of its own without: both say the amount first."""
    page.get_by_role("link", name="Give this ticket back").click()
    where = page.get_by_role("main")
    if has_scripts:
        where = page.get_by_role("dialog", name="Give this ticket back?")
    else:
        page.wait_for_url("**/cancel")
    expect(where.get_by_text("All of it, 20.00 USD, comes back to you")).to_be_visible()
    where.get_by_role("button", name="Cancel the ticket and get 20.00 USD back").click()
    expect(page.get_by_text("This ticket was given back")).to_be_visible()
    expect(page.get_by_role("img", name="QR code of this ticket")).to_have_count(0)


def test_choosing_keeps_the_focus_and_says_the_sum(visit: Open, concert: Event, ada: User) -> None:
    opened = visit()
    opened.sign_in(ada)
    page = opened.page
    page.goto(f"/events/{concert.pk}")
    more = page.get_by_role("link", name="One more")

    more.focus()
    for count in (2, 3):
        page.keyboard.press("Enter")
        expect(page.locator("[data-choice-said]")).to_have_text(
            f"{count} tickets, {count * 20}.00 USD"
        )
        expect(more).to_be_focused()

    page.go_back()
    expect(page.get_by_role("button", name="Hold and pay 40.00 USD")).to_be_visible()
    page.get_by_role("link", name="Front row 90.00 USD").click()
    expect(page.locator('[data-choice-key="vip"]')).to_be_focused()


def test_quick_taps_are_all_counted(visit: Open, concert: Event) -> None:
    page = visit(viewport=PHONE, is_mobile=True, has_touch=True).page
    page.goto(f"/events/{concert.pk}")

    page.get_by_role("link", name="One more").evaluate(
        "link => { for (let tap = 0; tap < 3; tap++) link.click(); }"
    )

    expect(page.get_by_text("4 × Standard")).to_be_visible()
    page.wait_for_url("**quantity=4")


def test_on_a_phone_the_button_is_always_within_reach(
    visit: Open, concert: Event, ada: User
) -> None:
    opened = visit(viewport=PHONE, is_mobile=True, has_touch=True)
    opened.sign_in(ada)
    page = opened.page
    page.goto(f"/events/{concert.pk}")
    button = page.get_by_role("button", name="Hold and pay 20.00 USD")

    expect(button).to_be_in_viewport(ratio=1)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(button).to_be_in_viewport(ratio=1)
    # It covers nothing for good: the end of the page can be scrolled out from under it.
    footer = page.get_by_role("contentinfo").get_by_role("link").last.bounding_box()
    till = page.locator(".till").bounding_box()
    assert footer is not None
    assert till is not None
    assert footer["y"] + footer["height"] <= till["y"]


# --- Every page -----------------------------------------------------------------------------


@pytest.fixture
def orders(
    concert: Event, make_event: MakeEvent, ada: User, manager: User, today: datetime
) -> dict[str, TicketOrder]:
    """One in each state that has a page of its own."""
    now = datetime.now(today.tzinfo)
    off = make_event(name="Called off", start_date=today + timedelta(days=9))
    made = {
        "paid": pay_order(buy(concert, ada, 3, at=now), at=now),
        "off": pay_order(buy(off, ada, at=now), at=now),
        "used": pay_order(buy(concert, ada, at=now), at=now),
        "lapsed": buy(concert, ada, at=now - timedelta(minutes=20)),
        "held": buy(concert, ada, 2, at=now),
    }
    cancel_ticket(ticket_id=made["paid"].tickets.earliest("pk").pk, by=ada, at=now)
    cancel_event(event_id=off.pk, by=manager, at=now)
    made["used"].tickets.update(status=TicketStatus.USED, check_in_time=now)
    make_event(
        name="Webinar", is_online=True, ticket_price=None, start_date=today + timedelta(days=3)
    )
    make_event(name="Gone", max_participants=1, held=1, start_date=today + timedelta(days=4))
    return made


@pytest.mark.parametrize("window", WINDOWS)
def test_event_pages_for_everybody(
    visit: Open, concert: Event, orders: dict[str, TicketOrder], window: dict[str, Any]
) -> None:
    page = visit(**window).page

    faults = [
        fault
        for path in (
            "/",
            "/events",
            "/events?search=nothing-like-that",
            f"/events/{concert.pk}?type=vip&quantity=2",
            *(f"/events/{event.pk}" for event in Event.objects.all()),
        )
        for fault in look_at(page, path)
    ]

    assert faults == []


@pytest.mark.parametrize("window", WINDOWS)
def test_ticket_pages_of_one_s_own(
    visit: Open, ada: User, concert: Event, orders: dict[str, TicketOrder], window: dict[str, Any]
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    dead, alive, *_ = orders["paid"].tickets.order_by("pk")

    faults = [
        fault
        for path in (
            "/",
            "/tickets",
            "/tickets?tab=pending",
            "/tickets?tab=past",
            f"/events/{concert.pk}",
            *(f"/tickets/orders/{order.pk}" for order in orders.values()),
            f"/tickets/orders/{orders['paid'].pk}/cancel",
            f"/tickets/orders/{orders['held'].pk}/cancel",
            *(f"/tickets/{ticket.pk}" for ticket in Ticket.objects.all()),
            f"/tickets/{alive.pk}/cancel",
        )
        for fault in look_at(opened.page, path)
    ]

    assert faults == []
    assert dead.pk != alive.pk


def test_the_open_dialogs(visit: Open, ada: User, orders: dict[str, TicketOrder]) -> None:
    opened = visit(viewport=DESKTOP)
    opened.sign_in(ada)
    page = opened.page
    alive = orders["paid"].tickets.latest("pk")
    for name in ("Show the code large", "Give this ticket back"):
        page.goto(f"/tickets/{alive.pk}")
        page.get_by_role("link", name=name).click()
        page.get_by_role("dialog").wait_for()

        violations = Axe().run(page, options=RULES).response["violations"]
        assert [v["id"] for v in violations if v["impact"] in {"serious", "critical"}] == []


def test_a_word_longer_than_the_screen_is_broken(
    visit: Open, make_event: MakeEvent, make_tier: MakeTier, ada: User, today: datetime
) -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    event = make_event(
        name=word, location=word, description=word, start_date=today + timedelta(days=30)
    )
    make_tier(event, name=word)
    at = datetime.now(UTC)
    order = pay_order(buy(event, ada, 2, at=at), at=at)
    held = buy(event, ada, at=at)
    window = visit(viewport={"width": 320, "height": 640})
    window.sign_in(ada)

    faults = [
        fault
        for path in (
            "/events",
            f"/events/{event.pk}",
            "/tickets",
            "/tickets?tab=pending",
            f"/tickets/{order.tickets.earliest('pk').pk}",
            f"/tickets/{order.tickets.earliest('pk').pk}/cancel",
            f"/tickets/orders/{order.pk}",
            f"/tickets/orders/{held.pk}",
        )
        for fault in look_at(window.page, path)
    ]

    assert faults == []
