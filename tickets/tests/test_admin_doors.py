"""Doors on staff pages: links for borrowed phones, shown once, used, and switched off."""

import base64
import re
from datetime import timedelta

import pytest
from PIL import Image, ImageDraw
from pytest_django import Settings

from accounts.models import User
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.door import LinkApi, make_link
from tests.infrastructure.events import EVENT_END, MakeEvent
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.scanning import codes_in
from tests.infrastructure.staff import answer, cost
from tests.infrastructure.world import NOW
from tickets.models import Event, ScannerLink
from tickets.services import revoke_scanner_link

SENT = {"gate": "North", "until": "2026-07-19T01:00"}


def links(event: Event) -> str:
    return f"/admin/tickets/event/{event.pk}/scanner_links/"


def make(desk: Visitor, event: Event, **fields: str) -> Page:
    """Fill in the form of the page and send it."""
    return desk.send(desk.get(links(event)), "Make and show it", **(SENT | fields))


def address_on(page: Page) -> str:
    [field] = [tag for tag in page.tags("input", "value") if "#" in tag["value"]]
    found: str = field["value"]
    return found


def test_a_link_is_shown_once_and_works(
    visit: MakeVisitor, event: Event, manager: User, settings: Settings
) -> None:
    settings.SITE_URL = "https://tickets.example.com"
    desk = visit(manager)

    made = make(desk, event, gate=" North  gate ")

    address = address_on(made)
    assert re.fullmatch(r"https://tickets\.example\.com/scan#[\w-]{40,}", address)
    token = address.partition("#")[2]
    link = ScannerLink.objects.get()
    assert (link.gate, link.event, link.created_by) == ("North gate", event, manager)
    assert link.expires_at == EVENT_END + timedelta(hours=2)
    assert link.token_hash == ScannerLink.hash_of(token)
    assert token not in desk.get(links(event)).response.content.decode()
    told = LinkApi(token).get("/admin/tickets/scanner-link").json()
    assert (told["gate"], told["event"]["id"]) == ("North gate", event.pk)


def test_its_picture_says_its_address(visit: MakeVisitor, event: Event, manager: User) -> None:
    made = make(visit(manager), event)

    [picture] = [tag["src"] for tag in made.tags("img", "src") if tag["src"].startswith("data:")]

    assert picture.startswith("data:image/svg+xml;base64,")
    assert drawn(picture) == [address_on(made)]


def drawn(picture: str) -> list[str]:
    """What a camera reads from the drawing."""
    svg = base64.b64decode(picture.partition(",")[2]).decode()
    [side] = re.findall(r'viewBox="0 0 (\d+)', svg)
    scale = 8
    image = Image.new("L", (int(side) * scale, int(side) * scale), 255)
    pen = ImageDraw.Draw(image)
    for x, y in re.findall(r"M(\d+),(\d+)H", svg):
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle([left, top, left + scale - 1, top + scale - 1], fill=0)
    return codes_in(image)


def test_two_hours_after_the_end_is_the_default(
    visit: MakeVisitor, event: Event, make_event: MakeEvent, manager: User
) -> None:
    over = make_event(start_date=NOW - timedelta(days=1))
    desk = visit(manager)

    defaults = [
        desk.get(links(each)).form("Make and show it").fields["until"] for each in (event, over)
    ]

    # By the event's own clock.
    assert defaults == ["2026-07-19T01:00", "2026-07-02T12:00"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"gate": ""}, "This field is required.", id="no-gate"),
        pytest.param({"gate": "  "}, "This field is required.", id="blank-gate"),
        pytest.param({"until": ""}, "This field is required.", id="no-time"),
        pytest.param({"until": "soon"}, "Please enter a day and an hour.", id="no-moment"),
        pytest.param(
            {"until": "2026-07-02T09:59"}, "a time that is still to come", id="in-the-past"
        ),
        pytest.param({"gate": "x" * 101}, "at most 100 characters", id="long-gate"),
    ],
)
def test_what_makes_no_link_is_said_at_its_field(
    visit: MakeVisitor, event: Event, manager: User, fields: dict[str, str], words: str
) -> None:
    desk = visit(manager)

    with nothing_changes():
        page = make(desk, event, **fields)

    assert words in page.text


def test_the_same_page_sent_again_makes_no_other_link(
    visit: MakeVisitor, event: Event, manager: User
) -> None:
    desk = visit(manager)
    page = desk.get(links(event))
    desk.send(page, "Make and show it", **SENT)
    link = ScannerLink.objects.get()

    with nothing_changes():
        again = desk.send(page, "Make and show it", **SENT)

    assert again.status == 409
    assert "The link for North is made already, and it is shown only once." in again.text
    assert again.has_link("Switch off")
    # What that page shows can make another, and says so to nobody who only reloads it.
    revoke_scanner_link(link_id=link.pk, by=manager, at=NOW)
    off = desk.send(page, "Make and show it", **SENT)
    assert "was made and is switched off by now. Nothing new was made." in off.text
    made = desk.send(off, "Make and show it", **SENT)
    assert "#" in address_on(made)
    assert ScannerLink.objects.count() == 2


