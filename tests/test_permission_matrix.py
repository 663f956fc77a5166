"""Who may do what: every address of ours, by method, for each kind of person.

The rows are compared with the URLconf, so an address without a row fails. What lies under
/accounts/ is allauth's; what lies under /admin/ is tested beside the admin.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import block_slot, cancel_booking
from notifications.delivery import deliver
from notifications.models import OutgoingMail
from payments.models import Refund
from payments.services import take_desk_payment
from payments.states import DeskMethod, RefundState
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot, MakeUser, book_slot, pay

# A person with `is_staff` alone belongs to the staff and has no role there.
PEOPLE = (
    "anonymous",
    "owner",
    "stranger",
    "bare_staff",
    "scanner",
    "front_desk",
    "manager",
    "superuser",
)
ELSEWHERE = ("accounts/", "_allauth/", "admin")
# They know nobody: files, probes, the demo's mailbox (not there outside the demo), redirects.
FOR_ANYBODY = {
    "brand.css",
    "favicon.ico",
    "demo/styleguide",
    "healthz",
    "readyz",
    "demo/mails",
    "demo/mails/<int:mail_id>",
    "demo/mails/<int:mail_id>/body",
    "demo/mails/<int:mail_id>/attachments/<int:attachment_id>",
    "demo/checkout/<str:session_id>",
    "media/rooms/<str:name>",
    r"^(?P<path>(?:account|bookings|events|tickets|pay|demo)(?:/.*)?)/$",
    r"^(?P<path>accounts/[a-z0-9/-]*[a-z0-9])$",
    "^api/",
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}

LATER = START + timedelta(days=1)

Statuses = tuple[int, ...]


def everybody(status: int) -> Statuses:
    return (status,) * len(PEOPLE)


def signed_in(status: int, *, anonymous: int = 401) -> Statuses:
    return (anonymous, *((status,) * 7))


def page(status: int) -> Statuses:
    """Who isn't signed in is led to the sign-in."""
    return signed_in(status, anonymous=302)


def owner(status: int, *, anonymous: int = 401) -> Statuses:
    """Nobody else finds it, whatever their role."""
    return (anonymous, status, *((404,) * 6))


def desk(status: int) -> Statuses:
    """Front desk and manager; superusers may everything."""
    return (401, 403, 403, 403, 403, status, status, status)


def door(status: int) -> Statuses:
    """Who scans may look as well."""
    return (401, 403, 403, 403, status, status, status, status)


def paper(status: int) -> Statuses:
    """What staff hand out too."""
    return (302, status, 404, 404, 404, status, status, status)


def manager(status: int) -> Statuses:
    return (401, 403, 403, 403, 403, 403, status, status)


@dataclass(frozen=True)
class Row:
    method: str
    route: str
    statuses: Statuses
    body: dict[str, Any] | None = field(default=None, hash=False)
    # Which row of the world is named in the address; the first booking's unless said.
    of: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


V1 = "api/v1/"
PLAN = {
    "roomId": "<room>",
    "startDate": "2026-08-03",
    "endDate": "2026-08-03",
    "slotDuration": 60,
    "workingHours": {"start": "09:00", "end": "10:00"},
}
PLACE = {"timeslotId": "<free_slot>", "roomId": "<room>"}
CONCERT = {
    "name": "Concert",
    "eventType": "other",
    "startDate": "2026-08-03T20:00:00+02:00",
    "endDate": "2026-08-03T23:00:00+02:00",
}
SEAT = {
    "idempotency_key": "6d7b9a5e-31d2-4f5a-9c55-0f3f3f1d7c11",
    "ticket_type": "standard",
    "quantity": 1,
    "expected_amount": "20.00",
}

