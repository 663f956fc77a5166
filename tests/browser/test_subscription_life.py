"""The life of a subscription at Stripe, in a real browser: trial, renewal, failure, recovery, end.

Stripe's page and its bills are the double's, the rest is ours. Webhooks come as they should, late
and in the wrong order, or never; what the person sees in the end is the same.
"""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from access.models import Subscription
from access.states import SubscriptionStatus
from accounts.models import User
from payments import tasks
from payments.models import BillingAgreement, Payment, PaymentAttempt, WebhookEvent
from tests.browser.conftest import DESKTOP, PHONE, Open
from tests.browser.test_stripe import picture
from tests.infrastructure.club import Club
from tests.infrastructure.world import MakeUser
from tests.stripe_double import StripeDouble

pytestmark = pytest.mark.browser

WINDOWS = [
    pytest.param({"viewport": DESKTOP}, id="desktop"),
    pytest.param({"viewport": PHONE, "is_mobile": True, "has_touch": True}, id="phone"),
]
POST = ["in time", "late", "lost"]
HOUR = 60 * 60
DAY = 24 * HOUR
# Stripe draws a bill when the time is over, and collects it an hour later.
A_MONTH = 31 * DAY + 2 * HOUR
LATE_TYPES = [
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "invoice.paid",
    "invoice.payment_failed",
]


@pytest.fixture
def ada(make_user: MakeUser) -> User:
    return make_user("ada@example.com", name="Ada Lovelace")


class Post:
    """How webhooks come, and what makes good for those that don't."""

    def __init__(self, how: str, double: StripeDouble) -> None:
        self.how, self.double = how, double
        if how == "lost":
            double.disturb("lose", times=10_000)

    def begin(self) -> None:
        """Before something happens at Stripe."""
        if self.how == "late":
            self.double.disturb("hold", types=LATE_TYPES, times=10_000)

    def arrive(self) -> None:
        """All that was sent is here; what was lost is asked for by the beat."""
        if self.how == "late":
            self.double.postman.release(is_reversed=True, apart=0.05)
        assert self.double.wait_until_idle(15)
        if self.how == "lost":
            BillingAgreement.objects.update(next_ask_at=datetime.now(UTC))
            tasks.ask_agreements()
            assert not WebhookEvent.objects.exists()


def headline(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def number() -> str:
    """Stripe's own, of the only subscription."""
    found = BillingAgreement.objects.get().provider_id
    assert found is not None
    return found


def begin(page: Page, plan: str, button: str) -> None:
    page.goto(f"/plans/{plan}/subscribe")
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/c/pay/*")
    page.locator("button.pay").click()
    page.wait_for_url("**/subscriptions/*")


@pytest.mark.parametrize("how", POST)
@pytest.mark.parametrize("window", WINDOWS)
def test_trial_renewal_failure_recovery_cancel_and_end(
    visit: Open, stripe: StripeDouble, club: Club, ada: User, window: dict[str, Any], how: str
) -> None:
    opened = visit(**window)
    opened.sign_in(ada)
    page, post, billing = opened.page, Post(how, stripe), stripe.books.billing

    begin(page, "basic", "Begin 14 days free")
    post.arrive()
    page.reload()
    headline(page, "You are trying Basic")
    here = page.url

    post.begin()
    billing.let_pass(number(), 14 * DAY + 2 * HOUR)
    post.arrive()
    page.goto(here)
    headline(page, "Basic is yours")
    expect(page.get_by_text("The trial is over, and it is paid")).to_be_visible()
    paid(page, 1)

    billing.set_card(number(), works=False)
    post.begin()
    billing.let_pass(number(), A_MONTH)
    post.arrive()
    page.goto(here)
    headline(page, "Your last payment didn't go through")
    picture(page, f"life-failed-{how}", window)
    page.goto("/resources/recordings")
    expect(page.get_by_text("All classes, to see again.")).to_be_visible()

    page.goto("/")
    page.get_by_role("link", name="See and pay").click()
    post.begin()
    page.get_by_role("link", name="Pay 10.00 USD now").click()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoice paid")
    post.arrive()
    page.goto(here)
    headline(page, "Basic is yours")
    expect(page.get_by_text("Paid after all")).to_be_visible()
    paid(page, 2)

    cancel(page)
    headline(page, re.compile("Basic is open until"))
    # The worker tells Stripe; here its task is run by hand.
    tasks.tell_agreements()
    post.begin()
    billing.let_pass(number(), A_MONTH)
    post.arrive()
    page.goto(here)
    headline(page, "Basic has ended")
    picture(page, f"life-ended-{how}", window)
    page.goto("/resources/recordings")
    expect(page.get_by_text("This isn't open to you now")).to_be_visible()

    collected_twice(stripe)


def cancel(page: Page) -> None:
    page.get_by_role("link", name="Cancel Basic").click()
    dialog = page.get_by_role("dialog", name="Cancel Basic?")
    dialog.get_by_role("button", name=re.compile("Cancel, open until")).click()


def paid(page: Page, times: int) -> None:
    """The page lists so many payments."""
    expect(page.locator(".paid")).to_have_count(times)


def collected_twice(stripe: StripeDouble) -> None:
    """Two charges at Stripe, two payments here, each booked once; nothing is given back."""
    books = stripe.books.everything()
    good = [charge for charge in books["charges"] if charge["paid"]]
    assert [charge["amount"] for charge in good] == [1000, 1000]
    assert books["refunds"] == []
    bought = Payment.objects.filter(amount__gt=0)
    assert [(str(each.amount), each.status) for each in bought] == [("10.00", "paid")] * 2
    attempts = PaymentAttempt.objects.exclude(invoice_id=None).filter(captured__gt=0)
    assert attempts.count() == 2
    assert Subscription.objects.get().status == SubscriptionStatus.EXPIRED


@pytest.mark.parametrize("how", POST)
def test_cancelled_and_kept_goes_on(
    visit: Open, stripe: StripeDouble, club: Club, ada: User, how: str
) -> None:
    opened = visit()
    opened.sign_in(ada)
    page, post, billing = opened.page, Post(how, stripe), stripe.books.billing
    begin(page, "plus", "Pay 30.00 USD")
    post.arrive()
    here = page.url

    page.get_by_role("link", name="Cancel Plus").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("open until")).click()
    headline(page, re.compile("Plus is open until"))
    tasks.tell_agreements()
    page.goto(here)
    page.get_by_role("button", name="Keep it").click()
    headline(page, "Plus is yours")
    tasks.tell_agreements()
    post.begin()
    billing.let_pass(number(), A_MONTH)
    post.arrive()

    page.goto(here)
    headline(page, "Plus is yours")
    paid(page, 2)


def test_stripe_gives_up_collecting(
    visit: Open, stripe: StripeDouble, club: Club, ada: User
) -> None:
    """All its tries fail and it ends there: it ends here, with a way to begin anew."""
    opened = visit()
    opened.sign_in(ada)
    page, post, billing = opened.page, Post("in time", stripe), stripe.books.billing
    begin(page, "plus", "Pay 30.00 USD")
    here = page.url
    billing.set_card(number(), works=False)

    billing.let_pass(number(), A_MONTH)
    for days in (3, 5, 7):
        billing.let_pass(number(), days * DAY + HOUR)
    post.arrive()

    page.goto(here)
    headline(page, "Plus has ended")
    expect(page.get_by_role("link", name="Subscribe again")).to_be_visible()
    page.goto("/resources/handbook/file")
    expect(page.get_by_text("This isn't open to you now")).to_be_visible()
