"""The double itself, asked by the real SDK: a double that is kinder than Stripe proves nothing."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from tests.stripe_double import StripeDouble

HALF_AN_HOUR = 30 * 60


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    with StripeDouble() as running:
        yield running


@pytest.fixture
def client(double: StripeDouble) -> stripe.StripeClient:
    return stripe.StripeClient(
        double.api_key, base_addresses={"api": double.url}, max_network_retries=0
    )


def _params(**changes: Any) -> Any:
    return {
        "mode": "payment",
        "success_url": "https://shop.example/back",
        "cancel_url": "https://shop.example/pay",
        "customer_email": "ada@example.com",
        "expires_at": int(time.time()) + HALF_AN_HOUR + 5,
        "allowed_payment_method_types": ["card"],
        "metadata": {"payment_id": "7"},
        "payment_intent_data": {"metadata": {"payment_id": "7"}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 4500,
                    "product_data": {"name": "Dr Weber"},
                },
            }
        ],
    } | changes


def _create(client: stripe.StripeClient, key: str = "key", **changes: Any) -> Any:
    return client.v1.checkout.sessions.create(
        params=_params(**changes), options={"idempotency_key": key}
    )


def _paid(double: StripeDouble, client: stripe.StripeClient) -> str:
    """The number of the money of a paid session."""
    session = _create(client)
    assert double.books.pay(session.id)
    return str(client.v1.checkout.sessions.retrieve(session.id)["payment_intent"])


def _refund(client: stripe.StripeClient, intent: str, key: str = "r", amount: int = 4500) -> Any:
    return client.v1.refunds.create(
        params={"payment_intent": intent, "amount": amount, "metadata": {"refund_id": "3"}},
        options={"idempotency_key": key},
    )


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        pytest.param({"foo": "1"}, "foo", "parameter_unknown", id="unknown"),
        pytest.param(
            {"line_items": [{"price_data": {"currency": "usd", "colour": "red"}}]},
            "line_items[0][price_data][colour]",
            "parameter_unknown",
            id="unknown-deep-down",
        ),
        pytest.param(
            {"line_items": [{"price_data": {"unit_amount": 4500}}]},
            "line_items[0][price_data][currency]",
            "parameter_missing",
            id="missing-deep-down",
        ),
        pytest.param({"line_items": []}, "line_items", "parameter_missing", id="missing"),
        pytest.param({"mode": "barter"}, "mode", None, id="no-such-word"),
        pytest.param(
            {"allowed_payment_method_types": ["shells"]},
            "allowed_payment_method_types[0]",
            None,
            id="no-such-method",
        ),
        pytest.param({"success_url": ""}, "success_url", "parameter_invalid_empty", id="empty"),
        pytest.param({"success_url": "/back"}, "success_url", "url_invalid", id="no-url"),
        pytest.param(
            {"expires_at": "soon"}, "expires_at", "parameter_invalid_integer", id="not-a-number"
        ),
        pytest.param(
            {"expires_at": int(time.time()) + 1000}, "expires_at", None, id="under-half-an-hour"
        ),
        pytest.param(
            {"expires_at": int(time.time()) + 90_000}, "expires_at", None, id="over-a-day"
        ),
        pytest.param({"metadata": {"note": "x" * 501}}, "metadata[note]", None, id="long-metadata"),
    ],
)
def test_wrong_parameters_are_refused_and_leave_nothing(
    double: StripeDouble,
    client: stripe.StripeClient,
    changes: dict[str, Any],
    param: str,
    code: str | None,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _create(client, **changes)

    assert (refusal.value.http_status, refusal.value.param, refusal.value.code) == (
        400,
        param,
        code,
    )
    assert double.books.sessions == {}
    # The key isn't used up by parameters that never began anything.
    assert _create(client).status == "open"


def test_less_than_the_minimum_is_refused(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    cheap = _params()["line_items"]
    cheap[0]["price_data"]["unit_amount"] = 49

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _create(client, line_items=cheap)

    assert refusal.value.code == "amount_too_small"
    assert double.books.sessions == {}


def test_another_key_is_shut_out(double: StripeDouble) -> None:
    client = stripe.StripeClient("sk_test_wrong", base_addresses={"api": double.url})

    with pytest.raises(stripe.AuthenticationError):
        client.v1.checkout.sessions.list()


def test_the_same_key_gets_the_first_answer(client: stripe.StripeClient) -> None:
    params = _params()
    first = client.v1.checkout.sessions.create(params=params, options={"idempotency_key": "k"})
    again = client.v1.checkout.sessions.create(params=params, options={"idempotency_key": "k"})

    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_other_parameters_is_an_error(client: stripe.StripeClient) -> None:
    _create(client, metadata={"payment_id": "7"})

    with pytest.raises(stripe.IdempotencyError):
        _create(client, metadata={"payment_id": "8"})


def test_a_key_is_forgotten_after_a_day(double: StripeDouble, client: stripe.StripeClient) -> None:
    intent = _paid(double, client)
    first = _refund(client, intent, amount=1000)

    double.books.advance(24 * 3600 + 1)

    assert _refund(client, intent, amount=1000).id != first.id


def test_a_twin_under_way_is_told_so(double: StripeDouble, client: stripe.StripeClient) -> None:
    double.fail("slow_inside", kind="session.create", seconds=0.5)
    params = _params()

    def create() -> None:
        client.v1.checkout.sessions.create(params=params, options={"idempotency_key": "k"})

    first = threading.Thread(target=create)
    first.start()
    while "k" not in double.replays.kept:
        time.sleep(0.01)
    with pytest.raises(stripe.APIError) as refusal:
        create()
    first.join()

    assert refusal.value.http_status == 409
    assert len(double.books.sessions) == 1


def test_an_error_before_the_effect_is_replayed_and_has_none(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    intent = _paid(double, client)
    double.fail("error_before", kind="refund.create")

    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as error:
            _refund(client, intent)
        assert error.value.http_status == 500
        assert (error.value.headers or {}).get("idempotent-replayed") == replayed
    assert double.books.refunds == {}


def test_an_error_after_the_effect_is_replayed_and_has_one(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    intent = _paid(double, client)
    double.fail("error_after", kind="refund.create")

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            _refund(client, intent)
    assert [refund["amount"] for refund in double.books.refunds.values()] == [4500]


@pytest.mark.parametrize(("what", "made"), [("cut_before", 0), ("cut_after", 1)])
def test_a_cut_connection_leaves_one_effect_or_none(
    double: StripeDouble, client: stripe.StripeClient, what: str, made: int
) -> None:
    intent = _paid(double, client)
    double.fail(what, kind="refund.create")

    with pytest.raises(stripe.APIConnectionError):
        _refund(client, intent)
    assert len(double.books.refunds) == made

    # The same key finds what was made, or makes it now.
    assert _refund(client, intent)["status"] == "succeeded"
    assert len(double.books.refunds) == 1


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        pytest.param([4501], None, id="too-much"),
        pytest.param([4000, 501], None, id="too-much-together"),
        pytest.param([4500, 1], "charge_already_refunded", id="all-gone"),
    ],
)
def test_never_more_goes_back_than_came(
    double: StripeDouble, client: stripe.StripeClient, amounts: list[int], code: str | None
) -> None:
    intent = _paid(double, client)
    for number, amount in enumerate(amounts[:-1]):
        _refund(client, intent, f"r{number}", amount)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _refund(client, intent, "last", amounts[-1])

    assert refusal.value.code == code
    assert [refund["amount"] for refund in double.books.refunds.values()] == amounts[:-1]


def test_a_failed_refund_is_not_money_given_back(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    intent = _paid(double, client)
    refund = _refund(client, intent)

    double.books.settle_refund(refund.id, succeeded=False)

    charge = next(iter(client.v1.charges.list(params={"payment_intent": intent}).data))
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert _refund(client, intent, "anew")["status"] == "succeeded"


def test_a_declined_card_leaves_the_session_open(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    session = _create(client)

    assert double.books.decline(session.id)
    declined = client.v1.checkout.sessions.retrieve(session.id)
    assert (declined.status, declined.payment_status) == ("open", "unpaid")
    assert double.books.pay(session.id)
    paid = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert paid["payment_intent"]["status"] == "succeeded"
    assert sorted(charge["status"] for charge in double.books.charges.values()) == [
        "failed",
        "succeeded",
    ]


def test_a_session_runs_out_by_itself_and_takes_no_money_then(
    double: StripeDouble, client: stripe.StripeClient
) -> None:
    session = _create(client)

    double.books.advance(HALF_AN_HOUR + 6)

    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert not double.books.pay(session.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)


def test_lists_come_page_by_page(double: StripeDouble, client: stripe.StripeClient) -> None:
    made = [_create(client, f"key{number}").id for number in range(5)]

    pages = client.v1.checkout.sessions.list(params={"limit": 2, "created": {"gte": 0}})

    assert [session.id for session in pages.auto_paging_iter()] == made[::-1]
    assert len([each for each in double.requests if each["kind"] == "session.list"]) == 3
    later = client.v1.checkout.sessions.list(params={"created": {"gte": int(time.time()) + 60}})
    assert later.data == []


class _Shop(ThreadingHTTPServer):
    """Where webhooks go: writes them down, and answers as it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ShopHandler)
        self.got: list[tuple[dict[str, Any], str]] = []
        self.statuses: list[int] = []
        self.secret = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def types(self) -> list[str]:
        return [event["type"] for event, _ in self.got]