ROWS = [
    Row("GET", V1 + "bookings/rooms", everybody(200)),
    Row("GET", V1 + "bookings/rooms/<int:pk>", everybody(200), of="room"),
    Row("GET", V1 + "bookings/rooms/<int:pk>/timeslots", everybody(200), of="room"),
    Row("GET", V1 + "bookings", signed_in(200)),
    Row("POST", V1 + "bookings", signed_in(201), PLACE),
    Row("GET", V1 + "bookings/<int:pk>", owner(200)),
    Row("PUT", V1 + "bookings/<int:pk>/cancel", owner(200)),
    Row("PUT", V1 + "bookings/<int:pk>/reschedule", owner(200), {"timeslotId": "<free_slot>"}),
    Row("GET", V1 + "admin/rooms", desk(200)),
    Row("POST", V1 + "admin/rooms", manager(201), {"name": "Loft", "roomType": "office"}),
    Row("GET", V1 + "admin/rooms/<int:pk>", desk(200), of="room"),
    Row("PUT", V1 + "admin/rooms/<int:pk>", manager(200), {"capacity": 2}, of="room"),
    Row("PATCH", V1 + "admin/rooms/<int:pk>", manager(200), {"capacity": 2}, of="room"),
    Row("DELETE", V1 + "admin/rooms/<int:pk>", manager(200), of="room"),
    Row("GET", V1 + "admin/timeslots", desk(200)),
    Row("POST", V1 + "admin/timeslots/generate", manager(201), PLAN),
    Row("GET", V1 + "admin/timeslots/<int:pk>", desk(200), of="free_slot"),
    Row("PUT", V1 + "admin/timeslots/<int:pk>", manager(200), {"price": 9}, of="free_slot"),
    Row("PATCH", V1 + "admin/timeslots/<int:pk>", manager(200), {"price": 9}, of="free_slot"),
    Row("DELETE", V1 + "admin/timeslots/<int:pk>", manager(204), of="free_slot"),
    Row("PUT", V1 + "admin/timeslots/<int:pk>/block", desk(200), {}, of="free_slot"),
    Row("PUT", V1 + "admin/timeslots/<int:pk>/unblock", desk(200), of="shut_slot"),
    Row("GET", V1 + "admin/bookings", desk(200)),
    Row("GET", V1 + "admin/bookings/<int:pk>", desk(200)),
    Row("PUT", V1 + "admin/bookings/<int:pk>", desk(200), {"staffNotes": "allergic"}),
    Row("PATCH", V1 + "admin/bookings/<int:pk>", desk(200), {"staffNotes": "allergic"}),
    Row("PUT", V1 + "admin/bookings/<int:pk>/status", desk(200), {"status": "cancelled"}),
    # Refunds other than by the policy are a manager's decision.
    Row(
        "PUT",
        V1 + "admin/bookings/<int:pk>/status",
        manager(200),
        {"status": "cancelled", "refund": "full"},
    ),
    Row(
        "PUT",
        V1 + "admin/bookings/<int:pk>/status",
        manager(200),
        {"status": "cancelled", "refund": "none"},
    ),
    Row(
        "POST",
        V1 + "admin/bookings",
        desk(201),
        {"userId": "<stranger>", "timeslotId": "<free_slot>"},
    ),
    Row("GET", V1 + "admin/bookings/stats", manager(200)),
    Row(
        "PUT",
        V1 + "admin/bookings/<int:pk>/reschedule",
        desk(200),
        {"timeslotId": "<free_slot>"},
    ),
    Row("POST", V1 + "admin/bookings/<int:pk>/payment", desk(200), {"method": "cash"}, of="held"),
    Row("GET", V1 + "admin/refunds", desk(200)),
    Row("POST", V1 + "admin/refunds/<int:pk>/retry", desk(201), of="failed_refund"),
    # Another amount than the one that failed is a manager's decision.
    Row(
        "POST",
        V1 + "admin/refunds/<int:pk>/retry",
        manager(201),
        {"amount": 1},
        of="failed_refund",
    ),
    Row("POST", V1 + "admin/refunds/<int:pk>/paid-back", desk(200), of="desk_refund"),
    Row("GET", V1 + "admin/mails", desk(200)),
    Row("POST", V1 + "admin/mails/<int:pk>/resend", desk(201), of="mail"),
    Row("GET", V1 + "events", everybody(200)),
    Row("GET", V1 + "events/<int:pk>", everybody(200), of="event"),
    Row("POST", V1 + "tickets/purchase", signed_in(201), {"eventId": "<event>", "quantity": 1}),
    Row("GET", V1 + "tickets/orders/<int:pk>", owner(200), of="order"),
    Row("PUT", V1 + "tickets/orders/<int:pk>/cancel", owner(200), of="order"),
    Row("GET", V1 + "tickets", signed_in(200)),
    Row("GET", V1 + "tickets/<int:pk>", owner(200), of="ticket"),
    Row("PUT", V1 + "tickets/<int:pk>/cancel", owner(200), of="ticket"),
    Row("POST", V1 + "tickets/<str:ticketCode>/validate", everybody(200)),
    Row("GET", V1 + "admin/events", desk(200)),
    Row("POST", V1 + "admin/events", manager(201), CONCERT),
    Row("GET", V1 + "admin/events/<int:pk>", desk(200), of="event"),
    Row("PUT", V1 + "admin/events/<int:pk>", manager(200), {"name": "New"}, of="event"),
    Row("PATCH", V1 + "admin/events/<int:pk>", manager(200), {"name": "New"}, of="event"),
    Row("DELETE", V1 + "admin/events/<int:pk>", manager(200), of="event"),
    Row("PUT", V1 + "admin/events/<int:pk>/publish", manager(200), of="draft"),
    Row("GET", V1 + "admin/events/<int:pk>/tickets", desk(200), of="event"),
    Row("GET", V1 + "admin/events/<int:pk>/stats", door(200), of="event"),
    Row(
        "PUT",
        V1 + "admin/tickets/<int:pk>/status",
        desk(200),
        {"status": "cancelled"},
        of="ticket",
    ),
    Row(
        "PUT",
        V1 + "admin/tickets/<int:pk>/status",
        manager(200),
        {"status": "cancelled", "refund": "full"},
        of="ticket",
    ),
    Row(
        "PUT",
        V1 + "admin/tickets/<int:pk>/status",
        manager(200),
        {"status": "cancelled", "refund": "none"},
        of="ticket",
    ),
    Row("GET", V1 + "schema", everybody(200)),
    Row("GET", "api/docs", everybody(200)),
    Row("GET", "", everybody(200)),
    Row("GET", "account", page(200)),
    Row("POST", "account", page(303), {"name": "New"}),
    Row("GET", "bookings", page(200)),
    Row("GET", "bookings/new", everybody(200)),
    Row("GET", "bookings/<int:booking_id>", owner(200, anonymous=302)),
    Row("GET", "bookings/<int:booking_id>.ics", owner(200, anonymous=302)),
    Row("GET", "bookings/<int:booking_id>/cancel", owner(200, anonymous=302)),
    Row(
        "POST",
        "bookings/<int:booking_id>/cancel",
        owner(303, anonymous=302),
        {"expected_refund": "80.00"},
    ),
    Row("GET", "bookings/<int:booking_id>/move", owner(200, anonymous=302)),
    Row(
        "POST",
        "bookings/<int:booking_id>/move",
        owner(303, anonymous=302),
        {
            "slot": "<free_slot>",
            "expected_price": "80.00",
            "idempotency_key": "3f0c1a52-7d0e-4b57-9d5c-0c8b7f0e6a11",
        },
    ),
    Row("GET", "events", everybody(200)),
    Row("GET", "events/<int:event_id>", everybody(200)),
    Row("POST", "events/<int:event_id>", page(303), SEAT),
    Row("GET", "tickets", page(200)),
    Row("GET", "tickets/orders/<int:order_id>", owner(200, anonymous=302)),
    Row("GET", "tickets/orders/<int:order_id>.ics", owner(200, anonymous=302)),
    Row("GET", "tickets/orders/<int:order_id>/pdf", paper(200)),
    Row("GET", "tickets/orders/<int:order_id>/cancel", owner(200, anonymous=302)),
    Row(
        "POST",
        "tickets/orders/<int:order_id>/cancel",
        owner(303, anonymous=302),
        {"expected_refund": "20.00"},
    ),
    Row("GET", "tickets/<int:ticket_id>", owner(200, anonymous=302)),
    Row("GET", "tickets/<int:ticket_id>/qr.png", paper(200)),
    Row("GET", "tickets/<int:ticket_id>/qr.svg", paper(200)),
    Row("GET", "tickets/<int:ticket_id>/pdf", paper(200)),
    Row("GET", "tickets/<int:ticket_id>/cancel", owner(200, anonymous=302)),
    Row(
        "POST",
        "tickets/<int:ticket_id>/cancel",
        owner(303, anonymous=302),
        {"expected_refund": "20.00"},
    ),
    # Whoever has the address may pay: it can't be guessed.
    Row("GET", "pay/<str:token>", everybody(303)),
    Row("GET", "pay/<str:token>/return", (200, 303, *((200,) * 6))),
    Row("POST", "pay/<str:token>/give-up", everybody(303)),
]


