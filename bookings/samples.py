"""What the mails about bookings look like, with made-up facts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import timezone

from accounts.models import User
from bookings import emails
from bookings.models import Booking, Room, Timeslot
from bookings.states import BookingStatus, PaymentStatus, RoomType
from common import clock
from common.money import money
from notifications.samples import register_sample


def register_samples() -> None:
    register_sample(emails.CONFIRMED, partial(_facts, refund_steps=True))
    register_sample(emails.MOVED, _moved)
    register_sample(emails.CANCELLED, _cancelled)
    register_sample(emails.REMINDER, partial(_facts, user_id=1))
    register_sample(emails.STAFF_BOOKED, partial(_for_staff, _facts))
    register_sample(emails.STAFF_MOVED, partial(_for_staff, _moved))
    register_sample(emails.STAFF_CANCELLED, partial(_for_staff, _cancelled))


def _booking(at: datetime) -> Booking:
    """Never saved; next Thursday at nine."""
    room = Room(
        pk=1,
        name="Dr Weber",
        description="Check-up and advice, first floor",
        room_type=RoomType.TREATMENT,
        timezone="Europe/Berlin",
        hourly_rate=Decimal("90.00"),
    )
    local = at.astimezone(clock.zone(room.timezone)).replace(
        hour=9, minute=0, second=0, microsecond=0
    )
    start = local + timedelta(days=(3 - local.weekday()) % 7 + 7)
    slot = Timeslot(pk=1, room=room, start_time=start, end_time=start + timedelta(minutes=30))
    return Booking(
        pk=4711,
        user=User(pk=1, email="ada@example.com", name="Ada Lovelace"),
        room=room,
        timeslot=slot,
        status=BookingStatus.CONFIRMED,
        price=Decimal("45.00"),
        payment_status=PaymentStatus.PAID,
        currency="EUR",
        notes="I come by wheelchair.",
        refund_policy=[{"hoursBefore": 24, "percent": 100}, {"hoursBefore": 6, "percent": 50}],
    )


def _facts(*, refund_steps: bool = False, **more: Any) -> dict[str, Any]:
    at = timezone.now()
    booking = _booking(at)
    steps = emails.said_steps(booking, at) if refund_steps else []
    return emails.facts_of(booking, at=at) | {"refund_steps": steps} | more


def _for_staff(facts: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    at = timezone.now()
    return facts() | emails.facts_for_staff(_booking(at), at=at, more={})


def _moved() -> dict[str, Any]:
    slot = _booking(timezone.now()).timeslot
    former = slot.start_time - timedelta(days=1)
    return _facts(
        refund_steps=True,
        former_when=clock.say_span(former, former + timedelta(minutes=30), "Europe/Berlin"),
        refund=money(Decimal("5.00"), "EUR"),
        by_hand=False,
        by_staff=True,
        free_cancel_until=clock.say_moment(slot.start_time - timedelta(days=2), "Europe/Berlin"),
    )


def _cancelled() -> dict[str, Any]:
    return _facts(
        refund=money(Decimal("22.50"), "EUR"),
        by_hand=False,
        refund_percent=50,
        was_paid=True,
        by_staff=False,
    )
