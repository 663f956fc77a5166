"""May this ticket come in? One function, asked by validation, by the door and by nothing else.

Plain Python over plain facts, so that the whole table of cases can be tested, and read by a port
to another language.
"""

from dataclasses import dataclass
from datetime import datetime

NOT_FOUND = "Ticket not found"
NOT_YET = "Ticket not yet valid"
EXPIRED = "Ticket expired"
OTHER_EVENT = "Ticket is for another event"
EVENT_CANCELLED = "Event is cancelled"


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
    if event_id is not None and facts.event_id != event_id:
        return Verdict(False, "wrong_event", OTHER_EVENT)
    if facts.event_status == "cancelled":
        return Verdict(False, "event_cancelled", EVENT_CANCELLED)
    if facts.status == "expired" or (facts.status == "active" and at > facts.valid_until):
        return Verdict(False, "expired", EXPIRED)
    if facts.status != "active":
        code = "already_used" if facts.status == "used" else facts.status
        return Verdict(False, code, f"Ticket is {facts.status}")
    if at < facts.valid_from:
        return Verdict(False, "not_yet_valid", NOT_YET)
    return YES
