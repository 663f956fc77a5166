"""What is said to Stripe about subscriptions, and what its answers and events mean."""

import json
import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from payments.errors import BadSignature, GatewayRefused, GatewayUnavailable, UnreadableEvent
from payments.gateways.base import (
    AgreementHint,
    AgreementStatus,
    InvoiceStatus,
    ProviderAgreement,
    ProviderInvoice,
    Recurring,
    Session,
    SessionRequest,
    SessionStatus,
)
from payments.gateways.stripe import StripeGateway
from payments.states import Wanted
from tests.money.stripe_desk import AT, SESSION, STAMP, Desk, error, event, listed, signed

DAY = 24 * 60 * 60
MONTH = 30 * DAY
SUBSCRIPTION = {
    "id": "sub_1",
    "object": "subscription",
    "cancel_at": None,
    "cancel_at_period_end": False,
    "created": STAMP,
    "ended_at": None,
    "items": listed({"id": "si_1", "current_period_end": STAMP + MONTH}),
    "metadata": {"agreement_id": "11", "payment_id": "7", "attempt_id": "9"},
    "status": "active",
    "trial_end": None,
}
INVOICE = {
    "id": "in_1",
    "object": "invoice",
    "amount_due": 900,
    "amount_paid": 900,
    "created": STAMP,
    "currency": "usd",
    "hosted_invoice_url": "https://invoice.stripe.com/i/in_1",
    "lines": listed({"id": "il_1", "period": {"start": STAMP, "end": STAMP + MONTH}}),
    "parent": {
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": "sub_1"},
        "type": "subscription_details",
    },
    "payments": listed(
        {
            "id": "inpay_1",
            "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
            "status": "paid",
        }
    ),
    # The period before: not what is paid for.
    "period_end": STAMP,
    "period_start": STAMP,
    "status": "paid",
    "status_transitions": {"paid_at": STAMP + 60},
}


def request(**changes: Any) -> SessionRequest:
    given: dict[str, Any] = {
        "idempotency_key": "key-1",
        "amount": Decimal("9.00"),
        "currency": "USD",
        "description": "House",
        "customer_email": "ada@example.com",
        "return_url": "https://site.example.com/pay/token/return",
        "expires_at": AT + timedelta(minutes=61),
        "payment_id": 7,
        "attempt_id": 9,
        "methods": ("card",),
        "recurring": Recurring(agreement_id=11, interval="month"),
    }
    return SessionRequest(**given | changes)


@pytest.mark.parametrize(
    ("recurring", "said"),
    [
        pytest.param(
            Recurring(agreement_id=11, interval="month"), ("month", "1", None), id="month"
        ),
        pytest.param(
            Recurring(agreement_id=11, interval="quarter"), ("month", "3", None), id="quarter"
        ),
        pytest.param(
            Recurring(agreement_id=11, interval="year", trial_days=14),
            ("year", "1", "14"),
            id="year-after-a-trial",
        ),
    ],
)
def test_a_session_says_what_is_renewed(
    desk: Desk,
    shop: StripeGateway,
    recurring: Recurring,
    said: tuple[str, str, str | None],
) -> None:
    desk.answers = [SESSION | {"mode": "subscription"}]

    shop.create_session(request(recurring=recurring))

    unit, count, days = said
    trial = {"subscription_data[trial_period_days]": days} if days else {}
    assert desk.calls[0].form == {
        "mode": "subscription",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "900",
        "line_items[0][price_data][product_data][name]": "House",
        "line_items[0][price_data][recurring][interval]": unit,
        "line_items[0][price_data][recurring][interval_count]": count,
        "client_reference_id": "key-1",
        "metadata[payment_id]": "7",
        "metadata[attempt_id]": "9",
        "metadata[agreement_id]": "11",
        "subscription_data[metadata][payment_id]": "7",
        "subscription_data[metadata][attempt_id]": "9",
        "subscription_data[metadata][agreement_id]": "11",
        "subscription_data[description]": "House",
        "payment_method_collection": "always",
        "success_url": "https://site.example.com/pay/token/return",
        "cancel_url": "https://site.example.com/pay/token/return",
        "expires_at": str(STAMP + 61 * 60),
        "adaptive_pricing[enabled]": "false",
        "customer_email": "ada@example.com",
        "allowed_payment_method_types[0]": "card",
        **trial,
    }


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"status": "open"}, SessionStatus.OPEN),
        ({"status": "complete", "payment_status": "paid"}, SessionStatus.PAID),
        ({"status": "complete", "payment_status": "no_payment_required"}, SessionStatus.PAID),
        ({"status": "complete", "subscription": SUBSCRIPTION}, SessionStatus.PROCESSING),
        (
            {"status": "complete", "subscription": SUBSCRIPTION | {"status": "incomplete_expired"}},
            SessionStatus.FAILED,
        ),
        (
            {"status": "complete", "subscription": SUBSCRIPTION | {"status": "canceled"}},
            SessionStatus.FAILED,
        ),
    ],
)
def test_a_session_says_what_it_began(
    desk: Desk, shop: StripeGateway, said: dict[str, Any], means: SessionStatus
) -> None:
    began = {"subscription": SUBSCRIPTION, "invoice": INVOICE} | said
    desk.answers = [SESSION | {"mode": "subscription"} | began]

    is_free = said.get("payment_status") == "no_payment_required"
    assert shop.fetch_session("cs_1") == Session(
        id="cs_1",
        url="https://checkout.stripe.com/c/pay/cs_1",
        status=means,
        amount=Decimal(0) if is_free else Decimal("80.00"),
        currency="USD",
        provider_payment_id="pi_1",
        payment_id=7,
        reference="key-1",
        created_at=AT,
        agreement_number="sub_1",
        invoice_id="in_1",
    )


