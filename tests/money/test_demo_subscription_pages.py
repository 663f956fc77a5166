"""The demo provider's pages for subscriptions: what is due when, and a life played by hand."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from access.models import Plan, Subscription
from access.states import PlanInterval, SubscriptionStatus
from accounts.models import User
from payments.models import BillingAgreement, DemoAgreement, Payment
from payments.services import lapse
from payments.states import AgreementState
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.plans import MakePlan, take
from tests.infrastructure.world import NOW


def checkout(visitor: Visitor, plan: Plan, user: User) -> Page:
    payment = take(plan, user).payment
    assert payment is not None
    return visitor.follow(visitor.get(f"/pay/{payment.token}"))


def begun(visitor: Visitor, plan: Plan, user: User) -> str:
    """Paid at the demo's page; the address of its books of it."""
    page = checkout(visitor, plan, user)
    [button] = [name for name in page.forms[-2].buttons if name != "Decline"]
    visitor.follow(visitor.send(page, button, do="pay"))
    return f"/demo/subscriptions/{DemoAgreement.objects.get().number}"


def press(visitor: Visitor, address: str, button: str, do: str) -> Page:
    page = visitor.get(address)
    return visitor.follow(visitor.send(page, button, do=do))


def standing() -> tuple[str, str, int]:
    """Of the right, of the agreement, and how many payments brought money."""
    paid = Payment.objects.filter(attempts__captured__gt=0).count()
    return Subscription.objects.get().status, BillingAgreement.objects.get().status, paid


@pytest.mark.parametrize(
    ("fields", "heading", "said", "button"),
    [
        pytest.param(
            {},
            "Subscribe",
            "10.00 USD today 10.00 USD on Sun 2 Aug 2026, then every month",
            "Subscribe for 10.00 USD",
            id="month",
        ),
        pytest.param(
            {"trial_days": 14, "interval": PlanInterval.QUARTER},
            "Subscribe",
            "Nothing today: 14 days free 10.00 USD on Thu 16 Jul 2026, then every 3 months",
            "Begin the trial",
            id="trial",
        ),
        pytest.param(
            {"trial_days": 1, "interval": PlanInterval.YEAR},
            "Subscribe",
            "Nothing today: 1 day free 10.00 USD on Fri 3 Jul 2026, then every year",
            "Begin the trial",
            id="one-day",
        ),
    ],
)
def test_the_page_says_what_is_due_today_and_what_later(
    visit: MakeVisitor,
    customer: User,
    make_plan: MakePlan,
    fields: dict[str, object],
    heading: str,
    said: str,
    button: str,
) -> None:
    page = checkout(visit(customer), make_plan(**fields), customer)

    assert page.h1 == heading
    assert said in page.text
    assert len(page.forms_with(button)) == 1
    assert "place" not in page.text.split("Give up")[0]


def test_a_declined_card_begins_nothing(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    visitor = visit(customer)
    page = checkout(visitor, plan, customer)

    page = visitor.follow(visitor.send(page, "Decline", do="decline"))

    assert "Nothing was taken and nothing has begun." in page.text
    assert standing() == (SubscriptionStatus.PENDING, AgreementState.NEW, 0)
    assert not DemoAgreement.objects.exists()


def test_what_was_given_up_can_not_be_begun(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    visitor = visit(customer)
    page = checkout(visitor, plan, customer)

    said = visitor.follow(visitor.send(page, "Give up"))

    assert "place" not in said.text
    again = visitor.get(page.path)
    assert again.h1 == "There is nothing to pay here any more"
    assert "Nothing has begun, and nothing was charged." in again.text
    assert not DemoAgreement.objects.exists()


def test_who_comes_back_without_a_trial_is_told_that_nothing_has_begun(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    visitor = visit(customer)
    checkout(visitor, make_plan(trial_days=14), customer)
    token = Payment.objects.get().token

    page = visitor.get(f"/pay/{token}/return")

    assert page.h1 == "This hasn't begun yet"
    assert "Open until" in page.text
    assert "place" not in page.text
    assert page.href("Begin the trial") == f"/pay/{token}"


def test_who_comes_too_late_is_told_that_nothing_has_begun(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    checkout(visit(customer), plan, customer)
    payment = Payment.objects.get()
    lapse(payment_id=payment.pk, at=NOW + timedelta(days=1))

    # As somebody whom we don't know: its owner is led to what they chose.
    page = visit().get(f"/pay/{payment.token}")

    assert (page.status, page.h1) == (409, "The time to pay ran out")
    assert "Nothing has begun. Nothing was charged." in page.text


def test_a_life_can_be_played_by_hand(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    visitor = visit(customer)
    address = begun(visitor, plan, customer)
    assert standing() == (SubscriptionStatus.ACTIVE, AgreementState.ACTIVE, 1)

    press(visitor, address, "Renew now", "jump")
    assert standing() == (SubscriptionStatus.ACTIVE, AgreementState.ACTIVE, 2)

    press(visitor, address, "Let the bank refuse the card from now on", "card_refuses")
    page = press(visitor, address, "Fail to renew now", "jump")
    assert "Not paid" in page.text
    assert standing() == (SubscriptionStatus.PAST_DUE, AgreementState.PAST_DUE, 2)

    page = press(visitor, address, "Pay 10.00 USD", "pay")
    assert "Running" in page.text
    assert standing() == (SubscriptionStatus.ACTIVE, AgreementState.ACTIVE, 3)

    press(visitor, address, "Let the bank refuse the card from now on", "card_refuses")
    press(visitor, address, "Fail to renew now", "jump")
    page = press(visitor, address, "Let the provider give up now", "jump")
    assert standing() == (SubscriptionStatus.EXPIRED, AgreementState.ENDED, 3)
    assert page.has_link("See your subscription")


def test_a_trial_is_collected_when_it_ends(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    visitor = visit(customer)
    address = begun(visitor, make_plan(trial_days=14), customer)
    assert standing() == (SubscriptionStatus.TRIALING, AgreementState.TRIALING, 0)

    press(visitor, address, "End the trial and collect now", "jump")

    assert standing() == (SubscriptionStatus.ACTIVE, AgreementState.ACTIVE, 1)
    assert BillingAgreement.objects.get().paid_until == NOW + timedelta(days=31)


@pytest.mark.parametrize("do", ["", "rob", "set_card"])
def test_other_buttons_do_nothing(visit: MakeVisitor, customer: User, plan: Plan, do: str) -> None:
    visitor = visit(customer)
    address = begun(visitor, plan, customer)
    visitor.get(address)

    with nothing_changes():
        visitor.post(address, do=do)


@pytest.mark.parametrize(
    ("name", "value"), [("IS_PRODUCTION", True), ("PAYMENT_PROVIDER", "stripe")]
)
def test_it_is_there_in_the_demo_alone(
    visit: MakeVisitor,
    customer: User,
    plan: Plan,
    settings: Settings,
    name: str,
    value: object,
) -> None:
    visitor = visit(customer)
    address = begun(visitor, plan, customer)
    page = visitor.get(address)
    setattr(settings, name, value)

    with nothing_changes():
        assert visitor.get(address).status == 404
        assert visitor.send(page, "Renew now", do="jump").status == 404


def test_an_unknown_number_is_not_there(visit: MakeVisitor, customer: User) -> None:
    assert visit(customer).get("/demo/subscriptions/demo_sub_0").status == 404
