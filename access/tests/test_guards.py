"""Keep something of another app behind a resource: a view, an address of the API, a page's part."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from access.guards import access_required
from access.models import Plan, Resource
from access.tests import example
from access.tests.conftest import MakeResource, MakeSubscription
from accounts.models import User
from tests.infrastructure.api import MakeApi, error_of, refused
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW

pytestmark = pytest.mark.urls("access.tests.example")

VIEWS = ("/lesson", "/lesson/course", "/number/1", "/class")


@pytest.fixture
def course(plan: Plan, make_resource: MakeResource) -> Resource:
    make_resource("lesson-1", plan=plan)
    return make_resource("course", plan=plan)


@pytest.fixture
def subscriber(customer: User, plan: Plan, make_subscription: MakeSubscription) -> User:
    make_subscription(customer, plan, until=NOW + timedelta(days=9))
    return customer


@pytest.mark.parametrize("address", VIEWS)
def test_who_may_come_in_sees_the_view_and_no_cache_keeps_it(
    visit: MakeVisitor, course: Resource, subscriber: User, address: str
) -> None:
    page = visit(subscriber).get(address)

    assert (page.status, page.text[:6]) in {(200, "the le"), (200, "lesson")}
    assert page.response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("address", VIEWS)
def test_who_is_not_signed_in_is_led_there_and_back(
    visit: MakeVisitor, course: Resource, address: str
) -> None:
    page = visit().get(f"{address}?page=2")

    assert page.location == f"/accounts/login/?next={address}%3Fpage%3D2"


@pytest.mark.parametrize("address", VIEWS)
def test_who_may_not_come_in_is_told_why_and_what_would_open_it(
    visit: MakeVisitor, course: Resource, stranger: User, address: str
) -> None:
    page = visit(stranger).get(address)

    assert page.status == 403
    assert "This is open with the plan Basic." in page.text
    assert page.href("Get Basic") == "/plans/basic/subscribe"
    assert "the lesson" not in page.text


def test_every_method_of_a_class_is_guarded(
    visit: MakeVisitor, course: Resource, stranger: User, subscriber: User
) -> None:
    visitor = visit(stranger)
    visitor.client.handler.enforce_csrf_checks = False

    assert visitor.post("/class").status == 403
    visitor = visit(subscriber)
    visitor.client.handler.enforce_csrf_checks = False
    assert visitor.post("/class").text == "handed in"


def test_a_resource_that_is_not_there_opens_to_nobody(
    visit: MakeVisitor, course: Resource, subscriber: User, keeper: User
) -> None:
    for person in (subscriber, keeper):
        assert visit(person).get("/lesson/cuorse").status == 404


def test_a_guard_names_its_resource_in_one_way() -> None:
    with pytest.raises(TypeError):
        access_required()
    with pytest.raises(TypeError):
        access_required("course", kwarg="course")


def test_the_api_answers_by_the_same_decision(
    api: MakeApi, course: Resource, stranger: User, subscriber: User
) -> None:
    assert api(subscriber).get("/lesson").json() == {"lesson": 1}
    refused(api().get("/lesson"), 401, "not_authenticated")
    answer = api(stranger).get("/lesson")
    refused(answer, 403, "no_access")
    error = error_of(answer)
    assert error["detail"] == "This is open with the plan Basic."
    assert [hint["kind"] for hint in error["wouldGrant"]] == ["plan"]


def test_an_address_of_the_api_that_names_no_resource_lets_nobody_in(
    api: MakeApi, subscriber: User
) -> None:
    with pytest.raises(AttributeError):
        api(subscriber).get("/forgotten")


def test_a_part_of_a_page_is_for_whom_the_resource_opens(
    visit: MakeVisitor, course: Resource, stranger: User, subscriber: User
) -> None:
    assert visit(subscriber).get("/part").text == "in inout"
    assert visit(stranger).get("/part").text == "out out"
    assert visit().get("/part").text == "out out"


def test_a_page_asks_once_however_often_it_wonders(
    course: Resource,
    subscriber: User,
    rf: RequestFactory,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    request = rf.get("/part")
    request.user = subscriber
    request.at = NOW  # type: ignore[attr-defined]

    # The course, the decision about it, and one look for what isn't there.
    with django_assert_num_queries(3):
        assert example.part(request).content.split() == [b"in", b"inout"]


def test_a_mail_without_a_request_shows_nothing(course: Resource) -> None:
    template = Template(example.PART)

    assert template.render(Context({"user": AnonymousUser(), "no": ""})) == "out out"
