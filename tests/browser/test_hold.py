"""While a time is held: decline and try again, leave and come back, give up, run out of time."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from tests.browser.conftest import PATIENCE, PHONE, House, Open, Visit
from tests.infrastructure.world import MakeUser

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


def hold(window: Visit, house: House) -> Page:
    """A held time, at the provider's page."""
    page, slot = window.page, house.slots[0]
    page.goto(f"/bookings/new?room={house.room.pk}&slot={slot.pk}")
    page.get_by_role("button", name="Hold and pay 45.00 USD").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay 45.00 USD")
    return page


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-script"])
def test_declined_and_then_paid(visit: Open, house: House, ada: User, *, has_scripts: bool) -> None:
    window = visit(java_script_enabled=has_scripts)
    window.sign_in(ada)
    page = hold(window, house)

    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("alert")).to_contain_text("The card was declined")
    page.get_by_role("button", name="Pay", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-script"])
def test_given_up_at_the_provider_s_page(
    visit: Open, house: House, ada: User, *, has_scripts: bool
) -> None:
    window = visit(java_script_enabled=has_scripts, viewport=PHONE)
    window.sign_in(ada)
    page = hold(window, house)

    page.get_by_role("button", name="Give up and free the place").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You gave this time up")
    assert Timeslot.objects.get(pk=house.slots[0].pk).taken == 0


def test_left_and_found_again_from_the_front_page(visit: Open, house: House, ada: User) -> None:
    window = visit()
    window.sign_in(ada)
    page = hold(window, house)
    checkout = page.url

    page.goto("/")
    expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()
    page.get_by_role("link", name="Dr Weber").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your time is held until")
    page.get_by_role("link", name="Pay 45.00 USD").click()

    expect(page).to_have_url(checkout)


def test_given_up_in_the_dialog_and_kept_by_escape(visit: Open, house: House, ada: User) -> None:
    window = visit()
    window.sign_in(ada)
    page = hold(window, house)
    page.goto(Booking.objects.get().get_absolute_url())
    opener = page.get_by_role("link", name="Give it up")

    opener.click()
    dialog = page.get_by_role("dialog", name="Give up this time?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    opener.click()
    dialog.get_by_role("button", name="Give it up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You gave this time up")


def test_the_time_left_ticks_and_its_end_is_told(
    visit: Open, house: House, ada: User, settings: Settings
) -> None:
    settings.HOLD_MINUTES = Decimal("0.1")
    window = visit()
    window.sign_in(ada)
    page = hold(window, house)

    # Of six seconds; how many are left when the page is there is the machine's business.
    expect(page.locator("[data-countdown-left]")).to_have_text(re.compile(r"^0:0[1-4]$"))
    page.goto(Booking.objects.get().get_absolute_url())

    over = "The time to pay ran out"
    expect(page.get_by_role("heading", level=1)).to_have_text(over, timeout=PATIENCE)
    expect(page.get_by_role("link", name="Book again")).to_be_visible()
