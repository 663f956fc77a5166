"""What the mails about events and tickets look like, with made-up facts."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import timezone

from accounts.models import User
from common import clock
from common.money import money
from notifications.samples import register_sample
from tickets import emails
from tickets.models import Event, TicketOrder
from tickets.reminders import facts_for_the_way
from tickets.states import EventType, OrderStatus, TicketType

ZONE = "Europe/Berlin"


def register_samples() -> None:
    register_sample(emails.PURCHASED, _purchased)
    register_sample(emails.CANCELLED, _cancelled)
    register_sample(
        emails.EVENT_CANCELLED,
        partial(_facts, reason="The singer is ill.", refund=money(Decimal("40.00"), "EUR")),
    )
    register_sample(emails.EVENT_MOVED, _moved)
    register_sample(emails.REMINDER, _reminder)
    register_sample(emails.STAFF_SOLD, _facts)


def _order(at: datetime) -> TicketOrder:
    """Never saved; a Saturday evening in three weeks."""
    local = at.astimezone(clock.zone(ZONE)).replace(hour=20, minute=0, second=0, microsecond=0)
    start = local + timedelta(days=(5 - local.weekday()) % 7 + 21)
    event = Event(
        pk=17,
        name="Summer concert",
        event_type=EventType.OTHER,
        start_date=start,
        end_date=start + timedelta(hours=3),
        timezone=ZONE,
        location="Old Mill, Berlin",
        doors_open_minutes=60,
    )
    return TicketOrder(
        pk=4712,
        user=User(pk=1, email="ada@example.com", name="Ada Lovelace"),
        event=event,
        ticket_type=TicketType.STANDARD,
        quantity=2,
        unit_price=Decimal("20.00"),
        amount=Decimal("40.00"),
        currency="EUR",
        status=OrderStatus.PAID,
        refund_policy=[{"hoursBefore": 168, "percent": 100}, {"hoursBefore": 72, "percent": 50}],
        created_at=at,
    )


def _facts(**more: Any) -> dict[str, Any]:
    at = timezone.now()
    return emails.facts_of(_order(at), at=at) | more


def _reminder() -> dict[str, Any]:
    said = _facts()
    return said | {"user_id": 1, "facts": facts_for_the_way(said["facts"], tickets=2)}


def _purchased() -> dict[str, Any]:
    at = timezone.now()
    order = _order(at)
    codes = ("SAMPLE7KQ2M4XW9TVB6R3NH5", "SAMPLE2HD8C6PZ4FJ9WK7MQ3")
    return emails.facts_of(order, at=at) | {
        "tickets": [
            {"id": number, "code": code, "url": f"https://example.com/tickets/{number}"}
            for number, code in enumerate(codes, start=1)
        ],
        "refund_steps": emails.said_steps(order, at),
    }


def _cancelled() -> dict[str, Any]:
    return _facts(
        cancelled=1,
        left=1,
        refund=money(Decimal("20.00"), "EUR"),
        was_paid=True,
        by_staff=False,
        withdraws_invite=False,
    )


def _moved() -> dict[str, Any]:
    event = _order(timezone.now()).event
    day = timedelta(days=1)
    return _facts(
        former_when=clock.say_span(event.start_date - day, event.end_date - day, ZONE),
        reason="The hall is flooded.",
        free_cancel_until=clock.say_moment(event.start_date - 7 * day, ZONE),
    )