def test_a_subscription_is_told_with_its_bills(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [SUBSCRIPTION, listed(INVOICE)]

    found = shop.fetch_agreement("sub_1")

    assert [(call.path, call.query) for call in desk.calls] == [
        ("/v1/subscriptions/sub_1", {}),
        (
            "/v1/invoices",
            {"subscription": "sub_1", "limit": "100", "expand[0]": "data.payments"},
        ),
    ]
    assert found == ProviderAgreement(
        id="sub_1",
        status=AgreementStatus.ACTIVE,
        agreement_id=11,
        period_end=AT + timedelta(days=30),
        invoices=(
            ProviderInvoice(
                id="in_1",
                status=InvoiceStatus.PAID,
                amount=Decimal("9.00"),
                paid=Decimal("9.00"),
                currency="USD",
                provider_payment_id="pi_1",
                covers_from=AT,
                covers_until=AT + timedelta(days=30),
                paid_at=AT + timedelta(minutes=1),
                created_at=AT,
            ),
        ),
        created_at=AT,
    )


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("incomplete", AgreementStatus.INCOMPLETE),
        ("incomplete_expired", AgreementStatus.ENDED),
        ("trialing", AgreementStatus.TRIALING),
        ("active", AgreementStatus.ACTIVE),
        ("past_due", AgreementStatus.PAST_DUE),
        ("unpaid", AgreementStatus.PAST_DUE),
        ("paused", AgreementStatus.PAST_DUE),
        ("canceled", AgreementStatus.ENDED),
    ],
)
def test_each_of_stripe_s_states_is_one_of_ours(
    desk: Desk, shop: StripeGateway, said: str, means: AgreementStatus
) -> None:
    desk.answers = [SUBSCRIPTION | {"status": said}, listed()]

    assert shop.fetch_agreement("sub_1").status == means


def test_a_state_that_we_do_not_know_is_no_answer(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [SUBSCRIPTION | {"status": "asleep"}, listed()]

    with pytest.raises(GatewayUnavailable):
        shop.fetch_agreement("sub_1")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        pytest.param({}, False, id="runs"),
        pytest.param({"cancel_at_period_end": True}, True, id="at-the-end"),
        pytest.param({"cancel_at": STAMP + MONTH}, True, id="at-that-date"),
        pytest.param({"cancel_at": STAMP + DAY}, True, id="sooner"),
        pytest.param({"cancel_at": STAMP + 2 * MONTH}, False, id="at-a-later-date"),
    ],
)
def test_an_end_in_the_dashboard_can_be_a_date(
    desk: Desk, shop: StripeGateway, said: dict[str, Any], means: bool
) -> None:
    desk.answers = [SUBSCRIPTION | said, listed()]

    assert shop.fetch_agreement("sub_1").ends_at_period_end is means


