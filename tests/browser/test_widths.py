"""Pages at the widths where something was cut off or left empty: 320, 360 and 1280 pixels."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django import Settings

from accounts.models import User
from bookings.models import Timeslot
from payments.models import Payment
from payments.states import ClosedBecause, PaymentState
from tests.browser.conftest import DESKTOP, House, Open
from tests.infrastructure.events import MakeEvent, buy
from tests.infrastructure.world import MakeSlot, MakeUser, book_slot, pay
from tickets.models import TicketOrder
from tickets.states import OrderStatus

pytestmark = pytest.mark.browser

SMALL = [320, 360]


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


def cut_off(page: Page, selector: str) -> list[str]:
    """Which of these reach beyond the screen."""
    found: list[str] = page.eval_on_selector_all(
        selector,
        """them => them.filter(it => {
            const box = it.getBoundingClientRect();
            return box.left < 0 || box.right > document.documentElement.clientWidth;
        }).map(it => it.textContent.trim())""",
    )
    return found


@pytest.mark.parametrize("width", SMALL)
def test_every_tab_is_on_the_screen(
    visit: Open, house: House, make_slot: MakeSlot, ada: User, settings: Settings, width: int
) -> None:
    """With as many bookings as give each tab a count of two digits, or what is still to be paid."""
    settings.MAX_HOLDS_PER_HOUR = 100
    now = datetime.now(UTC)
    *paid, held = house.slots
    paid += [
        make_slot(room=house.room, start=house.slots[-1].start_time + timedelta(days=day))
        for day in range(1, 14)
    ]
    for slot in paid:
        pay(book_slot(slot, ada, at=now), at=now)
    for slot in paid[:10]:
        ago = slot.start_time - timedelta(days=100)
        Timeslot.objects.filter(pk=slot.pk).update(
            start_time=ago, end_time=ago + timedelta(minutes=30)
        )
    book_slot(held, ada, at=now)
    opened = visit(viewport={"width": width, "height": 740})
    opened.sign_in(ada)

    for path in ("/bookings", "/bookings?tab=past", "/tickets"):
        opened.page.goto(path)
        assert cut_off(opened.page, ".tabs a") == []
        tops = opened.page.eval_on_selector_all(".tabs a", "them => them.map(it => it.offsetTop)")
        assert len(set(tops)) == 1


@pytest.mark.parametrize("width", [*SMALL, DESKTOP["width"]])
@pytest.mark.parametrize(
    ("order_fields", "payment_fields"),
    [
        pytest.param({}, {"status": PaymentState.PROCESSING}, id="processing"),
        pytest.param(
            {"status": OrderStatus.CANCELLED},
            {"status": PaymentState.CLOSED, "closed_because": ClosedBecause.FAILED},
            id="failed",
        ),
    ],
)
def test_an_order_without_tickets_begins_at_the_left(
    visit: Open,
    make_event: MakeEvent,
    ada: User,
    order_fields: dict[str, Any],
    payment_fields: dict[str, Any],
    width: int,
) -> None:
    now = datetime.now(UTC)
    start = now + timedelta(days=20)
    event = make_event(start_date=start, end_date=start + timedelta(hours=3))
    order = buy(event, ada, 2, at=now)
    Payment.objects.update(**payment_fields)
    if order_fields:
        TicketOrder.objects.update(**order_fields)
    opened = visit(viewport={"width": width, "height": 800})
    opened.sign_in(ada)

    opened.page.goto(order.get_absolute_url())

    head = opened.page.locator(".page-head").bounding_box()
    facts = opened.page.locator("section[aria-labelledby=facts]").bounding_box()
    assert head is not None
    assert facts is not None
    assert facts["x"] == head["x"]
    assert cut_off(opened.page, "main *") == []
