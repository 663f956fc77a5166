"""What can be asked about rooms, slots and bookings; shared by pages and API."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable, OrderBy
from django.db.models.functions import Cast

from bookings.models import Booking, Room, Timeslot
from bookings.policies import earliest_start, latest_start
from bookings.querysets import IS_PENDING, BookingQuerySet, is_past, is_upcoming
from bookings.states import TAKES_PLACE, BookingStatus
from common import clock
from common.money import decimals

ALTERNATIVES = 3
ANY: Final = Q()
# Longer than any timeslot, and short enough for every database to add it to a date.
LONGEST: Final = timedelta(days=3660)
# Today and a week: where nearly every room has something free.
SOON: Final = timedelta(days=8)


def bookable_by_time(room: Room, at: datetime) -> Q:
    """Timeslots of `room` that are neither too soon nor too far."""
    return Q(
        start_time__gt=at,
        start_time__gte=earliest_start(at=at, min_notice_minutes=room.min_notice_minutes),
        start_time__lte=latest_start(at=at, max_advance_days=room.max_advance_days),
    )


def bookable_in(rooms: Iterable[Room], at: datetime) -> Q:
    """Timeslots of these rooms that are neither too soon nor too far, each by its room's rules."""
    by_rule: dict[tuple[int, int], list[Room]] = defaultdict(list)
    for room in rooms:
        by_rule[room.min_notice_minutes, room.max_advance_days].append(room)
    found = Q(pk__in=[])
    for alike in by_rule.values():
        found |= Q(room_id__in=[room.pk for room in alike]) & bookable_by_time(alike[0], at)
    return found


def free_slots(room: Room, at: datetime) -> "Iterable[Timeslot]":
    """Slots of `room` that can be booked now, the earliest first."""
    return (
        Timeslot.objects.open()
        .filter(bookable_by_time(room, at), room=room)
        .select_related("room")
        .order_by("start_time")
    )


def slots_between(room: Room, start: datetime, end: datetime) -> list[Timeslot]:
    """All slots of `room` that begin in [start, end), free or not, in order."""
    slots = list(
        Timeslot.objects.filter(room=room, start_time__gte=start, start_time__lt=end).order_by(
            "start_time"
        )
    )
    for slot in slots:
        slot.room = room
    return slots


def fits_move(booking: Booking) -> Q:
    """Timeslots that `booking` may be moved to as far as its price goes; not the one it is in.

    `effective_price <= booking.price`, as the database can ask it.
    """
    fits = Q(price__lte=booking.price)
    rate = booking.room.hourly_rate
    if not rate:
        fits |= Q(price__isnull=True)
    else:
        # A price is rounded half up, so what is less than half a unit above still fits.
        most = booking.price + Decimal(1).scaleb(-decimals(booking.currency)) / 2
        length = min(timedelta(seconds=float(most / rate * 3600)), LONGEST)
        fits |= Q(price__isnull=True, end_time__lt=F("start_time") + length)
    return fits & ~Q(pk=booking.timeslot_id)


def free_days(
    room: Room, start: datetime, end: datetime, at: datetime, *, only: Q = ANY
) -> dict[date, int]:
    """For each local day in [start, end) that has a free slot (of `only` these): how many."""
    starts = (
        Timeslot.objects.open()
        .filter(only, bookable_by_time(room, at), room=room)
        .filter(start_time__gte=start, start_time__lt=end)
        .order_by()
        .values_list("start_time", flat=True)
    )
    days: dict[date, int] = defaultdict(int)
    room_zone = clock.zone(room.timezone)
    for begins in starts:
        days[begins.astimezone(room_zone).date()] += 1
    return dict(days)


def next_free(
    room: Room, at: datetime, after: datetime | None = None, *, only: Q = ANY
) -> Timeslot | None:
    """The earliest bookable slot (of `only` these).

    With `after`: the earliest that begins from then on, else the earliest of all.
    """
    slots = Timeslot.objects.open().filter(only, bookable_by_time(room, at), room=room)
    order: list[OrderBy | str] = ["start_time"]
    if after is not None:
        order = [Case(When(start_time__gte=after, then=0), default=1).asc(), *order]
    return slots.select_related("room").order_by(*order).first()


