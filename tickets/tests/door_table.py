"""The door's rules once more, by a second pen: a decision table, and the cases that it gives.

`python -m tickets.tests.door_table` writes them to door_cases.json. They are checked in, so that a
change of a rule shows as a change of cases, and a port to another language can be held to them.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

FILE: Final = Path(__file__).with_name("door_cases.json")

OPENS: Final = datetime(2026, 7, 18, 17, 0, tzinfo=UTC)
CLOSES: Final = datetime(2026, 7, 18, 21, 0, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
MOMENTS: Final = {
    "before": OPENS - SECOND,
    "opening": OPENS,
    "between": OPENS + timedelta(hours=1),
    "closing": CLOSES,
    "after": CLOSES + SECOND,
}


class Case(NamedTuple):
    """What is asked, by the names of the columns."""

    ticket: str
    entry_mode: str
    scan_type: str
    is_inside: bool
    moment: str
    event: str
    door: str


class Answer(NamedTuple):
    accepted: bool
    code: str
    reason: str
    ticket_after: str
    inside_after: bool


DIMENSIONS: Final[dict[str, list[Any]]] = {
    "ticket": ["active", "used", "expired", "cancelled", "refunded"],
    "entry_mode": ["single", "multi"],
    "scan_type": ["check_in", "check_out", "access"],
    "is_inside": [False, True],
    "moment": list(MOMENTS),
    "event": ["published", "cancelled", "completed"],
    "door": ["right", "wrong"],
}

# The first row that fits decides; what it doesn't name it doesn't mind. 'yes' lets through.
DECISIONS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("wrong_event", {"door": "wrong"}),
    ("event_cancelled", {"event": "cancelled"}),
    ("cancelled", {"ticket": "cancelled"}),
    ("refunded", {"ticket": "refunded"}),
    ("yes", {"scan_type": "check_out", "is_inside": True}),
    ("not_inside", {"scan_type": "check_out"}),
    ("already_used", {"scan_type": "check_in", "ticket": "used"}),
    ("expired", {"ticket": "expired"}),
    ("expired", {"moment": "after"}),
    ("not_yet_valid", {"moment": "before"}),
    ("already_inside", {"scan_type": "check_in", "is_inside": True}),
    ("yes", {"scan_type": "check_in"}),
    ("yes", {"scan_type": "access", "entry_mode": "multi"}),
    ("yes", {"scan_type": "access", "is_inside": True}),
    ("not_inside", {"scan_type": "access"}),
]
WORDS: Final = {
    "yes": "",
    "wrong_event": "Ticket is for another event",
    "event_cancelled": "Event is cancelled",
    "cancelled": "Ticket is cancelled",
    "refunded": "Ticket is refunded",
    "already_used": "Ticket is used",
    "expired": "Ticket expired",
    "not_yet_valid": "Ticket not yet valid",
    "already_inside": "Ticket is already inside",
    "not_inside": "Ticket is not inside",
}


def cases() -> Iterator[Case]:
    for values in product(*DIMENSIONS.values()):
        yield Case(*values)


def decide(case: Case) -> Answer:
    asked = case._asdict()
    code = next(
        code
        for code, minds in DECISIONS
        if all(asked[name] == value for name, value in minds.items())
    )
    if code != "yes":
        return Answer(False, code, WORDS[code], case.ticket, case.is_inside)
    after = case.ticket
    if case.scan_type == "check_in" and case.entry_mode == "single":
        after = "used"
    inside = {"check_in": True, "check_out": False, "access": case.is_inside}[case.scan_type]
    return Answer(True, "", "", after, inside)


def written() -> str:
    """A row a line, so that a difference can be read."""
    head = {
        "about": "May this ticket come through the door? Asked with the first seven columns; "
        "answered by the last five. tickets/rules.py is held to every row.",
        "validFrom": OPENS.isoformat(),
        "validUntil": CLOSES.isoformat(),
        "moments": {name: at.isoformat() for name, at in MOMENTS.items()},
        "columns": [*Case._fields, *Answer._fields],
    }
    rows = ",\n".join("  " + json.dumps([*case, *decide(case)]) for case in cases())
    return json.dumps(head, indent=1).removesuffix("\n}") + f',\n "cases": [\n{rows}\n ]\n}}\n'


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