class _ShopHandler(BaseHTTPRequestHandler):
    server: _Shop

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = self.headers.get("Stripe-Signature", "")
        try:
            stripe.Webhook.construct_event(body, signature, self.server.secret)
            word = "good"
        except stripe.SignatureVerificationError:
            word = "bad"
        self.server.got.append((json.loads(body), word))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def shop(double: StripeDouble) -> Iterator[_Shop]:
    server = _Shop()
    server.secret = double.webhook_secret
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    double.postman.url = server.url
    double.postman.types = frozenset(
        {"checkout.session.completed", "checkout.session.expired", "charge.refunded"}
    )
    yield server
    server.shutdown()
    server.server_close()


def test_events_are_signed_and_sent_again_until_they_are_taken(
    double: StripeDouble, client: stripe.StripeClient, shop: _Shop
) -> None:
    shop.statuses = [500, 503]

    _paid(double, client)

    assert double.wait_until_idle(10)
    assert shop.types() == ["checkout.session.completed"] * 3
    assert {word for _, word in shop.got} == {"good"}
    assert len({event["id"] for event, _ in shop.got}) == 1


@pytest.mark.parametrize(
    ("how", "got"),
    [
        ("lose", []),
        ("delay", ["good"]),
        ("repeat", ["good", "good"]),
        ("at_once", ["good", "good"]),
        ("bad_signature", ["bad"]),
        ("stale_signature", ["bad"]),
        ("no_signature", ["bad"]),
    ],
)
def test_events_are_disturbed_on_order(
    double: StripeDouble, client: stripe.StripeClient, shop: _Shop, how: str, got: list[str]
) -> None:
    double.disturb(how, types=["checkout.session.completed"], seconds=0.1)

    _paid(double, client)

    assert double.wait_until_idle(10)
    assert [word for _, word in shop.got] == got