def next_free_times(rooms: Iterable[Room], at: datetime) -> dict[int, datetime]:
    """The start of each room's earliest bookable slot, by room id; rooms without one are missing.

    One query, however many rooms; a second one when some of them have nothing free soon.
    """
    wanted = list(rooms)
    # The earliest is found by reading all: a few days of it, not months.
    found = _first_starts(wanted, at, Q(start_time__lt=at + SOON))
    if others := [room for room in wanted if room.pk not in found]:
        found |= _first_starts(others, at, Q(start_time__gte=at + SOON))
    return found


def _first_starts(rooms: list[Room], at: datetime, span: Q) -> dict[int, datetime]:
    return dict(
        Timeslot.objects.open()
        .filter(bookable_in(rooms, at), span)
        .order_by()
        .values_list("room_id")
        .annotate(first=Min("start_time"))
    )


def next_free_slots(rooms: Iterable[Room], at: datetime) -> dict[int, Timeslot]:
    """Each room's earliest bookable slot, by room id; a query more than `next_free_times`."""
    by_id = {room.pk: room for room in rooms}
    firsts = next_free_times(by_id.values(), at)
    if not firsts:
        return {}
    found: dict[int, Timeslot] = {}
    # Room and start are unique together; other rooms may begin at the same instants.
    for slot in Timeslot.objects.filter(room_id__in=firsts, start_time__in=set(firsts.values())):
        if firsts[slot.room_id] == slot.start_time:
            slot.room = by_id[slot.room_id]
            found[slot.room_id] = slot
    return found


def rooms_with_next_free(room_ids: Iterable[int], at: datetime) -> QuerySet[Room]:
    """Those of these rooms that can be booked, with `next_free_at` (None: nothing is free).

    One query, also for rooms that nobody has read yet; for many rooms at once `next_free_times`
    looks at fewer slots.
    """
    lead = ExpressionWrapper(
        F("start_time") - Value(at, output_field=DateTimeField()), DurationField()
    )
    free = (
        Timeslot.objects.open()
        .alias(lead=lead)
        .filter(
            room_id=OuterRef("pk"),
            start_time__gt=at,
            lead__gte=_span("min_notice_minutes", timedelta(minutes=1)),
            lead__lte=_span("max_advance_days", timedelta(days=1)),
        )
        .order_by("start_time")
    )
    rows = Room.objects.active().filter(pk__in=list(room_ids)).order_by()
    return rows.annotate(next_free_at=Subquery(free.values("start_time")[:1]))