@dataclass(frozen=True)
class World:
    people: dict[str, User | None]
    ids: dict[str, int]
    token: str
    code: str

    def filled_in(self, value: Any) -> Any:
        """The body with `<room>` and its like as numbers."""
        if isinstance(value, dict):
            return {name: self.filled_in(inner) for name, inner in value.items()}
        if isinstance(value, str) and value.startswith("<"):
            return self.ids[value.strip("<>")]
        return value

    def path(self, row: Row) -> str:
        path = row.route.replace("<int:pk>", str(self.ids[row.of or "booking"]))
        path = path.replace("<int:booking_id>", str(self.ids["booking"]))
        for name in ("event", "ticket", "order"):
            path = path.replace(f"<int:{name}_id>", str(self.ids[name]))
        path = path.replace("<str:ticketCode>", self.code)
        return "/" + path.replace("<str:token>", self.token)

    def ask(self, row: Row, person: str) -> int:
        client, user = Client(), self.people[person]
        if user is not None:
            client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        if row.method == "GET":
            return client.get(self.path(row)).status_code
        body = self.filled_in(row.body or {})
        if not row.route.startswith("api/"):
            return client.post(self.path(row), body).status_code
        return client.generic(
            row.method, self.path(row), json.dumps(body), content_type="application/json"
        ).status_code


