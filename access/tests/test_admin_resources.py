"""Resources, their log and meeting links on staff pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from access import check_user_access
from access.models import AccessLog, Plan, Resource
from access.services.meeting_links import offer_event_link, offer_room_link
from access.services.resources import save_resource
from access.tests.conftest import MakeResource
from accounts.models import User
from bookings.models import Room
from bookings.states import BookingStatus
from tests.infrastructure.events import DOORS, buy, pay_order
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.staff import answer, cost, post, tick
from tests.infrastructure.world import NOW, START, MakeBooking
from tickets.models import Event

LIST = "/admin/access/resource/"
LOG = "/admin/access/accesslog/"
MEETING = "https://meet.example.com/j/8251"


@pytest.fixture(autouse=True)
def _folder(private_files: object) -> None:
    """Files of this test alone."""


def typed(**fields: Any) -> dict[str, object]:
    return {
        "title": "Course notes",
        "slug": "course-notes",
        "summary": "",
        "kind": "page",
        "body": "# Hello",
        "url": "",
        "plan": "",
        "room": "",
        "event": "",
    } | fields


def as_it_stands(page: Page, button: str = "Save") -> dict[str, object]:
    return dict(page.form(button).fields)


def content_of(resource: Resource) -> bytes:
    with resource.file.open() as file:
        content: bytes = file.read()
    return content


def rows() -> list[object]:
    return list(Resource.objects.order_by("pk").values())


def test_a_manager_makes_a_page_for_subscribers(
    visit: MakeVisitor, manager: User, plan: Plan
) -> None:
    done = post(visit(manager), f"{LIST}add/", typed(plan=plan.pk))

    assert "was added successfully" in done.text
    [resource] = Resource.objects.all()
    assert (resource.title, resource.slug, resource.kind, resource.plan) == (
        "Course notes",
        "course-notes",
        "page",
        plan,
    )
    assert resource.created_at == NOW
    assert "Whoever has the plan Basic or a higher one" in visit(manager).get(LIST).text


def test_a_resource_without_a_key_says_that_it_is_closed(
    visit: MakeVisitor, manager: User, make_resource: MakeResource
) -> None:
    resource = make_resource()

    assert "Closed: nobody but staff" in visit(manager).get(LIST).text
    assert "Closed: nobody but staff" in visit(manager).get(f"{LIST}{resource.pk}/change/").text
    assert "Closed" in visit(manager).get(LIST, opens="nobody").text
    assert "Closed" not in visit(manager).get(LIST, opens="public").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"body": " "}, "A page needs a text."),
        ({"kind": "file"}, "Choose the file that is handed out."),
        ({"kind": "link"}, "Write where the link leads"),
        ({"kind": "link", "url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"slug": "taken"}, "Resource with this Address already exists."),
        ({"title": ""}, "This field is required."),
        # What no search offers: typed into the address bar, or sent by a program.
        ({"room": "1' or 1"}, "Select a valid choice."),
        ({"event": "9" * 30}, "Select a valid choice."),
        ({"room": "-1"}, "Select a valid choice."),
        ({"plan": "9" * 30}, "Select a valid choice."),
        ({"body": "z" * 100_001}, "A text has at most 100,000 characters."),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(
    visit: MakeVisitor,
    manager: User,
    make_resource: MakeResource,
    fields: dict[str, str],
    said: str,
) -> None:
    make_resource("taken")
    before = rows()

    done = post(visit(manager), f"{LIST}add/", typed(**fields))

    assert said in done.text
    assert rows() == before


def test_a_file_is_put_there_and_replaced(visit: MakeVisitor, manager: User) -> None:
    visitor = visit(manager)
    file = SimpleUploadedFile("Übung 1.pdf", b"one")
    post(visitor, f"{LIST}add/", typed(kind="file", new_file=file))
    [resource] = Resource.objects.all()
    assert (content_of(resource), resource.file_name) == (b"one", "Übung 1.pdf")

    page = f"{LIST}{resource.pk}/change/"
    assert "Übung 1.pdf (3 bytes)" in visitor.get(page).text.replace("\xa0", " ")
    post(visitor, page, typed(kind="file", title="Changed"))
    resource.refresh_from_db()
    assert (content_of(resource), resource.title) == (b"one", "Changed")
    post(visitor, page, typed(kind="file", new_file=SimpleUploadedFile("two.txt", b"two")))
    resource.refresh_from_db()
    assert (content_of(resource), resource.file_name) == (b"two", "two.txt")


def test_deleting_asks_and_says_who_loses_it(visit: MakeVisitor, manager: User, plan: Plan) -> None:
    resource = save_resource(
        changes={"slug": "h", "title": "Handout", "kind": "file", "plan": plan},
        at=NOW,
        file=ContentFile(b"x", name="x.pdf"),
    )
    visitor = visit(manager)

    question = tick(visitor, LIST, "delete_chosen", [resource.pk])

    assert "Whoever has the plan Basic or a higher one" in question.text
    assert Resource.objects.count() == 1
    answer(visitor, question, "Delete")
    assert Resource.objects.count() == 0


def test_what_is_behind_a_right_is_for_managers_alone(
    visit: MakeVisitor,
    front_desk: User,
    scanner: User,
    manager: User,
    make_resource: MakeResource,
) -> None:
    resource = make_resource()
    page = f"{LIST}{resource.pk}/change/"

    for here in (page, LIST):
        statuses = [visit(who).get(here).status for who in (manager, front_desk, scanner)]
        assert statuses == [200, 403, 403]
    menus = [visit(who).get("/admin/").tags("a", "href") for who in (manager, front_desk)]
    assert [any(each["href"] == LIST for each in menu) for menu in menus] == [True, False]
    assert post(visit(front_desk), page, typed(title="Mine")).status == 403
    assert [visit(who).get(LOG).status for who in (manager, front_desk, scanner)] == [200, 403, 403]


def test_the_log_says_who_asked_for_what_and_can_only_be_read(
    visit: MakeVisitor, manager: User, customer: User, make_resource: MakeResource
) -> None:
    resource = make_resource("handout")
    AccessLog.objects.create(
        user=customer, resource=resource, slug="handout", allowed=True, granted_by="ticket", at=NOW
    )
    line = AccessLog.objects.create(resource=resource, slug="handout", allowed=False, at=NOW)
    visitor = visit(manager)

    page = visitor.get(LOG)

    assert "Ada Lovelace <ada@example.com>" in page.text
    assert "not signed in" in page.text
    assert "not signed in" not in visitor.get(LOG, allowed__exact="1").text
    assert "not signed in" not in visitor.get(LOG, q="ada").text
    assert visitor.get(f"{LOG}add/").status == 403
    page = visitor.get(f"{LOG}{line.pk}/change/")
    assert (page.status, page.forms_with("Save")) == (200, [])


def test_lists_cost_the_same_however_long_they_are(
    visit: MakeVisitor, manager: User, customer: User, plan: Plan, room: Room, event: Event
) -> None:
    visitor = visit(manager)

    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            resource = Resource.objects.create(
                slug=f"r{number}", title="R", plan=plan, room=room, event=event
            )
            AccessLog.objects.create(
                user=customer, resource=resource, slug="r", allowed=True, at=NOW
            )

    fill(0, 1)
    one = [cost(visitor, LIST), cost(visitor, LOG)]
    fill(1, 30)
    assert [cost(visitor, LIST), cost(visitor, LOG)] == one


# --- Meeting links --------------------------------------------------------------------------


def save_with(visitor: Visitor, page: str, **fields: object) -> Page:
    """The page's form as it stands, with these fields written anew; None takes a tick away."""
    found = as_it_stands(visitor.get(page))
    # Boxes that aren't ticked aren't sent; the reader of pages knows no difference.
    ticked = {
        tag["name"]
        for tag in visitor.get(page).tags("input", "checked")
        if tag.get("type") == "checkbox"
    }
    boxes = {
        tag["name"]
        for tag in visitor.get(page).tags("input", "name")
        if tag.get("type") == "checkbox"
    }
    chosen = {
        name: value for name, value in found.items() if name not in boxes or name in ticked
    } | fields
    return post(visitor, page, {name: value for name, value in chosen.items() if value is not None})


