"""How the rooms do: bookings by state, money from the ledger, how full the calendar is.

A day is the calendar day of each room's own zone, here too: whoever comes at 00:30 in Berlin comes
on that day, whatever the hour is in UTC.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, Count, DateTimeField, ExpressionWrapper, F, Sum, Value, When
from django.db.models.functions import TruncDate

from bookings.models import Booking, Room, Timeslot
from bookings.states import BookingStatus
from common import clock
from common.errors import InvalidInput
from common.money import quantize
from payments.models import ZERO, PaymentAttempt, Refund
from payments.states import RefundState

# Days around these can be reckoned with, in every zone and by every database.
EARLIEST, LATEST = date(1970, 1, 3), date(9998, 12, 28)
LONGEST: Final = timedelta(days=731)
# More days than these are told by month.
MOST_DAYS: Final = 62
A_DAY: Final = timedelta(days=1)

Rows = Iterable[Any]


@dataclass
class Tally:
    """Of one room, one period, or all."""

    bookings: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BookingStatus.values, 0))
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    disputed: Decimal = ZERO
    open_places: int = 0
    taken_places: int = 0

    def told(self) -> dict[str, Any]:
        currency = settings.CURRENCY
        return {
            "bookings": {"total": sum(self.bookings.values()), **self.bookings},
            "revenue": {
                "captured": quantize(self.captured, currency),
                "refunded": quantize(self.refunded, currency),
                "disputed": quantize(self.disputed, currency),
                "net": quantize(self.captured - self.refunded - self.disputed, currency),
            },
            "occupancy": {
                "open_places": self.open_places,
                "taken_places": self.taken_places,
                "rate": round(self.taken_places / self.open_places, 4) if self.open_places else 0.0,
            },
        }


def booking_statistics(*, since: date, until: date, room_id: int | None = None) -> dict[str, Any]:
    """From `since` to `until`, both inclusive, of one room or of all; five queries.

    Bookings and places count on the day of their timeslot, money on the day it came in or was
    asked back; a refund that failed counts nothing, and what cardholders' banks have taken by
    disputes counts where it had come in. Money is Decimal in the site's currency, the
    rest plain numbers and words. `by_period` goes by day, beyond two months by month (`step`).
    `open_places` are those that could be booked or are: of a closed time only the taken ones.

    Raises InvalidInput when the days are the wrong way round, more than two years, or out of reach.
    """
    if until < since:
        raise InvalidInput("The last day lies before the first.", attr="toDate")
    if since < EARLIEST or until > LATEST:
        raise InvalidInput(f"Days lie between {EARLIEST} and {LATEST}.", attr="fromDate")
    if until - since >= LONGEST:
        raise InvalidInput("At most two years at once.", attr="fromDate")
    rooms = Room.objects.order_by("name", "pk")
    by_id = {room.pk: room for room in (rooms if room_id is None else rooms.filter(pk=room_id))}
    by_month = until - since >= timedelta(days=MOST_DAYS)
    periods = {_period(day, by_month): Tally() for day in _days(since, until)}
    of_rooms = {pk: Tally() for pk in by_id}
    total = Tally()

    def tallies(pk: int, day: date) -> Iterable[Tally]:
        if not since <= day <= until:
            return ()
        return (total, of_rooms[pk], periods[_period(day, by_month)])

    for row in _bookings(by_id, since, until):
        for tally in tallies(row["room_id"], row["day"]):
            tally.bookings[row["status"]] += row["count"]
    for row in _places(by_id, since, until):
        for tally in tallies(row["room_id"], row["day"]):
            tally.open_places += row["open_places"]
            tally.taken_places += row["taken_places"]
    for row in _captured(by_id, since, until):
        for tally in tallies(row["room"], row["day"]):
            tally.captured += row["amount"]
            tally.disputed += row["at_banks"]
    for row in _refunded(by_id, since, until):
        for tally in tallies(row["room"], row["day"]):
            tally.refunded += row["amount"]

    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "room_id": room_id,
        "currency": settings.CURRENCY,
        "step": "month" if by_month else "day",
        **total.told(),
        "by_period": [
            {"period": period, **tally.told()} for period, tally in sorted(periods.items())
        ],
        "by_room": [
            {"room_id": pk, "name": by_id[pk].name, **tally.told()}
            for pk, tally in of_rooms.items()
        ],
    }


# --- The rows -------------------------------------------------------------------------------


def _bookings(rooms: dict[int, Room], since: date, until: date) -> Rows:
    found = Booking.objects.filter(
        room_id__in=rooms, **_between("timeslot__start_time", since, until)
    )
    return (
        found.order_by()
        .annotate(day=_local_day("timeslot__start_time", "room", rooms, since, until))
        .values("room_id", "status", "day")
        .annotate(count=Count("pk"))
    )


def _places(rooms: dict[int, Room], since: date, until: date) -> Rows:
    could_be_had = Case(When(is_blocked=True, then=F("taken")), default=F("max_bookings"))
    found = Timeslot.objects.filter(room_id__in=rooms, **_between("start_time", since, until))
    return (
        found.order_by()
        .annotate(day=_local_day("start_time", "room", rooms, since, until))
        .values("room_id", "day")
        .annotate(open_places=Sum(could_be_had), taken_places=Sum("taken"))
    )


def _captured(rooms: dict[int, Room], since: date, until: date) -> Rows:
    found = PaymentAttempt.objects.filter(
        payment__bookings__room_id__in=rooms, captured__gt=0, **_between("paid_at", since, until)
    )
    room = "payment__bookings__room"
    return (
        found.order_by()
        .annotate(day=_local_day("paid_at", room, rooms, since, until), room=F(f"{room}_id"))
        .values("room", "day")
        .annotate(amount=Sum("captured"), at_banks=Sum(PaymentAttempt.AT_BANKS))
    )


def _refunded(rooms: dict[int, Room], since: date, until: date) -> Rows:
    found = Refund.objects.exclude(status=RefundState.FAILED).filter(
        payment__bookings__room_id__in=rooms, **_between("created_at", since, until)
    )
    room = "payment__bookings__room"
    # The alias can't be called `amount` while the field of that name is summed up.
    return (
        {**row, "amount": row["asked_back"]}
        for row in found.order_by()
        .annotate(day=_local_day("created_at", room, rooms, since, until), room=F(f"{room}_id"))
        .values("room", "day")
        .annotate(asked_back=Sum("amount"))
    )


# --- Days of several zones ------------------------------------------------------------------


def _between(name: str, since: date, until: date) -> dict[str, datetime]:
    """All that may lie on these days somewhere on earth; the exact day is looked at later."""
    first = datetime.combine(since, datetime.min.time(), tzinfo=UTC)
    last = datetime.combine(until, datetime.min.time(), tzinfo=UTC)
    return {f"{name}__gte": first - A_DAY, f"{name}__lt": last + 2 * A_DAY}


def _local_day(
    instant: str, room: str, rooms: dict[int, Room], since: date, until: date
) -> TruncDate:
    """The calendar day of `instant` at its room.

    The databases know no zones unless somebody has loaded them; so each zone's offset, and when it
    changes, is handed to them as plain additions.
    """
    shifted = Case(
        *(
            When(
                **{f"{room}__timezone": zone, f"{instant}__lt": ends},
                then=ExpressionWrapper(F(instant) + Value(offset), output_field=DateTimeField()),
            )
            for zone in sorted({room.timezone for room in rooms.values()})
            for offset, ends in _offsets(zone, since - A_DAY, until + 2 * A_DAY)
        ),
        default=F(instant),
        output_field=DateTimeField(),
    )
    return TruncDate(shifted, tzinfo=UTC)


def _offsets(zone_name: str, since: date, until: date) -> Iterator[tuple[timedelta, datetime]]:
    """What a zone is ahead of UTC by, in order, each with the instant at which that ends."""
    zone = clock.zone(zone_name)

    def offset_at(instant: datetime) -> timedelta:
        return instant.astimezone(zone).utcoffset() or timedelta(0)

    now = datetime.combine(since, datetime.min.time(), tzinfo=UTC)
    end = datetime.combine(until, datetime.min.time(), tzinfo=UTC)
    while now < end:
        following = now + A_DAY
        if offset_at(following) != offset_at(now):
            # Zones change on a whole minute; halving finds it.
            before, after = now, following
            while after - before > timedelta(minutes=1):
                middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
                if offset_at(middle) == offset_at(now):
                    before = middle
                else:
                    after = middle
            yield offset_at(now), after
        now = following
    yield offset_at(end), end + A_DAY


def _days(since: date, until: date) -> Iterator[date]:
    day = since
    while day <= until:
        yield day
        day += A_DAY


def _period(day: date, by_month: bool) -> str:
    """'2026-07-09' or '2026-07'."""
    return f"{day:%Y-%m}" if by_month else day.isoformat()
