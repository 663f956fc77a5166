"""Every customer page: nothing that axe calls serious, nothing wider than the screen, one h1."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from payments.models import Refund
from payments.services import lapse
from payments.states import RefundState
from tests.browser.conftest import DESKTOP, House, Open, Visit
from tests.infrastructure.world import MakeUser, book_slot, pay

pytestmark = pytest.mark.browser

WINDOWS = [
    pytest.param({"viewport": DESKTOP, "color_scheme": "light"}, id="desktop-light"),
    pytest.param({"viewport": DESKTOP, "color_scheme": "dark"}, id="desktop-dark"),
    pytest.param({"viewport": {"width": 360, "height": 740}, "color_scheme": "light"}, id="phone"),
]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace-Wolfeschlegelsteinhausenbergerdorff")


@pytest.fixture
def bookings(house: House, ada: User) -> dict[str, Booking]:
    """One in each state that has a page of its own."""
    now = datetime.now(UTC)
    slots = iter(house.slots)
    made = {
        "confirmed": pay(book_slot(next(slots), ada, at=now, notes="A crown came off."), at=now),
        "cancelled": pay(book_slot(next(slots), ada, at=now), at=now),
        "failed": pay(book_slot(next(slots), ada, at=now), at=now),
        "lapsed": book_slot(next(slots), ada, at=now - timedelta(minutes=20)),
        "held": book_slot(next(slots), ada, at=now),
    }
    for name in ("cancelled", "failed"):
        cancel_booking(booking_id=made[name].pk, by=ada, at=now)
    Refund.objects.filter(payment=made["failed"].payment).update(status=RefundState.FAILED)
    assert made["lapsed"].payment is not None
    lapse(payment_id=made["lapsed"].payment.pk, at=now)
    return made


def look_at(page: Page, path: str) -> list[str]:
    """Open it; what is wrong with it, each fault with its page."""
    page.goto(path)
    found = [
        f"{path}: {fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:200]}"
        for fault in Axe().run(page, options=RULES).response["violations"]
        if fault["impact"] in {"serious", "critical"} or fault["id"] in {"heading-order", "region"}
    ]
    width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if width > screen:
        found.append(f"{path}: {width} px wide on a screen of {screen}")
    if (count := page.get_by_role("heading", level=1).count()) != 1:
        found.append(f"{path}: {count} main headings")
    return found


@pytest.mark.parametrize("window", WINDOWS)
def test_pages_for_everybody(
    visit: Open, house: House, bookings: dict[str, Booking], window: dict[str, Any]
) -> None:
    page = visit(**window).page
    room, free, full = house.room.pk, house.slots[-1], house.slots[0]
    lapsed = bookings["lapsed"].payment
    assert lapsed is not None

    faults = [
        fault
        for path in (
            "/",
            "/bookings/new",
            "/bookings/new?search=nothing-like-that",
            f"/bookings/new?room={room}",
            f"/bookings/new?room={room}&month={free.start_time + timedelta(days=40):%Y-%m}",
            f"/bookings/new?room={room}&slot={free.pk}",
            f"/bookings/new?room={room}&slot={full.pk}",
            "/accounts/login/",
            "/accounts/signup/",
            "/accounts/login/code/",
            "/accounts/password/reset/",
        )
        for fault in look_at(page, path)
    ]

    assert faults == []


@pytest.mark.parametrize("window", WINDOWS)
def test_pages_of_one_s_own(
    visit: Open, house: House, ada: User, bookings: dict[str, Booking], window: dict[str, Any]
) -> None:
    opened: Visit = visit(**window)
    opened.sign_in(ada)
    held = bookings["held"]
    assert held.payment is not None

    faults = [
        fault
        for path in (
            "/",
            "/bookings",
            "/bookings?tab=pending",
            "/bookings?tab=past",
            *(f"/bookings/{booking.pk}" for booking in bookings.values()),
            f"/bookings/{bookings['confirmed'].pk}/cancel",
            f"/bookings/{held.pk}/cancel",
            f"/bookings/new?room={house.room.pk}&slot={house.slots[-1].pk}",
            f"/pay/{held.payment.token}",
            "/account",
            "/accounts/email/",
            "/accounts/password/change/",
            "/accounts/2fa/",
        )
        for fault in look_at(opened.page, path)
    ]

    assert faults == []


def test_the_open_dialog(visit: Open, ada: User, bookings: dict[str, Booking]) -> None:
    opened = visit()
    opened.sign_in(ada)
    page = opened.page
    page.goto(f"/bookings/{bookings['confirmed'].pk}")

    page.get_by_role("link", name="Cancel this booking").click()
    page.get_by_role("dialog").wait_for()

    violations = Axe().run(page, options=RULES).response["violations"]
    assert [v["id"] for v in violations if v["impact"] in {"serious", "critical"}] == []