@pytest.mark.parametrize(
    ("said", "means"),
    [
        pytest.param({"status": "draft"}, (InvoiceStatus.DRAFT, "", None), id="draft"),
        pytest.param(
            {"status": "open"},
            (InvoiceStatus.OPEN, "https://invoice.stripe.com/i/in_1", AT + timedelta(days=3)),
            id="open",
        ),
        pytest.param(
            {"status": "open", "next_payment_attempt": None},
            (InvoiceStatus.OPEN, "https://invoice.stripe.com/i/in_1", None),
            id="open-and-not-tried-again",
        ),
        pytest.param({"status": "void"}, (InvoiceStatus.DEAD, "", None), id="void"),
        pytest.param({"status": "uncollectible"}, (InvoiceStatus.DEAD, "", None), id="given-up"),
    ],
)
def test_only_an_open_bill_is_tried_again_or_can_be_paid_by_hand(
    desk: Desk,
    shop: StripeGateway,
    said: dict[str, Any],
    means: tuple[InvoiceStatus, str, datetime | None],
) -> None:
    unpaid = {
        "amount_paid": 0,
        "payments": listed(),
        "status_transitions": {"paid_at": None},
        "next_payment_attempt": STAMP + 3 * 24 * 3600,
    }
    desk.answers = [SUBSCRIPTION, listed(INVOICE | unpaid | said)]

    [bill] = shop.fetch_agreement("sub_1").invoices

    assert (bill.status, bill.pay_url, bill.next_try_at) == means
    assert (bill.paid, bill.paid_at, bill.provider_payment_id) == (Decimal(0), None, "")


def test_the_money_is_the_payment_that_came(desk: Desk, shop: StripeGateway) -> None:
    def payment(status: str, kind: str, number: str) -> dict[str, Any]:
        return {"payment": {"type": kind, kind: number}, "status": status}

    payments = listed(
        payment("canceled", "payment_intent", "pi_0"),
        payment("open", "payment_intent", "pi_2"),
        # By hand, in the dashboard: no money that we could give back.
        payment("paid", "payment_record", "payrec_1"),
        payment("paid", "payment_intent", "pi_1"),
    )
    desk.answers = [SUBSCRIPTION, listed(INVOICE | {"payments": payments})]

    assert shop.fetch_agreement("sub_1").invoices[0].provider_payment_id == "pi_1"


@pytest.mark.parametrize(
    ("wanted", "call"),
    [
        (Wanted.RUN, ("POST", {"cancel_at_period_end": "false"}, {})),
        (Wanted.END_LATER, ("POST", {"cancel_at_period_end": "true"}, {})),
        (Wanted.END_NOW, ("DELETE", {}, {"invoice_now": "false", "prorate": "false"})),
    ],
)
def test_what_is_wanted_is_said_in_stripe_s_words(
    desk: Desk, shop: StripeGateway, wanted: Wanted, call: tuple[str, Any, Any]
) -> None:
    bills = [listed(INVOICE)] if wanted == Wanted.END_NOW else []
    desk.answers = [SUBSCRIPTION, *bills, SUBSCRIPTION, listed(INVOICE)]

    shop.set_agreement("sub_1", wanted)

    first = desk.calls[0]
    assert first.path == "/v1/subscriptions/sub_1"
    assert (first.method, first.form, first.query) == call


def test_ending_at_once_voids_what_is_open(desk: Desk, shop: StripeGateway) -> None:
    unpaid = INVOICE | {"id": "in_2", "status": "open"}
    ended = SUBSCRIPTION | {"status": "canceled", "ended_at": STAMP}
    desk.answers = [ended, listed(unpaid, INVOICE), error(400), ended, listed(unpaid, INVOICE)]

    # It was paid or voided a moment ago: a no, and no trouble.
    found = shop.set_agreement("sub_1", Wanted.END_NOW)

    assert found.status == AgreementStatus.ENDED
    assert [(call.method, call.path) for call in desk.calls] == [
        ("DELETE", "/v1/subscriptions/sub_1"),
        ("GET", "/v1/invoices"),
        ("POST", "/v1/invoices/in_2/void"),
        ("GET", "/v1/subscriptions/sub_1"),
        ("GET", "/v1/invoices"),
    ]


@pytest.mark.parametrize("wanted", list(Wanted))
def test_a_no_to_what_still_runs_stays_a_no(
    desk: Desk, shop: StripeGateway, wanted: Wanted
) -> None:
    desk.answers = [error(400), SUBSCRIPTION, listed(INVOICE)]

    with pytest.raises(GatewayRefused):
        shop.set_agreement("sub_1", wanted)


