"""May this ticket come in? One family of rules, asked by validation and by the door alone.

`judge` answers whether a ticket is valid, `judge_scan` whether a scan is accepted; both begin with
the same questions. Plain Python over plain facts, so that the whole table of cases can be tested,
and read by a port to another language: tickets/tests/door_cases.json.
"""

from dataclasses import dataclass
from datetime import datetime

NOT_FOUND = "Ticket not found"
NOT_YET = "Ticket not yet valid"
EXPIRED = "Ticket expired"
OTHER_EVENT = "Ticket is for another event"
EVENT_CANCELLED = "Event is cancelled"
INSIDE = "Ticket is already inside"
NOT_INSIDE = "Ticket is not inside"

CHECK_IN = "check_in"
CHECK_OUT = "check_out"


@dataclass(frozen=True, kw_only=True)
class TicketFacts:
    """All that the rules look at."""

    status: str
    valid_from: datetime
    valid_until: datetime
    event_id: int
    event_status: str
    is_multi_entry: bool
    is_inside: bool


@dataclass(frozen=True)
class Verdict:
    """Yes, or no with a stable code and the specification's words."""

    valid: bool
    code: str = ""
    reason: str = ""


YES = Verdict(True)
UNKNOWN = Verdict(False, "not_found", NOT_FOUND)


def judge(facts: TicketFacts, *, at: datetime, event_id: int | None = None) -> Verdict:
    """Whether the ticket is valid for access at `at`, at the door of `event_id` if one is named.

    The event comes before the ticket: a cancelled event is what the holder must hear, whatever
    the ticket's own word; and past its time an active ticket reads as expired at once.
    """
    return (
        _no_by_event(facts, event_id)
        or _no_when_given_back(facts)
        or _no_when_used(facts)
        or _no_by_time(facts, at)
        or YES
    )


def judge_scan(
    facts: TicketFacts, scan_type: str, *, at: datetime, event_id: int | None = None
) -> Verdict:
    """Whether a scan of this type is accepted.

    check_in: a valid ticket whose holder isn't inside. check_out: whoever is inside, whatever the
    hour, for people leave after the end too. access: a passage within the ticket's time; with a
    single-entry ticket from inside alone, with a multi-entry one from anywhere.
    """
    if scan_type == CHECK_IN:
        verdict = judge(facts, at=at, event_id=event_id)
        is_twice = verdict.valid and facts.is_inside
        return Verdict(False, "already_inside", INSIDE) if is_twice else verdict
    dead = _no_by_event(facts, event_id) or _no_when_given_back(facts)
    if scan_type == CHECK_OUT:
        return dead or _no_when_outside(facts) or YES
    outside = None if facts.is_multi_entry else _no_when_outside(facts)
    return dead or _no_by_time(facts, at) or outside or YES


def after_scan(facts: TicketFacts, scan_type: str) -> tuple[str, bool]:
    """The ticket's status, and whether its holder is inside, once such a scan is accepted."""
    if scan_type == CHECK_IN:
        return (facts.status if facts.is_multi_entry else "used"), True
    if scan_type == CHECK_OUT:
        return facts.status, False
    return facts.status, facts.is_inside


def _no_by_event(facts: TicketFacts, event_id: int | None) -> Verdict | None:
    if event_id is not None and facts.event_id != event_id:
        return Verdict(False, "wrong_event", OTHER_EVENT)
    if facts.event_status == "cancelled":
        return Verdict(False, "event_cancelled", EVENT_CANCELLED)
    return None


def _no_when_given_back(facts: TicketFacts) -> Verdict | None:
    if facts.status in {"cancelled", "refunded"}:
        return Verdict(False, facts.status, f"Ticket is {facts.status}")
    return None


def _no_when_used(facts: TicketFacts) -> Verdict | None:
    return Verdict(False, "already_used", "Ticket is used") if facts.status == "used" else None


def _no_when_outside(facts: TicketFacts) -> Verdict | None:
    return None if facts.is_inside else Verdict(False, "not_inside", NOT_INSIDE)


def _no_by_time(facts: TicketFacts, at: datetime) -> Verdict | None:
    if facts.status == "expired" or at > facts.valid_until:
        return Verdict(False, "expired", EXPIRED)
    return Verdict(False, "not_yet_valid", NOT_YET) if at < facts.valid_from else None
