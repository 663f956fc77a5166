"""Every case at the door: the rules, the cases as data, and a second pen agree on all of them."""

import json
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from tests.infrastructure.door import MakeTicket, scan
from tickets.models import Event, Ticket, TicketScan
from tickets.rules import TicketFacts, after_scan, judge_scan
from tickets.tests.door_table import (
    CLOSES,
    DECISIONS,
    DIMENSIONS,
    FILE,
    MOMENTS,
    OPENS,
    Answer,
    Case,
    decide,
    written,
)

DOOR = 7


def table() -> list[tuple[Case, Answer]]:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    asked = len(Case._fields)
    return [(Case(*row[:asked]), Answer(*row[asked:])) for row in data["cases"]]


TABLE = table()


def test_every_combination_stands_there_once() -> None:
    assert [case for case, _ in TABLE] == [Case(*row) for row in product(*DIMENSIONS.values())]
    assert len(TABLE) == 5 * 2 * 3 * 2 * 5 * 3 * 2


def test_the_moments_stand_there_as_they_are_used() -> None:
    data = json.loads(FILE.read_text(encoding="utf-8"))

    assert datetime.fromisoformat(data["validFrom"]) == OPENS
    assert datetime.fromisoformat(data["validUntil"]) == CLOSES
    assert {name: datetime.fromisoformat(at) for name, at in data["moments"].items()} == MOMENTS
    assert data["columns"] == [*Case._fields, *Answer._fields]


def judged(case: Case) -> Answer:
    """What the rules say."""
    facts = TicketFacts(
        status=case.ticket,
        valid_from=OPENS,
        valid_until=CLOSES,
        event_id=DOOR if case.door == "right" else DOOR + 1,
        event_status=case.event,
        is_multi_entry=case.entry_mode == "multi",
        is_inside=case.is_inside,
    )
    verdict = judge_scan(facts, case.scan_type, at=MOMENTS[case.moment], event_id=DOOR)
    if not verdict.valid:
        return Answer(False, verdict.code, verdict.reason, case.ticket, case.is_inside)
    return Answer(True, verdict.code, verdict.reason, *after_scan(facts, case.scan_type))


def test_the_rules_keep_to_the_table() -> None:
    assert [(case, judged(case), answer) for case, answer in TABLE if judged(case) != answer] == []


def test_the_second_pen_agrees() -> None:
    assert [(case, decide(case)) for case, answer in TABLE if decide(case) != answer] == []
    assert FILE.read_text(encoding="utf-8") == written()


def test_no_decision_is_idle() -> None:
    """Each row of the decision table is the one that decides some case."""
    for number in range(len(DECISIONS)):
        without = [row for at, row in enumerate(DECISIONS) if at != number]

        def differs(case: Case, rows: list[tuple[str, dict[str, Any]]] = without) -> bool:
            asked = case._asdict()
            code = next(
                (code for code, minds in rows if all(asked[k] == v for k, v in minds.items())), ""
            )
            return code.replace("yes", "") != decide(case).code or not code

        assert any(differs(case) for case, _ in TABLE), DECISIONS[number]


@pytest.mark.parametrize("entry_mode", DIMENSIONS["entry_mode"])
def test_the_service_keeps_to_the_table(make_ticket: MakeTicket, entry_mode: str) -> None:
    """The same cases through the database: the verdict is stored, the row is as the table says."""
    ticket = make_ticket(valid_from=OPENS, valid_until=CLOSES)
    Event.objects.update(entry_mode=entry_mode)
    elsewhere = ticket.event_id + 1

    wrong = []
    for case, answer in TABLE:
        if (case.entry_mode, case.event) != (entry_mode, "published"):
            continue
        Ticket.objects.update(status=case.ticket, is_inside=case.is_inside, check_in_time=None)
        door = ticket.event_id if case.door == "right" else elsewhere
        found = scan(ticket, case.scan_type, at=MOMENTS[case.moment], event_id=door)
        ticket.refresh_from_db()
        stored = TicketScan.objects.get(pk=found.pk)
        came_in = MOMENTS[case.moment] if answer.accepted and case.scan_type == "check_in" else None
        if (
            Answer(stored.accepted, stored.code, stored.reason, ticket.status, ticket.is_inside)
            != answer
            or ticket.check_in_time != came_in
        ):
            wrong.append(case)
    assert wrong == []
