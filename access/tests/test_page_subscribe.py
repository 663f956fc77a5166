"""`/plans/{slug}/subscribe`: what is told before the button, and what the button does."""

from datetime import timedelta
from decimal import Decimal

import pytest

from access.models import Plan, Subscription
from access.services import cancel_subscription
from access.states import PlanInterval
from accounts.models import User
from notifications.models import OutgoingMail
from notifications.paragraphs import code_in
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import MakePlan, sign_up, take
from tests.infrastructure.world import NOW, MakeUser

HERE = "/plans/basic/subscribe"


def test_it_says_what_is_collected_when_and_how_it_is_left(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    page = visit(customer).get(HERE)

    assert (page.status, page.h1) == (200, "Basic")
    assert "10.00 USD today 10.00 USD on Sun 2 Aug 2026, then every month" in page.text
    assert "Cancel at any time: it stays open until the end of what you have paid" in page.text
    assert "Today 10.00 USD" in page.text
    assert page.form("Pay 10.00 USD").action == HERE


def test_a_trial_says_when_money_is_collected_first(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    make_plan(trial_days=14)

    page = visit(customer).get(HERE)

    assert "14 days free, then 10.00 USD a month." in page.text
    assert "Nothing today: 14 days free 10.00 USD on Thu 16 Jul 2026, then every month" in page.text
    assert "Cancel before Thu 16 Jul 2026 and you pay nothing." in page.text
    assert "Today 0.00 USD" in page.text
    assert page.form("Begin 14 days free").method == "post"


def test_what_is_paid_once_promises_no_renewal(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    make_plan(interval=PlanInterval.ONCE, price=Decimal(99))

    page = visit(customer).get(HERE)

    assert "Paid once: it doesn't end, and nothing more is collected." in page.text
    assert "Cancel" not in page.text
    assert page.form("Pay 99.00 USD").method == "post"


def test_the_button_leads_to_the_payment(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    visitor = visit(customer)

    answer = visitor.send(visitor.get(HERE), "Pay 10.00 USD")

    subscription = Subscription.objects.get()
    assert subscription.payment is not None
    assert (answer.status, answer.location) == (303, f"/pay/{subscription.payment.token}")
    assert (subscription.user, subscription.plan) == (customer, plan)
    assert subscription.is_pending


def test_what_is_free_begins_at_once(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    make_plan(price=Decimal(0))
    visitor = visit(customer)

    answer = visitor.send(visitor.get(HERE), "Take Basic")

    subscription = Subscription.objects.get()
    assert (answer.status, answer.location) == (303, f"/subscriptions/{subscription.pk}")
    assert visitor.follow(answer).h1 == "Basic is yours"


def test_a_double_click_is_one_subscription(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    visitor = visit(customer)
    page = visitor.get(HERE)

    first, second = (visitor.send(page, "Pay 10.00 USD") for _ in range(2))

    assert first.location == second.location
    assert Subscription.objects.count() == 1


def test_what_was_begun_is_gone_on_with(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    begun = take(plan, customer)
    visitor = visit(customer)
    page = visitor.get(HERE)

    answer = visitor.send(page, "Pay 10.00 USD")

    assert "You have begun this already" in page.text
    assert begun.payment is not None
    assert answer.location == f"/pay/{begun.payment.token}"


def test_nobody_in_particular_sees_it_all_and_signs_in_at_the_button(
    visit: MakeVisitor, plan: Plan
) -> None:
    page = visit().get(HERE)

    assert "Today 10.00 USD" in page.text
    assert page.href("Sign in to go on") == "/accounts/login/?next=%2Fplans%2Fbasic%2Fsubscribe"


def test_who_was_signed_out_meanwhile_signs_in_and_comes_back(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    visitor = visit(customer)
    page = visitor.get(HERE)
    del visitor.client.cookies["sessionid"]

    answer = visitor.send(page, "Pay 10.00 USD")

    assert answer.location == f"/accounts/login/?next={HERE}"
    assert not Subscription.objects.exists()


def test_an_unproved_address_is_proved_on_the_way(
    visit: MakeVisitor, make_user: MakeUser, plan: Plan
) -> None:
    user = make_user("new@example.com", verified=False)
    visitor = visit(user)

    answer = visitor.follow(visitor.send(visitor.get(HERE), "Pay 10.00 USD"))
    code = code_in(OutgoingMail.objects.get().context["text"])
    back = visitor.send(answer, "Confirm my address", code=code)

    assert back.location == HERE
    assert not Subscription.objects.exists()


def test_a_price_that_changed_is_shown_before_anything_is_taken(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    visitor = visit(customer)
    page = visitor.get(HERE)
    Plan.objects.update(price=Decimal(11))

    with nothing_changes():
        answer = visitor.send(page, "Pay 10.00 USD")

    assert answer.status == 409
    assert "The price has changed" in answer.text
    assert visitor.send(answer, "Pay 11.00 USD").status == 303


def test_a_trial_that_is_gone_is_asked_anew(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    plan = make_plan(trial_days=14)
    visitor = visit(customer)
    page = visitor.get(HERE)
    sign_up(take(plan, customer))
    cancel_subscription(subscription_id=Subscription.objects.get().pk, by=customer, at=NOW)
    Subscription.objects.update(access_until=NOW - timedelta(days=1), paid_until=NOW)

    with nothing_changes():
        answer = visitor.send(page, "Begin 14 days free")

    assert answer.status == 409
    assert "The trial that was shown isn't yours any more" in answer.text
    assert answer.form("Pay 10.00 USD").method == "post"


@pytest.mark.parametrize("name", ["basic", "plus"])
def test_what_i_have_is_told_before_and_leads_to_it(
    visit: MakeVisitor, customer: User, make_plan: MakePlan, name: str
) -> None:
    make_plan()
    plus = make_plan("plus", rank=2)
    mine = take(plus, customer)
    sign_up(mine)

    page = visit(customer).get(f"/plans/{name}/subscribe")

    assert page.status == 200
    assert "You have this already" in page.text
    assert page.href("See your subscription") == f"/subscriptions/{mine.pk}"
    assert page.forms_with("Pay 10.00 USD") == []


def test_what_i_cancelled_and_still_have_is_kept_instead(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    mine = take(plan, customer)
    sign_up(mine)
    cancel_subscription(subscription_id=mine.pk, by=customer, at=NOW)

    page = visit(customer).get(HERE)

    assert "You cancelled this plan, and it is open until Sun 2 Aug 2026" in page.text
    assert page.href("See your subscription") == f"/subscriptions/{mine.pk}"


def test_a_higher_plan_says_what_ends_and_what_comes_back(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    sign_up(take(make_plan(), customer))
    make_plan("plus", rank=2, price=Decimal(30))

    page = visit(customer).get("/plans/plus/subscribe")

    assert "Plus takes the place of Basic" in page.text
    assert "and 10.00 USD for its unused time comes back to you" in page.text


def test_a_plan_that_is_not_on_sale_any_more_is_a_404(visit: MakeVisitor, plan: Plan) -> None:
    Plan.objects.update(is_active=False)

    assert visit().get(HERE).status == 404
    assert visit().get("/plans/nothing/subscribe").status == 404


def test_a_plan_taken_off_sale_meanwhile_is_told(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    visitor = visit(customer)
    page = visitor.get(HERE)
    Plan.objects.update(is_active=False)

    with nothing_changes():
        answer = visitor.send(page, "Pay 10.00 USD")

    assert answer.status == 409
    assert "This plan isn't on sale any more" in answer.text
    assert answer.href("See all plans") == "/plans"
