"""What every provider must keep to with subscriptions: one life for demo and Stripe.

Stripe is the double over HTTP, spoken to by the real SDK. Each has its own clock, put forward here.
"""

import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways import demo
from payments.gateways.base import (
    AgreementHint,
    AgreementStatus,
    Gateway,
    InvoiceStatus,
    ProviderAgreement,
    ProviderEvent,
    ProviderInvoice,
    Recurring,
    RefundRequest,
    Session,
    SessionRequest,
    SessionStatus,
)
from payments.gateways.demo import DemoGateway
from payments.gateways.stripe import StripeGateway
from payments.states import Wanted
from tests.stripe_double import StripeDouble

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = Decimal("9.00")
AGREEMENT = 11
DAY = timedelta(days=1)
# From one month's bill to the next, the hour between draft and collection included.
MONTH = 31 * DAY + timedelta(hours=2)
# Stripe counts in seconds, and the test takes some.
SOON = timedelta(minutes=2)


class Provider(ABC):
    """A gateway, what the customer does there, and its clock."""

    gateway: Gateway

    def __init__(self) -> None:
        self.now = timezone.now()

    @abstractmethod
    def pay(self, session_id: str) -> bool: ...

    @abstractmethod
    def set_card(self, number: str, *, works: bool) -> None: ...

    @abstractmethod
    def pay_by_hand(self, bill: ProviderInvoice, number: str) -> None: ...

    def advance(self, span: timedelta) -> None:
        self.now += span


class Demo(Provider):
    gateway = DemoGateway()

    def __init__(self, clocks: ExitStack) -> None:
        super().__init__()
        self._clocks = clocks

    def pay(self, session_id: str) -> bool:
        return demo.pay(session_id, at=self.now)

    def set_card(self, number: str, *, works: bool) -> None:
        demo.set_card(number, works=works)

    def pay_by_hand(self, bill: ProviderInvoice, number: str) -> None:
        demo.pay_bill(number)

    def advance(self, span: timedelta) -> None:
        super().advance(span)
        self._clocks.enter_context(demo.clock_at(self.now))


class Stripe(Provider):
    def __init__(self, double: StripeDouble) -> None:
        super().__init__()
        self.gateway = StripeGateway()
        self._double = double

    def pay(self, session_id: str) -> bool:
        return self._double.books.pay(session_id)

    def set_card(self, number: str, *, works: bool) -> None:
        self._double.books.billing.set_card(number, works=works)

    def pay_by_hand(self, bill: ProviderInvoice, number: str) -> None:
        with urllib.request.urlopen(bill.pay_url, data=b"do=pay") as page:
            assert b"Invoice paid" in page.read()

    def advance(self, span: timedelta) -> None:
        super().advance(span)
        self._double.books.advance(span.total_seconds())


@pytest.fixture(params=["demo", "stripe"])
def provider(request: pytest.FixtureRequest, db: None) -> Iterator[Provider]:
    with ExitStack() as clocks:
        if request.param == "demo":
            yield Demo(clocks)
        else:
            yield Stripe(request.getfixturevalue("stripe_double"))


def asked(*, trial_days: int = 0, interval: str = "month", **changes: Any) -> SessionRequest:
    return replace(
        SessionRequest(
            idempotency_key="key",
            amount=PRICE,
            currency="USD",
            description="House, monthly",
            customer_email="ada@example.com",
            return_url="https://shop.example/pay/token/return",
            expires_at=timezone.now() + timedelta(minutes=31),
            payment_id=7,
            attempt_id=9,
            methods=("card",),
            recurring=Recurring(agreement_id=AGREEMENT, interval=interval, trial_days=trial_days),
        ),
        **changes,
    )


def begun(provider: Provider, **changes: Any) -> Session:
    session = provider.gateway.create_session(asked(**changes))
    assert provider.pay(session.id)
    return provider.gateway.fetch_session(session.id)


def standing(provider: Provider, session: Session) -> ProviderAgreement:
    return provider.gateway.fetch_agreement(session.agreement_number)


