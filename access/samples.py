"""What the mails about plans look like, with made-up facts."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import timezone

from access import emails
from access.models import Plan, Subscription
from access.states import PlanInterval, SubscriptionStatus
from access.words import said_date, said_moment
from accounts.models import User
from common.money import money
from notifications.samples import register_sample

PRICE = money(Decimal("19.00"), "EUR")


def register_samples() -> None:
    register_sample(
        emails.STARTED,
        partial(
            _facts,
            is_trial=False,
            paid=PRICE,
            replaced="Basic",
            refund=money(Decimal("4.35"), "EUR"),
            meanwhile="",
        ),
    )
    register_sample(emails.RENEWED, _receipt)
    register_sample(emails.FAILED, _failed)
    register_sample(emails.CANCELLED, _cancelled)
    register_sample(
        emails.ENDED,
        partial(_facts, why="You had cancelled it, and what was paid for is over now.", refund=""),
    )
    register_sample(emails.TRIAL_ENDS, _trial_ends)


def _facts(**more: Any) -> dict[str, Any]:
    """Of a subscription that was never saved; it renews in three weeks."""
    at = timezone.now()
    plan = Plan(pk=3, slug="studio", name="Studio", price=Decimal("19.00"))
    subscription = Subscription(
        pk=812,
        user=User(pk=1, email="ada@example.com", name="Ada Lovelace"),
        plan=plan,
        status=SubscriptionStatus.ACTIVE,
        price=plan.price,
        currency="EUR",
        interval=PlanInterval.MONTH,
        agreement_id=1,
        started_at=at,
        paid_until=at + timedelta(days=21),
    )
    return emails.facts_of(subscription) | more


def _trial_ends() -> dict[str, Any]:
    lower = emails.Replaced(name="Basic", refund=Decimal(0))
    until = timezone.now() + timedelta(days=21)
    return _facts(meanwhile=emails.said_meanwhile("Studio", [lower], until))


def _receipt() -> dict[str, Any]:
    at = timezone.now()
    covers = f"{said_date(at)} to {said_date(at + timedelta(days=30))}"
    return _facts(paid=PRICE, paid_on=said_date(at), covers=covers, number="4711")


def _failed() -> dict[str, Any]:
    return _facts(
        open_until=said_moment(timezone.now() + timedelta(days=7)),
        is_open=True,
        is_again=False,
        pay_url="https://pay.example.com/bill/1",
        next_try=said_date(timezone.now() + timedelta(days=3)),
    )


def _cancelled() -> dict[str, Any]:
    until = said_moment(timezone.now() + timedelta(days=21))
    return _facts(by_staff=False, open_until=until, can_resume=True)
