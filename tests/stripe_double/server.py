"""The double over HTTP: Stripe's API, the hosted page, the control API."""

import json
import secrets
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import stripe

from tests.stripe_double import api, forms, page
from tests.stripe_double.books import Books
from tests.stripe_double.control import control
from tests.stripe_double.errors import InvalidParameters, Refusal
from tests.stripe_double.faults import Fault, Faults
from tests.stripe_double.replays import Replays
from tests.stripe_double.things import Thing
from tests.stripe_double.webhooks import Postman, Rule, Signature

DEFAULT_KEY = "sk_test_double"
DEFAULT_SECRET = "whsec_double"

Answer = tuple[int, Thing]


class Cut(Exception):
    """The connection ends without an answer."""


class StripeDouble:
    """A Stripe of one's own: `with StripeDouble() as double:` and talk to `double.url`."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        webhook_url: str = "",
        webhook_secret: str = DEFAULT_SECRET,
        api_key: str = DEFAULT_KEY,
        file: Path | None = None,
    ) -> None:
        self.api_key = api_key
        self.books = Books(file=file)
        self.books.api_version = stripe.api_version or ""
        self.faults = Faults()
        self.replays = Replays()
        self.postman = Postman(url=webhook_url, secret=webhook_secret)
        self.books.tell = self.postman.post
        # Every API call: {kind, id, key, status, replayed, fault, at}.
        self.requests: list[Thing] = []
        self._server = _Server((host, port), _handler_of(self))
        self.books.address = self.url
        self._is_over = threading.Event()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def webhook_secret(self) -> str:
        return self.postman.secret

    def start(self) -> "StripeDouble":
        self.postman.start()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        threading.Thread(target=self._watch_clock, daemon=True).start()
        return self

    def stop(self) -> None:
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self.postman.stop()

    def __enter__(self) -> "StripeDouble":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # --- What tests do to it --------------------------------------------------------------

    def fail(self, what: Any, **options: Any) -> None:
        """Plan a fault: `double.fail("cut_after", kind="refund.create", times=3)`."""
        self.faults.add(Fault(what, **options))

    def disturb(self, how: Any, types: Any = (), **options: Any) -> None:
        """Plan what becomes of the next events: `double.disturb("lose", times=2)`."""
        self.postman.disturb(Rule(how, types=frozenset(types), **options))

    def resend(
        self,
        event: str = "",
        type: str = "",  # noqa: A002
        *,
        copies: int = 1,
        signature: Signature = "good",
        backdate: float = 0,
    ) -> int:
        """Send one event again, or the newest of a type. Returns how many were sent."""
        found = [
            each
            for each in list(self.books.events.values())
            if each["id"] == event or (not event and type in {"", each["type"]})
        ]
        for each in found[-1:]:
            self.postman.resend(each, copies=copies, signature=signature, backdate=backdate)
        return copies if found else 0

    def reset(self) -> None:
        self.faults.clear()
        self.replays.clear()
        self.postman.clear()
        self.books.clear()
        self.requests.clear()

    def wait_until_idle(self, seconds: float = 30.0) -> bool:
        """Until every event is delivered or given up on."""
        deadline = time.monotonic() + seconds
        while not self.postman.is_idle():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    # --- The API --------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: str, body: str, headers: Any) -> Answer:
        """One API call. Raises Cut."""
        note: Thing = {"at": time.time(), "kind": f"{method} {path}", "key": "", "id": ""}
        self.requests.append(note)
        try:
            status, answer = self._answer(note, method, path, query, body, headers)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        except Cut:
            note["status"] = "cut"
            raise
        note["status"] = status
        return status, answer

    def _answer(
        self, note: Thing, method: str, path: str, query: str, body: str, headers: Any
    ) -> Answer:
        self._check_key(headers.get("Authorization", ""))
        self.books.api_version = headers.get("Stripe-Version") or self.books.api_version
        call, thing_id = api.find(method, path)
        note |= {"kind": call.kind, "id": thing_id}
        tree = forms.parse(body if method == "POST" else query)
        note["params"] = tree
        fault = self.faults.next_for(call.kind)
        note["fault"] = fault.what if fault else ""
        _before_anything(fault)

        key = headers.get("Idempotency-Key", "") if method == "POST" else ""
        note["key"] = key
        if not key:
            return self._do(call, thing_id, tree, fault)
        known = self.replays.begin(key, path, tree, now=self.books.now())
        if known is not None:
            note["replayed"] = True
            _after_everything(fault)
            return known
        try:
            answer = self._do(call, thing_id, tree, fault, key=key)
        except (InvalidParameters, Cut):
            if self.replays.kept[key].answer is None:
                self.replays.drop(key)
            raise
        self.replays.keep(key, answer)
        return answer

    def _do(
        self, call: api.Call, thing_id: str, tree: forms.Tree, fault: Fault | None, *, key: str = ""
    ) -> Answer:
        do = api.answer(self.books, call, thing_id, tree)
        what = fault.what if fault else ""
        if fault and what == "slow_inside":
            time.sleep(fault.seconds)
        if what == "error_before":
            return _server_error()
        answer = _refused(fault) if fault and what == "refuse" else _done(do)
        if what == "error_after":
            answer = _server_error()
        if what == "cut_after":
            if key:
                self.replays.keep(key, answer)
            raise Cut
        return answer

    def _check_key(self, authorization: str) -> None:
        if authorization != f"Bearer {self.api_key}":
            raise Refusal("Invalid API Key provided.", status=401, type="invalid_request_error")

    def _watch_clock(self) -> None:
        while not self._is_over.wait(0.5):
            self.books.tick()


def _done(do: Callable[[], Thing]) -> Answer:
    try:
        return 200, do()
    except InvalidParameters:
        raise
    except Refusal as refusal:
        return refusal.status, refusal.body


def _refused(fault: Fault) -> Answer:
    refusal = Refusal("The charge is disputed: it can't be paid back.", code=fault.code)
    return refusal.status, refusal.body


def _before_anything(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.seconds and fault.what != "slow_inside":
        time.sleep(fault.seconds)
    if fault.what == "cut_before":
        raise Cut
    if fault.what == "away":
        raise Refusal("Stripe is not available right now.", status=503, type="api_error")
    if fault.what == "too_many":
        raise Refusal("Too many requests.", status=429, code="rate_limit")


def _after_everything(fault: Fault | None) -> None:
    if fault and fault.what == "cut_after":
        raise Cut


def _server_error() -> Answer:
    text = "An unknown error occurred. Stripe has been told."
    return 500, {"error": {"message": text, "type": "api_error"}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Somebody hung up: part of the game. Anything else is a fault of the double itself.
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


def _handler_of(double: StripeDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.double = double
    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet.
    wbufsize = -1
    double: StripeDouble

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        address = urlsplit(self.path)
        try:
            if address.path.startswith("/c/pay/"):
                self._page(address.path.removeprefix("/c/pay/"), address.query, body)
            elif address.path.startswith("/i/"):
                self._bill(address.path.removeprefix("/i/"), body)
            elif address.path.startswith("/_control/"):
                self._control(address.path.removeprefix("/_control/"), body)
            else:
                self._api(address.path, address.query, body)
        except Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _api(self, path: str, query: str, body: str) -> None:
        known = len(self.double.requests)
        status, answer = self.double.answer(self.command, path, query, body, self.headers)
        headers = {
            "Request-Id": f"req_{secrets.token_hex(7)}",
            "Stripe-Version": self.double.books.api_version,
        }
        key = self.headers.get("Idempotency-Key")
        if key:
            headers |= {"Idempotency-Key": key, "Original-Request": headers["Request-Id"]}
            notes = self.double.requests[known:]
            if any(note["key"] == key and note.get("replayed") for note in notes):
                headers["Idempotent-Replayed"] = "true"
        self._json(status, answer, headers)

    def _control(self, path: str, body: str) -> None:
        try:
            given = json.loads(body) if body else {}
            self._json(200, control(self.double, self.command, path, given), {})
        except Refusal as refusal:
            self._json(refusal.status, refusal.body, {})

    def _page(self, session_id: str, query: str, body: str) -> None:
        books = self.double.books
        try:
            session = books.session(session_id)
        except Refusal as refusal:
            self._json(refusal.status, refusal.body, {})
            return
        if self.command == "POST":
            self._redirect(self._pressed(session, parse_qs(body).get("do", [""])[0]))
            return
        nonce = secrets.token_urlsafe(12)
        text = page.checkout(books, session, nonce=nonce, is_declined="declined" in query)
        self._html(text, page.policy(nonce, session))

    def _bill(self, number: str, body: str) -> None:
        books = self.double.books
        invoice = books.invoices.get(number)
        if invoice is None:
            self._json(404, {"error": {"message": "There is no such invoice."}}, {})
        elif self.command == "POST":
            if parse_qs(body).get("do") == ["pay"]:
                books.billing.pay(number)
            self._redirect(f"/i/{number}")
        else:
            nonce = secrets.token_urlsafe(12)
            self._html(page.bill(books, invoice, nonce=nonce), page.policy(nonce))

    def _html(self, text: str, policy: str) -> None:
        self._send(
            200,
            text.encode(),
            {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": policy,
                "Cache-Control": "no-store",
            },
        )

    def _pressed(self, session: Thing, button: str) -> str:
        """Where a button leads."""
        books = self.double.books
        own = f"{books.address}/c/pay/{session['id']}"
        deeds: dict[str, Callable[[str], bool]] = {"pay": books.pay, "pay-later": books.pay_later}
        if button in deeds:
            # A second click finds it complete, and leads to the shop as well.
            done = deeds[button](session["id"]) or session["status"] == "complete"
            return page.success_address(session) if done else own
        books.decline(session["id"])
        return f"{own}?declined=1"

    def _redirect(self, to: str) -> None:
        self._send(303, b"", {"Location": to})

    def _json(self, status: int, answer: Thing, headers: dict[str, str]) -> None:
        body = json.dumps(answer).encode()
        self._send(status, body, {"Content-Type": "application/json"} | headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
