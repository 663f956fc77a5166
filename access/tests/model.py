"""Who may come in, a second time: written from the contract alone, without a query.

Each right is a span of microseconds in which it opens, first and last included. The tests compare
what the database and access/rules.py decide with what stands here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MARGIN = timedelta(minutes=5)

Span = tuple[float, float]


@dataclass(frozen=True)
class Has:
    """What somebody has of the plan, the room and the event in question; '' is nothing."""

    subscription: str = ""
    rank: int = 0
    open_until: datetime | None = None

    booking: str = ""
    starts: datetime = EPOCH
    ends: datetime = EPOCH

    ticket: str = ""
    is_inside: bool = False
    event: str = ""
    valid_from: datetime = EPOCH
    valid_until: datetime = EPOCH


@dataclass(frozen=True)
class Asks:
    """What a resource asks for: `room` and `event` are whether it names those above."""

    public: bool = False
    rank: int | None = None
    room: bool = False
    event: bool = False


def verdict(has: Has, asks: Asks, at: datetime) -> tuple[bool, str, datetime | None]:
    """Allowed, by which right, until when; of several the one that lasts longest."""
    if asks.public:
        return True, "public", None
    spans = {
        "subscription": _subscription(has) if asks.rank is not None else None,
        "booking": _booking(has) if asks.room else None,
        "ticket": _ticket(has) if asks.event else None,
    }
    if asks.rank is not None and has.rank < asks.rank:
        spans["subscription"] = None
    now = _count(at)
    lasts = {name: span[1] for name, span in spans.items() if span and span[0] <= now <= span[1]}
    if not lasts:
        return False, "", None
    ends = {name: _until(name, has) for name in lasts}
    # Where two end together, the one that was named first.
    longest = max(ends, key=lambda name: inf if ends[name] is None else _count(ends[name]))
    return True, longest, ends[longest]


def _subscription(has: Has) -> Span | None:
    if has.subscription not in ("trialing", "active", "past_due", "cancelled"):
        return None
    return (-inf, inf if has.open_until is None else _count(has.open_until) - 1)


def _booking(has: Has) -> Span | None:
    if has.booking not in ("confirmed", "completed"):
        return None
    return (_count(has.starts - MARGIN), _count(has.ends + MARGIN) - 1)


def _ticket(has: Has) -> Span | None:
    if has.event not in ("published", "completed"):
        return None
    if has.ticket == "active" or (has.ticket == "used" and has.is_inside):
        return (_count(has.valid_from), _count(has.valid_until))
    return None


def _until(name: str, has: Has) -> datetime | None:
    if name == "subscription":
        return has.open_until
    return has.ends + MARGIN if name == "booking" else has.valid_until


def _count(at: datetime | None) -> int:
    assert at is not None
    return (at - EPOCH) // timedelta(microseconds=1)