@pytest.mark.parametrize("key", ["", "mine"])
def test_a_page_without_its_key_is_shown_anew(
    visit: MakeVisitor, event: Event, manager: User, key: str
) -> None:
    desk = visit(manager)

    with nothing_changes():
        page = make(desk, event, form_key=key)

    assert page.status == 400
    assert "This page was too old. Please look at it once more." in page.text
    assert "#" in address_on(desk.send(page, "Make and show it", **SENT))


def test_a_link_is_switched_off_after_a_question(
    visit: MakeVisitor, event: Event, manager: User
) -> None:
    link, token = make_link(event, manager)
    desk = visit(manager)
    question = desk.get(f"{links(event)}{link.pk}/revoke/")
    assert "Switch this link off" in question.text
    assert "never used" in question.text
    assert LinkApi(token).get("/admin/tickets/scanner-link").status_code == 200

    done = answer(desk, question, "Switch off")

    assert "The link for Main gate is switched off." in done.text
    assert "switched off Until" in done.text
    refused = LinkApi(token).get("/admin/tickets/scanner-link")
    assert refused.json()["errors"][0]["code"] == "link_revoked"


def test_the_list_says_how_each_link_stands(
    visit: MakeVisitor, event: Event, manager: User
) -> None:
    used, token = make_link(event, manager, gate="Used")
    make_link(event, manager, gate="Late", at=NOW - timedelta(days=2), expires_at=NOW)
    off, _ = make_link(event, manager, gate="Off")
    revoke_scanner_link(link_id=off.pk, by=manager, at=NOW)
    desk = visit(manager)
    LinkApi(token).get("/admin/tickets/scanner-link")

    page = desk.get(links(event))

    assert "Used works Until Sun 19 Jul 2026, 23:00 · last used 10:00" in page.text
    assert "Late its time is over" in page.text
    assert "Off switched off Until Sun 19 Jul 2026, 23:00 · never used" in page.text
    assert used.is_usable(NOW)


@pytest.mark.parametrize("role", ["scanner", "front_desk"])
def test_links_are_for_managers(
    visit: MakeVisitor, event: Event, manager: User, role: str, request: pytest.FixtureRequest
) -> None:
    link, _ = make_link(event, manager)
    person = visit(request.getfixturevalue(role))
    person.get("/admin/")
    token = person.client.cookies.get("csrftoken")
    sent = {"gate": "Mine", "until": "2026-07-19T01:00", "answer": "yes"}
    if token is not None:
        sent["csrfmiddlewaretoken"] = token.value

    with nothing_changes():
        statuses = [
            person.get(links(event)).status,
            person.client.post(links(event), sent).status_code,
            person.client.post(f"{links(event)}{link.pk}/revoke/", sent).status_code,
        ]

    assert statuses == [403, 403, 403]


def test_another_event_s_link_is_not_found(
    visit: MakeVisitor, event: Event, make_event: MakeEvent, manager: User
) -> None:
    link, _ = make_link(make_event(name="Other"), manager)

    assert visit(manager).get(f"{links(event)}{link.pk}/revoke/").status == 404


def test_an_address_that_gives_no_camera_is_warned_of(
    visit: MakeVisitor, event: Event, manager: User, settings: Settings
) -> None:
    desk = visit(manager)
    settings.SITE_URL = "http://192.168.0.7:8000"
    assert "Phones give no camera to such addresses" in desk.get(links(event)).text
    settings.SITE_URL = "https://tickets.example.com"
    assert "Phones give no camera" not in desk.get(links(event)).text


def test_the_list_of_links_costs_the_same_however_many_there_are(
    visit: MakeVisitor, event: Event, manager: User
) -> None:
    desk = visit(manager)
    make_link(event, manager)
    one = cost(desk, links(event))
    for _ in range(10):
        make_link(event, manager)

    assert cost(desk, links(event)) == one


def test_an_event_s_page_leads_to_its_door_and_its_links(
    visit: MakeVisitor, event: Event, make_event: MakeEvent, manager: User, front_desk: User
) -> None:
    draft = make_event(status="draft")

    def ways(person: User, of: Event) -> set[str]:
        page = visit(person).get(f"/admin/tickets/event/{of.pk}/change/")
        return {words for words, _ in page.links} & {"Door", "Scanner links"}

    assert ways(manager, event) == {"Door", "Scanner links"}
    assert ways(front_desk, event) == {"Door"}
    assert ways(manager, draft) == set()
