"""The bookings of the demo: a customer with one of every kind, and a crowd around her."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Final

from django.db.models import Q

from accounts.models import User
from bookings.models import Booking, Room, Timeslot
from bookings.queries import slots_between
from bookings.services import block_slot, cancel_booking, set_status
from bookings.states import BookingStatus
from common import clock
from common.errors import DomainError
from common.service import in_one_transaction
from payments.gateways import on_stage
from payments.services import lapse
from portal.demo.deeds import hold, pay, send_refunds, settle_mails
from portal.demo.houses import DAYS_AHEAD, DAYS_BACK, MARK, ROOMS, DemoRoom, wanted_on
from portal.demo.people import BOSS, CUSTOMER, DESK

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WHY_CLOSED: Final = ("Team meeting", "The equipment is being serviced", "Staff training")
NOTES: Final = (
    "It is my first visit.",
    "Could we start on time? I have a train to catch.",
    "We bring our own coffee.",
    "Please ring twice, the bell is shy.",
)


@dataclass(frozen=True)
class Cast:
    """Who and what the story is about."""

    people: Mapping[str, User]
    crowd: Sequence[User]
    rooms: Mapping[str, Room]
    at: datetime

    @property
    def customer(self) -> User:
        return self.people[CUSTOMER.email]

    @property
    def desk(self) -> User:
        return self.people[DESK.email]


@dataclass(frozen=True)
class Scene:
    """One booking, known by its key; `play` makes it from a free slot.

    `days` from today is where a slot is looked for first. A lasting scene is history; others are
    played again once their time is over.
    """

    key: str
    room: str
    days: int
    play: Callable[[Cast, Timeslot], Booking]
    is_lasting: bool = False


# --- Scenes -----------------------------------------------------------------------------------


def _upcoming(cast: Cast, slot: Timeslot) -> Booking:
    at = cast.at - DAY
    return pay(hold(slot, cast.customer, at=at, notes=NOTES[0]), at=at, desk=cast.desk)


def _free(cast: Cast, slot: Timeslot) -> Booking:
    return hold(slot, cast.customer, at=cast.at - 3 * HOUR)


def _cancelled(cast: Cast, slot: Timeslot) -> Booking:
    at = cast.at - 2 * DAY
    booking = pay(hold(slot, cast.customer, at=at), at=at, desk=cast.desk)
    booking = cancel_booking(
        booking_id=booking.pk, by=cast.customer, at=at + DAY, reason="I am away that week."
    )
    send_refunds(booking, at=at + DAY)
    return booking


def _lapsed(cast: Cast, slot: Timeslot) -> Booking:
    at = cast.at - DAY
    booking = hold(slot, cast.customer, at=at)
    if booking.payment is not None:
        lapse(payment_id=booking.payment.pk, at=at + HOUR)
    return booking


def _completed(cast: Cast, slot: Timeslot) -> Booking:
    at = slot.start_time - 3 * DAY
    booking = pay(hold(slot, cast.customer, at=at), at=at, desk=cast.desk)
    return _attend(cast, booking, BookingStatus.COMPLETED)


def _missed(cast: Cast, slot: Timeslot) -> Booking:
    at = slot.start_time - 4 * DAY
    booking = pay(hold(slot, cast.crowd[1], at=at), at=at, desk=cast.desk)
    return _attend(cast, booking, BookingStatus.NO_SHOW)


def _due(cast: Cast, slot: Timeslot) -> Booking:
    at = cast.at - 2 * HOUR
    booking = hold(slot, cast.crowd[2], at=at, notes=NOTES[1])
    return set_status(
        booking_id=booking.pk,
        status=BookingStatus.CONFIRMED,
        by=cast.desk,
        at=at + 5 * MINUTE,
        reason="Pays in cash, known to us.",
    )


def _called_off(cast: Cast, slot: Timeslot) -> Booking:
    at = cast.at - DAY
    booking = pay(hold(slot, cast.crowd[3], at=at), at=at, desk=cast.desk)
    booking = set_status(
        booking_id=booking.pk,
        status=BookingStatus.CANCELLED,
        by=cast.people[BOSS.email],
        at=at + 2 * HOUR,
        reason="Dr Weber is ill.",
        refund="full",
    )
    send_refunds(booking, at=at + 2 * HOUR)
    return booking


def _held(cast: Cast, slot: Timeslot) -> Booking:
    return hold(slot, cast.customer, at=cast.at)


SCENES: Final = (
    Scene("completed", "dentist-weber", -DAYS_BACK, _completed, is_lasting=True),
    Scene("missed", "coaching", -DAYS_BACK + 1, _missed, is_lasting=True),
    Scene("cancelled", "dentist-hygiene", 9, _cancelled, is_lasting=True),
    Scene("called-off", "dentist-weber", 6, _called_off, is_lasting=True),
    Scene("lapsed", "meeting-linden", 7, _lapsed, is_lasting=True),
    Scene("upcoming", "dentist-weber", 3, _upcoming),
    Scene("free", "coaching-first", 4, _free),
    Scene("due", "meeting-atlas", 1, _due),
    Scene("held", "meeting-atlas", 5, _held),
)


def play_scenes(cast: Cast) -> int:
    """Make the scenes that are missing; says how many."""
    played = 0
    there = _scenes_there(cast.at)
    for scene in SCENES:
        if scene.key in there:
            continue
        slot = _slot_for(cast, scene)
        if slot is None:
            continue
        played += _try(partial(_play, cast, scene, slot))
    return played


def _play(cast: Cast, scene: Scene, slot: Timeslot) -> None:
    booking = scene.play(cast, slot)
    Booking.objects.filter(pk=booking.pk).update(metadata={MARK: scene.key})
    settle_mails(booking, keep=booking.user_id == cast.customer.pk)


def _scenes_there(at: datetime) -> set[str]:
    """Lasting ones once and for all; a hold once a day; others while their time is to come."""
    lasting = {scene.key for scene in SCENES if scene.is_lasting}
    there = set()
    marked = Booking.objects.exclude(metadata={}).select_related("timeslot")
    for booking in marked:
        key = booking.metadata.get(MARK, "")
        if key == "held":
            is_there = booking.created_at > at - DAY
        else:
            is_there = booking.is_confirmed and booking.timeslot.end_time > at
        if key in lasting or is_there:
            there.add(key)
    return there


def _slot_for(cast: Cast, scene: Scene) -> Timeslot | None:
    """A free slot on the day that the scene asks for, or as soon after it as there is one."""
    room = cast.rooms[scene.room]
    today = cast.at.astimezone(clock.zone(room.timezone)).date()
    start = clock.local_midnight(today + timedelta(days=scene.days), room.timezone)
    if scene.days > 0:
        start = max(start, cast.at + DAY)
    slots = Timeslot.objects.open().filter(room=room, start_time__gte=start)
    if scene.days < 0:
        slots = slots.filter(end_time__lte=cast.at)
    # Not the first of the morning: a visit at ten looks more like life.
    found = list(slots.select_related("room").order_by("start_time")[:4])
    return found[-1] if found else None


# --- The crowd --------------------------------------------------------------------------------


def fill(cast: Cast) -> int:
    """Let the crowd book until every day is as busy as it shall be; says how many bookings."""
    wishes = sorted(
        (wish for demo in ROOMS for wish in _wishes(cast, demo)), key=lambda wish: wish[0]
    )
    # In the order of time: nobody may make too many holds within one hour.
    return sum(_try(partial(_book_for_crowd, cast, *wish)) for wish in wishes)


def _wishes(cast: Cast, demo: DemoRoom) -> Iterator[tuple[datetime, Timeslot, User]]:
    """What is to be booked in a room: when, which slot, by whom; the same on every run."""
    room = cast.rooms[demo.key]
    if not room.is_active:
        return
    zone = clock.zone(room.timezone)
    today = cast.at.astimezone(zone).date()
    start = clock.local_midnight(today - timedelta(days=DAYS_BACK), room.timezone)
    end = clock.local_midnight(today + timedelta(days=DAYS_AHEAD), room.timezone)
    days: dict[date, list[Timeslot]] = {}
    for slot in slots_between(room, start, end):
        days.setdefault(slot.start_time.astimezone(zone).date(), []).append(slot)
    for day, slots in days.items():
        taken = sum(slot.taken for slot in slots)
        free = [slot for slot in slots if not slot.is_blocked for _ in range(slot.places_left)]
        free.sort(key=lambda slot: _chance(demo.key, day, slot.start_time))
        for number, slot in enumerate(free[: max(wanted_on(demo, day, today) - taken, 0)]):
            lead = timedelta(hours=20 + _chance(demo.key, slot.start_time) % 100)
            ago = timedelta(minutes=20 + _chance("ago", slot.start_time, number) % 4000)
            at = min(cast.at - ago, slot.start_time - lead)
            who = cast.crowd[_chance(demo.key, slot.start_time, number) % len(cast.crowd)]
            yield at, slot, who


def _book_for_crowd(cast: Cast, at: datetime, slot: Timeslot, who: User) -> None:
    chance = _chance(slot.pk, who.pk)
    notes = NOTES[chance % len(NOTES)] if chance % 7 == 0 else ""
    booking = pay(hold(slot, who, at=at, notes=notes), at=at, desk=cast.desk)
    if slot.end_time <= cast.at - HOUR:
        missed = chance % 12 == 0
        status = BookingStatus.NO_SHOW if missed else BookingStatus.COMPLETED
        booking = _attend(cast, booking, status)
    settle_mails(booking)


def _attend(cast: Cast, booking: Booking, status: BookingStatus) -> Booking:
    ended = booking.timeslot.end_time
    return set_status(booking_id=booking.pk, status=status, by=cast.desk, at=ended + MINUTE)


# --- Closed times -----------------------------------------------------------------------------


def close_some(cast: Cast) -> int:
    """Each room has two closed times ahead; says how many were closed."""
    closed = 0
    for demo in ROOMS:
        room = cast.rooms[demo.key]
        ahead = Timeslot.objects.filter(room=room, start_time__gt=cast.at + DAY)
        missing = 2 - ahead.filter(Q(is_blocked=True)).count()
        if missing <= 0:
            continue
        free = list(ahead.filter(is_blocked=False, taken=0).order_by("start_time")[:120])
        free.sort(key=lambda slot: _chance("closed", demo.key, slot.start_time))
        for slot in free[:missing]:
            reason = WHY_CLOSED[_chance(demo.key, slot.start_time) % len(WHY_CLOSED)]
            block_slot(slot_id=slot.pk, reason=reason)
            closed += 1
    return closed


def _try(work: Callable[[], None]) -> int:
    """1 when it worked; 0 when somebody else was faster or a rule was in the way."""
    try:
        with on_stage():
            in_one_transaction(work)
    except DomainError:
        return 0
    return 1


def _chance(*parts: object) -> int:
    """A number that looks random and is the same each time."""
    digest = blake2b("|".join(map(str, parts)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")
