"""The door in a browser with a camera: verdicts, repeats, lost answers, links, and no camera."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route, expect
from pytest_django import Settings

from accounts.models import User
from tests.browser.conftest import DESKTOP, PHONE, Open, Visit
from tests.browser.test_staff import RULES, sign_in
from tests.infrastructure.camera import Camera
from tests.infrastructure.door import make_link, scan
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tickets.codes import in_groups
from tickets.models import Event, ScannerLink, Ticket, TicketScan
from tickets.services import revoke_scanner_link

pytestmark = pytest.mark.browser

SCAN = re.compile(r"/api/v1/admin/tickets/[^/]+/scan$")
PHONE_OPTIONS: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
WINDOWS = [
    pytest.param({"viewport": DESKTOP}, id="desktop"),
    pytest.param(PHONE_OPTIONS, id="phone"),
    pytest.param({**PHONE_OPTIONS, "viewport": {"width": 844, "height": 390}}, id="on-its-side"),
]

MakeTicket = Callable[..., Ticket]


@pytest.fixture
def browser(browser_with_camera: Browser, camera: Camera) -> Browser:
    """In place of the one without a camera."""
    camera.show_nothing()
    return browser_with_camera


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def event(make_event: MakeEvent, now: datetime) -> Event:
    """It began half an hour ago."""
    return make_event(start_date=now - timedelta(minutes=30))


@pytest.fixture
def make_ticket(event: Event, customer: User, now: datetime) -> MakeTicket:
    def make(event: Event = event, **fields: Any) -> Ticket:
        ticket = pay_order(buy(event, customer, at=now), at=now).tickets.get()
        Ticket.objects.filter(pk=ticket.pk).update(**fields)
        found: Ticket = ticket
        return found

    return make


@pytest.fixture
def ticket(make_ticket: MakeTicket) -> Ticket:
    return make_ticket()


@pytest.fixture
def token(event: Event, manager: User, now: datetime) -> str:
    return make_link(event, manager, at=now, expires_at=now + timedelta(hours=4))[1]


def door(event: Event, **query: str) -> str:
    wanted = {"event": str(event.pk), "gate": "Gate B", "type": "check_in"} | query
    return "/admin/scanner?" + "&".join(f"{name}={value}" for name, value in wanted.items())


@pytest.fixture
def at_the_door(visit: Open, scanner: User, event: Event) -> Callable[..., Visit]:
    """Somebody who scans for us, at gate B; the camera is allowed."""

    def arrive(**options: Any) -> Visit:
        window = visit(**{"permissions": ["camera"], **PHONE_OPTIONS, **options})
        sign_in(window.page, scanner)
        window.page.goto(door(event))
        return window

    return arrive


def verdict(page: Page) -> Any:
    return page.locator("[data-door-verdict]")


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Ticket code").fill(code)
    page.get_by_role("button", name="Check").click()


def forgive(window: Visit, *expected: str) -> None:
    """What the browser writes to its console about these refusals is no fault of the page."""
    left = [fault for fault in window.faults if not any(word in fault for word in expected)]
    assert left == []
    window.faults.clear()


# --- Verdicts ------------------------------------------------------------------------------------


def test_the_camera_lets_a_ticket_in_once_however_long_it_is_held(
    at_the_door: Callable[..., Visit], camera: Camera, ticket: Ticket
) -> None:
    camera.show(ticket.ticket_code)
    page = at_the_door().page

    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    expect(verdict(page)).to_contain_text("IN")
    expect(verdict(page)).to_contain_text("Ada Lovelace")
    expect(verdict(page)).to_contain_text("Standard")
    expect(verdict(page)).to_be_hidden()
    page.wait_for_timeout(4000)

    assert [(one.accepted, one.scan_location) for one in TicketScan.objects.all()] == [
        (True, "Gate B")
    ]
    expect(page.locator("[data-door-inside]")).to_have_text("1")
    expect(page.locator("[data-door-expected]")).to_have_text("1")


def test_a_ticket_that_comes_again_is_told_when_and_where_it_was_first(
    at_the_door: Callable[..., Visit], camera: Camera, ticket: Ticket, scanner: User, now: datetime
) -> None:
    scan(ticket, by=scanner, location="Gate A", event_id=ticket.event_id, at=now)
    camera.show(ticket.ticket_code)
    page = at_the_door().page

    expect(verdict(page)).to_have_attribute("data-tone", "again")
    time = f"{now.astimezone(tz=None):%M}"
    expect(verdict(page)).to_contain_text(re.compile(rf"ALREADY IN\s*\d\d:{time}, Gate A"))
    expect(verdict(page)).to_contain_text("Ada Lovelace")


def test_several_tickets_on_one_sheet_count_once_each(
    at_the_door: Callable[..., Visit], camera: Camera, make_ticket: MakeTicket
) -> None:
    tickets = [make_ticket() for _ in range(2)]
    camera.show(*(ticket.ticket_code for ticket in tickets))
    page = at_the_door().page

    expect(page.locator(".door-row")).to_have_count(2)
    page.wait_for_timeout(2000)

    accepted = TicketScan.objects.filter(accepted=True).values_list("ticket_id", flat=True)
    assert sorted(accepted) == [ticket.pk for ticket in tickets]
    assert TicketScan.objects.count() == 2


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param({"event": "another"}, "Wrong event", id="wrong-event"),
        pytest.param(
            {"valid_until": datetime(2026, 1, 1, tzinfo=UTC)}, "Ticket expired", id="expired"
        ),
        pytest.param({"status": "cancelled"}, "Ticket cancelled", id="cancelled"),
        pytest.param({"status": "refunded"}, "Ticket refunded", id="refunded"),
        pytest.param({"valid_from": "later"}, "Too early: from ", id="too-early"),
    ],
)
def test_a_typed_code_is_refused_in_three_words(
    at_the_door: Callable[..., Visit],
    make_event: MakeEvent,
    make_ticket: MakeTicket,
    now: datetime,
    prepare: dict[str, Any],
    words: str,
) -> None:
    fields = dict(prepare)
    if "event" in fields:
        fields["event"] = make_event(name="Night market", start_date=now)
    if "valid_from" in fields:
        fields["valid_from"] = now + timedelta(hours=2)
    ticket = make_ticket(**fields)
    page = at_the_door().page

    type_code(page, in_groups(ticket.ticket_code).lower())

    expect(verdict(page)).to_have_attribute("data-tone", "no")
    expect(verdict(page)).to_contain_text("NO")
    expect(verdict(page)).to_contain_text(words)
    assert [one.accepted for one in TicketScan.objects.all()] == [False]


def test_an_unknown_code_is_refused(at_the_door: Callable[..., Visit]) -> None:
    window = at_the_door()

    type_code(window.page, "no-such-code")

    expect(verdict(window.page)).to_contain_text("Unknown code")
    assert TicketScan.objects.get().code == "not_found"
    forgive(window, " 404 ")


def test_going_out_and_passing_have_their_own_words(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    page = at_the_door().page

    for direction, word in (("Out", "Not checked in"), ("In", "IN"), ("Passage", "PASS")):
        page.get_by_label(direction, exact=True).check()
        type_code(page, ticket.ticket_code)
        expect(verdict(page)).to_contain_text(word)
        verdict(page).click()
    page.get_by_label("Out", exact=True).check()
    type_code(page, ticket.ticket_code)

    expect(verdict(page)).to_contain_text("OUT")
    expect(page.locator("[data-door-inside]")).to_have_text("0")


def test_a_verdict_is_heard_and_felt(
    visit: Open, scanner: User, event: Event, ticket: Ticket
) -> None:
    window = visit(**PHONE_OPTIONS)
    page = window.page
    page.add_init_script(
        """
        window.felt = [];
        navigator.vibrate = (buzz) => window.felt.push(buzz);
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...when) {
          window.felt.push(this.frequency.value);
          return start.apply(this, when);
        };
        """
    )
    sign_in(page, scanner)
    page.goto(door(event))

    type_code(page, ticket.ticket_code)
    expect(verdict(page)).to_be_visible()
    yes = page.evaluate("window.felt")
    expect(verdict(page)).to_be_hidden()
    type_code(page, ticket.ticket_code)
    expect(verdict(page)).to_be_visible()
    again = page.evaluate("window.felt").copy()[len(yes) :]

    assert yes[0] == [80]
    assert again[0] == [90, 70, 90, 70, 180]
    assert len(yes) > 1
    assert len(again) > 1
    assert yes[1:] != again[1:]


# --- How codes come in ---------------------------------------------------------------------------


def test_a_scanner_on_the_cable_needs_no_focus_and_presses_no_button(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    page = at_the_door(viewport=DESKTOP, has_touch=False, is_mobile=False).page
    expect(page.locator("[data-door-start]")).to_be_hidden()
    # Its Enter would follow this link.
    page.get_by_role("link", name="Staff desk").focus()

    page.keyboard.type(ticket.ticket_code)
    page.keyboard.press("Enter")

    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    expect(page).to_have_url(re.compile("/admin/scanner"))
    assert TicketScan.objects.get().accepted


def test_keys_at_a_person_s_pace_are_no_code(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    page = at_the_door(viewport=DESKTOP, has_touch=False, is_mobile=False).page

    page.keyboard.type(ticket.ticket_code[:8], delay=150)
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)

    assert not TicketScan.objects.exists()


def test_the_browser_s_own_detector_is_preferred(
    visit: Open, scanner: User, event: Event, ticket: Ticket
) -> None:
    window = visit(**PHONE_OPTIONS, permissions=["camera"])
    page = window.page
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.add_init_script(
        f"""
        window.BarcodeDetector = class {{
          static async getSupportedFormats() {{ return ["ean_13", "qr_code"]; }}
          async detect() {{ return [{{ rawValue: {json.dumps(ticket.ticket_code)} }}]; }}
        }};
        """
    )
    sign_in(page, scanner)
    page.goto(door(event))

    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    assert [url for url in fetched if "zxing" in url] == []


def test_light_and_other_camera_are_there_where_the_device_has_them(
    visit: Open, scanner: User, event: Event
) -> None:
    page = visit(**PHONE_OPTIONS, permissions=["camera"]).page
    page.add_init_script(
        """
        window.asked = [];
        MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
        MediaStreamTrack.prototype.applyConstraints = async (wanted) => window.asked.push(wanted);
        const devices = navigator.mediaDevices;
        const real = devices?.enumerateDevices.bind(devices);
        Object.assign(devices ?? {}, {
          enumerateDevices: async () => {
            const [one] = (await real()).filter((device) => device.kind === "videoinput");
            return [one, one];
          },
        });
        """
    )
    sign_in(page, scanner)
    page.goto(door(event))

    light = page.get_by_role("button", name="Light")
    light.click()
    expect(light).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.asked") == [{"advanced": [{"torch": True}]}]
    page.get_by_role("button", name="Other camera").click()

    expect(light).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-door-start]")).to_be_hidden()


# --- No camera -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title"),
    [
        pytest.param("NotAllowedError", "The camera isn't allowed", id="denied"),
        pytest.param("NotFoundError", "No camera here", id="none"),
        pytest.param("NotReadableError", "The camera is busy", id="busy"),
    ],
)
def test_without_the_camera_it_says_why_and_typed_codes_work(
    visit: Open, scanner: User, event: Event, ticket: Ticket, name: str, title: str
) -> None:
    page = visit(**PHONE_OPTIONS).page
    page.add_init_script(
        f"""
        Object.assign(navigator.mediaDevices ?? {{}}, {{
          getUserMedia: async () => {{ throw new DOMException("no", {json.dumps(name)}); }},
        }});
        """
    )
    sign_in(page, scanner)
    page.goto(door(event))
    start = page.get_by_role("button", name=re.compile("Start the camera|Try again"))
    start.click()

    expect(page.get_by_text(title)).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    type_code(page, ticket.ticket_code)
    expect(verdict(page)).to_have_attribute("data-tone", "yes")


def test_an_insecure_address_says_so_and_typed_codes_work(
    visit: Open, site: str, token: str, ticket: Ticket, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    address = re.sub(r"//[^:/]+", "//insecure.test", site)
    window = visit(**PHONE_OPTIONS)
    page = window.page

    page.goto(f"{address}/scan#{token}")

    expect(page.get_by_text("This address isn't secure")).to_be_visible()
    type_code(page, ticket.ticket_code)
    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    forgive(window, "Cross-Origin-Opener-Policy")


# --- Lost answers --------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_again_and_counts_once(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    window = at_the_door()
    page = window.page
    asked: list[str] = []

    def lose_the_first(route: Route, request: Request) -> None:
        asked.append(json.loads(request.post_data or "{}")["scanId"])
        if len(asked) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(SCAN, lose_the_first)
    type_code(page, ticket.ticket_code)

    expect(page.get_by_text("No connection, trying again")).to_be_visible()
    expect(verdict(page)).to_be_hidden()
    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    expect(page.get_by_text("No connection, trying again")).to_be_hidden()
    assert len(asked) == 2
    assert len(set(asked)) == 1
    stored = TicketScan.objects.get()
    assert (str(stored.scan_id), stored.accepted) == (asked[0], True)
    forgive(window, "ERR_FAILED")


def test_nothing_is_said_of_a_ticket_that_the_server_didn_t_say(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    window = at_the_door()
    page = window.page
    answers: list[Callable[[Route], None]] = [
        lambda route: route.abort(),
        # The sign-in page of some wireless network.
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Hello</h1>"),
        lambda route: route.fulfill(status=502, content_type="text/html", body="Bad gateway"),
        lambda route: route.fulfill(status=200, json={"accepted": "maybe"}),
    ]

    def answer(route: Route) -> None:
        (answers.pop(0) if answers else Route.continue_)(route)

    page.route(SCAN, answer)
    type_code(page, ticket.ticket_code)

    expect(page.get_by_text("trying again")).to_be_visible()
    expect(page.locator(".door-row")).to_have_count(0)
    expect(verdict(page)).to_have_attribute("data-tone", "yes", timeout=15_000)
    assert TicketScan.objects.count() == 1
    forgive(window, "ERR_FAILED", " 502 ")


def test_a_ticket_that_was_left_keeps_its_id(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    window = at_the_door()
    page = window.page
    asked: list[str] = []

    def lose(route: Route, request: Request) -> None:
        asked.append(json.loads(request.post_data or "{}")["scanId"])
        route.fetch()
        route.abort()

    page.route(SCAN, lose)
    type_code(page, ticket.ticket_code)
    page.get_by_role("button", name="Leave this ticket").click()
    expect(page.get_by_text("Left without an answer")).to_be_visible()
    expect(page.locator(".door-row")).to_have_count(0)
    page.unroute(SCAN)

    with page.expect_request(SCAN) as request:
        type_code(page, ticket.ticket_code)

    # It was let in at the first try: that is what the second hears.
    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    assert json.loads(request.value.post_data or "{}")["scanId"] == asked[0]
    assert TicketScan.objects.count() == 1
    forgive(window, "ERR_FAILED")


def test_who_is_signed_out_meanwhile_is_told(
    at_the_door: Callable[..., Visit], ticket: Ticket
) -> None:
    window = at_the_door()
    window.page.context.clear_cookies()

    type_code(window.page, ticket.ticket_code)

    expect(window.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(window.page.get_by_role("link", name="Sign in")).to_be_visible()
    assert not TicketScan.objects.exists()
    forgive(window, " 401 ")


# --- Last scans ----------------------------------------------------------------------------------


def test_a_scan_is_undone_by_two_presses(at_the_door: Callable[..., Visit], ticket: Ticket) -> None:
    page = at_the_door().page
    type_code(page, ticket.ticket_code)
    expect(page.locator(".door-row")).to_have_count(1)
    expect(verdict(page)).to_be_hidden()

    undo = page.get_by_role("button", name="Undo IN of Ada Lovelace")
    undo.click()
    expect(undo).to_have_text("Sure?")
    ticket.refresh_from_db()
    assert ticket.status == "used"
    undo.click()

    expect(page.locator(".door-row")).to_have_attribute("data-tone", "undone")
    expect(page.locator("[data-door-inside]")).to_have_text("0")
    ticket.refresh_from_db()
    assert ticket.status == "active"
    page.reload()
    expect(page.locator(".door-row")).to_have_attribute("data-tone", "undone")


def test_an_undo_that_is_refused_says_why(
    at_the_door: Callable[..., Visit], ticket: Ticket, scanner: User, now: datetime
) -> None:
    page = at_the_door().page
    type_code(page, ticket.ticket_code)
    expect(page.locator(".door-row")).to_have_count(1)
    expect(verdict(page)).to_be_hidden()
    # Somebody else let them out meanwhile.
    scan(ticket, "check_out", by=scanner, at=now)

    undo = page.get_by_role("button", name="Undo IN of Ada Lovelace")
    undo.click()
    undo.click()

    expect(page.locator(".door-row-note")).to_contain_text("scanned again since")


# --- Which door ----------------------------------------------------------------------------------


def test_the_door_is_chosen_once(
    visit: Open, scanner: User, event: Event, make_event: MakeEvent, now: datetime
) -> None:
    make_event(name="Night market", start_date=now + timedelta(days=1))
    page = visit(**PHONE_OPTIONS).page
    sign_in(page, scanner)

    page.get_by_role("link", name="Scan tickets").click()
    page.get_by_label("Night market").check()
    page.get_by_label("Gate").fill("North")
    page.get_by_label("Out", exact=True).check()
    page.get_by_role("button", name="Go to the door").click()
    expect(page.get_by_role("heading", name="Night market")).to_be_visible()

    page.goto("/admin/scanner")
    expect(page.get_by_role("heading", name="Night market")).to_be_visible()
    expect(page.get_by_text("North", exact=True)).to_be_visible()
    expect(page.get_by_label("Out", exact=True)).to_be_checked()
    page.get_by_role("link", name="Other event or gate").click()

    expect(page.get_by_label("Night market")).to_be_checked()
    expect(page.get_by_label("Gate")).to_have_value("North")


def test_without_a_script_typed_codes_are_checked(
    visit: Open, scanner: User, event: Event, ticket: Ticket
) -> None:
    page = visit(java_script_enabled=False, viewport=PHONE).page
    sign_in(page, scanner)
    page.goto("/admin/scanner")

    page.get_by_label("Summer concert").check(force=True)
    page.get_by_label("Gate").fill("Gate B")
    page.get_by_role("button", name="Go to the door").click()
    for words in (("IN", "Ada Lovelace"), ("ALREADY IN", "Gate B", "Ada Lovelace")):
        type_code(page, in_groups(ticket.ticket_code))
        for word in words:
            expect(page.get_by_label("Verdict")).to_contain_text(word)

    assert [one.accepted for one in TicketScan.objects.all()] == [True, False]


# --- A borrowed phone ----------------------------------------------------------------------------


def test_a_link_scans_and_its_token_goes_nowhere_else(
    visit: Open, camera: Camera, token: str, ticket: Ticket
) -> None:
    camera.show(ticket.ticket_code)
    page = visit(**PHONE_OPTIONS, permissions=["camera"]).page
    told: list[str] = []

    def listen(request: Request) -> None:
        headers = {
            name: value for name, value in request.headers.items() if name != "authorization"
        }
        told.append(json.dumps([request.url, headers, request.post_data]))

    page.on("request", listen)
    page.goto(f"/scan#{token}")

    expect(verdict(page)).to_have_attribute("data-tone", "yes")
    expect(page.get_by_role("heading", name="Summer concert")).to_be_visible()
    expect(page.get_by_text("Main gate", exact=True)).to_be_visible()
    stored = TicketScan.objects.get()
    assert (stored.scan_location, stored.scanner_user, stored.accepted) == ("Main gate", None, True)
    assert not page.url.endswith(token)
    assert [one for one in told if token in one] == []
    # It is kept on the phone: the same page works when it is opened again.
    page.goto("/scan")
    expect(page.get_by_role("heading", name="Summer concert")).to_be_visible()


def test_a_link_that_was_switched_off_says_so_at_the_next_scan(
    visit: Open, manager: User, token: str, ticket: Ticket, now: datetime
) -> None:
    window = visit(**PHONE_OPTIONS)
    page = window.page
    page.goto(f"/scan#{token}")
    expect(page.get_by_role("heading", name="Summer concert")).to_be_visible()
    revoke_scanner_link(link_id=ScannerLink.objects.get().pk, by=manager, at=now)

    type_code(page, ticket.ticket_code)

    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
    expect(page.get_by_text("This scanner link was switched off.")).to_be_visible()
    assert not TicketScan.objects.exists()
    page.goto("/scan")
    expect(page.get_by_role("heading", name="No scanner link")).to_be_visible()
    forgive(window, " 401 ")


def test_another_link_opened_on_the_same_page_takes_its_place(
    visit: Open, make_event: MakeEvent, manager: User, token: str, now: datetime
) -> None:
    other = make_event(name="Night market", start_date=now)
    _, second = make_link(other, manager, at=now, expires_at=now + timedelta(hours=4))
    page = visit(**PHONE_OPTIONS).page
    page.goto(f"/scan#{token}")
    expect(page.get_by_role("heading", name="Summer concert")).to_be_visible()

    page.evaluate("token => { location.hash = token; }", second)

    expect(page.get_by_role("heading", name="Night market")).to_be_visible()
    expect(page).to_have_url(re.compile("/scan$"))


def test_a_link_whose_time_is_over_opens_no_door(visit: Open, token: str, now: datetime) -> None:
    ScannerLink.objects.update(expires_at=now)
    window = visit(**PHONE_OPTIONS)

    window.page.goto(f"/scan#{token}")

    expect(window.page.get_by_text("This scanner link's time is over.")).to_be_visible()
    expect(window.page.get_by_label("Ticket code")).to_have_count(0)
    forgive(window, " 401 ")


def test_a_link_doesn_t_say_who_goes_to_another_event(
    visit: Open, token: str, make_event: MakeEvent, make_ticket: MakeTicket, now: datetime
) -> None:
    ticket = make_ticket(event=make_event(name="Night market", start_date=now))
    page = visit(**PHONE_OPTIONS).page
    page.goto(f"/scan#{token}")

    type_code(page, ticket.ticket_code)

    expect(verdict(page)).to_contain_text("Wrong event")
    expect(verdict(page)).not_to_contain_text("Ada")


def test_a_manager_makes_a_link_a_phone_opens_it_and_it_is_switched_off(
    visit: Open, manager: User, event: Event, ticket: Ticket
) -> None:
    desk = visit().page
    sign_in(desk, manager)
    desk.goto(f"/admin/tickets/event/{event.pk}/change/")
    desk.get_by_role("link", name="Scanner links").first.click()
    desk.get_by_label("Gate").fill("North gate")
    desk.get_by_role("button", name="Make and show it").click()
    address = desk.get_by_label("Address of the scanner link").input_value()

    window = visit(**PHONE_OPTIONS)
    phone = window.page
    phone.clock.install()
    phone.goto(address)
    type_code(phone, ticket.ticket_code)
    expect(verdict(phone)).to_have_attribute("data-tone", "yes")

    desk.get_by_role("link", name="Done").click()
    expect(desk.locator(".door-links li", has_text="North gate")).to_contain_text("works")
    assert address.split("#")[1] not in desk.content()
    desk.get_by_role("link", name="Switch off").click()
    desk.get_by_role("button", name="Switch off").click()
    expect(desk.locator(".door-links li", has_text="North gate")).to_contain_text("switched off")
    # It counts who is in every ten seconds and learns it by that, unless it has counted just now.
    phone.clock.fast_forward(10_000)
    expect(phone.get_by_role("heading", name="This link has ended")).to_be_visible()
    forgive(window, " 401 ")


# --- The door's figures --------------------------------------------------------------------------


def test_the_figures_follow_the_door_by_themselves(
    visit: Open, scanner: User, event: Event, ticket: Ticket, now: datetime
) -> None:
    window = visit(**PHONE_OPTIONS)
    page = window.page
    sign_in(page, scanner)
    page.goto(f"/admin/events/{event.pk}/door")
    inside = page.locator(".door-numbers .is-first dd")
    expect(page.get_by_text("Nobody was scanned here yet.")).to_be_visible()
    expect(inside).to_have_text("0")

    scan(ticket, by=scanner, event_id=event.pk, location="Gate B", at=now)
    scan(ticket, by=scanner, event_id=event.pk, location="Gate C", at=now)

    expect(inside).to_have_text("1", timeout=10_000)
    expect(page.locator(".door-gates")).to_contain_text("Gate C")
    expect(page.locator(".door-refusals")).to_contain_text("Already in")
    expect(page.locator(".door-chart rect[height='100.0']")).to_have_count(1)
    page.route("**/door?part=figures", lambda route: route.abort())
    expect(page.get_by_text("these figures are old")).to_be_visible(timeout=10_000)
    page.unroute("**/door?part=figures")
    expect(page.get_by_text("these figures are old")).to_be_hidden(timeout=10_000)
    forgive(window, "ERR_FAILED")


# --- Readable ------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_of_the_door_fits_and_can_be_read(
    visit: Open,
    manager: User,
    event: Event,
    ticket: Ticket,
    token: str,
    window: dict[str, Any],
    now: datetime,
) -> None:
    opened = visit(**window, permissions=["camera"])
    page = opened.page
    # A verdict stands as long as it is looked at.
    page.add_init_script(
        """
        const real = window.setTimeout;
        window.setTimeout = (what, after, ...rest) =>
          real(what, after === 1500 ? 60000 : after, ...rest);
        """
    )
    sign_in(page, manager)
    faults: list[str] = []

    def look(name: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        faults.extend([f"{name}: {wide} px too wide"] if wide > 0 else [])
        faults.extend(
            f"{name}: {fault['id']} at {fault['nodes'][0]['html'][:200]}"
            for fault in Axe().run(page, options=RULES).response["violations"]
            if fault["impact"] in {"serious", "critical"}
        )

    page.goto("/admin/scanner")
    look("choice")
    page.goto(door(event))
    expect(page.locator("[data-door-start]")).to_be_hidden()
    look("door")
    for name, code in (("yes", ticket.ticket_code), ("again", ticket.ticket_code), ("no", "XX")):
        type_code(page, code)
        expect(verdict(page)).to_be_visible()
        look(name)
        verdict(page).click()
    small = page.evaluate(
        """[...document.querySelectorAll("button, a")]
        .filter((one) => one.offsetParent && one.offsetHeight < 64)
        .map((one) => one.outerHTML)"""
    )
    assert small == []
    links = f"/admin/tickets/event/{event.pk}/scanner_links/"
    for path in (
        "/scan",
        f"/admin/events/{event.pk}/door",
        links,
        f"{links}{ScannerLink.objects.get().pk}/revoke/",
        f"/scan#{token}",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        look(path)
    page.goto(links)
    page.locator("[name=gate]").fill("North gate")
    page.get_by_role("button", name="Make and show it").click()
    expect(page.get_by_label("Address of the scanner link")).to_be_visible()
    look("made")

    assert faults == []
    forgive(opened, " 404 ")


# --- The parts by themselves ---------------------------------------------------------------------


def evaluate(page: Page, module: str, script: str) -> Any:
    """Run a function of one module on the scanner's page."""
    return page.evaluate(
        f"async () => {{ const part = await import('/static/js/scanner/{module}.js'); {script} }}"
    )


