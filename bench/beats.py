"""What happens by the clock, with 100,000 rows due at once: does it keep up, in bounded memory?

Each task is called as the beat calls it, again and again, until nothing is left or PATIENCE is
over; then the rest is reckoned. Afterwards it is called with nothing to do, the same rows in the
table: that is what it costs on every ordinary day.
"""

import os
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from bookings import tasks as booking_tasks  # noqa: E402
from bookings.models import Booking, Room, Timeslot  # noqa: E402
from bookings.states import BookingStatus, PaymentStatus, RoomType  # noqa: E402
from common import tasks as common_tasks  # noqa: E402
from common.models import IdempotencyKey  # noqa: E402
from common.wake import quietly  # noqa: E402
from notifications import tasks as mail_tasks  # noqa: E402
from notifications.models import OutgoingMail  # noqa: E402
from notifications.states import MailState  # noqa: E402
from payments import tasks as payment_tasks  # noqa: E402
from payments.models import Payment, WebhookEvent  # noqa: E402
from payments.states import EventState, PaymentState  # noqa: E402
from tickets import tasks as ticket_tasks  # noqa: E402
from tickets.models import Event, Ticket, TicketOrder  # noqa: E402
from tickets.states import EventStatus, EventType, OrderStatus, TicketStatus, TicketType  # noqa: E402

ROWS: Final = 100_000
PATIENCE: Final = 60.0
PEOPLE: Final = 1_000
SLOTS: Final = 1_000
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Beat:
    name: str
    task: Callable[[], int]
    fill: Callable[["World"], None]


@dataclass(frozen=True)
class World:
    """Whom and what all the rows hang on."""

    at: datetime
    people: list[int]
    past: list[tuple[int, int]]  # (timeslot, room), over for long
    ahead: list[tuple[int, int]]


