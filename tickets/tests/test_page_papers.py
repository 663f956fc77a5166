"""What the customer carries: codes that a camera reads, paper with everybody's name, the calendar.

Read by libraries that share no code with those that draw.
"""

import io
import re
from datetime import timedelta

import pytest
import time_machine
import vobject
from icalendar import Calendar
from PIL import Image, ImageDraw

from accounts.models import User
from tests.infrastructure.events import EVENT_START, MakeEvent, MakeTier, buy, pay_order
from tests.infrastructure.mails import invite_of, last_mail
from tests.infrastructure.pages import MakeVisitor, Visitor
from tests.infrastructure.scanning import codes_in, sheets_of
from tests.infrastructure.world import NOW, MakeUser
from tickets.models import Event, TicketOrder
from tickets.services import (
    cancel_order,
    cancel_ticket,
    move_event,
)

NAMES = [
    "Άδα Λάβλεϊς",
    "Ада Лавлейс",
    "Žofie Čížková-Łąka Ñandú Ştefan",
    "Søren Kierkegård",
    "O'Brien & Söhne <GmbH>",
]


def fetch(visitor: Visitor, path: str, mimetype: str) -> bytes:
    response = visitor.client.get(path)
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (200, mimetype), path
    assert "no-store" in response["Cache-Control"]
    content: bytes = response.content
    return content


def drawn(svg: bytes) -> Image.Image:
    """An SVG of dark squares on white, drawn here square by square."""
    text = svg.decode()
    [side] = {int(float(number)) for number in re.findall(r'viewBox="0 0 (\d+)', text)}
    scale = 12
    image = Image.new("L", (side * scale, side * scale), 255)
    draw = ImageDraw.Draw(image)
    squares = re.findall(r"M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)", text)
    assert len(squares) > 200
    for left, top, right, bottom in squares:
        edges = [float(edge) * scale for edge in (left, top, right, bottom)]
        draw.rectangle((edges[0], edges[1], edges[2] - 1, edges[3] - 1), fill=0)
    return image


@pytest.fixture
def order(event: Event, customer: User) -> TicketOrder:
    return pay_order(buy(event, customer, 3))


# --- Codes ----------------------------------------------------------------------------------


def test_a_camera_reads_the_code_from_picture_and_drawing(
    visit: MakeVisitor, customer: User, order: TicketOrder
) -> None:
    visitor = visit(customer)

    for ticket in order.tickets.all():
        picture = fetch(visitor, f"/tickets/{ticket.pk}/qr.png", "image/png")
        drawing = fetch(visitor, f"/tickets/{ticket.pk}/qr.svg", "image/svg+xml")

        assert codes_in(picture) == [ticket.ticket_code]
        assert codes_in(drawn(drawing)) == [ticket.ticket_code]


def test_the_picture_is_black_on_pure_white_with_its_full_quiet_zone(
    visit: MakeVisitor, customer: User, order: TicketOrder
) -> None:
    [ticket] = order.tickets.all()[:1]
    picture = fetch(visit(customer), f"/tickets/{ticket.pk}/qr.png", "image/png")

    image = Image.open(io.BytesIO(picture)).convert("RGB")

    assert {colour for _, colour in image.getcolors() or []} == {(0, 0, 0), (255, 255, 255)}
    # Four modules of ten pixels each.
    white = Image.new("RGB", image.size, (255, 255, 255))
    dark = [
        (x, y)
        for x in range(0, image.width, 10)
        for y in range(0, image.height, 10)
        if image.getpixel((x, y)) != white.getpixel((x, y))
    ]
    assert min(x for x, _ in dark) == min(y for _, y in dark) == 40
    assert image.width - 10 - max(x for x, _ in dark) == 40


def test_owner_and_staff_get_them_and_nobody_else(
    visit: MakeVisitor,
    customer: User,
    stranger: User,
    scanner: User,
    front_desk: User,
    order: TicketOrder,
) -> None:
    [ticket] = order.tickets.all()[:1]
    paths = [f"/tickets/{ticket.pk}/{file}" for file in ("qr.png", "qr.svg", "pdf")]
    paths.append(f"/tickets/orders/{order.pk}/pdf")

    for path in paths:
        for user, status in ((customer, 200), (front_desk, 200), (stranger, 404), (scanner, 404)):
            assert visit(user).client.get(path).status_code == status, (path, user)
        assert visit().client.get(path)["Location"] == f"/accounts/login/?next={path}"
    assert visit(front_desk).client.get("/tickets/777/pdf").status_code == 404
    assert visit(front_desk).client.get("/tickets/orders/777/pdf").status_code == 404