def test_a_code_is_new_again_after_it_was_out_of_view(visit: Open) -> None:
    page = visit().page
    page.goto("/scan")

    told = evaluate(
        page,
        "memory",
        """
        const memory = part.makeMemory(3000);
        const seen = [0, 100, 2900, 5000, 8100].map((at) => memory.isNew("A", at));
        const other = memory.isNew("B", 8150);
        memory.forget();
        return [seen, other, memory.isNew("A", 8200)];
        """,
    )

    assert told == [[True, False, False, False, True], True, True]


def test_fast_keys_are_a_code_and_slow_ones_are_not(visit: Open) -> None:
    page = visit().page
    page.goto("/scan")

    told = evaluate(
        page,
        "wedge",
        """
        const run = (keys, gap) => {
          const wedge = part.makeWedge();
          return keys.map((key, number) => wedge.press(key, number * gap)).at(-1);
        };
        const code = [..."ABCDEF34"];
        return [
          run([...code, "Enter"], 20),
          run(["Shift", ...code, "Enter"], 20),
          run([...code, "Enter"], 200),
          run([..."ABC", "Enter"], 20),
        ];
        """,
    )

    assert told == ["ABCDEF34", "ABCDEF34", "", ""]


def test_waits_grow_and_are_cut_short_when_the_device_is_online_again(visit: Open) -> None:
    page = visit().page
    page.goto("/scan")

    told = evaluate(
        page,
        "sender",
        """
        const waits = [];
        const answers = [null, new part.Answer(503), new part.Answer(200, {}), null, null, null,
          new part.Answer(409, { accepted: false })];
        const ask = async () => answers.shift() ?? Promise.reject(new TypeError("no line"));
        const troubles = [];
        const signal = new AbortController().signal;
        const answer = await part.sendUntilAnswered(ask, {
          onTrouble: (why) => troubles.push(why),
          signal,
          pause: async (milliseconds) => waits.push(milliseconds),
        });
        const begin = performance.now();
        setTimeout(() => dispatchEvent(new Event("online")), 50);
        await part.wait(60000, signal);
        return [answer.status, waits, troubles, performance.now() - begin < 5000];
        """,
    )

    assert told == [
        409,
        [500, 1000, 2000, 4000, 5000, 5000],
        ["offline", "busy", "offline", "offline", "offline", "offline"],
        True,
    ]


def test_an_id_is_kept_for_a_while_and_given_up_when_answered(visit: Open) -> None:
    page = visit().page
    page.goto("/scan")

    told = evaluate(
        page,
        "sender",
        """
        let at = 0;
        const kept = new Map();
        const storage = {
          getItem: (key) => kept.get(key) ?? null,
          setItem: (key, value) => kept.set(key, value),
        };
        const ids = part.makeIds(storage, () => at);
        const first = ids.take("in A");
        at = 60000;
        const second = ids.take("in A");
        const other = ids.take("out A");
        at = 150001;
        const late = ids.take("in A");
        ids.answered("in A");
        const fresh = ids.take("in A");
        return [first === second, first !== other, late !== first, fresh !== late, first];
        """,
    )

    assert told[:4] == [True] * 4
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told[4])