def measure() -> None:
    chosen = os.environ.get("BENCH_BEATS", "")
    world = _world(timezone.now())
    print("| 100,000 due | rows/s | rows a beat | beats | memory before | at most | nothing due |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for beat in BEATS:
        if chosen not in beat.name:
            continue
        beat.fill(world)
        _analyze()
        # As in a worker: nobody listens to what a task wakes.
        with quietly():
            print(_line(beat), flush=True)


def _line(beat: Beat) -> str:
    before = _megabytes()
    done, runs, began = 0, 0, time.perf_counter()
    while time.perf_counter() - began < PATIENCE:
        rows = beat.task()
        done, runs = done + rows, runs + (rows > 0)
        if not rows:
            break
    seconds = time.perf_counter() - began
    is_over = done >= ROWS
    beats = runs if is_over else -(-ROWS * runs // max(done, 1))
    idle = "" if not is_over else f"{_milliseconds(beat.task):.0f} ms"
    return (
        f"| {beat.name} | {done / seconds:,.0f} | {done // max(runs, 1):,} | "
        f"{beats}{'' if is_over else ' (reckoned)'} | {before:.0f} MB | {_megabytes():.0f} MB | "
        f"{idle} |"
    )


def _milliseconds(task: Callable[[], int]) -> float:
    began = time.perf_counter()
    assert task() == 0
    return (time.perf_counter() - began) * 1_000


def _megabytes() -> float:
    """The most that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _analyze() -> None:
    with connection.cursor() as cursor:
        for model in (Booking, Timeslot, Ticket, Event, Payment, WebhookEvent, IdempotencyKey):
            cursor.execute(f"ANALYZE TABLE {model._meta.db_table}")
            cursor.fetchall()


def _insert(model: type[Model], rows: Iterable[Any], **options: Any) -> None:
    waiting = iter(rows)
    while batch := list(islice(waiting, 1_000)):
        model._default_manager.bulk_create(batch, **options)


def _world(at: datetime) -> World:
    User.objects.bulk_create(User(email=f"by-the-clock-{n}@example.com") for n in range(PEOPLE))
    people = list(
        User.objects.filter(email__startswith="by-the-clock").values_list("pk", flat=True)
    )
    room = Room.objects.create(name="By the clock", room_type=RoomType.MEETING)
    starts = [at - n * HOUR for n in range(3, SLOTS + 3)] + [at + n * HOUR for n in range(1, SLOTS)]
    _insert(
        Timeslot,
        (
            Timeslot(
                room=room, start_time=start, end_time=start + HOUR, max_bookings=ROWS, taken=ROWS
            )
            for start in starts
        ),
    )
    slots = Timeslot.objects.filter(room=room)
    return World(
        at,
        people,
        [(pk, room.pk) for pk in slots.filter(end_time__lt=at).values_list("pk", flat=True)],
        [(pk, room.pk) for pk in slots.filter(start_time__gt=at).values_list("pk", flat=True)],
    )


def _bookings(
    world: World, slots: list[tuple[int, int]], payments: list[int] | None = None
) -> Iterable[Booking]:
    for number in range(ROWS):
        slot_id, room_id = slots[number % len(slots)]
        yield Booking(
            user_id=world.people[number % PEOPLE],
            timeslot_id=slot_id,
            room_id=room_id,
            status=BookingStatus.PENDING if payments else BookingStatus.CONFIRMED,
            payment_status=PaymentStatus.PENDING if payments else PaymentStatus.PAID,
            payment_id=payments[number] if payments else None,
            price=20,
            currency="USD",
        )


def _fill_bookings(world: World) -> None:
    """As many again lie ahead: they must not be looked through for the others."""
    _insert(Booking, _bookings(world, world.past))
    _insert(Booking, _bookings(world, world.ahead))


def _fill_holds(world: World) -> None:
    _insert(
        Payment,
        (
            Payment(
                user_id=world.people[number % PEOPLE],
                purpose="booking",
                description="A hold",
                amount=20,
                currency="USD",
                status=PaymentState.OPEN,
                expires_at=world.at - HOUR,
            )
            for number in range(ROWS)
        ),
    )
    holds = Payment.objects.lapsed(world.at).order_by("pk").values_list("pk", flat=True)
    _insert(Booking, _bookings(world, world.ahead, payments=list(holds)))


def _fill_tickets(world: World) -> None:
    event = _event(world, number=0, ends=world.at + HOUR)
    event.save()
    order = TicketOrder.objects.create(
        user_id=world.people[0],
        event=event,
        ticket_type=TicketType.STANDARD,
        quantity=1,
        unit_price=0,
        amount=0,
        currency="USD",
        status=OrderStatus.PAID,
    )
    _insert(
        Ticket,
        (
            Ticket(
                user_id=world.people[number % PEOPLE],
                event=event,
                order=order,
                status=TicketStatus.ACTIVE,
                price_paid=0,
                valid_from=world.at - 2 * HOUR,
                valid_until=world.at - HOUR,
            )
            for number in range(ROWS)
        ),
    )


def _event(world: World, *, number: int, ends: datetime) -> Event:
    return Event(
        name=f"Event {number}",
        event_type=EventType.OTHER,
        start_date=ends - 3 * HOUR,
        end_date=ends,
        timezone="Europe/Berlin",
        location="Old Mill",
        status=EventStatus.PUBLISHED,
    )


def _fill_events(world: World) -> None:
    _insert(Event, (_event(world, number=n, ends=world.at - HOUR) for n in range(ROWS)))


def _fill_keys(world: World) -> None:
    _insert(
        IdempotencyKey,
        (
            IdempotencyKey(
                user_id=world.people[number % PEOPLE],
                method="POST",
                path="/api/v1/bookings",
                key=f"key-{number}",
                body_hash="0" * 64,
                status=201,
                body=b"x" * 1_000,
                created_at=world.at - 48 * HOUR,
            )
            for number in range(ROWS)
        ),
    )


def _fill_told(world: World) -> None:
    _insert(
        WebhookEvent,
        (
            WebhookEvent(
                provider="stripe",
                event_id=f"evt_{number}",
                kind="checkout.session.completed",
                payload={"object": "x" * 2_000},
                state=EventState.DONE,
                created_at=world.at - timedelta(days=40),
                received_at=world.at - timedelta(days=40),
            )
            for number in range(ROWS)
        ),
    )


def _fill_mails(world: World) -> None:
    old = world.at - timedelta(days=400)
    _insert(
        OutgoingMail,
        (
            OutgoingMail(
                kind="booking_confirmed",
                to="ada@example.com",
                key=f"beats:{number}",
                context={"name": "Ada"},
                state=MailState.SENT,
                created_at=old,
                next_try_at=old,
                sent_at=old,
                text="x" * 500,
                html="x" * 5_000,
            )
            for number in range(ROWS)
        ),
    )


BEATS: Final = (
    Beat("bookings completed", booking_tasks.complete_past, _fill_bookings),
    Beat("holds lapsed", payment_tasks.lapse_holds, _fill_holds),
    Beat("tickets expired", ticket_tasks.expire, _fill_tickets),
    Beat("events completed", ticket_tasks.complete_past, _fill_events),
    Beat("idempotency keys forgotten", common_tasks.forget_idempotency_keys, _fill_keys),
    Beat("webhook bodies emptied", payment_tasks.forget_events, _fill_told),
    Beat("old mails emptied", mail_tasks.empty_old, _fill_mails),
)
