"""May somebody who holds these keys open this lock? Plain Python over plain facts.

A key opens from `opens_at` on and until `closes_at`; None is without end. Of several that fit now
the one counts that opens longest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from access.states import GrantedBy


@dataclass(frozen=True, kw_only=True)
class Lock:
    """What a resource asks for; None where it doesn't name a plan, a room or an event."""

    rank: int | None
    room_id: int | None
    event_id: int | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionKey:
    """`opens`: its state allows it to."""

    granted_by: ClassVar = GrantedBy.SUBSCRIPTION

    id: int
    rank: int
    status: str
    plan_name: str
    opens: bool
    closes_at: datetime | None

    def fits(self, lock: Lock) -> bool:
        # A plan of higher or equal rank includes it; where none is named there is nothing to fit.
        return lock.rank is not None and self.rank >= lock.rank

    def is_open(self, at: datetime) -> bool:
        return self.opens and (self.closes_at is None or at < self.closes_at)


@dataclass(frozen=True, kw_only=True)
class BookingKey:
    """A booking that stands; its room opens a little early and closes a little late."""

    granted_by: ClassVar = GrantedBy.BOOKING

    id: int
    room_id: int
    timezone: str
    starts_at: datetime
    ends_at: datetime
    margin: timedelta

    @property
    def opens_at(self) -> datetime:
        return self.starts_at - self.margin

    @property
    def closes_at(self) -> datetime:
        return self.ends_at + self.margin

    def fits(self, lock: Lock) -> bool:
        return lock.room_id is not None and self.room_id == lock.room_id

    def is_open(self, at: datetime) -> bool:
        return self.opens_at <= at < self.closes_at


@dataclass(frozen=True, kw_only=True)
class TicketKey:
    """A ticket that is active, or used; a used one opens while its holder is in."""

    granted_by: ClassVar = GrantedBy.TICKET

    id: int
    event_id: int
    timezone: str
    has_left: bool
    opens_at: datetime
    closes_at: datetime

    def fits(self, lock: Lock) -> bool:
        return lock.event_id is not None and self.event_id == lock.event_id

    def is_open(self, at: datetime) -> bool:
        # Both bounds belong to it, as at the door.
        return not self.has_left and self.opens_at <= at <= self.closes_at


Key = SubscriptionKey | BookingKey | TicketKey
ORDER: Final[tuple[type, ...]] = (SubscriptionKey, BookingKey, TicketKey)


def fitting(lock: Lock, keys: Iterable[Key]) -> list[Key]:
    """Those that this lock asks for, whatever the time."""
    return [key for key in keys if key.fits(lock)]


def opening(keys: Iterable[Key], at: datetime) -> Key | None:
    """Of these the one that opens now, and longest; None when none does.

    Where two end together: a subscription before a booking before a ticket.
    """
    best: Key | None = None
    for key in sorted(keys, key=_order):
        if key.is_open(at) and (best is None or _is_longer(key, best)):
            best = key
    return best


def _order(key: Key) -> tuple[int, int]:
    return ORDER.index(type(key)), key.id


def _is_longer(one: Key, other: Key) -> bool:
    if other.closes_at is None:
        return False
    return one.closes_at is None or one.closes_at > other.closes_at
