"""What there is to open, as it is shown to somebody: open, not yet, or by which key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from access.decisions import (
    BookingHint,
    Decision,
    EventHint,
    PlanHint,
    RoomHint,
    SubscriptionHint,
    TicketHint,
    WouldGrant,
    either,
)
from access.models import Resource
from access.queries import decide_all
from access.states import GrantedBy, ResourceKind
from accounts.models import User
from common import clock

# What opens or closes within so long is counted down.
SOON: Final = timedelta(hours=12)
ICONS: Final = {
    ResourceKind.PAGE: "page",
    ResourceKind.FILE: "download",
    ResourceKind.LINK: "external",
}


@dataclass(frozen=True)
class Shown:
    """A resource with the decision about it, in words."""

    resource: Resource
    decision: Decision
    icon: str
    mark: str
    tone: str
    mark_icon: str
    note: str

    @property
    def is_open(self) -> bool:
        return self.decision.allowed

    @property
    def is_meeting(self) -> bool:
        return self.resource.made_for is not None

    @property
    def label(self) -> str:
        """What the button of a file or a link says."""
        if self.resource.kind == ResourceKind.FILE:
            return "Download"
        return "Join online" if self.is_meeting else "Open"

    @property
    def href(self) -> str:
        """Straight to what it is: its own page says more."""
        match self.resource.kind:
            case ResourceKind.FILE:
                return reverse("access:file", args=[self.resource.slug])
            case ResourceKind.LINK:
                return reverse("access:open", args=[self.resource.slug])
        return self.resource.get_absolute_url()


def shown_all(
    user: User | AnonymousUser, resources: Iterable[Resource], *, at: datetime
) -> list[Shown]:
    """All of them, in their order; at most four queries however many there are."""
    wanted = list(resources)
    decisions = decide_all(user, wanted, at)
    return [
        shown(resource, decision, at=at)
        for resource, decision in zip(wanted, decisions, strict=True)
    ]


def shown(resource: Resource, decision: Decision, *, at: datetime) -> Shown:
    mark, tone, icon, note = _told(resource, decision, at)
    return Shown(
        resource=resource,
        decision=decision,
        icon="users" if resource.made_for else ICONS[ResourceKind(resource.kind)],
        mark=mark,
        tone=tone,
        mark_icon=icon,
        note=note,
    )


def _told(resource: Resource, decision: Decision, at: datetime) -> tuple[str, str, str, str]:
    """Mark, tone, icon, and a line under the title."""
    if decision.allowed:
        by_right = decision.granted_by not in {GrantedBy.PUBLIC, GrantedBy.STAFF}
        return "Open", "good", "unlock", decision.reason if by_right else ""
    coming = coming_key(decision)
    if coming is not None:
        opens = clock.say_soon(coming.opens_at, coming.timezone, now=at)
        return "Opens later", "wait", "clock", f"Opens {opens}"
    if not resource.has_rule:
        return "Closed", "past", "lock", ""
    return "Locked", "past", "lock", with_what(decision.would_grant)


def coming_key(decision: Decision) -> BookingHint | TicketHint | None:
    """What they have already and will open it: the earliest."""
    coming = [each for each in decision.would_grant if isinstance(each, BookingHint | TicketHint)]
    return min(coming, key=lambda each: each.opens_at, default=None)


def with_what(would_grant: Sequence[WouldGrant]) -> str:
    """'With Plus or a booking of Room 3'."""
    words = [_key_words(each) for each in would_grant]
    unique = list(dict.fromkeys(each for each in words if each))
    return f"With {either(unique)}" if unique else ""


def _key_words(hint: WouldGrant) -> str:
    match hint:
        case PlanHint():
            return hint.name
        case SubscriptionHint():
            return f"{hint.name}, once it is paid" if hint.is_unpaid else hint.name
        case RoomHint():
            return f"a booking of {hint.name}"
        case EventHint():
            return f"a ticket for {hint.name}"
    return ""


# --- Times that are near --------------------------------------------------------------------


def closing_countdown(decision: Decision, *, at: datetime) -> dict[str, Any] | None:
    """For components/countdown.html: how long it stays open by a booking or a ticket."""
    if decision.granted_by not in {GrantedBy.BOOKING, GrantedBy.TICKET} or decision.until is None:
        return None
    return _countdown(decision.until, decision.reason, "The time is over.", at=at)


def opening_countdown(decision: Decision, *, at: datetime) -> dict[str, Any] | None:
    """The same for how long until it opens."""
    coming = coming_key(decision)
    if coming is None:
        return None
    opens = clock.say_soon(coming.opens_at, coming.timezone, now=at)
    return _countdown(coming.opens_at, f"Opens {opens}.", "It opens now.", at=at)


def _countdown(until: datetime, text: str, over: str, *, at: datetime) -> dict[str, Any] | None:
    if not at < until <= at + SOON:
        return None
    seconds = int((until - at).total_seconds())
    return {"until": until, "now": at, "seconds": seconds, "text": text, "over": over}
