"""The staff pages in a browser: nothing in the console, nothing too wide, and the desk's day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import User
from bookings.admin import generator, generator_run
from bookings.models import Booking, Timeslot
from bookings.states import BookingStatus
from payments.models import Refund
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, House, Open
from tests.infrastructure.events import MakeEvent
from tests.infrastructure.world import book_slot, pay

pytestmark = pytest.mark.browser

WINDOWS = [
    pytest.param({"viewport": DESKTOP, "color_scheme": "light"}, id="desktop-light"),
    pytest.param({"viewport": DESKTOP, "color_scheme": "dark"}, id="desktop-dark"),
    pytest.param({"viewport": PHONE, "color_scheme": "light"}, id="phone"),
]
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture
def booking(house: House, customer: User) -> Booking:
    """Paid, for a time that somebody else has too, two days from now."""
    now = datetime.now(UTC)
    return pay(book_slot(house.slots[0], customer, at=now), at=now)


def sign_in(page: Page, user: User) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")


@pytest.mark.parametrize("width", [390, 1280])
def test_lists_and_titles_are_whole(
    visit: Open, booking: Booking, make_event: MakeEvent, manager: User, width: int
) -> None:
    """No cell cuts off what it says, and with many deeds in the head the title is still there."""
    event = make_event(start_date=datetime.now(UTC) + timedelta(days=21))
    page = visit(viewport={"width": width, "height": 800}).page
    sign_in(page, manager)

    for path in (
        "/admin/bookings",
        "/admin/timeslots",
        "/admin/events",
        "/admin/payments/payment/",
    ):
        page.goto(path)
        cut = page.eval_on_selector_all(
            ".result-list .data-row > :is(td, th)",
            """cells => cells.filter(it => it.scrollHeight > it.clientHeight + 1
                || it.scrollWidth > it.clientWidth + 1).map(it => it.textContent.trim())""",
        )
        assert cut == [], path

    page.goto(f"/admin/tickets/event/{event.pk}/change/")
    expect(page.locator("h1 .staff-crumb.is-last")).to_have_text(event.name)
    title = page.locator("h1 .staff-crumb.is-last").bounding_box()
    assert title is not None
    assert title["width"] > 80
    expect(page.get_by_role("link", name="Scanner links").locator("visible=true")).to_have_count(1)


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_fits_and_can_be_read(
    visit: Open, booking: Booking, manager: User, window: dict[str, object]
) -> None:
    page = visit(**window).page
    sign_in(page, manager)
    slot, payment = booking.timeslot_id, booking.payment_id
    faults: list[str] = []

    for path in (
        "/admin/",
        "/admin/bookings",
        f"/admin/bookings/booking/{booking.pk}/change/",
        f"/admin/bookings/booking/{booking.pk}/cancel/",
        f"/admin/bookings/booking/{booking.pk}/move/",
        f"/admin/bookings/booking/{booking.pk}/note/",
        f"/admin/bookings/booking/book/?timeslot={slot}&who=ada",
        "/admin/bookings/booking/stats/",
        "/admin/rooms",
        f"/admin/bookings/room/{booking.room_id}/change/",
        f"/admin/bookings/room/{booking.room_id}/delete/",
        "/admin/timeslots",
        f"/admin/bookings/timeslot/{slot}/change/",
        f"/admin/bookings/timeslot/{slot}/block/",
        "/admin/bookings/timeslot/add/",
        "/admin/bookings/timeslot/generate/",
        "/admin/bookings/timeslot/many/",
        "/admin/payments/payment/",
        f"/admin/payments/payment/{payment}/take_money/",
        f"/admin/payments/payment/{payment}/change/",
        "/admin/payments/paymentattempt/",
        "/admin/payments/refund/",
        "/admin/accounts/user/",
        "/admin/notifications/outgoingmail/",
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


def test_the_desk_finds_a_booking_and_cancels_it(
    visit: Open, booking: Booking, manager: User
) -> None:
    page = visit().page
    sign_in(page, manager)

    page.get_by_role("link", name="Find a booking").click()
    page.get_by_placeholder("Number, name or e-mail").fill("Lovelace")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ada Lovelace").click()
    page.get_by_role("link", name="Cancel booking").first.click()
    expect(page.get_by_label("Everything: 45.00 USD")).to_be_checked()
    page.get_by_label("Reason").fill("Dr Weber is ill")
    page.get_by_role("button", name="Cancel and free the place").click()

    expect(page.get_by_text("45.00 USD are on their way back.")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel booking")).to_have_count(0)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED
    assert Refund.objects.get().amount == Decimal("45.00")


def test_the_desk_books_takes_the_money_and_moves(
    visit: Open, house: House, front_desk: User
) -> None:
    page = visit(viewport=PHONE).page
    sign_in(page, front_desk)
    first, second = house.slots[0], house.slots[1]

    page.goto(f"/admin/bookings/booking/book/?timeslot={first.pk}")
    page.get_by_label("Customer").fill("grace@example.com")
    page.get_by_role("button", name="Look up").click()
    page.get_by_label("Time").select_option(value=str(first.pk))
    page.get_by_label("Their name").fill("Grace Hopper")
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text("Grace Hopper is confirmed; 45.00 USD due")).to_be_visible()

    page.get_by_role("link", name="Take payment").last.click()
    page.get_by_label("Card terminal").check()
    page.get_by_label("Receipt number").fill("T-77")
    page.get_by_role("button", name="45.00 USD received").click()
    expect(page.get_by_text("45.00 USD paid at the desk (card terminal).")).to_be_visible()

    page.get_by_role("link", name="Move", exact=True).last.click()
    page.get_by_label("New time").select_option(value=str(second.pk))
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_text("of Grace Hopper is moved to")).to_be_visible()
    made = Booking.objects.get()
    assert (made.timeslot, made.payment_status) == (second, "paid")


def test_a_long_run_of_the_generator_goes_on_by_itself(
    visit: Open, house: House, manager: User, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "AT_ONCE", 10)
    monkeypatch.setattr(generator_run, "SLOTS_A_STEP", 100)
    page = visit().page
    sign_in(page, manager)
    first = (today + timedelta(days=60)).date()

    page.goto(f"/admin/bookings/timeslot/generate/?room={house.room.pk}")
    page.get_by_label("From").fill(first.isoformat())
    page.get_by_label("Up to and including").fill((first + timedelta(days=20)).isoformat())
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Make 240 timeslots").click()

    expect(page.get_by_text("Dr Weber: 240 timeslots made.")).to_be_visible()


def test_several_times_are_closed_from_the_list(
    visit: Open, house: House, front_desk: User
) -> None:
    page = visit().page
    sign_in(page, front_desk)

    page.goto("/admin/timeslots")
    boxes = page.get_by_role("checkbox", name="Select record")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_label("Select action to run").select_option(label="Close for booking …")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Why").fill("Painters")
    page.get_by_role("button", name="Close", exact=True).click()

    expect(page.get_by_text("Done for 2.")).to_be_visible()
    closed = Timeslot.objects.filter(is_blocked=True, blocked_reason="Painters")
    assert list(closed.order_by("start_time")) == house.slots[:2]


def test_a_calendar_is_filled_after_a_preview(
    visit: Open, house: House, manager: User, today: datetime
) -> None:
    page = visit(viewport=PHONE).page
    sign_in(page, manager)
    before = Timeslot.objects.count()
    day = (today + timedelta(days=10)).date()

    page.goto(f"/admin/bookings/timeslot/generate/?room={house.room.pk}")
    page.get_by_label("From").fill(day.isoformat())
    page.get_by_label("Up to and including").fill(day.isoformat())
    page.get_by_label(f"{day:%A}").fill("09:00-12:00")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="6 new timeslots for Dr Weber")).to_be_in_viewport()
    assert Timeslot.objects.count() == before
    page.get_by_role("button", name="Make 6 timeslots").click()

    expect(page.get_by_text("Dr Weber: 6 timeslots made.")).to_be_visible()
    assert Timeslot.objects.count() == before + 6
