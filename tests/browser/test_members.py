"""Plans and what they open, with the demo provider: desk and phone, with scripts and without."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from access.models import Resource, Subscription
from access.states import ResourceKind, SubscriptionStatus
from accounts.models import User
from bookings.models import Timeslot
from notifications.models import OutgoingMail
from notifications.paragraphs import code_in
from payments.models import BillingAgreement
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, House, Open
from tests.browser.test_everywhere import look_at
from tests.browser.test_stripe import picture
from tests.infrastructure.club import HANDBOOK, Club
from tests.infrastructure.plans import sign_up, take
from tests.infrastructure.world import MakeUser, book_slot, pay

pytestmark = pytest.mark.browser

KINDS = [
    pytest.param({"viewport": DESKTOP}, id="desktop"),
    pytest.param({"viewport": DESKTOP, "java_script_enabled": False}, id="desktop-no-script"),
    pytest.param({"viewport": PHONE, "is_mobile": True, "has_touch": True}, id="phone"),
    pytest.param({"viewport": PHONE, "java_script_enabled": False}, id="phone-no-script"),
]
WINDOWS = [
    pytest.param({"viewport": DESKTOP, "color_scheme": "light"}, id="desktop-light"),
    pytest.param({"viewport": DESKTOP, "color_scheme": "dark"}, id="desktop-dark"),
    pytest.param({"viewport": {"width": 360, "height": 740}, "color_scheme": "light"}, id="phone"),
    pytest.param({"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}, id="small"),
]


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


def headline(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


@pytest.mark.parametrize("kind", KINDS)
def test_from_a_refusal_to_a_trial_and_out_again(
    visit: Open, club: Club, ada: User, kind: dict[str, Any]
) -> None:
    window = visit(**kind)
    window.sign_in(ada)
    page = window.page
    has_scripts = kind.get("java_script_enabled", True)

    page.goto("/resources/recordings")
    expect(page.get_by_text("This isn't open to you now")).to_be_visible()
    expect(page.get_by_text("All classes")).to_have_count(0)
    page.get_by_role("link", name="Get Basic").click()
    headline(page, "Basic")
    page.get_by_role("button", name="Begin 14 days free").click()
    headline(page, "Subscribe")
    page.get_by_role("main").get_by_role("button").first.click()
    headline(page, "You are trying Basic")

    page.get_by_role("link", name="Recordings").click()
    headline(page, "Recordings")
    expect(page.get_by_text("All classes, to see again.")).to_be_visible()
    page.go_back()
    cancel(page, has_scripts=has_scripts)
    headline(page, re.compile(r"Basic is open until \w{3} \d+ \w{3} \d{4}"))
    page.goto("/resources/recordings")
    expect(page.get_by_text("All classes, to see again.")).to_be_visible()

    page.goto(Subscription.objects.get().get_absolute_url())
    page.get_by_role("button", name="Keep it").click()
    headline(page, "You are trying Basic")
    expect(page.get_by_text("Kept after all")).to_be_visible()


def cancel(page: Page, *, has_scripts: bool) -> None:
    """The dialog with scripts, a page of its own without: both say the date first."""
    page.get_by_role("link", name="Cancel Basic").click()
    if has_scripts:
        where = page.get_by_role("dialog", name="Cancel Basic?")
    else:
        page.wait_for_url("**/cancel")
        where = page.get_by_role("main")
    expect(where.get_by_text("It stays open until")).to_be_visible()
    expect(where.get_by_text("Your trial isn't charged.")).to_be_visible()
    where.get_by_role("button", name=re.compile("Cancel, open until")).click()


@pytest.mark.parametrize("kind", KINDS)
def test_paid_at_once_file_and_link(
    visit: Open, club: Club, ada: User, kind: dict[str, Any]
) -> None:
    window = visit(**kind, accept_downloads=True)
    window.sign_in(ada)
    page = window.page

    page.goto("/plans")
    page.get_by_role("link", name="Choose Plus").click()
    page.get_by_role("button", name="Pay 30.00 USD").click()
    headline(page, "Subscribe")
    page.get_by_role("main").get_by_role("button").first.click()
    headline(page, "Plus is yours")
    expect(page.get_by_role("heading", name="Payments")).to_be_visible()

    page.goto("/resources")
    page.get_by_role("link", name="Handbook").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").click()
    assert begun.value.suggested_filename == "Handbook.pdf"
    assert Path(begun.value.path()).read_bytes() == HANDBOOK
    page.goto("/resources/questions")
    page.get_by_role("main").get_by_role("link", name="Open").click()
    page.wait_for_url("**/events?search=asked")


def test_who_is_new_comes_back_to_what_was_wanted(visit: Open, club: Club) -> None:
    page = visit().page

    page.goto("/resources/recordings")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("E-mail").fill("grace@example.com")
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Create account").click()
    page.get_by_label("Code").fill(code_in(OutgoingMail.objects.get().context["text"]))
    page.get_by_role("button", name="Confirm my address").click()

    page.wait_for_url("**/resources/recordings")
    expect(page.get_by_text("This isn't open to you now")).to_be_visible()


def test_a_file_s_address_sends_strangers_to_sign_in_and_back_to_its_page(
    visit: Open, club: Club, ada: User
) -> None:
    sign_up(take(club.plus, ada, at=datetime.now(UTC)), at=datetime.now(UTC))
    window = visit()
    page = window.page

    page.goto("/resources/handbook/file")
    page.get_by_label("E-mail").fill(ada.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/resources/handbook")
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_the_buttons_of_a_refusal_lead_where_they_say(
    visit: Open, club: Club, house: House, ada: User
) -> None:
    now = datetime.now(UTC)
    Resource.objects.filter(pk=club.link.pk).update(room=house.room)
    window = visit()
    window.sign_in(ada)
    page = window.page

    page.goto("/resources/questions")
    page.get_by_role("link", name="Book Dr Weber").click()
    headline(page, "Choose a time")
    booking = pay(book_slot(house.slots[0], ada, at=now), at=now)
    page.goto("/resources/questions")
    expect(page.get_by_text("Your booking starts on").first).to_be_visible()
    page.get_by_role("link", name="My booking", exact=True).click()

    page.wait_for_url(f"**/bookings/{booking.pk}")
    expect(page.get_by_role("heading", name="What this booking opens")).to_be_visible()


def test_the_meeting_opens_by_itself_while_one_waits(
    visit: Open, club: Club, house: House, ada: User
) -> None:
    """The countdown ends, the page is fetched again, and the button is there."""
    now = datetime.now(UTC)
    booking = pay(book_slot(house.slots[0], ada, at=now), at=now)
    Resource.objects.create(
        slug="meeting",
        title="Consultation online",
        kind=ResourceKind.LINK,
        url="https://meet.example/x",
        room=house.room,
        made_for=f"room:{house.room.pk}",
    )
    start = datetime.now(UTC) + timedelta(minutes=5, seconds=6)
    Timeslot.objects.filter(pk=booking.timeslot_id).update(
        start_time=start, end_time=start + timedelta(minutes=30)
    )
    window = visit(viewport=PHONE)
    window.sign_in(ada)
    page = window.page

    page.goto(f"/bookings/{booking.pk}")
    expect(page.get_by_text("Opens today").first).to_be_visible()
    join = page.get_by_role("link", name="Join online")

    expect(join).to_be_visible(timeout=20_000)
    expect(join).to_have_attribute("href", "/resources/meeting/open")


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_can_be_used_by_everybody(
    visit: Open, club: Club, ada: User, make_user: MakeUser, window: dict[str, Any]
) -> None:
    now = datetime.now(UTC)
    mine = take(club.basic, ada, at=now)
    sign_up(mine, at=now)
    begun = take(club.plus, make_user("bob@example.com", name="Bob"), at=now)
    failed = take(club.plus, make_user("eve@example.com", name="Eve"), at=now)
    sign_up(failed, at=now)
    BillingAgreement.objects.update(pay_url="https://pay.example/bill")
    failed.move_to(SubscriptionStatus.PAST_DUE, at=now, paid_until=now)
    stranger = visit(**window)

    faults = look_through(
        stranger.page,
        "/plans",
        "/plans/basic/subscribe",
        "/resources",
        "/resources/recordings",
        window=window,
    )
    for person, paths in (
        (
            ada,
            (
                "/plans",
                "/plans/plus/subscribe",
                "/plans/basic/subscribe",
                mine.get_absolute_url(),
                f"{mine.get_absolute_url()}/cancel",
                "/resources",
                "/resources/recordings",
                "/resources/handbook",
                "/account",
            ),
        ),
        (begun.user, (begun.get_absolute_url(), "/plans")),
        (failed.user, (failed.get_absolute_url(), "/", "/resources/handbook")),
    ):
        opened = visit(**window)
        opened.sign_in(person)
        faults += look_through(opened.page, *paths, window=window)

    assert faults == []


def look_through(page: Page, *paths: str, window: dict[str, Any]) -> list[str]:
    found = []
    for path in paths:
        found += look_at(page, path)
        picture(page, path.strip("/").replace("/", "-") or "home", window)
    return found


def test_words_longer_than_a_small_screen_are_broken(visit: Open) -> None:
    word = "W" * 120
    Resource.objects.create(
        slug="long",
        title=word,
        summary=f"{word}{word}",
        is_public=True,
        body=f"{word}\n\n    {word}\n\n{'|'.join([word] * 4)}\n{'|'.join(['-'] * 4)}\n",
    )

    page = visit(viewport={"width": 320, "height": 640}).page
    page.goto("/resources/long")

    assert page.evaluate("document.documentElement.scrollWidth") == 320