def test_a_held_order_has_no_paper(visit: MakeVisitor, customer: User, event: Event) -> None:
    order = buy(event, customer)

    assert visit(customer).client.get(f"/tickets/orders/{order.pk}/pdf").status_code == 404
    assert visit(customer).client.get(f"/tickets/orders/{order.pk}.ics").status_code == 404


# --- Paper ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_paper_holds_every_code_and_everybody_s_name(
    visit: MakeVisitor, make_user: MakeUser, make_event: MakeEvent, make_tier: MakeTier, name: str
) -> None:
    user = make_user("guest@example.com", name=name)
    event = make_event(name=f"Βραδιά · Вечер · {name}", location="Žižkov, Прага")
    make_tier(event, "standard", name="Čestná lóže")
    order = pay_order(buy(event, user, 2))
    codes = [ticket.ticket_code for ticket in order.tickets.order_by("pk")]
    visitor = visit(user)

    sheets = sheets_of(fetch(visitor, f"/tickets/orders/{order.pk}/pdf", "application/pdf"))

    assert [sheet.codes for sheet in sheets] == [[code] for code in codes]
    for sheet, code in zip(sheets, codes, strict=True):
        words = " ".join(sheet.text.split())
        assert name in words
        assert f"Βραδιά · Вечер · {name}" in words
        assert "Žižkov, Прага" in words
        assert "Čestná lóže · 20.00 USD" in words
        assert "Sat 18 July, 20:00–23:00 (Berlin)" in words
        assert " ".join(re.findall("....", code)) in words


def test_one_ticket_s_paper_is_one_page(
    visit: MakeVisitor, customer: User, order: TicketOrder
) -> None:
    ticket = order.tickets.latest("pk")

    [sheet] = sheets_of(fetch(visit(customer), f"/tickets/{ticket.pk}/pdf", "application/pdf"))

    assert sheet.codes == [ticket.ticket_code]


def test_what_is_given_back_is_on_no_paper(
    visit: MakeVisitor, customer: User, order: TicketOrder
) -> None:
    gone, *stays = order.tickets.order_by("pk")
    cancel_ticket(ticket_id=gone.pk, by=customer, at=NOW)
    visitor = visit(customer)
    path = f"/tickets/orders/{order.pk}/pdf"

    sheets = sheets_of(fetch(visitor, path, "application/pdf"))
    assert [sheet.codes for sheet in sheets] == [[ticket.ticket_code] for ticket in stays]

    cancel_order(order_id=order.pk, by=customer, at=NOW)
    assert visitor.client.get(path).status_code == 404


# --- The calendar ---------------------------------------------------------------------------


def test_the_calendar_file_is_read_by_two_libraries(
    visit: MakeVisitor, customer: User, order: TicketOrder
) -> None:
    ics = fetch(visit(customer), f"/tickets/orders/{order.pk}.ics", "text/calendar")

    [event] = Calendar.from_ical(ics).walk("VEVENT")
    assert event.decoded("dtstart") == EVENT_START
    assert str(event["summary"]) == "Summer concert"
    assert str(event["location"]) == "Old Mill, Berlin"
    assert "attendee" not in event
    again = vobject.readOne(ics.decode())
    assert again.method.value == "PUBLISH"
    assert again.vevent.dtstart.value == EVENT_START
    assert again.vevent.uid.value == str(event["uid"])


def test_the_file_and_the_invite_are_one_event_of_the_calendar(
    visit: MakeVisitor, customer: User, manager: User, event: Event, order: TicketOrder
) -> None:
    ics = fetch(visit(customer), f"/tickets/orders/{order.pk}.ics", "text/calendar")
    [mine] = Calendar.from_ical(ics).walk("VEVENT")
    assert str(mine["uid"]) == invite_of(last_mail("tickets_purchased"))[0]

    later = EVENT_START + timedelta(days=1)
    move_event(event_id=event.pk, start=later, end=later + timedelta(hours=2), by=manager, at=NOW)
    ics = fetch(visit(customer), f"/tickets/orders/{order.pk}.ics", "text/calendar")
    [moved] = Calendar.from_ical(ics).walk("VEVENT")
    assert moved.decoded("dtstart") == later
    assert moved["uid"] == mine["uid"]
    assert moved.decoded("sequence") == mine.decoded("sequence") + 1


def test_over_there_is_none(visit: MakeVisitor, customer: User, order: TicketOrder) -> None:
    with time_machine.travel(EVENT_START + timedelta(days=1), tick=False):
        assert visit(customer).client.get(f"/tickets/orders/{order.pk}.ics").status_code == 404
