"""The staff's pages of events in a browser: readable for all, and an event from draft to refund."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import User
from payments.models import Refund
from tests.browser.conftest import Open
from tests.browser.test_staff import RULES, WINDOWS, sign_in
from tests.infrastructure.events import MakeEvent, MakeTier, buy, pay_order
from tickets.models import Event, TicketOrder
from tickets.services import open_campaigns, run_campaign

pytestmark = pytest.mark.browser


@pytest.fixture
def order(make_event: MakeEvent, make_tier: MakeTier, customer: User) -> TicketOrder:
    """Two tickets for an event in three weeks."""
    now = datetime.now(UTC)
    event = make_event(start_date=now + timedelta(days=21))
    make_tier(event, quota=20)
    return pay_order(buy(event, customer, 2, at=now), at=now)


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_fits_and_can_be_read(
    visit: Open, order: TicketOrder, manager: User, window: dict[str, object]
) -> None:
    page = visit(**window).page
    sign_in(page, manager)
    event, ticket = f"/admin/tickets/event/{order.event_id}", order.tickets.earliest("pk")
    held = buy(order.event, order.user, at=datetime.now(UTC))
    faults: list[str] = []

    for path in (
        "/admin/events",
        "/admin/tickets/event/add/",
        *(f"{event}/{deed}/" for deed in ("change", "move", "cancel", "duplicate", "statistics")),
        f"/admin/events/{order.event_id}/tickets",
        f"/admin/tickets/ticket/{ticket.pk}/change/",
        f"/admin/tickets/ticket/{ticket.pk}/take_one_back/",
        "/admin/tickets/ticketorder/",
        f"/admin/tickets/ticketorder/{order.pk}/change/",
        f"/admin/tickets/ticketorder/{held.pk}/change/",
        f"/admin/tickets/ticketorder/{held.pk}/end_hold/",
    ):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        faults += [f"{path}: {wide} px too wide"] if wide > 0 else []
        found = Axe().run(page, options=RULES).response["violations"]
        faults += [
            f"{path}: {fault['id']} at {fault['nodes'][0]['html'][:200]}"
            for fault in found
            if fault["impact"] in {"serious", "critical"}
        ]

    assert faults == []


@pytest.mark.parametrize("window", [WINDOWS[0], WINDOWS[2]])
def test_an_event_is_planned_published_sold_and_called_off(
    visit: Open, customer: User, manager: User, window: dict[str, object]
) -> None:
    page = visit(**window).page
    sign_in(page, manager)
    now = datetime.now(UTC)
    start = (now + timedelta(days=30)).replace(hour=19, minute=0)

    page.goto("/admin/tickets/event/add/")
    page.locator("[name=name]").fill("Reading by lamplight")
    page.locator("[name=event_type]").select_option("other")
    page.locator("[name=starts]").fill(f"{start:%Y-%m-%dT%H:%M}")
    page.locator("[name=ends]").fill(f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.locator("[name=location]").fill("Old Mill")
    page.locator("[name=ticket_price]").fill("9.00")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/tickets/event/")
    event = Event.objects.get()
    address = f"/admin/tickets/event/{event.pk}"

    page.goto(f"{address}/publish/")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Reading by lamplight is on sale.")).to_be_visible()
    pay_order(buy(event, customer, 2, at=now), at=now)

    page.goto(f"{address}/cancel/")
    expect(page.get_by_text("1 order with tickets: 18.00 USD go back.")).to_be_visible()
    page.get_by_label("Why").fill("The mill is flooded")
    page.get_by_role("button", name="Cancel the event").click()
    progress = page.locator("#campaigns")
    expect(progress).to_contain_text("0 of 1 order done")
    for campaign in open_campaigns():
        run_campaign(campaign_id=campaign, at=datetime.now(UTC))

    # The page looks again by itself.
    expect(progress).to_contain_text("Done for 1 order", timeout=10_000)
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("18.00")]