@pytest.fixture
def world(
    customer: User,
    stranger: User,
    scanner: User,
    front_desk: User,
    manager: User,
    make_user: MakeUser,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    make_event: MakeEvent,
) -> Iterator[World]:
    room = make_room()
    slots = [make_slot(room=room, start=START.replace(hour=hour)) for hour in (9, 10, 11, 12)]
    Timeslot.objects.update(price=Decimal("80.00"))
    booking: Booking = pay(book_slot(Timeslot.objects.get(pk=slots[0].pk), customer))
    block_slot(slot_id=slots[2].pk, reason="painting")
    held_booking = book_slot(Timeslot.objects.get(pk=slots[3].pk), customer)
    held = held_booking.payment
    assert held is not None
    event, draft = make_event(), make_event(status="draft")
    order = pay_order(buy(event, customer))
    [ticket] = order.tickets.all()
    people: dict[str, User | None] = {
        "anonymous": None,
        "owner": customer,
        "stranger": stranger,
        "bare_staff": make_user("bare@example.com", is_staff=True),
        "scanner": scanner,
        "front_desk": front_desk,
        "manager": manager,
        "superuser": make_user("root@example.com", is_staff=True, is_superuser=True),
    }
    ids = {
        "room": room.pk,
        "booking": booking.pk,
        "free_slot": slots[1].pk,
        "shut_slot": slots[2].pk,
        "mail": sent_mail().pk,
        "stranger": stranger.pk,
        "held": held_booking.pk,
        "failed_refund": failed_refund(make_slot(room=room, start=LATER), stranger).pk,
        "desk_refund": desk_refund(
            make_slot(room=room, start=LATER.replace(hour=10)), stranger, manager
        ).pk,
        "event": event.pk,
        "draft": draft.pk,
        "order": order.pk,
        "ticket": ticket.pk,
    }
    with time_machine.travel(NOW, tick=False):
        yield World(people, ids, held.token, ticket.ticket_code)


def sent_mail() -> OutgoingMail:
    """The customer's confirmation, as the worker leaves it."""
    mail = OutgoingMail.objects.get(kind="booking_confirmed")
    deliver(mail.pk, now=lambda: NOW)
    mail.refresh_from_db()
    return mail


def failed_refund(slot: Timeslot, user: User) -> Refund:
    """Of a cancelled booking; the provider said no."""
    cancelled = cancel_booking(booking_id=pay(book_slot(slot, user)).pk, by=user, at=NOW)
    Refund.objects.update(status=RefundState.FAILED)
    return Refund.objects.get(payment=cancelled.payment)


def desk_refund(slot: Timeslot, user: User, staff: User) -> Refund:
    """Of a cancelled booking that was paid in cash; not handed back yet."""
    payment = book_slot(slot, user).payment
    assert payment is not None
    take_desk_payment(payment_id=payment.pk, method=DeskMethod.CASH, by=staff, at=NOW)
    cancel_booking(booking_id=payment.bookings.get().pk, by=user, at=NOW)
    return Refund.objects.get(payment=payment)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_who_may(world: World, row: Row) -> None:
    answered = {}
    for person in PEOPLE:
        # What one of them may do must not change what the next one finds.
        with transaction.atomic():
            answered[person] = world.ask(row, person)
            transaction.set_rollback(True)

    assert answered == dict(zip(PEOPLE, row.statuses, strict=True))


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def known_endpoints() -> dict[str, set[str]]:
    """Our addresses and the methods of each, as far as the view tells: a viewset does."""
    found: dict[str, set[str]] = {}
    for route, view in routes(get_resolver().url_patterns):
        if not route.startswith(ELSEWHERE):
            actions = getattr(view, "actions", None) or {}
            methods = {method.upper() for method in actions} & METHODS
            found.setdefault(route, set()).update(methods)
    return found


def test_every_address_has_a_row() -> None:
    assert {row.route for row in ROWS} | FOR_ANYBODY == set(known_endpoints())
    assert not {row.route for row in ROWS} & FOR_ANYBODY


def test_every_method_of_the_api_has_a_row() -> None:
    told = {(method, route) for route, methods in known_endpoints().items() for method in methods}
    rows = {(row.method, row.route) for row in ROWS if row.route.startswith(V1)}

    assert rows - {("GET", V1 + "schema")} == told
