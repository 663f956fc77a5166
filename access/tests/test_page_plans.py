"""`/plans`: what there is, what each opens, how it stands with me."""

from decimal import Decimal
from typing import Any

from access import navigation
from access.models import Plan, Resource
from access.services import cancel_subscription
from access.states import PlanInterval
from accounts.models import User
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import MakePlan, sign_up, take
from tests.infrastructure.world import NOW


def make_resource(title: str, **fields: Any) -> Resource:
    return Resource.objects.create(slug=title.lower().replace(" ", "-"), title=title, **fields)


def test_each_plan_says_price_trial_and_what_it_opens(
    visit: MakeVisitor, make_plan: MakePlan
) -> None:
    basic = make_plan(trial_days=14)
    plus = make_plan("plus", rank=2, price=Decimal(120), interval=PlanInterval.YEAR)
    make_resource("Recordings", plan=basic)
    make_resource("Handbook", plan=plus)

    page = visit().get("/plans")

    assert (page.status, page.h1) == (200, "Plans")
    assert "Basic 10.00 USD a month The first 14 days are free Recordings" in page.text
    assert "Plus 120.00 USD a year Everything in Basic Handbook" in page.text
    assert page.href("Recordings") == "/resources/recordings"
    assert page.href("Try it for 14 days") == "/plans/basic/subscribe"
    assert page.href("Choose Plus") == "/plans/plus/subscribe"


def test_what_only_a_plan_opens_that_is_not_on_sale_any_more_is_told_too(
    visit: MakeVisitor, make_plan: MakePlan
) -> None:
    make_resource("Archive", plan=make_plan("old", is_active=False))
    make_plan("plus", rank=2)

    page = visit().get("/plans")

    assert "Old" not in page.text
    assert page.has_link("Archive")


def test_many_things_are_not_all_listed(visit: MakeVisitor, plan: Plan) -> None:
    for number in range(9):
        make_resource(f"Part {number}", plan=plan)

    page = visit().get("/plans")

    assert page.href("and 3 more") == "/resources"
    assert not page.has_link("Part 6")


def test_my_own_plan_says_how_it_stands_and_leads_to_it(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    basic = make_plan()
    make_plan("plus", rank=2)
    mine = take(basic, customer)
    sign_up(mine)

    page = visit(customer).get("/plans")

    assert page.href("See your subscription") == f"/subscriptions/{mine.pk}"
    assert "It renews on Sun 2 Aug 2026 for 10.00 USD." in page.text
    assert page.href("Change to Plus") == "/plans/plus/subscribe"


def test_what_my_plan_includes_has_no_button(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    make_plan()
    sign_up(take(make_plan("pro", rank=3), customer))

    page = visit(customer).get("/plans")

    assert "Pro includes it." in page.text
    assert not page.has_link("Choose Basic")


def test_what_was_begun_is_gone_on_with(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    begun = take(plan, customer)

    page = visit(customer).get("/plans")

    assert page.href("Finish what you began") == f"/subscriptions/{begun.pk}"


def test_nobody_is_offered_a_second_trial(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    free = take(make_plan("once", rank=1, trial_days=14), customer)
    sign_up(free)
    cancel_subscription(subscription_id=free.pk, by=customer, at=NOW)
    make_plan("other", rank=2, trial_days=30)

    page = visit(customer).get("/plans")

    assert "days are free" not in page.text


def test_without_plans_it_says_so(visit: MakeVisitor, db: None) -> None:
    page = visit().get("/plans")

    assert (page.status, page.h1) == (200, "Plans")
    assert "There is nothing to subscribe to at present" in page.text


def test_menus_lead_only_to_what_there_is(visit: MakeVisitor, make_plan: MakePlan) -> None:
    assert not visit().get("/").has_link("Plans")
    make_plan()
    navigation.keep(None)

    page = visit().get("/")

    assert page.href("Plans") == "/plans"
    assert not page.has_link("Members area")