def _span(field: str, unit: timedelta) -> Combinable:
    """A room's number of such units, as both databases count the time between two instants."""
    number = Cast(OuterRef(field), BigIntegerField())
    return ExpressionWrapper(number * (unit // timedelta(microseconds=1)), BigIntegerField())


def alternatives(slot: Timeslot, at: datetime, *, only: Q = ANY) -> list[Timeslot]:
    """Up to three bookable slots (of `only` these) of the same room, the nearest in time first."""
    others = (
        Timeslot.objects.open()
        .filter(only, bookable_by_time(slot.room, at), room_id=slot.room_id)
        .exclude(pk=slot.pk)
        .select_related("room")
    )
    before = others.filter(start_time__lt=slot.start_time).order_by("-start_time")[:ALTERNATIVES]
    after = others.filter(start_time__gte=slot.start_time).order_by("start_time")[:ALTERNATIVES]
    nearest = sorted([*before, *after], key=lambda other: abs(other.start_time - slot.start_time))
    return nearest[:ALTERNATIVES]


def beginning_on(first: int, last: int, at: datetime, *, slot: str = "") -> Q:
    """What begins from `first` to `last` days from today (0), by the clock of its own room.

    For timeslots, or for what `slot` leads from: 'timeslot__' for bookings.
    """
    found = Q(pk__in=[])
    for zone in Room.objects.order_by("timezone").values_list("timezone", flat=True).distinct():
        today = at.astimezone(clock.zone(zone)).date()
        opens, _ = clock.day_bounds(today + timedelta(days=first), zone)
        _, closes = clock.day_bounds(today + timedelta(days=last), zone)
        found |= Q(
            **{
                f"{slot}room__timezone": zone,
                f"{slot}start_time__gte": opens,
                f"{slot}start_time__lt": closes,
            }
        )
    return found


def has_place(user_id: int, slot_id: int) -> bool:
    """True when this person holds or has a place in that slot."""
    return Booking.objects.filter(
        user_id=user_id, timeslot_id=slot_id, status__in=TAKES_PLACE
    ).exists()


def count_bookings(user_id: int, at: datetime) -> dict[str, int]:
    """How many upcoming, pending and past bookings somebody has; each is exactly one of them."""
    counts: dict[str, int] = Booking.objects.of(user_id).aggregate(
        upcoming=Count("pk", filter=is_upcoming(at)),
        pending=Count("pk", filter=IS_PENDING),
        past=Count("pk", filter=is_past(at)),
    )
    return counts


def next_of(user_id: int, at: datetime) -> Booking | None:
    """What is next for somebody: a hold that can still be paid, else the next booking."""
    own = Booking.objects.of(user_id).with_everything()
    hold = own.pending().filter(payment__expires_at__gt=at).order_by("payment__expires_at").first()
    return hold or own.upcoming(at).order_by("timeslot__start_time").first()


def find_rooms(
    rooms: QuerySet[Room],
    *,
    at: datetime,
    search: str = "",
    room_type: str = "",
    min_capacity: int = 0,
    day: date | None = None,
    hour: time | None = None,
) -> QuerySet[Room]:
    """Those of `rooms` with `search` in name or description, of that type, with at least so many
    seats, and with a bookable time on that day of their own zone (that `hour` falls into).

    With `min_capacity` the best fit comes first: the smallest that is large enough.
    """
    if words := search.strip():
        rooms = rooms.filter(Q(name__icontains=words) | Q(description__icontains=words))
    if room_type:
        rooms = rooms.filter(room_type=room_type)
    if min_capacity:
        rooms = rooms.filter(capacity__gte=min_capacity).order_by("capacity", "name", "pk")
    if day is not None:
        free = slots_free_on(Room.objects.active(), day, at, hour=hour)
        rooms = rooms.filter(pk__in=sorted(free))
    return rooms


def largest_capacity() -> int | None:
    """Of the rooms that can be booked; None when there are none."""
    largest: int | None = Room.objects.active().aggregate(largest=Max("capacity"))["largest"]
    return largest


def slots_free_on(
    rooms: Iterable[Room], day: date, at: datetime, *, hour: time | None = None
) -> dict[int, Timeslot]:
    """Each room's earliest bookable slot on that calendar day of its own zone, by room id.

    With `hour` the one that it falls into: 10:15 is answered by 10:00–10:30. Rooms without one are
    missing.
    """
    # One day in any zone lies within these two days of UTC; the exact bounds are each room's.
    around = datetime.combine(day, time.min, tzinfo=UTC)
    by_id = {room.pk: room for room in rooms}
    rows = Timeslot.objects.open().filter(
        room_id__in=list(by_id),
        start_time__gte=around - timedelta(days=1),
        start_time__lt=around + timedelta(days=2),
    )
    free: dict[int, Timeslot] = {}
    for slot in rows.order_by("start_time"):
        slot.room = by_id[slot.room_id]
        if slot.room_id not in free and _is_on(slot, day, hour) and slot.is_bookable(at):
            free[slot.room_id] = slot
    return free


def _is_on(slot: Timeslot, day: date, hour: time | None) -> bool:
    """By the clock of the slot's own room."""
    if hour is not None:
        moment = datetime.combine(day, hour, tzinfo=clock.zone(slot.room.timezone))
        return slot.start_time <= moment < slot.end_time
    starts, ends = clock.day_bounds(day, slot.room.timezone)
    return starts <= slot.start_time < ends


def standing(user_id: int, *, since: datetime) -> BookingQuerySet:
    """Somebody's bookings that are confirmed or visited, and over since then at the earliest."""
    found: BookingQuerySet = Booking.objects.of(user_id).filter(
        status__in=[BookingStatus.CONFIRMED, BookingStatus.COMPLETED],
        timeslot__end_time__gt=since,
    )
    return found


def for_calendar(user_id: int, *, since: datetime) -> QuerySet[Booking]:
    """What belongs into somebody's own calendar: confirmed or visited, and over since then."""
    return standing(user_id, since=since).with_everything().order_by("timeslot__start_time", "pk")