ROOM_FORM = {
    "name": "Dr Weber",
    "room_type": "treatment",
    "description": "",
    "capacity": "1",
    "is_active": "on",
    "hourly_rate": "90",
    "timezone": "Europe/Berlin",
    "min_notice_minutes": "60",
    "max_advance_days": "90",
    "staff_email": "",
    "notify_staff": "on",
    "refund_policy_hours_0": "",
    "refund_policy_percent_0": "",
}


def test_a_tick_at_a_room_makes_its_link_a_resource(
    visit: MakeVisitor, manager: User, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    page = f"/admin/bookings/room/{booking.room_id}/change/"
    visitor = visit(manager)

    done = post(visitor, page, ROOM_FORM | {"offers_link": "on", "meeting_url": MEETING})

    assert "was changed successfully" in done.text
    [made] = Resource.objects.all()
    assert (made.kind, made.url, made.room, made.made_for) == (
        "link",
        MEETING,
        booking.room,
        f"room:{booking.room_id}",
    )
    assert check_user_access(customer, made, START).granted_by == "booking"
    assert not check_user_access(customer, made, START - timedelta(minutes=6))

    # Staff may call it what they like; saving the room again changes its link alone.
    Resource.objects.update(title="My title")
    post(visitor, page, ROOM_FORM | {"offers_link": "on", "meeting_url": f"{MEETING}2"})
    made.refresh_from_db()
    assert (made.title, made.url) == ("My title", f"{MEETING}2")

    post(visitor, page, ROOM_FORM | {"meeting_url": MEETING})
    assert Resource.objects.count() == 0


def test_a_tick_without_a_link_is_refused(visit: MakeVisitor, manager: User, room: Room) -> None:
    page = f"/admin/bookings/room/{room.pk}/change/"

    done = post(visit(manager), page, ROOM_FORM | {"offers_link": "on", "meeting_url": ""})

    assert "Write where the link leads, or take away the tick." in done.text
    assert rows() == []


def test_a_room_that_is_removed_takes_its_link_along(
    visit: MakeVisitor, manager: User, room: Room
) -> None:
    offer_room_link(room=room, url=MEETING, at=NOW)
    visitor = visit(manager)

    answer(visitor, tick(visitor, "/admin/bookings/room/", "delete_chosen", [room.pk]), "Delete")

    assert (Room.objects.count(), rows()) == (0, [])


def test_an_events_link_is_its_online_address_and_nothing_else(
    customer: User, event: Event
) -> None:
    Event.objects.update(is_online=True, online_url=MEETING)
    event.refresh_from_db()
    pay_order(buy(event, customer))

    made = offer_event_link(event=event, at=NOW)
    again = offer_event_link(event=event, at=NOW)

    assert made.pk == again.pk
    assert (made.kind, made.url, made.target, made.event) == ("link", "", MEETING, event)
    assert check_user_access(customer, made, DOORS).granted_by == "ticket"


def test_a_tick_at_an_online_event_makes_and_withdraws_its_link(
    visit: MakeVisitor, manager: User, event: Event
) -> None:
    Event.objects.update(is_online=True, online_url=MEETING)
    page = f"/admin/tickets/event/{event.pk}/change/"
    visitor = visit(manager)

    # What the reader of pages doesn't see: chosen from a list.
    chosen = {"event_type": "other", "entry_mode": "single", "is_online": "on"}
    done = save_with(visitor, page, offers_link="on", **chosen)

    assert "was changed successfully" in done.text, done.text
    [made] = Resource.objects.all()
    assert (made.title, made.made_for) == (f"{event.name}: join online", f"event:{event.pk}")
    assert [
        tag for tag in visitor.get(page).tags("input", "checked") if tag["name"] == "offers_link"
    ]
    save_with(visitor, page, offers_link=None, **chosen)
    assert rows() == []
