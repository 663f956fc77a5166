"""The way to Stripe's page and back, in a real browser: the page is the double's, the rest is ours.

People decline, go back, click twice, open two tabs, close the tab; webhooks get lost. Whatever
they do, they pay once and have what they paid for.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from bookings.models import Booking, Timeslot
from payments.models import PaymentAttempt
from tests.browser.conftest import DESKTOP, PHONE, House, Open
from tests.infrastructure.events import MakeEvent
from tests.infrastructure.world import MakeUser
from tests.stripe_double import StripeDouble
from tickets.models import Event, Ticket

pytestmark = pytest.mark.browser

WINDOWS = [
    pytest.param({"viewport": DESKTOP}, id="desktop"),
    pytest.param({"viewport": PHONE, "is_mobile": True, "has_touch": True}, id="phone"),
]
GOODS = ["booking", "tickets"]
PAY = {"booking": "Pay 45.00 USD", "tickets": "Pay 40.00 USD"}
BOUGHT = {"booking": "You are booked", "tickets": "Here are your tickets"}
DECLINED = "Pay with a card that is declined"


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


@dataclass
class Shelf:
    """What there is to buy."""

    house: House
    event: Event


@pytest.fixture
def shelf(house: House, make_event: MakeEvent, today: datetime) -> Shelf:
    event = make_event(start_date=today + timedelta(days=30), ticket_price=Decimal("20.00"))
    return Shelf(house, event)


def hold(page: Page, shelf: Shelf, goods: str) -> str:
    """A held place, at Stripe's page; its address."""
    if goods == "booking":
        slot = shelf.house.slots[0]
        page.goto(f"/bookings/new?room={shelf.house.room.pk}&slot={slot.pk}")
    else:
        page.goto(f"/events/{shelf.event.pk}?quantity=2")
    page.get_by_role("button", name=f"Hold and {PAY[goods].lower().replace('usd', 'USD')}").click()
    page.wait_for_url("**/c/pay/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay with card")
    return page.url


def owned(goods: str) -> Any:
    """How many goods there are, and how they stand."""
    if goods == "booking":
        return [(each.status, each.payment_status) for each in Booking.objects.all()]
    return [each.status for each in Ticket.objects.all()]


BOUGHT_ROWS = {"booking": [("confirmed", "paid")], "tickets": ["active", "active"]}


def paid_once(stripe: StripeDouble, goods: str) -> None:
    """One session, one charge, one set of goods, nothing given back."""
    assert owned(goods) == BOUGHT_ROWS[goods]
    books = stripe.books.everything()
    assert len([charge for charge in books["charges"] if charge["paid"]]) == 1
    assert len(books["sessions"]) == 1
    assert books["refunds"] == []
    assert PaymentAttempt.objects.get().status == "paid"


