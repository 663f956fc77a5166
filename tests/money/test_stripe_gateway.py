"""What is said to Stripe and what its answers mean, by the real SDK over real HTTP."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from payments.errors import BadSignature, GatewayRefused, GatewayUnavailable
from payments.gateways.base import (
    ProviderCharge,
    ProviderDispute,
    ProviderRefund,
    RefundRequest,
    RefundStatus,
    Session,
    SessionRequest,
    SessionStatus,
)
from payments.gateways.stripe import StripeGateway, client, from_units, to_units
from tests.money.stripe_desk import (
    AT,
    CHARGE,
    DISPUTE,
    REFUND,
    SECRET,
    SESSION,
    STAMP,
    Desk,
    error,
    event,
    listed,
    signed,
)


def request(**changes: Any) -> SessionRequest:
    given: dict[str, Any] = {
        "idempotency_key": "key-1",
        "amount": Decimal("80.00"),
        "currency": "USD",
        "description": "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)",
        "customer_email": "ada@example.com",
        "return_url": "https://site.example.com/pay/token/return",
        "expires_at": AT + timedelta(minutes=31),
        "payment_id": 7,
        "attempt_id": 9,
        "methods": ("card",),
    }
    return SessionRequest(**given | changes)


def refund_request(**changes: Any) -> RefundRequest:
    given: dict[str, Any] = {
        "idempotency_key": "key-r",
        "session_id": "cs_1",
        "amount": Decimal("40.00"),
        "currency": "USD",
        "refund_id": 5,
        "provider_payment_id": "pi_1",
    }
    return RefundRequest(**given | changes)


def test_a_session_says_all_that_is_frozen_on_its_row(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [SESSION]

    made = shop.create_session(request())

    call = desk.calls[0]
    assert (call.method, call.path) == ("POST", "/v1/checkout/sessions")
    assert call.form == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "8000",
        "line_items[0][price_data][product_data][name]": (
            "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)"
        ),
        "client_reference_id": "key-1",
        "metadata[payment_id]": "7",
        "metadata[attempt_id]": "9",
        "payment_intent_data[metadata][payment_id]": "7",
        "payment_intent_data[metadata][attempt_id]": "9",
        "payment_intent_data[description]": "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)",
        "success_url": "https://site.example.com/pay/token/return",
        "cancel_url": "https://site.example.com/pay/token/return",
        "expires_at": str(STAMP + 31 * 60),
        "adaptive_pricing[enabled]": "false",
        "customer_email": "ada@example.com",
        "allowed_payment_method_types[0]": "card",
    }
    assert call.headers["idempotency-key"] == "key-1"
    assert call.headers["stripe-version"] == client.API_VERSION
    assert "x-stripe-client-telemetry" not in call.headers
    assert made == Session(
        id="cs_1",
        url="https://checkout.stripe.com/c/pay/cs_1",
        status=SessionStatus.OPEN,
        amount=Decimal("80.00"),
        currency="USD",
        payment_id=7,
        reference="key-1",
        created_at=AT,
    )


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"status": "open"}, SessionStatus.OPEN),
        ({"status": "expired"}, SessionStatus.EXPIRED),
        ({"status": "complete", "payment_status": "paid"}, SessionStatus.PAID),
        ({"status": "complete", "payment_status": "no_payment_required"}, SessionStatus.PAID),
        ({"status": "complete", "payment_intent": "pi_1"}, SessionStatus.PROCESSING),
        (
            {"status": "complete", "payment_intent": {"id": "pi_1", "status": "processing"}},
            SessionStatus.PROCESSING,
        ),
        (
            {
                "status": "complete",
                "payment_intent": {"id": "pi_1", "status": "requires_payment_method"},
            },
            SessionStatus.FAILED,
        ),
        (
            # A declined card, at a page that is still open: not the end.
            {
                "status": "open",
                "payment_intent": {"id": "pi_1", "status": "requires_payment_method"},
            },
            SessionStatus.OPEN,
        ),
    ],
)
def test_only_money_that_is_there_is_paid(
    desk: Desk, shop: StripeGateway, said: dict[str, Any], means: SessionStatus
) -> None:
    desk.answers = [SESSION | said]

    found = shop.fetch_session("cs_1")

    assert found.status == means
    assert found.provider_payment_id == ("pi_1" if "payment_intent" in said else "")
    assert (desk.calls[0].path, desk.calls[0].query) == (
        "/v1/checkout/sessions/cs_1",
        {
            "expand[0]": "payment_intent",
            "expand[1]": "invoice.payments",
            "expand[2]": "subscription",
        },
    )


def test_expiring_what_was_paid_meanwhile_says_paid(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [
        error(400),
        SESSION
        | {"status": "complete", "payment_status": "paid", "payment_intent": {"id": "pi_1"}},
    ]

    session = shop.expire_session("cs_1", at=AT)

    assert session.status == SessionStatus.PAID
    assert [call.path for call in desk.calls] == [
        "/v1/checkout/sessions/cs_1/expire",
        "/v1/checkout/sessions/cs_1",
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("80.00", "USD", 8000),
        ("0.50", "EUR", 50),
        ("4510.00", "JPY", 4510),
        ("12000", "KRW", 12000),
        ("5.00", "ISK", 500),
        ("5.00", "UGX", 500),
        ("5.12", "KWD", 5120),
        ("1045.10", "TND", 1045100),
    ],
)
def test_amounts_are_exact_in_both_directions(amount: str, currency: str, units: int) -> None:
    assert to_units(Decimal(amount), currency) == units
    assert from_units(units, currency) == Decimal(amount)


def test_nothing_is_rounded_away() -> None:
    with pytest.raises(GatewayRefused):
        to_units(Decimal("10.50"), "JPY")
    assert from_units(5125, "KWD") == Decimal("5.125")


def test_a_refund_names_our_row(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [REFUND | {"status": "pending"}]

    made = shop.refund(refund_request())

    call = desk.calls[0]
    assert (call.path, call.headers["idempotency-key"]) == ("/v1/refunds", "key-r")
    assert call.form == {"payment_intent": "pi_1", "amount": "4000", "metadata[refund_id]": "5"}
    assert made == ProviderRefund(
        id="re_1",
        status=RefundStatus.PENDING,
        amount=Decimal("40.00"),
        currency="USD",
        provider_payment_id="pi_1",
        refund_id=5,
        created_at=AT,
    )


def test_a_refund_without_the_money_s_number_asks_for_it(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [SESSION | {"payment_intent": "pi_1"}, REFUND]

    shop.refund(refund_request(provider_payment_id=""))

    assert [call.path for call in desk.calls] == ["/v1/checkout/sessions/cs_1", "/v1/refunds"]
    assert desk.calls[1].form["payment_intent"] == "pi_1"


def test_a_refund_of_ours_is_found_among_others(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [
        listed(
            REFUND | {"id": "re_3", "metadata": {}}, REFUND | {"status": "failed"}, has_more=True
        ),
        listed(REFUND | {"id": "re_4", "metadata": {"refund_id": "6"}}, REFUND | {"id": "re_2"}),
    ]

    found = shop.find_refund(refund_request())

    assert found is not None
    assert (found.id, found.status) == ("re_2", RefundStatus.SUCCEEDED)
    assert desk.calls[0].query == {"payment_intent": "pi_1", "limit": "100"}
    assert desk.calls[1].query["starting_after"] == "re_1"
    desk.answers = [listed()]
    assert shop.find_refund(refund_request()) is None


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        pytest.param(error(400), GatewayRefused, id="bad-request"),
        pytest.param(error(404), GatewayRefused, id="not-there"),
        pytest.param(error(402, kind="card_error"), GatewayRefused, id="card"),
        pytest.param(error(401), GatewayUnavailable, id="our-key"),
        pytest.param(error(403), GatewayUnavailable, id="our-rights"),
        pytest.param(error(409), GatewayUnavailable, id="key-in-use"),
        pytest.param(error(429), GatewayUnavailable, id="too-fast"),
        pytest.param(error(400, kind="idempotency_error"), GatewayUnavailable, id="other-params"),
        pytest.param(error(500, kind="api_error"), GatewayUnavailable, id="their-fault"),
        pytest.param((200, "not an object", {}), GatewayUnavailable, id="nonsense"),
        pytest.param("cut", GatewayUnavailable, id="cut"),
    ],
)
def test_what_is_a_clear_no_and_what_is_not(
    desk: Desk, shop: StripeGateway, answer: Any, raised: type[Exception]
) -> None:
    desk.answers = [answer]

    with pytest.raises(raised) as caught:
        shop.refund(refund_request())

    assert not getattr(caught.value, "is_replay", False)


def test_a_silent_stripe_is_given_up_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.2)

    def sleepy(desk: Desk) -> dict[str, Any]:
        time.sleep(1)
        return SESSION

    monkeypatch.setattr(Desk, "next", sleepy)

    with pytest.raises(GatewayUnavailable):
        StripeGateway().fetch_session("cs_1")

    assert len(desk.calls) == 1 + client.RETRIES


def test_a_repeated_failure_is_known_for_one(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [error(500, kind="api_error", headers={"Idempotent-Replayed": "true"})]

    with pytest.raises(GatewayUnavailable) as caught:
        shop.refund(refund_request())

    assert caught.value.is_replay


def test_a_key_that_came_with_other_parameters_finds_its_session(
    desk: Desk, shop: StripeGateway
) -> None:
    desk.answers = [
        error(400, kind="idempotency_error"),
        listed(SESSION | {"id": "cs_0", "client_reference_id": "other"}, SESSION),
    ]

    assert shop.create_session(request()).id == "cs_1"
    assert desk.calls[1].query["created[gte]"] == str(STAMP + 31 * 60 - 24 * 3600)


def test_without_a_key_nothing_fails_for_good(desk: Desk, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(GatewayUnavailable, match="STRIPE_SECRET_KEY"):
        StripeGateway().refund(refund_request())
    assert desk.calls == []


def test_books_are_read_page_by_page(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [
        listed(SESSION, SESSION | {"id": "cs_2", "mode": "setup"}, has_more=True),
        listed(SESSION | {"id": "cs_3"}),
    ]
    assert [each.id for each in shop.sessions(since=AT)] == ["cs_1", "cs_3"]
    assert desk.calls[0].query["created[gte]"] == str(STAMP)
    assert desk.calls[1].query["starting_after"] == "cs_2"

    desk.answers = [listed(CHARGE, CHARGE | {"id": "ch_2", "status": "failed"})]
    assert list(shop.charges(since=AT)) == [
        ProviderCharge(
            id="ch_1",
            provider_payment_id="pi_1",
            amount=Decimal("80.00"),
            refunded=Decimal("40.00"),
            currency="USD",
            payment_id=7,
            created_at=AT,
        )
    ]
    desk.answers = [listed(REFUND)]
    assert [each.id for each in shop.refunds(since=AT)] == ["re_1"]
    desk.answers = [listed(DISPUTE | {"status": "lost"})]
    assert list(shop.disputes(since=AT)) == [
        ProviderDispute(
            id="du_1",
            status="lost",
            reason="fraudulent",
            amount=Decimal("80.00"),
            currency="USD",
            provider_payment_id="pi_1",
            withdrawn=Decimal("80.00"),
            is_closed=True,
            created_at=AT,
        )
    ]


@pytest.mark.parametrize(
    ("status", "moves", "withdrawn"),
    [
        pytest.param("needs_response", [], "80.00", id="opened"),
        pytest.param("under_review", [("usd", -8000)], "80.00", id="being-decided"),
        pytest.param("won", [("usd", -8000), ("usd", 8000)], "0", id="won"),
        pytest.param("lost", [("usd", -8000)], "80.00", id="lost"),
        pytest.param("lost", [("usd", -8000), ("usd", 3000)], "50.00", id="lost-in-part"),
        pytest.param("lost", [("eur", -7000)], "80.00", id="lost-told-in-another-currency"),
        pytest.param("appeal_under_review", [("usd", -8000)], "80.00", id="appealed"),
        pytest.param("warning_needs_response", [], "0", id="a-mere-question"),
        pytest.param("warning_closed", [], "0", id="a-question-answered"),
        pytest.param("prevented", [], "0", id="prevented"),
    ],
)
def test_what_a_bank_has_taken_by_a_dispute(
    desk: Desk, shop: StripeGateway, status: str, moves: list[tuple[str, int]], withdrawn: str
) -> None:
    told = [{"currency": currency, "amount": amount} for currency, amount in moves]
    desk.answers = [listed(DISPUTE | {"status": status, "balance_transactions": told})]

    [dispute] = shop.disputes(since=AT)

    assert dispute.withdrawn == Decimal(withdrawn)


def test_a_list_that_breaks_off_is_not_taken_for_whole(desk: Desk, shop: StripeGateway) -> None:
    desk.answers = [listed(REFUND, has_more=True), error(500, kind="api_error")]

    with pytest.raises(GatewayUnavailable):
        list(shop.refunds(since=AT))


def test_a_signed_event_is_read(shop: StripeGateway) -> None:
    body = event("checkout.session.completed", SESSION | {"status": "complete"})

    read = shop.read_event(body.encode(), signed(body))

    assert (read.id, read.kind, read.created_at) == ("evt_1", "checkout.session.completed", AT)
    assert read.payload["data"]["object"]["id"] == "cs_1"


@pytest.mark.parametrize("age", [301, 3600])
def test_a_stale_signature_is_refused(shop: StripeGateway, age: int) -> None:
    body = event("charge.refunded", CHARGE)

    with pytest.raises(BadSignature):
        shop.read_event(body.encode(), signed(body, at=time.time() - age))


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        pytest.param(event("charge.refunded", CHARGE), "", id="none"),
        pytest.param(event("charge.refunded", CHARGE), "t=1,v1=", id="empty"),
        pytest.param(event("charge.refunded", CHARGE), "nonsense", id="nonsense"),
        pytest.param(
            event("charge.refunded", CHARGE), signed("{}", secret=SECRET), id="of-another-body"
        ),
        pytest.param(
            event("charge.refunded", CHARGE),
            signed(event("charge.refunded", CHARGE), secret="whsec_other"),
            id="of-another-secret",
        ),
        pytest.param("[]", signed("[]"), id="a-list"),
        pytest.param("{}", signed("{}"), id="nothing-in-it"),
        pytest.param("no json", signed("no json"), id="no-json"),
    ],
)
def test_what_stripe_did_not_sign_is_refused(
    shop: StripeGateway, body: str, signature: str
) -> None:
    with pytest.raises(BadSignature):
        shop.read_event(body.encode(), signature)


def test_bytes_that_are_no_text_are_refused(shop: StripeGateway) -> None:
    with pytest.raises(BadSignature):
        shop.read_event(b"\xff\xfe", "t=1,v1=1")


def test_without_a_secret_everybody_is_refused(shop: StripeGateway, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    body = event("charge.refunded", CHARGE)

    with pytest.raises(BadSignature, match="STRIPE_WEBHOOK_SECRET"):
        shop.read_event(body.encode(), signed(body, secret=""))


def test_events_are_about_sessions_refunds_charges_and_disputes(shop: StripeGateway) -> None:
    def subject(kind: str, thing: dict[str, Any]) -> Any:
        body = event(kind, thing)
        return shop.subject_of(shop.read_event(body.encode(), signed(body)))

    paid = SESSION | {"status": "complete", "payment_status": "paid", "payment_intent": "pi_1"}
    late = paid | {"payment_status": "unpaid"}
    assert subject("checkout.session.completed", paid).status == SessionStatus.PAID
    assert subject("checkout.session.completed", late).status == SessionStatus.PROCESSING
    failed = subject("checkout.session.async_payment_failed", late)
    assert (failed.status, failed.provider_payment_id) == (SessionStatus.FAILED, "pi_1")
    assert subject("checkout.session.completed", paid | {"mode": "setup"}) is None
    assert subject("charge.refunded", CHARGE).refunded == Decimal("40.00")
    for kind in ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"):
        assert subject(kind, REFUND).refund_id == 5
    strange = subject("refund.created", REFUND | {"metadata": {"refund_id": "five"}})
    assert strange.refund_id is None
    assert not subject("charge.dispute.created", DISPUTE).is_closed
    assert subject("charge.dispute.closed", DISPUTE | {"status": "won"}).is_closed
    assert subject("customer.created", {"id": "cus_1"}) is None
