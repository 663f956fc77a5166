"""A booking is moved: desk and phone, with scripts and without, and when somebody was faster."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import User
from bookings.models import Booking, Timeslot
from notifications.models import OutgoingMail
from payments.models import Refund
from tests.browser.conftest import DESKTOP, PHONE, House, Open
from tests.browser.test_everywhere import RULES, WINDOWS, look_at
from tests.infrastructure.world import MakeUser, book_slot, pay

pytestmark = pytest.mark.browser

KINDS = [
    pytest.param({"viewport": DESKTOP}, id="desktop"),
    pytest.param({"viewport": DESKTOP, "java_script_enabled": False}, id="desktop-no-script"),
    pytest.param({"viewport": PHONE, "is_mobile": True, "has_touch": True}, id="phone"),
    pytest.param({"viewport": PHONE, "java_script_enabled": False}, id="phone-no-script"),
]
MOVE = re.compile("^Move to .*, ..:..$")


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


@pytest.fixture
def booking(house: House, ada: User) -> Booking:
    """The first time of the first day, paid; that day's second costs more, its third less."""
    now = datetime.now(UTC)
    booking = pay(book_slot(house.slots[0], ada, at=now), at=now)
    Timeslot.objects.filter(pk=house.slots[1].pk).update(price=Decimal("60.00"))
    Timeslot.objects.filter(pk=house.slots[2].pk).update(price=Decimal("30.00"))
    return booking


@pytest.mark.parametrize("kind", KINDS)
def test_moved_to_a_cheaper_time(
    visit: Open, house: House, ada: User, booking: Booking, kind: dict[str, Any]
) -> None:
    window = visit(**kind)
    window.sign_in(ada)
    page = window.page
    page.goto(booking.get_absolute_url())

    page.get_by_role("link", name="Move to another time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Move to another time")
    first = house.slots[0].start_time
    page.locator(f'[data-day="{first:%Y-%m-%d}"]').click()
    expect(page.get_by_text("yours now")).to_be_visible()
    expect(page.get_by_text("60.00 USD: costs more")).to_be_visible()
    page.get_by_role("link", name="15.00 USD back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Move to this time?")
    expect(page.locator("del")).to_be_visible()
    expect(page.get_by_text("15.00 USD comes back to you, the way you paid.")).to_be_visible()
    page.get_by_role("button", name=MOVE).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    expect(page.get_by_text("Your booking is moved")).to_be_visible()
    expect(page.get_by_text("15.00 USD is on its way back to you")).to_be_visible()
    moved = Booking.objects.get()
    assert (moved.timeslot, moved.price) == (house.slots[2], Decimal("30.00"))
    assert Refund.objects.get().amount == Decimal("15.00")
    assert OutgoingMail.objects.latest("pk").kind == "booking_moved"


def test_a_time_lost_meanwhile_offers_others_and_the_way_on_is_the_move(
    visit: Open, house: House, ada: User, booking: Booking
) -> None:
    window = visit()
    window.sign_in(ada)
    page = window.page
    page.goto(f"/bookings/{booking.pk}/move?slot={house.slots[4].pk}")
    page.get_by_role("button", name=MOVE).wait_for()
    Timeslot.objects.filter(pk=house.slots[4].pk).update(taken=1)

    page.get_by_role("button", name=MOVE).click()

    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("This time was just taken")
    expect(refusal).to_be_focused()
    refusal.get_by_role("link").first.click()
    page.get_by_role("button", name=MOVE).click()
    expect(page.get_by_text("Your booking is moved")).to_be_visible()


def test_a_double_click_is_one_move(visit: Open, house: House, ada: User, booking: Booking) -> None:
    window = visit()
    window.sign_in(ada)
    page = window.page
    page.goto(f"/bookings/{booking.pk}/move?slot={house.slots[4].pk}")

    page.get_by_role("button", name=MOVE).dblclick()

    expect(page.get_by_text("Your booking is moved")).to_be_visible()
    assert Booking.objects.get().sequence == 1


@pytest.mark.parametrize("window", WINDOWS)
def test_the_pages_of_a_move(
    visit: Open, house: House, ada: User, booking: Booking, window: dict[str, Any]
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    here = f"/bookings/{booking.pk}/move"
    first = house.slots[0].start_time

    faults = [
        fault
        for path in (
            here,
            f"{here}?day={first:%Y-%m-%d}",
            f"{here}?slot={house.slots[2].pk}",
            f"{here}?slot={house.slots[1].pk}",
            "/bookings/new?people=1",
            f"/bookings/new?people=40&date={first:%Y-%m-%d}&time=10:00",
            "/bookings/new?time=10:00",
        )
        for fault in look_at(opened.page, path)
    ]
    opened.page.goto(f"{here}?slot={house.slots[2].pk}")
    opened.page.get_by_role("button", name=MOVE).click()
    opened.page.get_by_text("Your booking is moved").wait_for()
    violations = Axe().run(opened.page, options=RULES).response["violations"]

    assert faults == []
    assert [v["id"] for v in violations if v["impact"] in {"serious", "critical"}] == []
