"""Bookings a second: the service against a loop of raw SQL that leaves the same rows.

Both run in the same processes, by turns, on the same connections and slots of the same kind. The
raw loop writes what the service writes (one guarded UPDATE, three INSERTs, one commit) and reads
nothing: it is the floor that no booking system gets under, not a rival.
"""

import functools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from bookings.models import Booking, BookingStatusChange, Room, Timeslot  # noqa: E402
from bookings.services import book  # noqa: E402
from bookings.states import RoomType  # noqa: E402
from payments.models import Payment  # noqa: E402

ROUNDS = 5
BOOKINGS = 100  # of each client in each round and kind
CLIENTS = (1, 4)
ROOMS = 10


class Job(NamedTuple):
    """One booking to make: a person and a free slot that nobody else is after."""

    user_id: int
    room_id: int
    timeslot_id: int


class Turn(NamedTuple):
    """What one client did in one turn, by a clock that all processes share."""

    kind: str
    round: int
    began: float
    ended: float


def measure() -> None:
    """Print the bookings a second of both, and their ratio, for one client and for several."""
    print("Bookings a second")
    print(f"{ROUNDS} rounds of {BOOKINGS} bookings a client; medians\n")
    print("  clients   service/s   raw SQL/s   ratio (lowest to highest round)")
    for clients in CLIENTS:
        _print_line(clients, _turns(clients))
    made, taken = Booking.objects.count(), Timeslot.objects.filter(taken=1).count()
    expected = sum(CLIENTS) * ROUNDS * BOOKINGS * 2 + len(CLIENTS)
    assert made == taken == expected, f"{made} bookings, {taken} places taken, not {expected}"


def _print_line(clients: int, turns: list[Turn]) -> None:
    service, raw = (
        [_rate(clients, [t for t in turns if (t.kind, t.round) == (kind, n)]) for n in _rounds()]
        for kind in ("service", "raw")
    )
    ratios = sorted(ours / floor for ours, floor in zip(service, raw, strict=True))
    print(
        f"  {clients:>7}   {statistics.median(service):>9.0f}   {statistics.median(raw):>9.0f}"
        f"   {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


def _rounds() -> range:
    return range(ROUNDS)


def _rate(clients: int, turns: list[Turn]) -> float:
    seconds = max(turn.ended for turn in turns) - min(turn.began for turn in turns)
    return clients * BOOKINGS / seconds


def _turns(clients: int) -> list[Turn]:
    """Let `clients` processes book at once, service and raw by turns."""
    at = timezone.now()
    jobs = iter(_make_jobs(clients * ROUNDS * BOOKINGS * 2 + 1, at))
    example = _book_example(next(jobs), at)
    connection.close()

    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(clients)
    queue = spawn.Queue()
    processes = [
        spawn.Process(
            target=_client,
            args=(barrier, queue, [next(jobs) for _ in range(ROUNDS * BOOKINGS * 2)], example, at),
        )
        for _ in range(clients)
    ]
    for process in processes:
        process.start()
    turns = [turn for _ in processes for turn in queue.get(timeout=300)]
    for process in processes:
        process.join()
    return turns


def _make_jobs(count: int, at: datetime) -> Iterator[Job]:
    """As many verified people and free slots; each person books once, as most do."""
    first = User.objects.count()
    users = User.objects.bulk_create(
        [User(email=f"guest{first + n}@example.com", password="!") for n in range(count)]
    )
    users = list(User.objects.order_by("pk")[first:])
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users]
    )
    rooms = [
        Room.objects.create(
            name=f"Room {n}",
            room_type=RoomType.MEETING,
            hourly_rate=Decimal(80),
            max_advance_days=366,
        )
        for n in range(ROOMS)
    ]
    begin = at + timedelta(days=2)
    Timeslot.objects.bulk_create(
        [
            Timeslot(
                room=rooms[n % ROOMS],
                start_time=begin + timedelta(minutes=30 * (n // ROOMS)),
                end_time=begin + timedelta(minutes=30 * (n // ROOMS) + 30),
            )
            for n in range(count)
        ]
    )
    slots = Timeslot.objects.filter(room__in=rooms).order_by("pk").values_list("pk", "room_id")
    for user, (slot_id, room_id) in zip(users, slots, strict=True):
        yield Job(user.pk, room_id, slot_id)


def _book_example(job: Job, at: datetime) -> dict[str, dict[str, Any]]:
    """A booking made by the service, as rows: what the raw loop copies."""
    booking = _book(job, at)
    rows: tuple[models.Model, ...] = (
        Payment.objects.get(bookings=booking),
        Booking.objects.get(pk=booking.pk),
        BookingStatusChange.objects.get(booking=booking),
    )
    return {row._meta.db_table: _columns(row) for row in rows}


def _columns(row: models.Model) -> dict[str, Any]:
    return {
        field.column: field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in row._meta.concrete_fields
        if not field.primary_key and field.column
    }


def _client(
    barrier: Barrier, queue: Any, jobs: list[Job], example: dict[str, Any], at: datetime
) -> None:
    connection.ensure_connection()
    work = iter(jobs)
    turns = []
    kinds: dict[str, Callable[[Job, datetime], object]] = {
        "service": _book,
        "raw": functools.partial(_insert, example=example),
    }
    for number in _rounds():
        for kind, make in kinds.items():
            turn = [next(work) for _ in range(BOOKINGS)]
            barrier.wait()
            began = time.monotonic()
            for job in turn:
                make(job, at)
            turns.append(Turn(kind, number, began, time.monotonic()))
    queue.put(turns)
    connection.close()


def _book(job: Job, at: datetime) -> Booking:
    return book(user_id=job.user_id, timeslot_id=job.timeslot_id, room_id=job.room_id, at=at)


def _insert(job: Job, at: datetime, example: dict[str, dict[str, Any]]) -> None:
    """The same rows by the bare driver: no ORM, no reading, no rules."""
    driver = connection.connection
    driver.autocommit(False)
    with driver.cursor() as cursor:
        cursor.execute(
            "UPDATE timeslots SET taken = taken + 1 WHERE id = %s AND taken < max_bookings",
            (job.timeslot_id,),
        )
        own = {"user_id": job.user_id, "token": Payment._meta.get_field("token").get_default()}
        payment_id = _insert_row(cursor, "payments", example["payments"] | own)
        own = {
            "user_id": job.user_id,
            "timeslot_id": job.timeslot_id,
            "room_id": job.room_id,
            "payment_id": payment_id,
            "uid": Booking._meta.get_field("uid").get_default(),
        }
        booking_id = _insert_row(cursor, "bookings", example["bookings"] | own)
        own = {"booking_id": booking_id, "by_id": job.user_id}
        table = "booking_status_changes"
        _insert_row(cursor, table, example[table] | own)
    driver.commit()
    driver.autocommit(True)


def _insert_row(cursor: Any, table: str, row: dict[str, Any]) -> int:
    columns = ", ".join(f"`{column}`" for column in row)
    places = ", ".join(["%s"] * len(row))
    cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(row.values()))
    return int(cursor.lastrowid)