def test_subscriptions_are_listed_page_by_page(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [
        listed(SUBSCRIPTION | {"latest_invoice": INVOICE}, has_more=True),
        listed(SUBSCRIPTION | {"id": "sub_2", "latest_invoice": None, "metadata": {}}),
    ]

    found = list(shop.agreements(since=AT))

    assert [(each.id, each.agreement_id, len(each.invoices)) for each in found] == [
        ("sub_1", 11, 1),
        ("sub_2", None, 0),
    ]
    assert desk.calls[0].query == {
        "created[gte]": str(STAMP),
        "expand[0]": "data.latest_invoice.payments",
        "limit": "100",
        "status": "all",
    }
    assert desk.calls[1].query["starting_after"] == "sub_1"


def test_events_hint_at_their_subscription(shop: StripeGateway) -> None:
    def subject(kind: str, thing: dict[str, Any]) -> Any:
        body = event(kind, thing)
        return shop.subject_of(shop.read_event(body.encode(), signed(body)))

    for what in ("created", "updated", "deleted", "paused", "resumed", "trial_will_end"):
        assert subject(f"customer.subscription.{what}", SUBSCRIPTION) == AgreementHint(
            agreement_number="sub_1"
        )
    # An event's bill comes without its payments.
    bare = {name: value for name, value in INVOICE.items() if name != "payments"}
    for what in (
        "paid",
        "payment_failed",
        "payment_action_required",
        "finalized",
        "voided",
        "marked_uncollectible",
        "updated",
    ):
        assert subject(f"invoice.{what}", bare) == AgreementHint(agreement_number="sub_1")
    assert subject("invoice.paid", INVOICE).provider_payment_id == "pi_1"
    assert subject("invoice.paid", bare | {"parent": None}) is None
    assert subject("invoice.created", bare) is None
    assert subject("invoice_payment.paid", {"id": "inpay_1", "invoice": "in_1"}) is None


NO_THINGS: list[Any] = [
    None,
    [],
    "text",
    7,
    {"id": None, "mode": "payment", "parent": 7},
    {"id": 7, "mode": "subscription", "parent": {"subscription_details": [7]}},
    {
        "id": "x" * 256,
        "mode": "payment",
        "status": "open",
        "currency": "usd",
        "amount": 1,
        "amount_total": "much",
        "amount_captured": 1,
        "amount_refunded": 1,
        "created": 1,
        "parent": {"subscription_details": {"subscription": "x" * 256}},
    },
    {
        "id": "\ud800",
        "mode": "payment",
        "status": "open",
        "currency": "usd",
        "amount": 1,
        "amount_total": 1,
        "amount_captured": 1,
        "amount_refunded": 1,
        "created": 10**18,
        "parent": {"subscription_details": {"subscription": "\ud800"}},
    },
]
SIGNED_NONSENSE: list[tuple[str, Any]] = [
    (kind, thing)
    for kind in (
        "checkout.session.completed",
        "refund.created",
        "charge.refunded",
        "charge.dispute.created",
        "customer.subscription.updated",
        "invoice.paid",
    )
    for thing in NO_THINGS
]


@pytest.mark.parametrize(("kind", "thing"), SIGNED_NONSENSE)
def test_signed_nonsense_is_unreadable_and_no_crash(
    shop: StripeGateway, kind: str, thing: Any
) -> None:
    body = event(kind, thing)
    read = shop.read_event(body.encode(), signed(body))

    with pytest.raises(UnreadableEvent):
        shop.subject_of(read)


@pytest.mark.parametrize("data", ["nothing", None, {}, [], {"object": None}])
def test_an_event_without_its_thing_is_unreadable(shop: StripeGateway, data: Any) -> None:
    told = {"id": "evt_1", "type": "invoice.paid", "created": STAMP, "data": data}
    if data == "nothing":
        del told["data"]
    body = json.dumps(told)
    read = shop.read_event(body.encode(), signed(body))

    with pytest.raises(UnreadableEvent):
        shop.subject_of(read)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": None}, id="no-number"),
        pytest.param({"id": ""}, id="an-empty-number"),
        pytest.param({"id": ["evt_1"]}, id="a-list"),
        pytest.param({"id": "x" * 256}, id="too-long-to-keep"),
        pytest.param({"id": "\ud800"}, id="half-a-character"),
        pytest.param({"type": None}, id="no-kind"),
        pytest.param({"type": {}}, id="a-strange-kind"),
        pytest.param({"created": "today"}, id="no-time"),
        pytest.param({"created": 10**18}, id="after-all-time"),
        pytest.param({"data": {"object": math.nan}}, id="no-number-at-all"),
    ],
)
def test_what_can_not_be_kept_is_no_event(shop: StripeGateway, changes: dict[str, Any]) -> None:
    told = {"id": "evt_1", "type": "invoice.paid", "created": STAMP, "data": {}} | changes
    body = json.dumps(told)

    with pytest.raises(BadSignature):
        shop.read_event(body.encode(), signed(body))
