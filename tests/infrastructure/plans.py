"""Plans, and people who have them, for tests; begun by the real services."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from access.models import Plan, Subscription
from access.services import subscribe
from access.states import PlanInterval
from accounts.models import User
from payments import courier
from payments.gateways import demo
from payments.gateways.base import Session, SessionStatus
from payments.gateways.demo import clock_at
from payments.models import Payment, PaymentAttempt
from payments.services import apply_session
from tests.infrastructure.world import NOW

MakePlan = Callable[..., Plan]
_numbers = count(1)


@pytest.fixture
def make_plan(db: None) -> MakePlan:
    def make(slug: str = "basic", **fields: Any) -> Plan:
        fields = {
            "name": slug.title(),
            "price": Decimal("10.00"),
            "interval": PlanInterval.MONTH,
        } | fields
        return Plan.objects.create(slug=slug, **fields)

    return make


@pytest.fixture
def plan(make_plan: MakePlan) -> Plan:
    return make_plan()


def take(plan: Plan, user: User, *, at: datetime = NOW, **fields: Any) -> Subscription:
    """Choose a plan, as the page does."""
    return subscribe(user_id=user.pk, plan_id=plan.pk, at=at, **fields)


def sign_up(subscription: Subscription, *, at: datetime = NOW) -> PaymentAttempt:
    """Complete the provider's page: its word is booked, and the subscription has begun."""
    payment = subscription.payment
    assert payment is not None
    number = next(_numbers)
    attempt = PaymentAttempt.objects.create(
        payment=payment,
        provider="demo",
        amount=payment.amount,
        currency=payment.currency,
        created_at=at,
        expires_at=at,
    )
    is_renewed = subscription.agreement_id is not None
    has_money = payment.amount > 0
    session = Session(
        id=f"session-{number}",
        url="",
        status=SessionStatus.PAID,
        amount=payment.amount,
        currency=payment.currency,
        provider_payment_id=f"money-{number}" if has_money else "",
        payment_id=payment.pk,
        agreement_number=f"agreement-{number}" if is_renewed else "",
        invoice_id=f"bill-{number}" if is_renewed and has_money else "",
    )
    apply_session(attempt_id=attempt.pk, session=session, at=at)
    subscription.refresh_from_db()
    attempt.refresh_from_db()
    return attempt


def everything() -> tuple[list[Any], ...]:
    """All that a refusal must leave as it was."""
    return (
        list(Subscription.objects.order_by("pk").values()),
        list(Payment.objects.order_by("pk").values()),
    )


def begin(subscription: Subscription, *, at: datetime = NOW) -> Subscription:
    """Complete the demo provider's own page, so that it renews by its clock from then on."""
    payment = subscription.payment
    assert payment is not None
    with clock_at(at):
        courier.open_session(payment.pk, at=at)
        attempt = payment.attempts.latest("pk")
        demo.pay(str(attempt.session_id), at=at)
        courier.ask(attempt.pk, at=at)
    return hear(subscription, at=at)


def hear(subscription: Subscription, *, at: datetime) -> Subscription:
    """Tell the provider what is wanted, and hear how its subscription stands."""
    assert subscription.agreement_id is not None
    with clock_at(at):
        courier.tell_agreement(subscription.agreement_id, at=at)
        courier.ask_agreement(subscription.agreement_id, at=at)
    subscription.refresh_from_db()
    return subscription


def card(subscription: Subscription, *, works: bool, at: datetime) -> None:
    """What the bank answers the demo provider from now on."""
    assert subscription.agreement is not None
    with clock_at(at):
        demo.set_card(str(subscription.agreement.provider_id), works=works)
