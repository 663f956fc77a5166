"""What every provider must keep to, whichever it is: one set of cases for demo and Stripe.

Stripe is the double over HTTP, spoken to by the real SDK.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments.errors import BadSignature, GatewayRefused
from payments.gateways import demo
from payments.gateways.base import (
    Gateway,
    RefundRequest,
    RefundStatus,
    Session,
    SessionRequest,
    SessionStatus,
)
from payments.gateways.demo import DemoGateway
from payments.gateways.stripe import StripeGateway
from tests.stripe_double import StripeDouble

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENT = 7
REFUND = 3


@dataclass
class Provider:
    """A gateway, and the Pay button of its page."""

    gateway: Gateway
    pay: Callable[[str], bool]


@pytest.fixture(params=["demo", "stripe"])
def provider(request: pytest.FixtureRequest, db: None) -> Iterator[Provider]:
    if request.param == "demo":
        yield Provider(DemoGateway(), lambda session: demo.pay(session, at=timezone.now()))
    else:
        double: StripeDouble = request.getfixturevalue("stripe_double")
        yield Provider(StripeGateway(), double.books.pay)


def asked(**changes: Any) -> SessionRequest:
    return replace(
        SessionRequest(
            idempotency_key="key",
            amount=Decimal("45.00"),
            currency="USD",
            description="Dr Weber, Thu 8 July, 09:00",
            customer_email="ada@example.com",
            return_url="https://shop.example/pay/token/return",
            expires_at=timezone.now() + timedelta(minutes=31),
            payment_id=PAYMENT,
            attempt_id=9,
            methods=("card",),
        ),
        **changes,
    )


def paid(provider: Provider, **changes: Any) -> Session:
    session = provider.gateway.create_session(asked(**changes))
    assert provider.pay(session.id)
    return provider.gateway.fetch_session(session.id)


def refund_of(session: Session, **changes: Any) -> RefundRequest:
    return replace(
        RefundRequest(
            idempotency_key="refund-key",
            session_id=session.id,
            amount=session.amount,
            currency=session.currency,
            refund_id=REFUND,
            provider_payment_id=session.provider_payment_id,
        ),
        **changes,
    )


def test_a_session_says_what_was_asked_for(provider: Provider) -> None:
    request = asked()

    session = provider.gateway.create_session(request)

    assert session.url
    assert (session.status, session.amount, session.currency) == (
        SessionStatus.OPEN,
        Decimal("45.00"),
        "USD",
    )
    assert (session.payment_id, session.reference) == (PAYMENT, "key")
    assert session.provider_payment_id == ""
    assert provider.gateway.fetch_session(session.id) == session


def test_the_same_key_is_the_same_session(provider: Provider) -> None:
    request = asked()

    first = provider.gateway.create_session(request)
    again = provider.gateway.create_session(request)

    assert again.id == first.id
    assert all_ids(provider) == [first.id]


def test_another_key_is_another_session(provider: Provider) -> None:
    first = provider.gateway.create_session(asked())
    second = provider.gateway.create_session(asked(idempotency_key="another"))

    assert sorted(all_ids(provider)) == sorted([first.id, second.id])


def test_paying_once_is_paid_and_twice_is_not(provider: Provider) -> None:
    session = paid(provider)

    assert session.status == SessionStatus.PAID
    assert session.provider_payment_id
    assert not provider.pay(session.id)
    [charge] = provider.gateway.charges(since=an_hour_ago())
    assert (charge.provider_payment_id, charge.amount, charge.refunded, charge.payment_id) == (
        session.provider_payment_id,
        Decimal("45.00"),
        Decimal(0),
        PAYMENT,
    )


def test_a_key_still_finds_its_session_when_that_is_paid(provider: Provider) -> None:
    """Killed between the provider's answer and our note: it may be paid by the time we ask."""
    request = asked()
    session = provider.gateway.create_session(request)
    provider.pay(session.id)

    again = provider.gateway.create_session(request)

    assert again.id == session.id
    assert provider.gateway.fetch_session(again.id).status == SessionStatus.PAID


def test_nobody_can_pay_at_an_expired_session(provider: Provider) -> None:
    session = provider.gateway.create_session(asked())

    for _ in range(2):
        expired = provider.gateway.expire_session(session.id, at=timezone.now())
        assert (expired.id, expired.status) == (session.id, SessionStatus.EXPIRED)

    assert not provider.pay(session.id)
    assert list(provider.gateway.charges(since=an_hour_ago())) == []


