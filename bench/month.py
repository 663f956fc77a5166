"""The pages that people choose a time on, with a thousand and with a million timeslots behind them.

Real requests through every middleware, the template and the session, in this process. The sizes
take turns request by request, so whatever else the machine does hits all of them alike.
"""

import re
import statistics
import time
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from bench.sizes import BOOKED_OUT, MEASURED, Size, make_sizes
from bookings.models import Timeslot

ROUNDS = 100
WARM_UP = 5
GOAL = 1.3
# Both begin with the room and the start, so either reads one room's span and nothing else.
BY_ROOM = {"idx_room_time", "timeslots_one_start"}


class Page(NamedTuple):
    title: str
    path: str
    query: dict[str, str]
    is_of_one_room: bool = True


class Statement(NamedTuple):
    """A statement of a page and how the largest database goes about it."""

    verb: str
    table: str
    key: str
    rows: int


def measure() -> None:
    """Print the time of each page at each size, their ratio, and what it asks the database."""
    today = timezone.now().date()
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    began = time.monotonic()
    sizes = make_sizes(first, today)
    clients = [_signed_in(size) for size in sizes]
    print(f"Pages by timeslots in the table (made in {time.monotonic() - began:.0f} s)")
    print(f"ms a request, signed in; medians of {ROUNDS} rounds; goal: {GOAL} times\n")
    heads = "".join(f"{_count(size):>12,}" for size in sizes)
    print(f"  {'':<32}{heads}   ratio (middle half of the rounds)   SQL")
    asked = [(page, _print_line(page, sizes, clients)) for page in _pages(first)]
    print("\nWhat they ask, beside the session and its user, and the index that answers it")
    for page, statements in asked:
        print(f"  {page.title}")
        for statement in statements:
            print(
                f"    {statement.verb:<7}{statement.table:<20}{statement.key:<22}"
                f"{statement.rows:>6} rows"
            )
    connection.close()


def _pages(first: date) -> list[Page]:
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    month, day = f"{first:%Y-%m}", f"{first:%Y-%m}-15"
    slots = f"/api/v1/bookings/rooms/{MEASURED}/timeslots"
    days = {"startDate": first.isoformat(), "endDate": last.isoformat()}
    return [
        Page("month", "/bookings/new", {"room": str(MEASURED), "month": month}),
        Page("month, a day chosen", "/bookings/new", {"room": str(MEASURED), "day": day}),
        Page("month, booked out", "/bookings/new", {"room": str(BOOKED_OUT), "month": month}),
        Page("API: times of a month", slots, days),
        Page("API: free times of a month", slots, days | {"available": "true"}),
        Page("rooms with their next free time", "/bookings/new", {}, is_of_one_room=False),
        Page("API: rooms", "/api/v1/bookings/rooms", {}, is_of_one_room=False),
        Page("home", "/", {}, is_of_one_room=False),
    ]


def _enter(size: Size) -> None:
    connection.ensure_connection()
    connection.connection.select_db(size.database)


def _count(size: Size) -> int:
    _enter(size)
    return Timeslot.objects.count()


def _signed_in(size: Size) -> Client:
    _enter(size)
    user = User.objects.create_user("guest@example.com")
    user.mark_verified()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def _print_line(page: Page, sizes: list[Size], clients: list[Client]) -> list[Statement]:
    times = _times(page, sizes, clients)
    medians = [statistics.median(of_size) for of_size in times]
    ratios = [last / first for first, last in zip(times[0], times[-1], strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    statements = _statements(page, sizes, clients)
    shown = "".join(f"{median * 1000:>12.1f}" for median in medians)
    print(
        f"  {page.title:<32}{shown}   {medians[-1] / medians[0]:.2f} ({low:.2f} to {high:.2f})"
        f"{'':<19}{len(statements)}",
        flush=True,
    )
    return statements


def _times(page: Page, sizes: list[Size], clients: list[Client]) -> list[list[float]]:
    """Seconds of each request, by size."""
    times: list[list[float]] = [[] for _ in sizes]
    shapes: list[Any] = [None for _ in sizes]
    order = list(range(len(sizes)))
    for number in range(WARM_UP + ROUNDS):
        order.append(order.pop(0))
        for place in order:
            _enter(sizes[place])
            began = time.perf_counter()
            response = clients[place].get(page.path, page.query)
            ended = time.perf_counter()
            assert response.status_code == 200, (page, response.status_code)
            shapes[place] = response.content.count(b"<"), response.content.count(b"{")
            if number >= WARM_UP:
                times[place].append(ended - began)
    assert len(set(shapes)) == 1, f"{page.title} isn't the same at every size: {shapes}"
    return times


def _statements(page: Page, sizes: list[Size], clients: list[Client]) -> list[Statement]:
    """What the page asks beside session and user; as many at every size."""
    found = []
    for size, client in zip(sizes, clients, strict=True):
        _enter(size)
        with CaptureQueriesContext(connection) as captured:
            client.get(page.path, page.query)
        asked = [statement["sql"] for statement in captured.captured_queries]
        found.append([_explained(sql) for sql in asked if not _is_of_the_person(sql)])
    assert len({len(statements) for statements in found}) == 1, page
    for statement in found[-1]:
        if page.is_of_one_room and statement.table == "timeslots":
            assert statement.key in BY_ROOM, f"{page.title} reads timeslots by {statement.key}"
    return found[-1]


def _is_of_the_person(sql: str) -> bool:
    return "FROM `django_session`" in sql or "FROM `users`" in sql


def _explained(sql: str) -> Statement:
    table = re.search(r"(?:FROM|UPDATE|INTO) `(\w+)`", sql)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", None)
        # The first table is the one that the statement is about; what is joined is one row.
        names = [column[0] for column in cursor.description]
        plan = [dict(zip(names, row, strict=True)) for row in cursor]
    name = table[1] if table else ""
    own = next((line for line in plan if line["table"] == name), plan[0])
    verb = sql.split(maxsplit=1)[0]
    return Statement(verb, name, own["key"] or "no index", int(own["rows"] or 0))
