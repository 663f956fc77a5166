"""Stripe's unclear answers, by the double: what our gateway makes of them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways.base import SessionRequest, SessionStatus
from payments.gateways.stripe import StripeGateway
from tests.stripe_double import StripeDouble


@pytest.fixture
def request_() -> SessionRequest:
    return SessionRequest(
        idempotency_key="key",
        amount=Decimal("45.00"),
        currency="USD",
        description="Dr Weber",
        customer_email="ada@example.com",
        return_url="https://shop.example/pay/token/return",
        expires_at=timezone.now() + timedelta(minutes=31),
        payment_id=7,
        attempt_id=9,
    )


def test_a_500_that_stripe_keeps_is_a_no_when_it_made_nothing(
    stripe_double: StripeDouble, request_: SessionRequest
) -> None:
    """The key says nothing else for a day: the next try needs one of its own."""
    stripe_double.fail("error_before", kind="session.create")

    with pytest.raises(GatewayRefused):
        StripeGateway().create_session(request_)

    again = StripeGateway().create_session(replace(request_, idempotency_key="fresh"))
    assert list(stripe_double.books.sessions) == [again.id]


def test_a_500_that_stripe_keeps_hides_the_session_that_it_made(
    stripe_double: StripeDouble, request_: SessionRequest
) -> None:
    stripe_double.fail("error_after", kind="session.create")

    session = StripeGateway().create_session(request_)

    assert (session.status, session.reference) == (SessionStatus.OPEN, "key")
    assert list(stripe_double.books.sessions) == [session.id]


@pytest.mark.parametrize("what", ["away", "cut_before", "cut_after", "too_many"])
def test_no_clear_answer_is_no_answer(
    stripe_double: StripeDouble, request_: SessionRequest, what: str
) -> None:
    """Once more by the SDK itself, then it is said so; the same key goes on where it was."""
    stripe_double.fail(what, kind="session.create", times=2)

    with pytest.raises(GatewayUnavailable):
        StripeGateway().create_session(request_)
    stripe_double.faults.clear()

    session = StripeGateway().create_session(request_)
    assert list(stripe_double.books.sessions) == [session.id]
