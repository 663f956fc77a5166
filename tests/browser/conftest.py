"""A site that runs, browsers of several kinds in front of it, and an eye on their consoles."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from bookings.models import Room, Timeslot
from payments.gateways import gateway
from tests.infrastructure.world import MakeRoom, MakeSlot
from tests.stripe_double import StripeDouble

PASSWORD = "correct horse battery"
PATIENCE = 10_000

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@dataclass
class Visit:
    """One browser window and what went wrong in it."""

    page: Page
    faults: list[str]

    def sign_in(self, user: User) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_label("E-mail").fill(user.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/bookings")


Open = Callable[..., Visit]


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    """The address of a running site, which knows itself by it."""
    settings.SITE_URL = live_server.url
    # allauth counts tries by address, and every test comes from the same one.
    settings.ACCOUNT_RATE_LIMITS = False
    address: str = live_server.url
    return address


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Open]:
    """`visit()` opens a window; `viewport`, `java_script_enabled` … are Playwright's.

    A console error, an exception or anything that the content policy stopped fails the test.
    """
    opened: list[tuple[BrowserContext, Visit]] = []

    def open_window(**options: Any) -> Visit:
        context = browser.new_context(
            base_url=site,
            **{
                "viewport": DESKTOP,
                "locale": "en-GB",
                "timezone_id": "Europe/Berlin",
                # What moves is not looked at; what has moved is.
                "reduced_motion": "reduce",
                **options,
            },
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        faults: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            if message.type == "error" and not _is_expected(message):
                faults.append(message.text)

        page.on("console", listen)
        page.on("pageerror", lambda error: faults.append(str(error)))
        window = Visit(page, faults)
        opened.append((context, window))
        return window

    yield open_window
    for context, window in opened:
        # Whatever the page has begun ends before the database is emptied.
        window.page.goto("about:blank")
        context.close()
        assert window.faults == []


def _is_expected(message: ConsoleMessage) -> bool:
    """Chromium writes every refusal (409 and its like) to the console as an error."""
    if "Failed to load resource" not in message.text:
        return False
    # 403: the friendly page of what isn't open to somebody.
    is_closed_door = " 403 " in message.text and "/resources/" in message.location["url"]
    return " 409 " in message.text or is_closed_door


@pytest.fixture
def stripe(site: str, stripe_double: StripeDouble, settings: Settings) -> Iterator[StripeDouble]:
    """New payments go to the double, and its webhooks come to the running site."""
    settings.PAYMENT_PROVIDER = "stripe"
    policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    policy["DIRECTIVES"]["form-action"] = ["'self'", stripe_double.url]
    settings.CONTENT_SECURITY_POLICY = policy
    gateway.cache_clear()
    stripe_double.postman.url = f"{site}/api/v1/webhooks/stripe"
    yield stripe_double
    # What is on its way arrives before the tables are emptied.
    stripe_double.wait_until_idle(5)
    gateway.cache_clear()


@pytest.fixture
def today() -> datetime:
    """Midday of today, so that days further on are whole days in every zone used here."""
    return datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)


@dataclass
class House:
    """A room with four times each on two days in a row and on one of the month after."""

    room: Room
    slots: list[Timeslot]


@pytest.fixture
def house(make_room: MakeRoom, make_slot: MakeSlot, today: datetime) -> House:
    """Dr Weber: 45.00 USD for half an hour, from the day after tomorrow on, at 10 UTC and later."""
    room = make_room(
        name="Dr Weber", hourly_rate=Decimal("90.00"), description="Check-up, fillings, advice."
    )
    first = today + timedelta(days=2)
    month_after = (first.replace(day=1) + timedelta(days=32)).replace(day=15)
    slots = [
        make_slot(room=room, start=day + timedelta(minutes=30 * number))
        for day in (first, first + timedelta(days=1), month_after)
        for number in range(4)
    ]
    return House(room, slots)
