"""Plans and subscriptions on staff pages."""

from datetime import timedelta
from decimal import Decimal

import pytest

from access.models import Plan, Subscription
from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import Refund
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import MakePlan, sign_up, take
from tests.infrastructure.staff import answer, cost, post
from tests.infrastructure.world import NOW, MakeUser

PLANS = "/admin/access/plan/"
SUBSCRIPTIONS = "/admin/access/subscription/"
HALF = timedelta(days=15)
FORM = {
    "name": "Studio",
    "slug": "studio",
    "description": "",
    "price": "12.50",
    "interval": "month",
    "trial_days": "14",
    "rank": "2",
    "is_active": "on",
}


def page(subscription: Subscription, deed: str = "change") -> str:
    return f"{SUBSCRIPTIONS}{subscription.pk}/{deed}/"


@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_sees_them(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    plan: Plan,
    stranger: User,
    who: str,
    status: int,
) -> None:
    held = take(plan, stranger)
    visitor = visit(request.getfixturevalue(who))

    for address in (PLANS, f"{PLANS}{plan.pk}/change/", SUBSCRIPTIONS, page(held)):
        assert visitor.get(address).status == status, address


def test_a_plan_is_made_and_changed(visit: MakeVisitor, manager: User) -> None:
    boss = visit(manager)

    post(boss, f"{PLANS}add/", FORM)
    plan = Plan.objects.get()
    post(boss, f"{PLANS}{plan.pk}/change/", FORM | {"price": "15"})

    plan.refresh_from_db()
    assert (plan.slug, plan.price, plan.trial_days, plan.rank) == ("studio", Decimal(15), 14, 2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"price": "0.20"}, "the least that can be charged is 0.50 USD"),
        ({"interval": "once"}, "there are none of what is free or paid once"),
        ({"price": "0"}, "there are none of what is free or paid once"),
        ({"slug": "basic"}, "already exists"),
        ({"slug": "a b"}, "valid"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_beside_its_field(
    visit: MakeVisitor, plan: Plan, manager: User, wrong: dict[str, str], words: str
) -> None:
    boss = visit(manager)

    with nothing_changes():
        shown = post(boss, f"{PLANS}add/", FORM | wrong)

    assert words in shown.text


def test_a_used_plan_is_taken_off_sale(
    visit: MakeVisitor, plan: Plan, customer: User, manager: User
) -> None:
    sign_up(take(plan, customer))
    boss = visit(manager)

    question = boss.get(f"{PLANS}{plan.pk}/delete/")
    done = answer(boss, question, "Take off sale")

    assert "1 have it now and keep it" in question.text
    assert "it stays for the records" in done.text
    assert not Plan.objects.get().is_active


def test_one_that_nobody_took_is_removed(visit: MakeVisitor, plan: Plan, manager: User) -> None:
    boss = visit(manager)

    answer(boss, boss.get(f"{PLANS}{plan.pk}/delete/"), "Delete")

    assert not Plan.objects.exists()


# --- Subscriptions -----------------------------------------------------------------------------


def test_a_subscription_tells_its_story(
    visit: MakeVisitor, plan: Plan, customer: User, front_desk: User
) -> None:
    held = take(plan, customer)
    sign_up(held)

    shown = visit(front_desk).get(page(held))

    for words in ("Ada Lovelace", "10.00 USD a month", "Not paid yet → Running", "Plan begun"):
        assert words in shown.text, words
    assert not shown.has_link("End now")


@pytest.mark.parametrize(
    ("choice", "back"),
    [("none", []), ("unused", [Decimal("5.00")]), ("full", [Decimal("10.00")])],
)
def test_a_manager_ends_one_and_chooses_what_comes_back(
    visit: MakeVisitor,
    plan: Plan,
    customer: User,
    manager: User,
    choice: str,
    back: list[Decimal],
) -> None:
    # From 17 June to 17 July: thirty days, fifteen of them over.
    held = take(plan, customer, at=NOW - HALF)
    sign_up(held, at=NOW - HALF)
    boss = visit(manager)

    question = boss.get(page(held, "end"))
    done = answer(boss, question, "End it now", refund=choice, reason="moved away")

    assert "The unused share: 5.00 USD" in question.text
    assert "All of the last payment: 10.00 USD" in question.text
    assert "Basic of Ada Lovelace has ended." in done.text
    assert "moved away" in done.text
    assert list(Refund.objects.values_list("amount", flat=True)) == back
    mail = OutgoingMail.objects.get(kind="subscription_ended")
    assert mail.context["refund"] == (f"{back[0]} USD" if back else "")


def test_a_manager_lets_one_run_out(
    visit: MakeVisitor, plan: Plan, customer: User, manager: User
) -> None:
    held = take(plan, customer)
    sign_up(held)
    boss = visit(manager)

    question = boss.get(page(held, "cancel"))
    done = answer(boss, question, "Cancel it", reason="")

    assert "It stays open until Sun 2 Aug 2026, 08:00 (UTC)" in question.text
    assert "Basic of Ada Lovelace is cancelled." in done.text
    held.refresh_from_db()
    assert (held.status, held.opens_at(NOW)) == ("cancelled", True)


def test_one_that_never_was_paid_is_let_go(
    visit: MakeVisitor, plan: Plan, customer: User, manager: User
) -> None:
    held = take(plan, customer)
    boss = visit(manager)

    answer(boss, boss.get(page(held, "end")), "End it now", refund="none", reason="")

    held.refresh_from_db()
    assert held.payment is not None
    assert (held.status, held.payment.status) == ("expired", "closed")
    assert not OutgoingMail.objects.exists()


def test_the_front_desk_ends_nothing(
    visit: MakeVisitor, plan: Plan, customer: User, front_desk: User
) -> None:
    held = take(plan, customer)
    sign_up(held)
    visitor = visit(front_desk)

    with nothing_changes():
        for deed in ("cancel", "end"):
            assert visitor.get(page(held, deed)).status == 403
            assert visitor.post(page(held, deed), answer="yes", refund="full").status == 403


def test_lists_cost_the_same_however_long(
    visit: MakeVisitor, make_plan: MakePlan, make_user: MakeUser, front_desk: User
) -> None:
    visitor = visit(front_desk)
    sign_up(take(make_plan(), make_user("a@example.com")))
    visitor.get(SUBSCRIPTIONS)
    few = [cost(visitor, PLANS), cost(visitor, SUBSCRIPTIONS)]

    for number in range(5):
        person = make_user(f"p{number}@example.com")
        sign_up(take(make_plan(f"p{number}"), person))

    assert [cost(visitor, PLANS), cost(visitor, SUBSCRIPTIONS)] == few
