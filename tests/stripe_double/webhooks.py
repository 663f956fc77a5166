"""Signed events on their way to our endpoint: retried as Stripe does, and disturbed on order."""

import heapq
import hmac
import http.client
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

Event = dict[str, Any]
Signature = Literal["good", "bad", "stale", "missing"]
How = Literal[
    # Never sent.
    "lose",
    # Kept until `release`, which may turn the order round.
    "hold",
    # Sent `seconds` later.
    "delay",
    # Sent `copies` times, one after the other, or all at the same moment.
    "repeat",
    "at_once",
    # Sent with a signature that isn't right, and never again.
    "bad_signature",
    "stale_signature",
    "no_signature",
]
HOWS: tuple[str, ...] = get_args(How)
SIGNATURES: tuple[str, ...] = get_args(Signature)

# Stripe takes three days over its tries; the waits here are in seconds.
WAITS = (0.3, 0.6, 1.2, 2.5, 5, 5, 10, 10, 20, 20, 30, 30)
TIMEOUT_SECONDS = 20
STALE_SECONDS = 3600


@dataclass
class Rule:
    how: How
    # Kinds of events ('checkout.session.completed'); empty: every kind.
    types: frozenset[str] = frozenset()
    times: int = 1
    seconds: float = 0.0
    copies: int = 2


@dataclass
class Delivery:
    """One try, and what came of it."""

    event: str
    type: str
    at: float
    signature: str
    status: int = 0
    error: str = ""


@dataclass(order=True)
class _Due:
    at: float
    number: int
    event: Event = field(compare=False)
    tried: int = field(compare=False, default=0)
    signature: Signature = field(compare=False, default="good")
    is_retried: bool = field(compare=False, default=True)


def sign(body: bytes, secret: str, *, at: int) -> str:
    """Stripe's signature header."""
    signed = f"{at}.".encode() + body
    return f"t={at},v1={hmac.new(secret.encode(), signed, sha256).hexdigest()}"


class Postman:
    """Delivers events to `url`; without one they are only written down."""

    def __init__(self, *, url: str = "", secret: str) -> None:
        self.url = url
        self.secret = secret
        # The event types that the endpoint has asked for; empty: all.
        self.types: frozenset[str] = frozenset()
        self.log: list[Delivery] = []
        self.held: list[Event] = []
        self._rules: list[Rule] = []
        self._queue: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._running = 0
        self._is_over = False
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._work, daemon=True, name="webhooks")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join(5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def disturb(self, rule: Rule) -> None:
        with self._changed:
            self._rules.append(rule)

    def post(self, event: Event) -> None:
        """A new event."""
        if not self.url or (self.types and event["type"] not in self.types):
            return
        rule = self._rule_for(event["type"])
        if rule is None:
            self._put(event)
        elif rule.how == "hold":
            with self._changed:
                self.held.append(event)
        elif rule.how == "delay":
            self._put(event, after=rule.seconds)
        elif rule.how == "repeat":
            for number in range(rule.copies):
                self._put(event, after=0.15 * number)
        elif rule.how == "at_once":
            self._put_at_once(event, rule.copies)
        elif rule.how == "bad_signature":
            self._put(event, signature="bad", is_retried=False)
        elif rule.how == "stale_signature":
            self._put(event, signature="stale", is_retried=False)
        elif rule.how == "no_signature":
            self._put(event, signature="missing", is_retried=False)
        else:
            assert rule.how == "lose"

    def resend(
        self,
        event: Event,
        *,
        copies: int = 1,
        signature: Signature = "good",
        backdate: float = 0,
    ) -> None:
        """Once more (from the dashboard, or by somebody else), all copies at the same moment.

        `backdate`: it happened that many seconds ago; the signature is of now, as Stripe's is.
        """
        if backdate:
            event = event | {"created": event["created"] - int(backdate)}
        self._put_at_once(event, copies, signature=signature, is_retried=signature == "good")

    def release(self, *, is_reversed: bool = False, apart: float = 0.2) -> int:
        """Send what was held, one by one, in its order or from the last to the first."""
        with self._changed:
            held, self.held = self.held, []
        for number, event in enumerate(reversed(held) if is_reversed else held):
            self._put(event, after=apart * number)
        return len(held)

    def is_idle(self) -> bool:
        """Nothing is being sent or waits to be."""
        with self._changed:
            return not self._queue and not self._running

    def let_go(self) -> None:
        """No more disturbances; what was held is sent, from the last to the first."""
        with self._changed:
            self._rules.clear()
        self.release(is_reversed=True)

    def let_go_after(self, seconds: float) -> None:
        threading.Timer(seconds, self.let_go).start()

    def clear(self) -> None:
        with self._changed:
            self._rules.clear()
            self._queue.clear()
            self.held.clear()
            self.log.clear()

    def _rule_for(self, kind: str) -> Rule | None:
        with self._changed:
            for rule in self._rules:
                if rule.times > 0 and (not rule.types or kind in rule.types):
                    rule.times -= 1
                    return rule
        return None

    def _put_at_once(self, event: Event, copies: int, **options: Any) -> None:
        moment = time.monotonic() + 0.05
        with self._changed:
            for _ in range(copies):
                heapq.heappush(self._queue, _Due(moment, next(self._numbers), event, **options))
            self._changed.notify_all()

    def _put(self, event: Event, *, after: float = 0.0, **options: Any) -> None:
        with self._changed:
            due = _Due(time.monotonic() + after, next(self._numbers), event, **options)
            heapq.heappush(self._queue, due)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._is_over:
                    return
                wait = self._queue[0].at - time.monotonic() if self._queue else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                due = heapq.heappop(self._queue)
                self._running += 1
            self._pool.submit(self._deliver, due)

    def _deliver(self, due: _Due) -> None:
        try:
            delivery = self._send(due.event, due.signature)
            with self._changed:
                self.log.append(delivery)
            accepted = 200 <= delivery.status < 300
            if not accepted and due.is_retried and due.tried < len(WAITS):
                self._put(due.event, after=WAITS[due.tried], tried=due.tried + 1)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _send(self, event: Event, signature: Signature) -> Delivery:
        body = json.dumps(event, indent=2).encode()
        now = int(time.time())
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
        if signature != "missing":
            secret = "whsec_of_somebody_else" if signature == "bad" else self.secret
            at = now - STALE_SECONDS if signature == "stale" else now
            headers["Stripe-Signature"] = sign(body, secret, at=at)
        delivery = Delivery(event["id"], event["type"], time.time(), signature)
        address = urlsplit(self.url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else (
            http.client.HTTPConnection
        )  # fmt: skip
        connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", address.path or "/", body, headers)
            answer = connection.getresponse()
            delivery.status = answer.status
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            delivery.error = str(error) or type(error).__name__
        finally:
            connection.close()
        return delivery
