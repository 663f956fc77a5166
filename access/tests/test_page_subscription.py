"""`/subscriptions/{id}`: how it stands, what was paid, cancelling it, keeping it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from access import telling
from access.models import Plan, Resource, Subscription
from access.services import cancel_subscription
from access.standing import standing_of
from access.states import SubscriptionStatus
from accounts.models import User
from notifications.models import OutgoingMail
from payments.models import BillingAgreement
from payments.services import lapse
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.plans import MakePlan, sign_up, take
from tests.infrastructure.world import NOW

ENDS = datetime.fromisoformat("2026-08-02T08:00:00Z")


@pytest.fixture
def running(plan: Plan, customer: User) -> Subscription:
    """Begun NOW, paid until 2 August."""
    subscription = take(plan, customer)
    sign_up(subscription)
    return subscription


def path(subscription: Subscription) -> str:
    return f"/subscriptions/{subscription.pk}"


def test_it_says_how_it_stands_what_it_opens_and_what_was_paid(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    Resource.objects.create(slug="handbook", title="Handbook", plan=running.plan)

    page = visit(customer).get(path(running))

    assert (page.status, page.h1) == (200, "Basic is yours")
    assert "It renews on Sun 2 Aug 2026 for 10.00 USD." in page.text
    assert page.href("Handbook") == "/resources/handbook"
    assert "Payments Thu 2 Jul 2026 10.00 USD Thu 2 Jul 2026 to Sun 2 Aug 2026" in page.text
    assert "It stays open until Sun 2 Aug 2026, 08:00 (UTC). Nothing more is coll" in page.text
    assert "What happened Chosen" in page.text


def test_somebody_else_s_is_not_there(
    visit: MakeVisitor, stranger: User, manager: User, running: Subscription
) -> None:
    for person in (stranger, manager):
        visitor = visit(person)
        assert visitor.get(path(running)).status == 404
        assert visitor.get(f"{path(running)}/cancel").status == 404
    assert visit().get(path(running)).location == f"/accounts/login/?next={path(running)}"


def test_cancelling_says_the_date_before_and_after(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    visitor = visit(customer)
    question = visitor.get(f"{path(running)}/cancel")

    answer = visitor.send(question, "Cancel, open until Sun 2 August", reason="Moving away")

    running.refresh_from_db()
    assert question.h1 == "Cancel Basic?"
    assert "It stays open until Sun 2 Aug 2026, 08:00 (UTC)." in question.text
    assert running.status == SubscriptionStatus.CANCELLED
    assert running.history.latest("pk").reason == "Moving away"
    page = visitor.follow(answer)
    assert page.h1 == "Basic is open until Sun 2 Aug 2026"
    assert "nothing more is collected" in page.text


def test_keeping_it_after_all(visit: MakeVisitor, customer: User, running: Subscription) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW)
    visitor = visit(customer)

    page = visitor.follow(visitor.send(visitor.get(path(running)), "Keep it"))

    assert page.h1 == "Basic is yours"
    assert "Kept after all" in page.text


def test_it_is_too_late_to_keep_what_has_ended(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW)
    visitor = visit(customer)
    page = visitor.get(path(running))
    Subscription.objects.update(access_until=NOW, paid_until=NOW)

    with nothing_changes():
        answer = visitor.follow(visitor.send(page, "Keep it"))

    assert answer.h1 == "Basic has ended"
    assert answer.href("Subscribe again") == "/plans/basic/subscribe"


def test_what_stands_differently_by_now_is_asked_anew(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    visitor = visit(customer)
    question = visitor.get(f"{path(running)}/cancel")
    Subscription.objects.update(paid_until=ENDS + timedelta(days=31))

    with nothing_changes():
        answer = visitor.send(question, "Cancel, open until Sun 2 August")

    assert answer.status == 409
    assert "It stands differently by now." in answer.text
    assert answer.form("Cancel, open until Wed 2 September").method == "post"


def test_seconds_that_the_provider_corrects_ask_nothing_anew(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    visitor = visit(customer)
    question = visitor.get(f"{path(running)}/cancel")
    Subscription.objects.update(paid_until=ENDS + timedelta(seconds=3))

    visitor.send(question, "Cancel, open until Sun 2 August")

    running.refresh_from_db()
    assert running.status == SubscriptionStatus.CANCELLED


def test_a_second_cancel_leads_to_the_page(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    cancel_subscription(subscription_id=running.pk, by=customer, at=NOW)

    assert visit(customer).get(f"{path(running)}/cancel").location == path(running)


def test_a_failed_payment_is_paid_by_hand(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    BillingAgreement.objects.update(
        pay_url="https://pay.example/bill", next_collect_at=NOW + timedelta(days=3)
    )
    running.move_to(SubscriptionStatus.PAST_DUE, at=NOW, paid_until=NOW)
    visitor = visit(customer)

    page, home = visitor.get(path(running)), visitor.get("/")

    assert page.h1 == "Your last payment didn't go through"
    assert "Basic stays open until Thu 9 Jul 2026." in page.text
    assert page.href("Pay 10.00 USD now") == "https://pay.example/bill"
    assert "Next try to collect 10.00 USD on Sun 5 Jul 2026" in page.text
    assert "It ends at once: what was paid for is over." in page.text
    assert home.href("See and pay") == path(running)


def test_what_is_not_paid_yet_is_gone_on_with_or_given_up(
    visit: MakeVisitor, customer: User, plan: Plan
) -> None:
    begun = take(plan, customer)
    assert begun.payment is not None
    visitor = visit(customer)
    page = visitor.get(path(begun))

    answer = visitor.send(visitor.get(f"{path(begun)}/cancel"), "Give it up")

    assert page.h1 == "Basic isn't yours yet"
    assert page.href("Pay 10.00 USD") == f"/pay/{begun.payment.token}"
    assert visitor.follow(answer).h1 == "You gave this up"


def test_what_lapsed_is_told_at_once(visit: MakeVisitor, customer: User, plan: Plan) -> None:
    begun = take(plan, customer, at=NOW - timedelta(hours=2))

    page = visit(customer).get(path(begun))

    assert page.h1 == "The time to pay ran out"
    assert page.href("Subscribe again") == "/plans/basic/subscribe"


def test_what_was_let_go_for_another_choice_says_so(
    visit: MakeVisitor, customer: User, plan: Plan, make_plan: MakePlan
) -> None:
    by_price = take(plan, customer)
    Plan.objects.update(price=Decimal("12.00"))
    plan.refresh_from_db()
    by_plan = take(plan, customer)
    sign_up(take(make_plan("plus", rank=2), customer))

    for each in (by_price, by_plan):
        page = visit(customer).get(path(each))

        assert page.h1 == "You chose something else instead"
        assert "So we let go of this one for you. Nothing was charged." in page.text
        assert "gave this up" not in page.text
    assert by_price.payment is not None
    assert visit().get(f"/pay/{by_price.payment.token}").h1 == "You chose something else instead"

    sign_up(by_plan)

    page = visit(customer).get(path(by_plan))
    assert "Nothing was charged." not in page.text
    assert "Your money came after that, so all of it goes back to you" in page.text
    mail = OutgoingMail.objects.get(kind="money_returned")
    assert mail.context["reason"] == "you had chosen something else before the money came"


@pytest.mark.parametrize(
    ("trial_days", "said"), [(0, "all of it goes back to you"), (14, "Nothing was charged.")]
)
def test_what_was_completed_in_vain_is_not_called_given_up(
    visit: MakeVisitor,
    customer: User,
    make_plan: MakePlan,
    trial_days: int,
    said: str,
) -> None:
    """Its time had run out, and by the time that it was completed a higher plan was there."""
    late = take(make_plan(trial_days=trial_days), customer)
    assert late.payment is not None
    after = NOW + timedelta(hours=2)
    lapse(payment_id=late.payment.pk, at=after)
    sign_up(take(make_plan("plus", rank=2), customer, at=after), at=after)

    sign_up(late, at=after)

    page = visit(customer).get(path(late))
    assert page.h1 == "This couldn't begin any more"
    assert said in page.text


def test_a_free_plan_ends_at_once_and_says_so(
    visit: MakeVisitor, customer: User, make_plan: MakePlan
) -> None:
    free = take(make_plan(price=Decimal(0)), customer)
    visitor = visit(customer)

    answer = visitor.send(visitor.get(f"{path(free)}/cancel"), "Cancel, it ends now")

    assert visitor.follow(answer).h1 == "Basic has ended"


@pytest.mark.parametrize(
    ("at", "headline"),
    [
        pytest.param(ENDS - timedelta(seconds=1), "Basic is yours", id="running"),
        pytest.param(ENDS, "Basic is yours", id="being-renewed"),
        pytest.param(ENDS + timedelta(days=7), "Basic has ended", id="never-renewed"),
    ],
)
def test_the_headline_follows_the_clock(running: Subscription, at: datetime, headline: str) -> None:
    assert standing_of(running, at=at).headline == headline


def test_the_provider_s_correction_of_the_end_is_no_renewal(running: Subscription) -> None:
    running.move_to(SubscriptionStatus.ACTIVE, at=NOW, paid_until=ENDS - timedelta(seconds=40))
    running.move_to(SubscriptionStatus.ACTIVE, at=ENDS, paid_until=ENDS + timedelta(days=31))

    told = [item["title"] for item in telling.happenings(running)]

    assert told == ["Chosen", "Paid and begun", "Renewed until Wed 2 Sep 2026"]


def test_the_account_lists_what_i_have(
    visit: MakeVisitor, customer: User, running: Subscription
) -> None:
    page = visit(customer).get("/account")

    assert "Your subscriptions" in page.text
    assert page.href("Basic, 10.00 USD a month") == path(running)