def test_expiring_a_paid_session_says_that_it_is_paid(provider: Provider) -> None:
    session = paid(provider)

    answer = provider.gateway.expire_session(session.id, at=timezone.now())

    assert (answer.status, answer.provider_payment_id) == (
        SessionStatus.PAID,
        session.provider_payment_id,
    )


def test_an_unknown_session_is_a_clear_no(provider: Provider) -> None:
    with pytest.raises(GatewayRefused):
        provider.gateway.fetch_session("cs_nobody_made_this")
    with pytest.raises(GatewayRefused):
        provider.gateway.expire_session("cs_nobody_made_this", at=timezone.now())


def test_a_refund_is_made_once_under_its_key(provider: Provider) -> None:
    session = paid(provider)
    request = refund_of(session, amount=Decimal("20.00"))

    first = provider.gateway.refund(request)
    again = provider.gateway.refund(request)

    assert first == again
    assert (first.status, first.amount, first.currency, first.refund_id) == (
        RefundStatus.SUCCEEDED,
        Decimal("20.00"),
        "USD",
        REFUND,
    )
    assert first.provider_payment_id == session.provider_payment_id
    assert list(provider.gateway.refunds(since=an_hour_ago())) == [first]
    [charge] = provider.gateway.charges(since=an_hour_ago())
    assert charge.refunded == Decimal("20.00")


def test_a_refund_is_found_by_our_number(provider: Provider) -> None:
    session = paid(provider)
    request = refund_of(session, amount=Decimal("20.00"))
    assert provider.gateway.find_refund(request) is None

    made = provider.gateway.refund(request)

    assert provider.gateway.find_refund(request) == made
    assert provider.gateway.find_refund(replace(request, refund_id=REFUND + 1)) is None
    assert list(provider.gateway.refunds_of(session.provider_payment_id)) == [made]


def test_a_refund_without_the_number_of_the_money_finds_it_by_the_session(
    provider: Provider,
) -> None:
    request = refund_of(paid(provider), provider_payment_id="")

    assert provider.gateway.refund(request).status == RefundStatus.SUCCEEDED


@pytest.mark.parametrize(
    "amounts",
    [
        pytest.param(["45.01"], id="more"),
        pytest.param(["25.00", "20.01"], id="more-together"),
        pytest.param(["45.00", "0.50"], id="after-all-of-it"),
    ],
)
def test_never_more_goes_back_than_came(provider: Provider, amounts: list[str]) -> None:
    session = paid(provider)
    requests = [
        refund_of(session, idempotency_key=f"r{n}", refund_id=n, amount=Decimal(amount))
        for n, amount in enumerate(amounts)
    ]
    for request in requests[:-1]:
        provider.gateway.refund(request)

    with pytest.raises(GatewayRefused):
        provider.gateway.refund(requests[-1])

    given = [refund.amount for refund in provider.gateway.refunds(since=an_hour_ago())]
    assert given == [request.amount for request in requests[:-1]]


def test_what_was_not_paid_is_not_paid_back(provider: Provider) -> None:
    session = provider.gateway.create_session(asked())

    with pytest.raises(GatewayRefused):
        provider.gateway.refund(refund_of(session))

    assert list(provider.gateway.refunds(since=an_hour_ago())) == []


def test_lists_say_what_is_new_and_leave_out_what_is_old(provider: Provider) -> None:
    made = [paid(provider, idempotency_key=f"key{n}", payment_id=n).id for n in range(3)]

    assert sorted(all_ids(provider)) == sorted(made)
    charges = provider.gateway.charges(since=an_hour_ago())
    assert sorted(charge.payment_id or 0 for charge in charges) == [0, 1, 2]
    ahead = timezone.now() + timedelta(hours=1)
    for found in (
        provider.gateway.sessions(since=ahead),
        provider.gateway.charges(since=ahead),
        provider.gateway.refunds(since=ahead),
        provider.gateway.disputes(since=ahead),
    ):
        assert list(found) == []


def test_an_unsigned_event_is_not_believed(provider: Provider) -> None:
    for signature in ("", "t=1,v1=00", "nonsense"):
        with pytest.raises(BadSignature):
            provider.gateway.read_event(b'{"id": "evt_1"}', signature)


def all_ids(provider: Provider) -> list[str]:
    return [session.id for session in provider.gateway.sessions(since=an_hour_ago())]


def an_hour_ago() -> Any:
    return timezone.now() - timedelta(hours=1)