def test_events_come_in_the_wrong_order_and_an_hour_late(
    double: StripeDouble, client: stripe.StripeClient, shop: _Shop
) -> None:
    double.disturb("hold", times=2)
    _refund(client, _paid(double, client))

    assert double.postman.release(is_reversed=True) == 2
    assert double.wait_until_idle(10)
    assert shop.types() == ["charge.refunded", "checkout.session.completed"]

    double.resend(type="charge.refunded", backdate=3600)
    assert double.wait_until_idle(10)
    event, word = shop.got[-1]
    assert word == "good"
    assert event["created"] <= time.time() - 3600


def test_everything_is_at_hand_over_http(double: StripeDouble, client: stripe.StripeClient) -> None:
    session = _create(client)
    address = urlsplit(double.url)

    def control(method: str, path: str, **given: Any) -> Any:
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        with contextlib.closing(connection):
            connection.request(method, f"/_control/{path}", json.dumps(given))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    assert control("POST", f"sessions/{session.id}/pay-later") == (200, {"done": True})
    assert control("POST", f"sessions/{session.id}/succeed") == (200, {"done": True})
    charge = control("GET", "state")[1]["charges"][0]
    assert charge["status"] == "succeeded"
    assert control("POST", f"charges/{charge['id']}/refund", amount=1000)[1]["amount"] == 1000
    dispute = control("POST", f"charges/{charge['id']}/dispute")[1]
    assert control("POST", f"disputes/{dispute['id']}/close", status="won")[0] == 200
    assert control("POST", "faults", what="slow", seconds=0.1) == (200, {"ok": True})
    assert control("POST", "faults", what="nonsense")[0] == 400
    assert control("POST", "nonsense")[0] == 404
    assert control("POST", "reset") == (200, {"ok": True})
    assert control("GET", "state")[1]["sessions"] == []