def bills(agreement: ProviderAgreement) -> list[tuple[InvoiceStatus, Decimal, Decimal]]:
    return [(bill.status, bill.amount, bill.paid) for bill in agreement.invoices]


def is_about(found: datetime | None, wanted: datetime) -> bool:
    return found is not None and abs(found - wanted) < SOON


PAID = (InvoiceStatus.PAID, PRICE, PRICE)
OPEN = (InvoiceStatus.OPEN, PRICE, Decimal(0))
FREE = (InvoiceStatus.PAID, Decimal(0), Decimal(0))


def test_nothing_is_begun_before_it_is_paid(provider: Provider) -> None:
    session = provider.gateway.create_session(asked())

    assert (session.status, session.amount, session.currency) == (SessionStatus.OPEN, PRICE, "USD")
    assert (session.agreement_number, session.invoice_id, session.provider_payment_id) == (
        "",
        "",
        "",
    )
    assert (session.payment_id, session.reference) == (7, "key")
    assert provider.gateway.create_session(asked(expires_at=asked().expires_at)).id == session.id
    assert list(provider.gateway.agreements(since=an_hour_ago())) == []


def test_paying_begins_it_with_its_first_bill(provider: Provider) -> None:
    session = begun(provider)

    assert (session.status, session.amount) == (SessionStatus.PAID, PRICE)
    agreement = standing(provider, session)
    assert (agreement.id, agreement.status, agreement.agreement_id) == (
        session.agreement_number,
        AgreementStatus.ACTIVE,
        AGREEMENT,
    )
    assert (agreement.trial_ends_at, agreement.ended_at, agreement.ends_at_period_end) == (
        None,
        None,
        False,
    )
    [bill] = agreement.invoices
    assert (bill.id, bill.provider_payment_id) == (session.invoice_id, session.provider_payment_id)
    assert bill.provider_payment_id
    assert (bill.status, bill.amount, bill.paid, bill.currency) == (*PAID, "USD")
    assert is_about(bill.covers_from, provider.now)
    assert is_about(bill.paid_at, provider.now)
    assert bill.covers_until == agreement.period_end
    assert bill.pay_url == ""
    assert not provider.pay(session.id)
    [charge] = provider.gateway.charges(since=an_hour_ago())
    assert (charge.provider_payment_id, charge.amount, charge.refunded, charge.payment_id) == (
        session.provider_payment_id,
        PRICE,
        Decimal(0),
        None,
    )
    assert list(provider.gateway.sessions(since=an_hour_ago())) == [session]


def test_a_trial_costs_nothing_and_covers_its_days(provider: Provider) -> None:
    session = begun(provider, trial_days=14)

    assert (session.status, session.amount) == (SessionStatus.PAID, Decimal(0))
    assert session.provider_payment_id == ""
    agreement = standing(provider, session)
    assert agreement.status == AgreementStatus.TRIALING
    assert is_about(agreement.trial_ends_at, provider.now + 14 * DAY)
    assert agreement.period_end == agreement.trial_ends_at
    [bill] = agreement.invoices
    assert bills(agreement) == [FREE]
    assert (bill.id, bill.covers_until) == (session.invoice_id, agreement.trial_ends_at)
    assert list(provider.gateway.charges(since=an_hour_ago())) == []


def test_after_the_trial_comes_the_first_money(provider: Provider) -> None:
    session = begun(provider, trial_days=14)
    trial_ends_at = standing(provider, session).trial_ends_at

    provider.advance(14 * DAY + timedelta(hours=2))

    agreement = standing(provider, session)
    assert agreement.status == AgreementStatus.ACTIVE
    assert bills(agreement) == [PAID, FREE]
    assert agreement.invoices[0].covers_from == trial_ends_at == agreement.trial_ends_at
    assert agreement.invoices[0].covers_until == agreement.period_end


