"""What can be asked about rooms, slots and bookings; shared by pages and API."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet

from bookings.models import Booking, Room, Timeslot
from bookings.policies import earliest_start, latest_start
from bookings.querysets import IS_PENDING, is_past, is_upcoming
from bookings.states import TAKES_PLACE
from common import clock

ALTERNATIVES = 3


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


def free_days(room: Room, start: datetime, end: datetime, at: datetime) -> dict[date, int]:
    """For each local day in [start, end) that has a free slot: how many."""
    starts = (
        Timeslot.objects.open()
        .filter(bookable_by_time(room, at), room=room, start_time__gte=start, start_time__lt=end)
        .values_list("start_time", flat=True)
    )
    days: dict[date, int] = defaultdict(int)
    room_zone = clock.zone(room.timezone)
    for begins in starts:
        days[begins.astimezone(room_zone).date()] += 1
    return dict(days)


def next_free(room: Room, at: datetime, after: datetime | None = None) -> Timeslot | None:
    """The earliest bookable slot, or the earliest that begins at or after `after`."""
    slots = Timeslot.objects.open().filter(bookable_by_time(room, at), room=room)
    if after is not None:
        slots = slots.filter(start_time__gte=after)
    return slots.select_related("room").order_by("start_time").first()


def next_free_times(rooms: Iterable[Room], at: datetime) -> dict[int, datetime]:
    """The start of each room's earliest bookable slot, by room id; rooms without one are missing.

    One query, however many rooms.
    """
    rows = (
        Timeslot.objects.open()
        .filter(bookable_in(rooms, at))
        .order_by()
        .values_list("room_id")
        .annotate(first=Min("start_time"))
    )
    return dict(rows)


def next_free_slots(rooms: Iterable[Room], at: datetime) -> dict[int, Timeslot]:
    """Each room's earliest bookable slot, by room id; one query more than `next_free_times`."""
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


def alternatives(slot: Timeslot, at: datetime) -> list[Timeslot]:
    """Up to three bookable slots of the same room, the nearest in time first."""
    others = (
        Timeslot.objects.open()
        .filter(bookable_by_time(slot.room, at), room_id=slot.room_id)
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
) -> QuerySet[Room]:
    """Those of `rooms` with `search` in name or description, of that type, with at least so many
    seats, and with a bookable time on that day of their own zone."""
    if words := search.strip():
        rooms = rooms.filter(Q(name__icontains=words) | Q(description__icontains=words))
    if room_type:
        rooms = rooms.filter(room_type=room_type)
    if min_capacity:
        rooms = rooms.filter(capacity__gte=min_capacity)
    if day is not None:
        rooms = rooms.filter(pk__in=rooms_free_on(day, at))
    return rooms


def rooms_free_on(day: date, at: datetime) -> list[int]:
    """Ids of the active rooms that have a bookable slot on that calendar day of their own zone."""
    # One day in any zone lies within these two days of UTC; the exact bounds are each room's.
    around = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    rooms = {room.pk: room for room in Room.objects.active()}
    rows = Timeslot.objects.open().filter(
        room_id__in=rooms,
        start_time__gte=around - timedelta(days=1),
        start_time__lt=around + timedelta(days=2),
    )
    free: set[int] = set()
    for slot in rows:
        room = slot.room = rooms[slot.room_id]
        starts, ends = clock.day_bounds(day, room.timezone)
        if starts <= slot.start_time < ends and slot.is_bookable(at):
            free.add(room.pk)
    return sorted(free)
