"""The answer to 'may this person come in', and what would open the door.

Plain values: `access.rules` decides, `access.queries` brings the facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final

from django.urls import reverse

from access.states import PlanInterval
from common import clock
from common.money import money

# Why not, as a program reads it. Of who is let in the code is the right that lets them in.
SIGNED_OUT: Final = "signed_out"
CLOSED: Final = "closed"
NOT_YET: Final = "not_yet"
UNPAID: Final = "unpaid"
ENDED: Final = "ended"
LEFT: Final = "left"
NO_RIGHT: Final = "no_right"


@dataclass(frozen=True, kw_only=True)
class PlanHint:
    """A plan on sale that includes it."""

    kind: ClassVar = "plan"

    id: int
    slug: str
    name: str
    price: Decimal
    currency: str
    interval: str
    trial_days: int

    @property
    def needs(self) -> str:
        """By what it would open, as the reason of a refusal names it."""
        return f"the plan {self.name}"

    @property
    def label(self) -> str:
        return f"Get {self.name}"

    @property
    def text(self) -> str:
        if not self.price:
            return "Free"
        said = f"{money(self.price, self.currency)} {PlanInterval(self.interval).label}"
        return f"{said}; {self.trial_days} days for trial" if self.trial_days else said

    @property
    def url(self) -> str:
        return reverse("access:subscribe", args=[self.slug])


@dataclass(frozen=True, kw_only=True)
class RoomHint:
    """A room that can be booked: its times open it."""

    kind: ClassVar = "room"

    id: int
    name: str
    timezone: str
    # None: nothing is free.
    next_free_time: datetime | None
    url: str

    @property
    def needs(self) -> str:
        return f"a booked time in {self.name}, while it lasts"

    @property
    def label(self) -> str:
        return f"Book {self.name}"

    @property
    def text(self) -> str:
        if self.next_free_time is None:
            return "Nothing is free at the moment"
        return f"Next free: {clock.say_moment(self.next_free_time, self.timezone)}"


@dataclass(frozen=True, kw_only=True)
class EventHint:
    """An event that is still to come or on: a ticket opens it."""

    kind: ClassVar = "event"

    id: int
    name: str
    timezone: str
    starts_at: datetime
    on_sale: bool
    url: str

    @property
    def needs(self) -> str:
        return f"a ticket for {self.name}, while it is valid"

    @property
    def label(self) -> str:
        return f"Tickets for {self.name}"

    @property
    def text(self) -> str:
        when = clock.say_moment(self.starts_at, self.timezone)
        return when if self.on_sale else f"{when}; not on sale now"


@dataclass(frozen=True, kw_only=True)
class BookingHint:
    """The person's own booking, whose time hasn't come."""

    kind: ClassVar = "booking"

    id: int
    timezone: str
    starts_at: datetime
    opens_at: datetime
    url: str

    @property
    def label(self) -> str:
        return "My booking"

    @property
    def text(self) -> str:
        opens = clock.say_moment(self.opens_at, self.timezone)
        starts = clock.say_moment(self.starts_at, self.timezone)
        if self.opens_at == self.starts_at:
            return f"Your booking starts on {starts}: it opens then."
        return f"Your booking starts on {starts}: it opens on {opens}."


@dataclass(frozen=True, kw_only=True)
class TicketHint:
    """The person's own ticket, which isn't valid yet."""

    kind: ClassVar = "ticket"

    id: int
    timezone: str
    opens_at: datetime
    url: str

    @property
    def label(self) -> str:
        return "My ticket"

    @property
    def text(self) -> str:
        return f"Your ticket is valid from {clock.say_moment(self.opens_at, self.timezone)} on."


@dataclass(frozen=True, kw_only=True)
class SubscriptionHint:
    """The person's own subscription, which would open it if it were paid or renewed."""

    kind: ClassVar = "subscription"

    id: int
    name: str
    # 'pending', 'past_due', 'cancelled', 'expired'
    status: str
    timezone: str
    ended_at: datetime | None

    @property
    def is_unpaid(self) -> bool:
        return self.status in {"pending", "past_due"}

    @property
    def label(self) -> str:
        return f"Pay for {self.name}" if self.is_unpaid else "My subscription"

    @property
    def text(self) -> str:
        if self.status == "pending":
            return f"Your subscription {self.name} isn't paid yet."
        if self.status == "past_due":
            return f"A payment for your subscription {self.name} has failed."
        when = f" on {clock.say_date(self.ended_at, self.timezone)}" if self.ended_at else ""
        return f"Your subscription {self.name} has ended{when}."

    @property
    def url(self) -> str:
        return reverse("access:subscription", args=[self.id])


# What can be had by anybody.
ForSale = PlanHint | RoomHint | EventHint
# One thing that would open the door; each has kind, label, text and url for its button.
WouldGrant = ForSale | BookingHint | TicketHint | SubscriptionHint


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether somebody may come in now.

    `until` is when this decision ends by itself, None for never; only told to who is let in.
    `reason` is a sentence for people, `code` its stable name. `would_grant` is told to who is
    refused: what they have themselves first.
    """

    allowed: bool
    code: str
    reason: str
    granted_by: str = ""
    until: datetime | None = None
    would_grant: tuple[WouldGrant, ...] = ()

    def __bool__(self) -> bool:
        return self.allowed


def either(words: Sequence[str]) -> str:
    """'a', 'a or b', 'a, b or c'; '' for nothing."""
    *first, last = words or [""]
    return f"{', '.join(first)} or {last}" if first else last