@pytest.mark.parametrize(("interval", "days"), [("month", 30), ("quarter", 91), ("year", 365)])
def test_a_bill_covers_its_interval(provider: Provider, interval: str, days: int) -> None:
    [bill] = standing(provider, begun(provider, interval=interval)).invoices

    assert bill.covers_from is not None
    assert bill.covers_until is not None
    assert abs(bill.covers_until - bill.covers_from - days * DAY) <= 2 * DAY


def test_each_renewal_is_a_bill_of_its_own(provider: Provider) -> None:
    session = begun(provider)
    provider.advance(MONTH)
    provider.advance(MONTH)

    agreement = standing(provider, session)

    assert agreement.status == AgreementStatus.ACTIVE
    assert bills(agreement) == [PAID, PAID, PAID]
    newest, middle, first = agreement.invoices
    assert (newest.covers_from, middle.covers_from) == (middle.covers_until, first.covers_until)
    assert newest.covers_until == agreement.period_end
    assert len({bill.id for bill in agreement.invoices}) == 3
    assert len({bill.provider_payment_id for bill in agreement.invoices}) == 3
    assert first.id == session.invoice_id


def test_a_renewal_s_money_goes_back_by_its_own_number(provider: Provider) -> None:
    session = begun(provider)
    provider.advance(MONTH)
    newest, first = standing(provider, session).invoices
    # As an attempt without a session asks for it.
    request = RefundRequest(
        idempotency_key="r",
        session_id="",
        amount=PRICE,
        currency="USD",
        refund_id=3,
        provider_payment_id=newest.provider_payment_id,
    )

    made = provider.gateway.refund(request)

    assert (made.amount, made.provider_payment_id) == (PRICE, newest.provider_payment_id)
    assert provider.gateway.refund(request) == made == provider.gateway.find_refund(request)
    assert list(provider.gateway.refunds_of(newest.provider_payment_id)) == [made]
    assert list(provider.gateway.refunds_of(first.provider_payment_id)) == []
    assert list(provider.gateway.refunds(since=an_hour_ago())) == [made]
    charges = provider.gateway.charges(since=an_hour_ago())
    assert {each.provider_payment_id: each.refunded for each in charges} == {
        newest.provider_payment_id: PRICE,
        first.provider_payment_id: Decimal(0),
    }
    with pytest.raises(GatewayRefused):
        provider.gateway.refund(replace(request, idempotency_key="more", refund_id=4))


def test_the_first_bill_s_money_goes_back_by_the_session_too(provider: Provider) -> None:
    session = begun(provider)
    request = RefundRequest(
        idempotency_key="r", session_id=session.id, amount=PRICE, currency="USD", refund_id=3
    )

    assert provider.gateway.refund(request).provider_payment_id == session.provider_payment_id


def test_of_a_trial_nothing_can_go_back(provider: Provider) -> None:
    session = begun(provider, trial_days=14)

    with pytest.raises(GatewayRefused):
        provider.gateway.refund(
            RefundRequest(
                idempotency_key="r",
                session_id=session.id,
                amount=PRICE,
                currency="USD",
                refund_id=3,
            )
        )


def failed(provider: Provider, **changes: Any) -> Session:
    """Its renewal was tried in vain."""
    session = begun(provider, **changes)
    provider.set_card(session.agreement_number, works=False)
    provider.advance(MONTH)
    return session


def test_a_renewal_that_fails_leaves_a_bill_that_can_be_paid(provider: Provider) -> None:
    session = failed(provider)

    agreement = standing(provider, session)

    assert agreement.status == AgreementStatus.PAST_DUE
    assert bills(agreement) == [OPEN, PAID]
    newest, first = agreement.invoices
    assert newest.pay_url.startswith("http")
    assert (newest.provider_payment_id, newest.paid_at) == ("", None)
    assert newest.covers_from == first.covers_until
    assert len(list(provider.gateway.charges(since=an_hour_ago()))) == 1


