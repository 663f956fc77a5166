"""The booking card with scripts: swapped days, the focus, the way back, the visitor's own zone."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from bookings.models import Booking, Timeslot
from tests.browser.conftest import PHONE, House, Open
from tests.infrastructure.world import MakeUser

pytestmark = pytest.mark.browser

BUTTON = "Hold and pay 45.00 USD"


def day_link(page: Page, day: datetime) -> Locator:
    return page.locator(f'[data-day="{day:%Y-%m-%d}"]')


def open_desk(page: Page, house: House) -> None:
    first = house.slots[0].start_time
    page.goto(f"/bookings/new?room={house.room.pk}&month={first:%Y-%m}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a time")


def in_one_month(first: datetime, second: datetime) -> bool:
    return (first.year, first.month) == (second.year, second.month)


@pytest.fixture
def days(house: House) -> tuple[datetime, datetime]:
    """Two days of one month with free times: the second is made if the house's lie in two."""
    first, second = house.slots[0].start_time, house.slots[4].start_time
    if not in_one_month(first, second):
        first, second = second, second + timedelta(days=1)
        Timeslot.objects.create(
            room=house.room, start_time=second, end_time=second + timedelta(minutes=30)
        )
        Timeslot.objects.filter(start_time__lt=first - timedelta(hours=2)).delete()
        house.slots = [slot for slot in house.slots if slot.start_time >= first]
    return first, second


def test_a_day_is_swapped_in_without_leaving_the_page(
    visit: Open, house: House, days: tuple[datetime, datetime]
) -> None:
    page = visit().page
    open_desk(page, house)
    page.evaluate("window.stayed = true")

    day_link(page, days[1]).click()

    expect(day_link(page, days[1])).to_have_attribute("aria-current", "date")
    expect(day_link(page, days[1])).to_be_focused()
    expect(page).to_have_url(re.compile(f"day={days[1]:%Y-%m-%d}"))
    expect(page.get_by_role("heading", name=f"{days[1].day} {days[1]:%B}")).to_be_visible()
    expect(page.locator("[data-desk-said]")).to_contain_text("free time")
    assert page.evaluate("window.stayed")


def test_the_browser_s_way_back_shows_the_day_before(
    visit: Open, house: House, days: tuple[datetime, datetime]
) -> None:
    page = visit().page
    open_desk(page, house)
    day_link(page, days[1]).click()
    expect(day_link(page, days[1])).to_have_attribute("aria-current", "date")

    page.go_back()
    expect(day_link(page, days[0])).to_have_attribute("aria-current", "date")
    page.go_forward()
    expect(day_link(page, days[1])).to_have_attribute("aria-current", "date")

    page.get_by_role("link", name=re.compile(r"\d\d:\d\d")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your time")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a time")
    expect(day_link(page, days[1])).to_have_attribute("aria-current", "date")


@pytest.mark.parametrize("trouble", ["error", "no-line"])
def test_a_swap_that_fails_becomes_an_ordinary_page(
    visit: Open, house: House, days: tuple[datetime, datetime], trouble: str
) -> None:
    window = visit()
    page = window.page
    open_desk(page, house)
    tries: list[str] = []

    def fail_once(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) > 1:
            route.continue_()
        elif trouble == "error":
            route.fulfill(status=503, body="<p>One moment, please</p>")
        else:
            route.abort()

    page.route(f"**/bookings/new?*day={days[1]:%Y-%m-%d}*", fail_once)
    day_link(page, days[1]).click()

    expect(day_link(page, days[1])).to_have_attribute("aria-current", "date")
    assert len(tries) == 2
    # The browser itself writes such a failure to the console.
    window.faults.clear()


def test_months_are_turned_by_keyboard_and_the_focus_stays(visit: Open, house: House) -> None:
    page = visit().page
    open_desk(page, house)

    after = page.get_by_role("link", name="Month after")
    after.focus()
    page.keyboard.press("Enter")

    last = house.slots[-1].start_time
    expect(page.get_by_role("heading", name=f"{last:%B %Y}")).to_be_visible()
    expect(page.get_by_role("link", name="Month after")).to_be_focused()
    page.get_by_role("link", name="Month before").click()
    first = house.slots[0].start_time
    expect(page.get_by_role("heading", name=f"{first:%B %Y}")).to_be_visible()


def test_arrows_move_between_the_free_days(
    visit: Open, house: House, days: tuple[datetime, datetime]
) -> None:
    page = visit().page
    open_desk(page, house)

    day_link(page, days[0]).focus()
    page.keyboard.press("ArrowRight")

    expect(day_link(page, days[1])).to_be_focused()


def test_on_a_phone_the_times_of_a_chosen_day_come_into_view(
    visit: Open, house: House, days: tuple[datetime, datetime]
) -> None:
    page = visit(viewport=PHONE, is_mobile=True, has_touch=True).page
    open_desk(page, house)

    day_link(page, days[1]).click()

    expect(page.get_by_role("heading", name=f"{days[1].day} {days[1]:%B}")).to_be_in_viewport()


def test_a_visitor_far_away_is_told_the_difference(visit: Open, house: House) -> None:
    # A zone whose clocks change on the same days as Berlin's.
    page = visit(timezone_id="Atlantic/Azores").page
    open_desk(page, house)
    expect(page.get_by_text("(yours: Azores, −2\u00a0h)")).to_be_visible()

    page.get_by_role("link", name=re.compile(r"\d\d:\d\d 30 min")).first.click()
    expect(page.get_by_text("where you are, in Azores")).to_be_visible()

    page = visit(timezone_id="Europe/Paris").page
    open_desk(page, house)
    expect(page.get_by_text("Times are in Berlin")).to_be_visible()
    expect(page.get_by_text("yours:")).to_be_hidden()


def test_a_double_click_is_one_booking(visit: Open, house: House, make_user: MakeUser) -> None:
    window = visit()
    window.sign_in(make_user("ada@example.com"))
    page = window.page
    open_desk(page, house)
    page.get_by_role("link", name=re.compile(r"\d\d:\d\d 30 min")).first.click()

    page.get_by_role("button", name=BUTTON).dblclick()

    expect(page.get_by_role("heading", level=1)).to_have_text("Pay 45.00 USD")
    assert Booking.objects.count() == 1


def test_a_time_lost_to_somebody_else_offers_others(
    visit: Open, house: House, make_user: MakeUser
) -> None:
    window = visit()
    window.sign_in(make_user("ada@example.com"))
    page = window.page
    open_desk(page, house)
    page.get_by_role("link", name=re.compile(r"\d\d:\d\d 30 min")).first.click()
    page.get_by_role("button", name=BUTTON).wait_for()
    Timeslot.objects.filter(pk=house.slots[0].pk).update(taken=1)

    page.get_by_role("button", name=BUTTON).click()

    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("This time was just taken")
    expect(refusal).to_be_focused()
    refusal.get_by_role("link").first.click()
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay 45.00 USD")
