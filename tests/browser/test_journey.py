"""From a stranger to a paid and cancelled booking: desk and phone, with scripts and without."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Booking, Timeslot
from notifications.models import OutgoingMail
from notifications.paragraphs import code_in
from payments.models import Refund
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, House, Open

pytestmark = pytest.mark.browser

KINDS = [
    pytest.param({"viewport": DESKTOP}, id="desktop"),
    pytest.param({"viewport": DESKTOP, "java_script_enabled": False}, id="desktop-no-script"),
    pytest.param({"viewport": PHONE, "is_mobile": True, "has_touch": True}, id="phone"),
    pytest.param({"viewport": PHONE, "java_script_enabled": False}, id="phone-no-script"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_sign_up_book_pay_and_cancel(visit: Open, house: House, kind: dict[str, Any]) -> None:
    page = visit(**kind).page

    choose_a_time(page)
    sign_up(page)
    hold_and_pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    expect(page.get_by_role("link", name="Add to calendar")).to_be_visible()
    cancel(page, has_scripts=kind.get("java_script_enabled", True))

    booking = Booking.objects.get()
    assert (booking.status, booking.notes) == ("cancelled", "A crown came off.")
    assert str(Refund.objects.get().amount) == "45.00"
    assert Timeslot.objects.get(pk=booking.timeslot_id).taken == 0
    kinds = OutgoingMail.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["booking_confirmed", "booking_cancelled"]


def choose_a_time(page: Page) -> None:
    """Three clicks from the front page to the last look."""
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Book a time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Book a time")
    page.get_by_role("link", name="Dr Weber").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a time")
    page.get_by_role("link", name=re.compile(r"\d\d:\d\d 30 min")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your time")


def sign_up(page: Page) -> None:
    """A new person, whose address is proved by a code; back at what was chosen."""
    here = page.url
    page.get_by_role("main").get_by_role("link", name="Create an account").click()
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Create account").click()
    page.get_by_label("Code").wait_for()
    page.get_by_label("Code").fill(code_in(OutgoingMail.objects.get().context["text"]))
    page.get_by_role("button", name="Confirm my address").click()
    page.wait_for_url(here)


def hold_and_pay(page: Page) -> None:
    page.get_by_label("Notes for us").fill("A crown came off.")
    page.get_by_role("button", name="Hold and pay 45.00 USD").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay 45.00 USD")
    expect(page.get_by_text("To be paid by")).to_be_visible()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url("**/bookings/*")


def cancel(page: Page, *, has_scripts: bool) -> None:
    """The dialog with scripts, a page of its own without: both say the amount first."""
    asked = page
    page.get_by_role("link", name="Cancel this booking").click()
    if has_scripts:
        where = page.get_by_role("dialog", name="Cancel this booking?")
    else:
        page.wait_for_url("**/cancel")
        where = asked.get_by_role("main")
    expect(where.get_by_text("All of it, 45.00 USD, comes back to you")).to_be_visible()
    where.get_by_role("button", name="Cancel and get 45.00 USD back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your booking is cancelled")
    expect(page.get_by_text("45.00 USD is on its way back to you")).to_be_visible()
