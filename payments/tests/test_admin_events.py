"""What the provider told, for staff: the list, one of them, and applying it again."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from payments.models import WebhookEvent
from payments.states import EventState
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer
from tests.infrastructure.world import NOW

LIST = "/admin/payments/webhookevent/"

pytestmark = pytest.mark.django_db


def told(**changes: Any) -> WebhookEvent:
    kind = changes.get("kind", "customer.created")
    fields = {
        "provider": "stripe",
        "event_id": f"evt_{WebhookEvent.objects.count()}",
        "kind": kind,
        "payload": {"data": {"object": {"id": "x", "name": "<b>Ada</b>"}}},
        "created_at": NOW,
        "received_at": NOW,
        "state": EventState.FAILED,
        "attempts": 2,
        "last_error": "RuntimeError: the disk is full",
    }
    event: WebhookEvent = WebhookEvent.objects.create(**fields | changes)
    return event


@pytest.mark.parametrize(
    ("who", "status"), [("manager", 200), ("front_desk", 403), ("scanner", 403)]
)
def test_managers_alone_see_what_was_told(
    visit: MakeVisitor, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    event = told()
    visitor = visit(request.getfixturevalue(who))

    assert visitor.get(LIST).status == status
    assert visitor.get(f"{LIST}{event.pk}/change/").status == status


def test_an_event_shows_its_state_its_error_and_its_content(
    visit: MakeVisitor, manager: User
) -> None:
    event = told()
    visitor = visit(manager)

    listed = visitor.get(LIST)
    page = visitor.get(f"{LIST}{event.pk}/change/")

    for shown in (listed, page):
        assert "failed, tried again" in shown.text
        assert "RuntimeError: the disk is full" in shown.text
    assert '"name": "<b>Ada</b>"' in page.text
    assert "Apply again" in page.text


def test_it_is_applied_again_by_a_button(visit: MakeVisitor, manager: User) -> None:
    event = told()

    visitor = visit(manager)
    page = visitor.follow(
        answer(visitor, visitor.get(f"{LIST}{event.pk}/replay/"), "Apply it", answer="yes")
    )

    assert "customer.created: nothing to do." in page.text
    event.refresh_from_db()
    assert (event.state, event.attempts) == (EventState.IGNORED, 3)


def test_what_fails_again_says_why(visit: MakeVisitor, manager: User) -> None:
    event = told(kind="refund.created")

    visitor = visit(manager)
    page = visitor.follow(
        answer(visitor, visitor.get(f"{LIST}{event.pk}/replay/"), "Apply it", answer="yes")
    )

    assert "It failed: UnreadableEvent" in page.text
    event.refresh_from_db()
    assert (event.state, event.attempts) == (EventState.FAILED, 3)


def test_what_was_emptied_can_t_be_applied(visit: MakeVisitor, manager: User) -> None:
    event = told(payload={}, state=EventState.DONE)
    page = visit(manager).get(f"{LIST}{event.pk}/replay/")

    assert "it is too old" in page.text
    assert not page.forms_with("Apply it")


def test_without_the_permission_nothing_is_applied(visit: MakeVisitor, front_desk: User) -> None:
    event = told()

    with nothing_changes():
        status = visit(front_desk).post(f"{LIST}{event.pk}/replay/", answer="yes").status

    assert status in {302, 403}
    event.refresh_from_db()
    assert (event.state, event.attempts) == (EventState.FAILED, 2)


def test_the_list_costs_the_same_with_thirty_rows(
    visit: MakeVisitor, manager: User, django_assert_max_num_queries: Any
) -> None:
    told()
    visitor = visit(manager)
    visitor.get(LIST)
    for _ in range(29):
        told(received_at=NOW - timedelta(hours=1))

    with django_assert_max_num_queries(14):
        assert visitor.get(LIST).status == 200
