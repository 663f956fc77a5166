"""Who may come in: the one rule function, case by case, and its words."""

from datetime import timedelta
from itertools import product

import pytest

from accounts.models import User
from tests.infrastructure.events import EVENT_END, EVENT_START, buy, pay_order
from tests.infrastructure.world import NOW
from tickets.models import Event, Ticket, TicketScan
from tickets.queries import validate
from tickets.rules import TicketFacts, judge
from tickets.states import EventStatus, TicketStatus

OPENS, CLOSES = EVENT_START, EVENT_END
TICK = timedelta(microseconds=1)
MOMENTS = {
    "before": OPENS - TICK,
    "opens": OPENS,
    "meanwhile": OPENS + timedelta(hours=1),
    "closes": CLOSES,
    "after": CLOSES + TICK,
}


def expected(status: str, moment: str, event_status: str, other_event: bool) -> str:
    """The specification, as a second pen would write it."""
    if other_event:
        return "Ticket is for another event"
    if event_status == EventStatus.CANCELLED:
        return "Event is cancelled"
    if status == "expired" or (status == "active" and moment == "after"):
        return "Ticket expired"
    if status != "active":
        return f"Ticket is {status}"
    return "Ticket not yet valid" if moment == "before" else ""


@pytest.mark.parametrize(
    ("status", "moment", "event_status", "other_event", "inside"),
    list(
        product(
            TicketStatus.values,
            MOMENTS,
            [EventStatus.PUBLISHED, EventStatus.CANCELLED, EventStatus.COMPLETED],
            [False, True],
            [False, True],
        )
    ),
)
def test_every_case(
    status: str, moment: str, event_status: str, other_event: bool, inside: bool
) -> None:
    facts = TicketFacts(
        status=status,
        valid_from=OPENS,
        valid_until=CLOSES,
        event_id=7,
        event_status=event_status,
        is_multi_entry=True,
        is_inside=inside,
    )

    verdict = judge(facts, at=MOMENTS[moment], event_id=8 if other_event else 7)

    reason = expected(status, moment, event_status, other_event)
    assert (verdict.valid, verdict.reason) == (not reason, reason)
    assert bool(verdict.code) == bool(reason)


def test_validating_reads_the_same_before_and_after_the_beat(event: Event, customer: User) -> None:
    pay_order(buy(event, customer))
    ticket = Ticket.objects.get()
    spoken = ticket.code_in_groups.lower()

    assert validate("nonsense", at=NOW)[0].reason == "Ticket not found"
    assert validate(spoken, at=NOW)[0].reason == "Ticket not yet valid"
    assert validate(spoken, at=EVENT_START)[0].valid
    assert validate(spoken, at=EVENT_START, event_id=event.pk)[0].valid
    assert validate(spoken, at=EVENT_START, event_id=event.pk + 1)[0].code == "wrong_event"
    assert validate(spoken, at=EVENT_END + TICK)[0].reason == "Ticket expired"
    Ticket.objects.update(status=TicketStatus.EXPIRED)
    assert validate(spoken, at=EVENT_END + TICK)[0].reason == "Ticket expired"
    assert not TicketScan.objects.exists()
