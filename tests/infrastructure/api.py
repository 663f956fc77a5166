"""The API as its clients see it: signed in by the session cookie, at a moment that stands still."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client

from accounts.models import User
from tests.infrastructure.world import NOW

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

PREFIX = "/api/v1"
# What a refused request must leave as it was.
WATCHED = (
    "bookings.Room",
    "bookings.Timeslot",
    "bookings.Booking",
    "bookings.BookingStatusChange",
    "tickets.Event",
    "tickets.Tier",
    "tickets.EventChange",
    "tickets.Campaign",
    "tickets.TicketOrder",
    "tickets.Ticket",
    "tickets.TicketStatusChange",
    "tickets.ScannerLink",
    "tickets.TicketScan",
    "access.Plan",
    "access.Resource",
    "access.Subscription",
    "access.SubscriptionStatusChange",
    "payments.BillingAgreement",
    "payments.Payment",
    "payments.PaymentAttempt",
    "payments.Refund",
    "notifications.OutgoingMail",
)


class Api:
    """Somebody at the API; paths are said from /api/v1 on."""

    def __init__(self, user: User | None = None, **client: Any) -> None:
        self.client = Client(**client)
        if user is not None:
            self.client.force_login(user, "django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **query: Any) -> "Response":
        return self.client.get(PREFIX + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> "Response":
        return self.send("post", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> "Response":
        return self.send("put", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> "Response":
        return self.send("patch", path, body, **headers)

    def delete(self, path: str) -> "Response":
        return self.send("delete", path)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> "Response":
        """Send `body` as JSON; a keyword such as `idempotency_key` is a header."""
        return self.client.generic(
            method.upper(),
            PREFIX + path,
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


MakeApi = Callable[..., Api]


@pytest.fixture
def api(db: None) -> Iterator[MakeApi]:
    """`api(customer)` is the customer's client, `api()` an anonymous one; it is NOW."""
    with time_machine.travel(NOW, tick=False):
        yield Api


def error_of(response: "Response") -> dict[str, Any]:
    """The only error of a refusal, whose shape is checked by the way."""
    body = response.json()
    assert set(body) == {"type", "errors"}, body
    assert body["type"] in {"validation_error", "client_error", "server_error"}
    [error] = body["errors"]
    assert {"code", "detail", "attr"} <= set(error)
    found: dict[str, Any] = error
    return found


def refused(response: "Response", status: int, code: str, attr: str | None = None) -> None:
    """It was refused in just this way."""
    assert response.status_code == status, response.content
    error = error_of(response)
    assert (error["code"], error["attr"]) == (code, attr)


def everything() -> dict[str, list[dict[str, Any]]]:
    """All that a request could have changed, row by row, with the values as the database has them.

    Asked twice by hundreds of tests, and rows are compared without building models of them.
    """
    found = {}
    with connection.cursor() as cursor:
        for name in WATCHED:
            meta = apps.get_model(name)._meta
            assert meta.pk is not None
            cursor.execute(f"SELECT * FROM {meta.db_table} ORDER BY {meta.pk.column}")
            columns = [column[0] for column in cursor.description]
            found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Whatever is asked for in here, nothing of what is sold, paid or mailed changes."""
    before = everything()
    yield
    assert everything() == before
