"""One of everything that an address names, and the people who ask for it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client

from access.services import cancel_subscription
from access.services.resources import save_resource
from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import block_slot, cancel_booking
from notifications.delivery import deliver
from notifications.models import OutgoingMail
from payments.models import Refund
from payments.services import take_desk_payment
from payments.states import DeskMethod, RefundState
from tests.infrastructure.door import scan
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.plans import MakePlan, sign_up, take
from tests.infrastructure.world import NOW, START, MakeRoom, MakeSlot, MakeUser, book_slot, pay
from tests.permission_matrix.people import V1, Row

LATER = START + timedelta(days=1)


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
        named = str(self.ids.get(row.of or "booking", ""))
        path = row.route.replace("<int:pk>", named)
        subscription = named if row.of else str(self.ids["subscription"])
        path = path.replace("<int:subscription_id>", subscription)
        path = path.replace("<int:booking_id>", str(self.ids["booking"]))
        for name in ("event", "ticket", "order"):
            path = path.replace(f"<int:{name}_id>", str(self.ids[name]))
        path = path.replace("<str:ticketCode>", self.code)
        # Resources are called after what they are; several are asked about at once.
        path = path.replace("<slug:slug>", row.of)
        if row.route == V1 + "access":
            path += "?resources=page,file,link"
        return "/" + path.replace("<str:token>", self.token)

    def ask(self, row: Row, person: str, **headers: str) -> int:
        client, user = Client(headers=headers), self.people[person]
        if user is not None:
            client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        if row.method == "GET":
            answer = client.get(self.path(row))
            # A file that is handed out stays open until it is read.
            answer.getvalue()
            return answer.status_code
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
    make_plan: MakePlan,
    private_files: Path,
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
    plan = make_plan("basic")
    dearer = take(make_plan("studio", rank=2), customer)
    sign_up(dearer)
    cancel_subscription(subscription_id=dearer.pk, by=customer, at=NOW)
    subscription = take(plan, customer)
    sign_up(subscription)
    resources = {
        kind: save_resource(
            changes={"slug": kind, "title": kind, "kind": kind, "plan": plan, **content},
            file=ContentFile(b"x", name="x.txt") if kind == "file" else None,
            at=NOW,
        )
        for kind, content in {
            "page": {"body": "Hello."},
            "file": {},
            "link": {"url": "https://example.com"},
        }.items()
    }
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
        "payment": booking.payment_id or 0,
        "free_slot": slots[1].pk,
        "shut_slot": slots[2].pk,
        "mail": sent_mail().pk,
        "stranger": stranger.pk,
        "held": held_booking.pk,
        "failed_refund": failed_refund(make_slot(room=room, start=LATER), stranger).pk,
        "desk_refund": desk_refund(
            make_slot(room=room, start=LATER.replace(hour=10)), stranger, manager
        ).pk,
        "plan": plan.pk,
        "dear_plan": make_plan("house", rank=3).pk,
        "subscription": subscription.pk,
        "resource": resources["page"].pk,
        "cancelled_subscription": dearer.pk,
        "event": event.pk,
        "draft": draft.pk,
        "order": order.pk,
        "ticket": ticket.pk,
        "scan": scan(pay_order(buy(event, stranger)).tickets.get(), by=scanner).pk,
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


@contextmanager
def undone() -> Iterator[None]:
    """As if it had never been; to the door of the payment provider no transaction of ours."""
    with transaction.atomic():
        vars(connection.atomic_blocks[-1])["_from_testcase"] = True
        yield
        transaction.set_rollback(True)