@pytest.mark.parametrize("how", ["by-hand", "by-the-next-try"])
def test_it_recovers_when_the_bill_is_paid(provider: Provider, how: str) -> None:
    session = failed(provider)
    if how == "by-hand":
        provider.pay_by_hand(standing(provider, session).invoices[0], session.agreement_number)
    else:
        provider.set_card(session.agreement_number, works=True)
        provider.advance(4 * DAY)

    agreement = standing(provider, session)

    assert agreement.status == AgreementStatus.ACTIVE
    assert bills(agreement) == [PAID, PAID]
    assert agreement.invoices[0].provider_payment_id
    assert agreement.invoices[0].pay_url == ""


def test_a_bill_that_nobody_pays_ends_it(provider: Provider) -> None:
    session = failed(provider)

    provider.advance(20 * DAY)

    agreement = standing(provider, session)
    assert agreement.status == AgreementStatus.ENDED
    assert agreement.ended_at is not None
    assert len(list(provider.gateway.charges(since=an_hour_ago()))) == 1


def test_it_ends_when_what_is_paid_for_is_over(provider: Provider) -> None:
    session = begun(provider)
    number = session.agreement_number

    for _ in range(2):
        agreement = provider.gateway.set_agreement(number, Wanted.END_LATER)
        assert (agreement.status, agreement.ends_at_period_end) == (AgreementStatus.ACTIVE, True)
    period_end = agreement.period_end
    provider.advance(MONTH)

    agreement = standing(provider, session)
    assert (agreement.status, agreement.ended_at) == (AgreementStatus.ENDED, period_end)
    assert bills(agreement) == [PAID]


def test_a_trial_ends_without_a_bill(provider: Provider) -> None:
    session = begun(provider, trial_days=14)
    provider.gateway.set_agreement(session.agreement_number, Wanted.END_LATER)

    provider.advance(15 * DAY)

    agreement = standing(provider, session)
    assert (agreement.status, agreement.ended_at) == (
        AgreementStatus.ENDED,
        agreement.trial_ends_at,
    )
    assert bills(agreement) == [FREE]


def test_an_end_can_be_taken_back_before_it_comes(provider: Provider) -> None:
    session = begun(provider)
    provider.gateway.set_agreement(session.agreement_number, Wanted.END_LATER)

    for _ in range(2):
        agreement = provider.gateway.set_agreement(session.agreement_number, Wanted.RUN)
        assert not agreement.ends_at_period_end
    provider.advance(MONTH)

    agreement = standing(provider, session)
    assert agreement.status == AgreementStatus.ACTIVE
    assert bills(agreement) == [PAID, PAID]


def test_it_ends_at_once_and_again_is_harmless(provider: Provider) -> None:
    session = begun(provider)

    ended = provider.gateway.set_agreement(session.agreement_number, Wanted.END_NOW)

    assert ended.status == AgreementStatus.ENDED
    assert is_about(ended.ended_at, provider.now)
    assert bills(ended) == [PAID]
    for wanted in Wanted:
        assert provider.gateway.set_agreement(session.agreement_number, wanted) == ended
    provider.advance(MONTH)
    assert bills(standing(provider, session)) == [PAID]


def test_nobody_can_pay_the_bill_of_what_was_ended(provider: Provider) -> None:
    session = failed(provider)

    agreement = provider.gateway.set_agreement(session.agreement_number, Wanted.END_NOW)

    assert agreement.status == AgreementStatus.ENDED
    assert bills(agreement) == [(InvoiceStatus.DEAD, PRICE, Decimal(0)), PAID]
    assert agreement.invoices[0].pay_url == ""


def test_an_expired_session_begins_nothing(provider: Provider) -> None:
    session = provider.gateway.create_session(asked())

    expired = provider.gateway.expire_session(session.id, at=provider.now)

    assert expired.status == SessionStatus.EXPIRED
    assert not provider.pay(session.id)
    assert list(provider.gateway.agreements(since=an_hour_ago())) == []


