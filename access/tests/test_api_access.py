"""The decision over the API, alone and for several; resources, read and written."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from access.models import AccessLog, Plan, Resource
from access.services.resources import save_resource
from access.tests.conftest import MakeResource, MakeSubscription
from accounts.models import User
from bookings.models import Room
from bookings.states import BookingStatus
from tests.infrastructure.api import MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW, MakeBooking, MakeSlot
from tickets.models import Event

MEETING = "https://meet.example.com/j/8251"


@pytest.fixture(autouse=True)
def folder(private_files: Path) -> Path:
    return private_files


@pytest.fixture
def subscriber(customer: User, plan: Plan, make_subscription: MakeSubscription) -> User:
    make_subscription(customer, plan, until=NOW + timedelta(days=9))
    return customer


# --- Decisions ------------------------------------------------------------------------------


def test_a_decision_has_the_fields_of_the_contract(
    api: MakeApi, subscriber: User, plan: Plan, make_resource: MakeResource
) -> None:
    make_resource("course", plan=plan)

    assert api(subscriber).get("/access/course").json() == {
        "allowed": True,
        "grantedBy": "subscription",
        "until": "2026-07-11T08:00:00Z",
        "code": "subscription",
        "reason": "Open to you with Basic.",
        "wouldGrant": [],
    }


def test_being_refused_is_an_answer_that_says_what_would_grant_it(
    api: MakeApi,
    customer: User,
    plan: Plan,
    room: Room,
    event: Event,
    make_slot: MakeSlot,
    make_resource: MakeResource,
) -> None:
    make_slot(room=room)
    make_resource("course", plan=plan, room=room, event=event)

    answer = api(customer).get("/access/course")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["allowed"], body["grantedBy"], body["until"]) == (False, None, None)
    assert body["wouldGrant"] == [
        {
            "kind": "plan",
            "id": plan.pk,
            "label": "Get Basic",
            "text": "10.00 USD a month",
            "url": "/plans/basic/subscribe",
            "name": "Basic",
            "slug": "basic",
            "price": 10,
            "currency": "USD",
            "interval": "month",
            "trialDays": 0,
        },
        {
            "kind": "room",
            "id": room.pk,
            "label": "Book Dr Weber",
            "text": "Next free: Thu 9 July, 11:00",
            "url": f"/bookings/new?room={room.pk}",
            "name": "Dr Weber",
            "nextFreeTime": "2026-07-09T09:00:00Z",
        },
        {
            "kind": "event",
            "id": event.pk,
            "label": "Tickets for Summer concert",
            "text": "Sat 18 July, 20:00",
            "url": f"/events/{event.pk}",
            "name": "Summer concert",
            "onSale": True,
            "startsAt": "2026-07-18T18:00:00Z",
        },
    ]


def test_ones_own_booking_is_told_to_oneself_alone(
    api: MakeApi,
    customer: User,
    stranger: User,
    make_booking: MakeBooking,
    make_resource: MakeResource,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    make_resource("course", room=booking.room)

    [own, _room] = api(customer).get("/access/course").json()["wouldGrant"]

    assert own == {
        "kind": "booking",
        "id": booking.pk,
        "label": "My booking",
        "text": "Your booking starts on Thu 9 July, 11:00: it opens on Thu 9 July, 10:55.",
        "url": f"/bookings/{booking.pk}",
        "startsAt": "2026-07-09T09:00:00Z",
        "opensAt": "2026-07-09T08:55:00Z",
    }
    for other in (api(stranger), api()):
        hints = other.get("/access/course").json()["wouldGrant"]
        assert [hint["kind"] for hint in hints] == ["room"]


def test_strangers_may_open_what_is_public(
    api: MakeApi, plan: Plan, make_resource: MakeResource
) -> None:
    make_resource("open", is_public=True)
    make_resource("course", plan=plan)

    decisions = [api().get(f"/access/{slug}").json() for slug in ("open", "course")]

    assert [(one["allowed"], one["code"]) for one in decisions] == [
        (True, "public"),
        (False, "signed_out"),
    ]
    refused(api().get("/access/nowhere"), 404, "not_found")


def test_several_are_answered_in_the_order_of_their_names(
    api: MakeApi, subscriber: User, plan: Plan, make_resource: MakeResource
) -> None:
    make_resource("course", plan=plan)
    make_resource("open", is_public=True)
    make_resource("closed")

    body = api(subscriber).get("/access", resources="open,course, closed,open").json()

    assert [(one["resource"], one["allowed"]) for one in body] == [
        ("open", True),
        ("course", True),
        ("closed", False),
    ]
    assert body[1] == {"resource": "course", **api(subscriber).get("/access/course").json()}


@pytest.mark.parametrize("resources", ["", " , ", ",".join(f"r{n}" for n in range(51))])
def test_one_to_fifty_may_be_asked_about(api: MakeApi, customer: User, resources: str) -> None:
    answer = api(customer).get("/access", resources=resources)

    assert (answer.status_code, error_of(answer)["attr"]) == (400, "resources")
    refused(api(customer).get("/access", resources="nowhere"), 404, "not_found")


# --- Resources ------------------------------------------------------------------------------


def count_queries(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def test_lists_take_the_same_queries_however_long(
    api: MakeApi,
    customer: User,
    make_plan: Any,
    make_room: Any,
    make_event: Any,
    make_resource: MakeResource,
) -> None:
    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            make_resource(
                f"r{number}",
                plan=make_plan(f"p{number}"),
                room=make_room(),
                event=make_event(),
            )

    def cost(upto: int) -> list[int]:
        client = api(customer)
        names = ",".join(f"r{number}" for number in range(upto))
        client.get("/resources")
        return [
            count_queries(lambda: client.get("/resources", pageSize=50)),
            count_queries(lambda: client.get("/access", resources=names)),
        ]

    fill(0, 1)
    one = cost(1)
    fill(1, 50)
    assert cost(50) == one


def test_what_belongs_to_an_event_before_it_is_announced_is_not_there_at_all(
    api: MakeApi, customer: User, keeper: User, make_resource: MakeResource, make_event: Any
) -> None:
    make_resource("surprise", event=make_event(status="draft"), body="Soon.")

    for client in (api(), api(customer)):
        assert client.get("/resources/surprise").status_code == 404
    assert api(keeper).get("/resources/surprise").json()["body"] == "Soon."


def test_the_list_tells_everybody_what_there_is_and_nobody_what_is_in_it(
    api: MakeApi,
    subscriber: User,
    plan: Plan,
    make_resource: MakeResource,
    make_event: Any,
) -> None:
    make_resource("course", plan=plan, body="the secret", summary="All of it")
    make_resource("meeting", plan=plan, kind="link", url=MEETING)
    make_resource("surprise", event=make_event(status="draft"))
    make_resource("being-written", body="the secret")

    for client, is_open in [(api(subscriber), True), (api(), False)]:
        answer = client.get("/resources")
        body = answer.json()
        assert [(one["slug"], one["access"]["allowed"]) for one in body["results"]] == [
            ("course", is_open),
            ("meeting", is_open),
        ]
        assert b"secret" not in answer.content
        assert b"meet.example" not in answer.content
    first = body["results"][0]
    del first["access"]
    assert first == {
        "slug": "course",
        "title": "Course",
        "summary": "All of it",
        "kind": "page",
        "isPublic": False,
        "planId": plan.pk,
        "roomId": None,
        "eventId": None,
    }


def test_what_is_in_it_is_for_who_may_come_in(
    api: MakeApi, subscriber: User, stranger: User, plan: Plan, make_resource: MakeResource
) -> None:
    make_resource("course", plan=plan, body="# Hello\n<script>x</script>")

    body = api(subscriber).get("/resources/course").json()

    assert body["body"] == "# Hello\n<script>x</script>"
    assert body["html"] == "<h2>Hello</h2>\n<p>&lt;script&gt;x&lt;/script&gt;</p>\n"
    assert body["access"]["grantedBy"] == "subscription"
    refused(api().get("/resources/course"), 401, "not_authenticated")
    answer = api(stranger).get("/resources/course")
    refused(answer, 403, "no_access")
    assert [hint["kind"] for hint in error_of(answer)["wouldGrant"]] == ["plan"]
    refused(api(stranger).get("/resources/nowhere"), 404, "not_found")
    assert AccessLog.objects.count() == 0


@pytest.mark.parametrize("kind", ["page", "link"])
def test_what_is_not_announced_yet_is_as_unknown_as_nothing(
    api: MakeApi,
    visit: MakeVisitor,
    stranger: User,
    manager: User,
    make_resource: MakeResource,
    make_event: Any,
    kind: str,
) -> None:
    event = make_event(status="draft")
    make_resource("surprise", event=event, kind=kind, url=MEETING if kind == "link" else "")
    make_resource("open", is_public=True)

    for client in (api(stranger), api()):
        refused(client.get("/resources/surprise"), 404, "not_found")
        refused(client.get("/access/surprise"), 404, "not_found")
        refused(client.get("/access", resources="open,surprise"), 404, "not_found")
    assert visit(stranger).get("/resources/surprise").status == 404
    assert api(manager).get("/resources/surprise").status_code == 200
    assert api(manager).get("/access/surprise").json()["allowed"]

    Event.objects.update(status="published")

    refused(api(stranger).get("/resources/surprise"), 403, "no_access")


def test_a_closed_one_that_is_known_says_that_it_is_closed(
    api: MakeApi, stranger: User, make_resource: MakeResource
) -> None:
    make_resource("being-written", body="the secret")

    refused(api(stranger).get("/resources/being-written"), 403, "no_access")
    refused(api().get("/resources/being-written"), 401, "not_authenticated")


def test_a_links_address_is_told_to_who_may_follow_it_and_noted(
    api: MakeApi, subscriber: User, stranger: User, plan: Plan, make_resource: MakeResource
) -> None:
    make_resource("meeting", plan=plan, kind="link", url=MEETING)

    assert api(subscriber).get("/resources/meeting").json()["url"] == MEETING
    for client in (api(stranger), api()):
        answer = client.get("/resources/meeting")
        assert b"meet.example" not in answer.content
    lines = AccessLog.objects.order_by("pk").values_list("user__email", "allowed")
    assert list(lines) == [("ada@example.com", True), ("eve@example.com", False), (None, False)]


def test_a_file_is_handed_out_over_the_api_too(
    api: MakeApi, subscriber: User, stranger: User, plan: Plan
) -> None:
    save_resource(
        changes={"slug": "handout", "title": "Handout", "kind": "file", "plan": plan},
        at=NOW,
        file=ContentFile(b"the file", name="a.pdf"),
    )

    answer = api(subscriber).get("/resources/handout/file")

    assert (answer.status_code, answer.getvalue()) == (200, b"the file")
    assert answer["Content-Disposition"] == 'attachment; filename="a.pdf"'
    assert answer["Cache-Control"] == "no-store"
    refused(api(stranger).get("/resources/handout/file"), 403, "no_access")
    refused(api().get("/resources/handout/file"), 401, "not_authenticated")
    assert AccessLog.objects.count() == 3


# --- By staff -------------------------------------------------------------------------------

NEW = {"slug": "notes", "title": "Notes", "kind": "page", "body": "Hello."}


def test_a_manager_makes_changes_and_removes_a_resource(
    api: MakeApi, manager: User, plan: Plan
) -> None:
    client = api(manager)

    made = client.post("/admin/resources", {**NEW, "planId": plan.pk, "isPublic": False})

    assert made.status_code == 201, made.content
    body = made.json()
    assert made["Location"] == f"/api/v1/admin/resources/{body['id']}"
    assert {name: body[name] for name in (*NEW, "planId", "isPublic", "madeFor")} == {
        **NEW,
        "planId": plan.pk,
        "isPublic": False,
        "madeFor": None,
    }
    changed = client.put(f"/admin/resources/{body['id']}", {"planId": None, "summary": "Short"})
    assert (changed.json()["planId"], changed.json()["summary"]) == (None, "Short")
    assert client.patch(f"/admin/resources/{body['id']}", {}).json()["title"] == "Notes"
    assert client.delete(f"/admin/resources/{body['id']}").status_code == 204
    refused(client.get(f"/admin/resources/{body['id']}"), 404, "not_found")


def test_a_file_comes_as_a_form(api: MakeApi, manager: User, plan: Plan) -> None:
    client: Client = api(manager).client
    form = {"slug": "h", "title": "Handout", "kind": "file", "planId": plan.pk, "roomId": ""}

    made = client.post(
        "/api/v1/admin/resources", {**form, "file": SimpleUploadedFile("Übung.pdf", b"one")}
    )

    assert made.status_code == 201, made.content
    [resource] = Resource.objects.all()
    assert (made.json()["fileName"], resource.plan, resource.room) == ("Übung.pdf", plan, None)
    with resource.file.open() as file:
        assert file.read() == b"one"


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({**NEW, "body": " "}, "body"),
        ({**NEW, "kind": "file"}, "file"),
        ({**NEW, "kind": "link"}, "url"),
        ({**NEW, "kind": "link", "url": "javascript:alert(1)"}, "url"),
        ({**NEW, "kind": "film"}, "kind"),
        ({**NEW, "slug": "Not a slug"}, "slug"),
        ({**NEW, "slug": "taken"}, "slug"),
        ({**NEW, "title": ""}, "title"),
        ({**NEW, "planId": 999}, "planId"),
        ({**NEW, "roomId": 999}, "roomId"),
        ({**NEW, "eventId": 2**70}, "eventId"),
        ({"title": "No address"}, "slug"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    api: MakeApi,
    manager: User,
    make_resource: MakeResource,
    body: dict[str, Any],
    attr: str,
) -> None:
    make_resource("taken")
    with nothing_changes():
        answer = api(manager).post("/admin/resources", body)

    assert (answer.status_code, error_of(answer)["attr"]) == (400, attr)


def test_a_large_file_is_refused(api: MakeApi, manager: User, settings: Settings) -> None:
    settings.RESOURCE_FILE_MB = 1
    file = SimpleUploadedFile("x.bin", b"x" * (1024 * 1024 + 1))
    with nothing_changes():
        answer = api(manager).client.post(
            "/api/v1/admin/resources", {**NEW, "kind": "file", "file": file}
        )

    refused(answer, 400, "invalid", "file")


def test_making_one_is_done_once_a_key(api: MakeApi, manager: User) -> None:
    answers = [api(manager).post("/admin/resources", NEW, idempotency_key="k") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert Resource.objects.count() == 1
