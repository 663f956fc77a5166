"""A Stripe that answers what the test has written down, one answer after the other."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe
from pytest_django import Settings

from payments.gateways.stripe import StripeGateway

SECRET = "whsec_of_the_tests"
AT = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)
STAMP = int(AT.timestamp())

SESSION = {
    "id": "cs_1",
    "object": "checkout.session",
    "mode": "payment",
    "url": "https://checkout.stripe.com/c/pay/cs_1",
    "status": "open",
    "payment_status": "unpaid",
    "amount_total": 8000,
    "currency": "usd",
    "payment_intent": None,
    "client_reference_id": "key-1",
    "metadata": {"payment_id": "7", "attempt_id": "9"},
    "created": STAMP,
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 4000,
    "currency": "usd",
    "status": "succeeded",
    "payment_intent": "pi_1",
    "charge": "ch_1",
    "metadata": {"refund_id": "5"},
    "created": STAMP,
}
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "amount": 8000,
    "amount_captured": 8000,
    "amount_refunded": 4000,
    "captured": True,
    "status": "succeeded",
    "currency": "usd",
    "payment_intent": "pi_1",
    "metadata": {"payment_id": "7"},
    "created": STAMP,
}
DISPUTE = {
    "id": "du_1",
    "object": "dispute",
    "amount": 8000,
    "currency": "usd",
    "status": "needs_response",
    "reason": "fraudulent",
    "payment_intent": "pi_1",
    "charge": "ch_1",
    "metadata": {},
    "created": STAMP,
}


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class Desk:
    """Answers given in turn, the last one for ever; 'cut' hangs up without a word."""

    answers: list[Any] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def next(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def error(status: int, *, kind: str = "invalid_request_error", headers: Any = None) -> Any:
    body = {"error": {"type": kind, "message": "No.", "code": "some_code"}}
    return status, body, {"Request-Id": "req_1"} | (headers or {})


def listed(*rows: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(rows), "has_more": has_more, "url": "/v1/things"}


@pytest.fixture
def desk(settings: Settings, no_naps: None) -> Iterator[Desk]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            address = urlsplit(self.path)
            desk.calls.append(
                Call(
                    self.command,
                    address.path,
                    dict(parse_qsl(address.query)),
                    dict(parse_qsl(body)),
                    {name.lower(): value for name, value in self.headers.items()},
                )
            )
            answer = desk.next()
            if answer == "cut":
                self.close_connection = True
                return
            status, said, headers = answer if isinstance(answer, tuple) else (200, answer, {})
            data = json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """Who was silent too long finds nobody there any more."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{server.server_port}"
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    yield desk
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's waits between tries."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)


@pytest.fixture
def shop(desk: Desk) -> StripeGateway:
    return StripeGateway()


def signed(body: str, *, secret: str = SECRET, at: float | None = None) -> str:
    stamp = int(at if at is not None else time.time())
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, stamp))


def event(kind: str, thing: dict[str, Any]) -> str:
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "type": kind,
            "created": STAMP,
            "data": {"object": thing},
        }
    )