def test_the_list_has_them_all_the_ended_too(provider: Provider) -> None:
    sessions = [
        begun(
            provider,
            idempotency_key=f"key{n}",
            recurring=Recurring(agreement_id=n, interval="month"),
        )
        for n in range(3)
    ]
    provider.gateway.set_agreement(sessions[1].agreement_number, Wanted.END_NOW)

    found = list(provider.gateway.agreements(since=an_hour_ago()))

    assert {each.id: (each.agreement_id, each.status) for each in found} == {
        sessions[0].agreement_number: (0, AgreementStatus.ACTIVE),
        sessions[1].agreement_number: (1, AgreementStatus.ENDED),
        sessions[2].agreement_number: (2, AgreementStatus.ACTIVE),
    }
    assert {each.invoices[0].id for each in found} == {each.invoice_id for each in sessions}
    later = timezone.now() + timedelta(hours=1)
    assert list(provider.gateway.agreements(since=later)) == []


@pytest.mark.parametrize("number", ["sub_nobody_made_this", ""])
def test_an_unknown_number_is_a_clear_no(provider: Provider, number: str) -> None:
    with pytest.raises(GatewayRefused):
        provider.gateway.fetch_agreement(number)
    for wanted in Wanted:
        with pytest.raises(GatewayRefused):
            provider.gateway.set_agreement(number, wanted)


def test_a_currency_without_decimals_is_told_exactly(provider: Provider) -> None:
    session = begun(provider, amount=Decimal(1200), currency="JPY")

    assert (session.amount, session.currency) == (Decimal(1200), "JPY")
    [bill] = standing(provider, session).invoices
    assert (bill.amount, bill.paid, bill.currency) == (Decimal(1200), Decimal(1200), "JPY")


@pytest.mark.parametrize("what", ["away", "cut_before", "cut_after", "too_many", "error_before"])
def test_no_clear_answer_about_a_subscription_is_no_answer(
    stripe_double: StripeDouble, what: str
) -> None:
    """And asked for again, it is done once."""
    provider = Stripe(stripe_double)
    session = begun(provider)
    number = session.agreement_number

    for kind, call in (
        ("subscription.retrieve", lambda: provider.gateway.fetch_agreement(number)),
        ("invoice.list", lambda: provider.gateway.fetch_agreement(number)),
        ("subscription.list", lambda: list(provider.gateway.agreements(since=an_hour_ago()))),
        (
            "subscription.update",
            lambda: provider.gateway.set_agreement(number, Wanted.END_LATER),
        ),
        ("subscription.cancel", lambda: provider.gateway.set_agreement(number, Wanted.END_NOW)),
    ):
        stripe_double.fail(what, kind=kind, times=2)
        with pytest.raises(GatewayUnavailable):
            call()
        stripe_double.faults.clear()

    agreement = provider.gateway.set_agreement(number, Wanted.END_NOW)
    assert agreement.status == AgreementStatus.ENDED
    assert bills(agreement) == [PAID]


def test_all_that_stripe_tells_of_a_life_leads_to_its_subscription(
    stripe_double: StripeDouble,
) -> None:
    provider = Stripe(stripe_double)
    session = failed(provider, trial_days=14)
    provider.set_card(session.agreement_number, works=True)
    provider.advance(4 * DAY)
    provider.gateway.set_agreement(session.agreement_number, Wanted.END_LATER)
    provider.advance(MONTH)
    hints: dict[str, set[str]] = {}
    for told in stripe_double.books.events.values():
        event = ProviderEvent(
            id=told["id"], kind=told["type"], created_at=provider.now, payload=told
        )
        subject = provider.gateway.subject_of(event)
        if isinstance(subject, AgreementHint):
            hints.setdefault(event.kind, set()).add(subject.agreement_number)
        elif isinstance(subject, Session):
            assert (subject.status, subject.agreement_number, subject.invoice_id) == (
                SessionStatus.PAID,
                session.agreement_number,
                session.invoice_id,
            )

    assert hints == {
        key: {session.agreement_number}
        for key in (
            "customer.subscription.created",
            "customer.subscription.updated",
            "customer.subscription.deleted",
            "customer.subscription.trial_will_end",
            "invoice.finalized",
            "invoice.paid",
            "invoice.payment_failed",
        )
    }


def an_hour_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)