@pytest.mark.parametrize("goods", GOODS)
@pytest.mark.parametrize("window", WINDOWS)
def test_pay_and_come_back(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User, window: dict[str, Any], goods: str
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    page = opened.page

    hold(page, shelf, goods)
    picture(page, f"checkout-{goods}", window)
    page.get_by_role("button", name=PAY[goods]).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    picture(page, f"back-{goods}", window)
    assert stripe.wait_until_idle(10)
    paid_once(stripe, goods)


@pytest.mark.parametrize("goods", GOODS)
@pytest.mark.parametrize("window", WINDOWS)
def test_declined_and_then_paid(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User, window: dict[str, Any], goods: str
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    page = opened.page

    hold(page, shelf, goods)
    page.get_by_role("button", name=DECLINED).click()
    expect(page.get_by_role("alert")).to_have_text("Your card was declined. Try another one.")
    picture(page, f"declined-{goods}", window)
    page.get_by_role("button", name=PAY[goods]).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    paid_once(stripe, goods)


@pytest.mark.parametrize("goods", GOODS)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("how", ["stripe's link", "the browser's button"])
def test_back_and_forth_loses_nothing(
    visit: Open,
    stripe: StripeDouble,
    shelf: Shelf,
    ada: User,
    window: dict[str, Any],
    goods: str,
    how: str,
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    page = opened.page
    checkout = hold(page, shelf, goods)

    if how == "stripe's link":
        page.get_by_role("link", name="Back").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This isn't paid yet")
        picture(page, f"held-{goods}", window)
        page.get_by_role("link", name=PAY[goods]).click()
    else:
        page.go_back()
        picture(page, f"browser-back-{goods}", window)
        if goods == "booking":
            # What is held already isn't offered once more.
            expect(page.get_by_role("main")).to_contain_text("You have this time already")
        page.go_forward()

    expect(page).to_have_url(checkout)
    page.get_by_role("button", name=PAY[goods]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    # And the browser's button, after all is over: it says so and takes no more money.
    page.go_back()
    expect(page.get_by_role("button", name=PAY[goods])).to_have_count(0)
    paid_once(stripe, goods)


@pytest.mark.parametrize("goods", GOODS)
def test_a_double_click_is_one_purchase(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User, goods: str
) -> None:
    opened = visit()
    opened.sign_in(ada)
    page = opened.page
    if goods == "booking":
        slot = shelf.house.slots[0]
        page.goto(f"/bookings/new?room={shelf.house.room.pk}&slot={slot.pk}")
    else:
        page.goto(f"/events/{shelf.event.pk}?quantity=2")

    page.get_by_role("button", name="Hold and pay").dblclick(no_wait_after=True)
    page.wait_for_url("**/c/pay/*")
    page.get_by_role("button", name=PAY[goods]).dblclick(no_wait_after=True)

    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    paid_once(stripe, goods)


@pytest.mark.parametrize("goods", GOODS)
def test_two_tabs_are_one_session_and_one_payment(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User, goods: str
) -> None:
    opened = visit()
    opened.sign_in(ada)
    page = opened.page
    checkout = hold(page, shelf, goods)
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("link", name=PAY[goods]).first.click()
    expect(other).to_have_url(checkout)

    page.get_by_role("button", name=PAY[goods]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    other.get_by_role("button", name=PAY[goods]).click()

    expect(other.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    paid_once(stripe, goods)


@pytest.mark.parametrize("goods", GOODS)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_tab_that_is_closed_after_paying_is_served_by_the_webhook(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User, window: dict[str, Any], goods: str
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    page = opened.page
    hold(page, shelf, goods)
    # Pay was pressed, and the tab was closed before it got anywhere.
    page.request.post(page.url, form={"do": "pay"}, max_redirects=0)
    page.close()

    assert stripe.wait_until_idle(10)

    paid_once(stripe, goods)
    later = opened.page = page.context.new_page()
    later.goto("/bookings" if goods == "booking" else "/tickets")
    what = "Dr Weber" if goods == "booking" else "Summer concert"
    expect(later.get_by_role("main")).to_contain_text(what)
    picture(later, f"later-{goods}", window)


@pytest.mark.parametrize("goods", GOODS)
def test_a_lost_webhook_is_made_good_by_the_way_back(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User, goods: str
) -> None:
    stripe.disturb("lose", times=1000)
    opened = visit()
    opened.sign_in(ada)
    page = opened.page

    hold(page, shelf, goods)
    page.get_by_role("button", name=PAY[goods]).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
    assert stripe.postman.log == []
    paid_once(stripe, goods)


@pytest.mark.parametrize("goods", GOODS)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("succeeded", [True, False], ids=["settles", "fails"])
def test_money_that_takes_days(
    visit: Open,
    stripe: StripeDouble,
    shelf: Shelf,
    ada: User,
    window: dict[str, Any],
    goods: str,
    *,
    succeeded: bool,
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    page = opened.page
    checkout = hold(page, shelf, goods)
    session = checkout.rsplit("/", 1)[-1]
    # Only cards are offered: this is a method that was switched on at Stripe without our knowing.
    stripe.books.pay_later(session)
    assert stripe.wait_until_idle(10)

    page.goto(stripe.books.session(session)["success_url"])
    expect(page.get_by_role("main")).to_contain_text("being processed")
    picture(page, f"processing-{goods}", window)
    here = page.url
    stripe.books.settle(session, succeeded=succeeded)
    assert stripe.wait_until_idle(10)
    page.goto(here)

    if succeeded:
        expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT[goods])
        paid_once(stripe, goods)
        return
    expect(page.get_by_role("main")).not_to_contain_text("being processed")
    picture(page, f"failed-{goods}", window)
    if goods == "booking":
        [(status, _)] = owned(goods)
        assert status == "cancelled"
        assert Timeslot.objects.get(pk=shelf.house.slots[0].pk).taken == 0
    else:
        assert owned(goods) == []
        shelf.event.refresh_from_db()
        assert (shelf.event.held, shelf.event.current_participants) == (0, 0)


def test_stripe_that_is_away_is_told_and_tried_again(
    visit: Open, stripe: StripeDouble, shelf: Shelf, ada: User
) -> None:
    opened = visit()
    opened.sign_in(ada)
    page = opened.page
    stripe.fail("away", kind="session.create", times=4)
    slot = shelf.house.slots[0]
    page.goto(f"/bookings/new?room={shelf.house.room.pk}&slot={slot.pk}")

    page.get_by_role("button", name="Hold and pay 45.00 USD").click()
    heading = "The payment page can't be reached right now"
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    picture(page, "away", {"viewport": DESKTOP})
    opened.faults.clear()
    stripe.faults.clear()
    page.get_by_role("link", name="Try again").click()

    page.wait_for_url("**/c/pay/*")
    page.get_by_role("button", name=PAY["booking"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(BOUGHT["booking"])


def picture(page: Page, name: str, window: dict[str, Any]) -> None:
    """For people to look at, where somebody has asked for it (PICTURES=folder)."""
    folder = os.environ.get("PICTURES")
    if folder:
        width = window["viewport"]["width"]
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
