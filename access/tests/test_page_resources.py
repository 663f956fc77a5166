"""`/resources` and `/resources/{slug}`: what is open to whom, and every way to a yes."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from pytest_django import DjangoAssertNumQueries

from access import navigation
from access.markdown import rendered
from access.models import Plan, Resource
from access.states import ResourceKind
from accounts.models import User
from bookings.models import Timeslot
from bookings.states import BookingStatus
from tests.infrastructure.events import MakeEvent, buy
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import sign_up, take
from tests.infrastructure.world import START, MakeBooking
from tickets.states import EventStatus

SECRET = "The secret of the house"


def make_resource(title: str, **fields: Any) -> Resource:
    slug = title.lower().replace(" ", "-")
    return Resource.objects.create(slug=slug, title=title, **{"body": SECRET} | fields)


def test_the_list_says_what_is_open_to_me_and_what_opens_the_rest(
    visit: MakeVisitor, customer: User, plan: Plan, make_event: MakeEvent
) -> None:
    sign_up(take(plan, customer))
    make_resource("Handbook", plan=plan)
    make_resource("House rules", is_public=True)
    make_resource("Programme", event=make_event())
    make_resource("Being prepared")

    page = visit(customer).get("/resources")

    assert (page.status, page.h1) == (200, "Members area")
    opened, closed = page.text.split("What else there is")
    assert "Handbook Open to you with Basic. Open House rules Open" in opened
    assert "Programme With a ticket for Summer concert Locked" in closed
    assert "Being prepared" not in page.text


def test_it_is_empty_with_a_way_on(visit: MakeVisitor, db: None) -> None:
    page = visit().get("/resources")

    assert page.status == 200
    assert "There is nothing here yet." in page.text


@pytest.mark.parametrize("rows", [1, 24])
def test_the_list_takes_few_queries_however_long(
    visit: MakeVisitor,
    customer: User,
    plan: Plan,
    make_event: MakeEvent,
    make_booking: MakeBooking,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    rows: int,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    for number in range(rows):
        make_resource(f"Part {number}", plan=plan, room=booking.room, event=make_event())
    visitor = visit(customer)
    visitor.get("/resources")

    # Session and person, how many and which resources, four for the decisions.
    with django_assert_max_num_queries(2 + 2 + 4):
        visitor.get("/resources")


def test_the_pager_leads_on(visit: MakeVisitor, plan: Plan) -> None:
    for number in range(25):
        make_resource(f"Part {number:02}", plan=plan)

    assert visit().get("/resources").href("Next") == "?page=2"
    assert visit().get("/resources", page=2).has_link("Part 24")


def test_a_text_is_read_by_who_may(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    sign_up(take(plan, customer))
    make_resource("Handbook", plan=plan, summary="All of it.", body="# One\n\n*Two*")

    page = visit(customer).get("/resources/handbook")

    assert (page.status, page.h1) == (200, "Handbook")
    assert "All of it. Open to you with Basic. One Two" in page.text


def test_strangers_learn_title_and_summary_and_come_back_after_signing_in(
    visit: MakeVisitor, plan: Plan
) -> None:
    make_resource("Handbook", plan=plan, summary="All of it.")

    page = visit().get("/resources/handbook")

    assert (page.status, page.h1) == (403, "Handbook")
    assert "All of it." in page.text
    assert SECRET not in page.response.content.decode()
    way = "/accounts/login/?next=%2Fresources%2Fhandbook"
    assert page.href("Sign in to open it") == way
    assert page.href("Get Basic") == "/plans/basic/subscribe"


def test_a_refusal_turns_every_way_into_a_button(
    visit: MakeVisitor,
    customer: User,
    stranger: User,
    plan: Plan,
    make_event: MakeEvent,
    make_booking: MakeBooking,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    event = make_event()
    make_resource("Handbook", plan=plan, room=booking.room, event=event)

    page = visit(stranger).get("/resources/handbook")
    own = visit(customer).get("/resources/handbook")

    assert page.status == 403
    assert SECRET not in page.response.content.decode()
    assert page.href("Get Basic") == "/plans/basic/subscribe"
    assert page.href("Book Dr Weber") == f"/bookings/new?room={booking.room_id}"
    assert page.href("Tickets for Summer concert") == f"/events/{event.pk}"
    assert own.href("My booking") == f"/bookings/{booking.pk}"
    assert "Your booking starts on Thu 9 July, 11:00" in own.text


def test_an_event_nobody_knows_of_yet_stays_a_secret(
    visit: MakeVisitor, customer: User, make_event: MakeEvent
) -> None:
    make_resource("Programme", event=make_event(status=EventStatus.DRAFT))

    assert visit(customer).get("/resources/programme").status == 404
    assert "Programme" not in visit(customer).get("/resources").text


def test_a_file_says_what_it_is(
    visit: MakeVisitor, customer: User, plan: Plan, private_files: Path
) -> None:
    sign_up(take(plan, customer))
    found = make_resource("Handbook", plan=plan, kind=ResourceKind.FILE, body="")
    visitor = visit(customer)
    assert "It isn't here yet" in visitor.get("/resources/handbook").text
    found.file_name = "Handbook.pdf"
    found.file.save("Handbook.pdf", ContentFile(b"x" * 2048))

    page = visitor.get("/resources/handbook")

    assert "Handbook.pdf 2.0 KB" in page.text
    assert page.href("Download") == "/resources/handbook/file"


def test_a_link_is_not_told_before_it_is_followed(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    sign_up(take(plan, customer))
    make_resource("Forum", plan=plan, kind=ResourceKind.LINK, url="https://forum.example/x")

    page = visit(customer).get("/resources/forum")

    assert page.href("Open") == "/resources/forum/open"
    assert "forum.example" not in page.response.content.decode()


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        pytest.param(-60, "Opens today, 10:55", id="an-hour-before"),
        pytest.param(-5, "Join online", id="five-minutes-before"),
        pytest.param(29, "Join online", id="during"),
    ],
)
def test_a_booking_leads_to_its_meeting(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking, minutes: int, shown: str
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    make_resource(
        "Consultation",
        kind=ResourceKind.LINK,
        url="https://meet.example/x",
        room=booking.room,
        made_for=f"room:{booking.room_id}",
    )
    navigation.keep(None)
    visitor = visit(customer)

    with time_machine.travel(START + timedelta(minutes=minutes), tick=False):
        page = visitor.get(f"/bookings/{booking.pk}")

    assert "What this booking opens" in page.text
    assert shown in page.text
    assert "meet.example" not in page.response.content.decode()
    if shown == "Join online":
        assert page.href("Join online") == "/resources/consultation/open"


def test_the_last_look_before_a_booking_says_what_it_opens(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    make_resource("Notes", room=slot.room)
    navigation.keep(None)

    page = visit(customer).get("/bookings/new", room=slot.room_id, slot=slot.pk)

    assert "What this booking opens Notes With a booking of Dr Weber" in page.text


def test_a_ticket_says_what_it_opens(
    visit: MakeVisitor, customer: User, make_event: MakeEvent
) -> None:
    event = make_event(ticket_price=Decimal(0))
    make_resource("Programme", event=event)
    [ticket] = buy(event, customer).tickets.all()
    navigation.keep(None)

    page = visit(customer).get(f"/tickets/{ticket.pk}")
    public = visit().get(f"/events/{event.pk}")

    assert "What this ticket opens Programme Opens Sat 18 July, 19:00" in page.text
    assert "What a ticket opens Programme With a ticket for Summer concert" in public.text


def test_no_html_of_the_text_gets_through() -> None:
    said = rendered("<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://z/a.png)")

    assert "<script" not in said
    assert "<img" not in said
    assert 'href="javascript' not in said


def test_headings_begin_below_the_title_and_skip_no_level() -> None:
    said = rendered("# A\n\n### B\n\n# C")

    assert "<h2>A</h2>" in said
    assert "<h3>B</h3>" in said
    assert "<h2>C</h2>" in said
