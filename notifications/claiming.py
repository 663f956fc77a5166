"""The statements that every mail costs: claimed, and noted as sent.

By hand: Django thinks ten times as long about an UPDATE as MariaDB works on it, and these two were
a quarter of what a mail costs. The moves that they allow are those of `notifications.states`.
"""

import functools
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict

from django.db import connection, models

from notifications.models import OutgoingMail
from notifications.policies import LEASE
from notifications.states import MailState, sources

TABLE: Final = OutgoingMail._meta.db_table
# The same number of tries: nothing has happened to the mail since it was read.
STILL_DUE: Final = "tries = %s AND next_try_at <= %s"


class Claim(TypedDict):
    """What the row of a mail says while a worker has it."""

    claim: str
    claimed_at: datetime
    first_tried_at: datetime
    next_try_at: datetime
    tries: int


def new_claim(mail: OutgoingMail, *, at: datetime) -> Claim:
    """One more try, beginning now; nothing is written."""
    return {
        "claim": uuid.uuid4().hex,
        "claimed_at": at,
        "first_tried_at": mail.first_tried_at or at,
        # While it is being sent this is the end of the lease: one index finds all work.
        "next_try_at": at + LEASE,
        "tries": mail.tries + 1,
    }


def now_claimed(mail: OutgoingMail, claim: Claim) -> None:
    """Say what the row says since the claim was committed."""
    mail.state = MailState.SENDING
    for name, value in claim.items():
        setattr(mail, name, value)


def claim_mail(mail_id: int, *, at: datetime) -> OutgoingMail | None:
    """Take a due mail for the caller alone; None when it isn't due or somebody was faster."""
    mail = OutgoingMail.objects.filter(pk=mail_id).first()
    if mail is None or not take(mail, claim := new_claim(mail, at=at)):
        return None
    now_claimed(mail, claim)
    return mail


def take(mail: OutgoingMail, claim: Claim) -> bool:
    """Write this claim; False when the mail isn't due or somebody was faster."""
    return _move_one(mail.pk, MailState.SENDING, claim, only_if=STILL_DUE, values=_still_due(claim))


def record_sent(mail_id: int, sent: Mapping[str, Any]) -> bool:
    """That the server has it is a fact, whoever holds the claim now; False if it was known."""
    return _move_one(mail_id, MailState.SENT, sent)


def record_and_take(
    mail_id: int, sent: Mapping[str, Any], following: OutgoingMail, claim: Claim
) -> tuple[bool, bool]:
    """`record_sent` of one mail and `take` of the next in one statement: what each says.

    A statement is a transaction of its own, at a fifth of the messages to the server.
    """
    first = {"state": MailState.SENT, **sent}
    second = {"state": MailState.SENDING, **claim}
    may_be_sent, may_be_taken = sources(MailState.SENT), sources(MailState.SENDING)
    values: list[Any] = []
    for name in {**first, **second}:
        values.append(mail_id)
        values += [_stored(name, row[name]) for row in (first, second) if name in row]
    rows = _execute(
        _both(tuple(first), tuple(second), len(may_be_sent), len(may_be_taken)),
        [*values, mail_id, *may_be_sent, following.pk, *may_be_taken, *_still_due(claim)],
    )
    if rows != 1:
        return rows == 2, rows == 2
    # One of the two; nobody else has this claim.
    taken = OutgoingMail.objects.filter(pk=following.pk, claim=claim["claim"]).exists()
    return not taken, taken


@functools.cache
def _both(first: Sequence[str], second: Sequence[str], may_be_sent: int, may_be_taken: int) -> str:
    """The statement of `record_and_take`, which writes these columns; every value is a parameter.

    Where only one of the two rows has the column, the other keeps what it holds.
    """
    changes: list[str] = []
    for name in {**dict.fromkeys(first), **dict.fromkeys(second)}:
        column = connection.ops.quote_name(name)
        then = ["%s" if name in names else column for names in (first, second)]
        changes.append(f"{column} = CASE WHEN id = %s THEN {then[0]} ELSE {then[1]} END")
    return (
        f"UPDATE {TABLE} SET {', '.join(changes)} "  # noqa: S608
        f"WHERE (id = %s AND state IN ({_marks(may_be_sent)})) "
        f"OR (id = %s AND state IN ({_marks(may_be_taken)}) AND {STILL_DUE})"
    )


def _move_one(
    mail_id: int,
    target: MailState,
    changes: Mapping[str, Any],
    *,
    only_if: str = "TRUE",
    values: Sequence[Any] = (),
) -> bool:
    """`filter(pk=…).move_to(target, …)`."""
    row = {"state": target, **changes}
    allowed = sources(target)
    columns = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name in row)
    written = [_stored(name, value) for name, value in row.items()]
    return bool(
        _execute(
            f"UPDATE {TABLE} SET {columns} "  # noqa: S608
            f"WHERE id = %s AND state IN ({_marks(len(allowed))}) AND {only_if}",
            [*written, mail_id, *allowed, *values],
        )
    )


def _execute(statement: str, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: int = cursor.rowcount
        return rows


def _still_due(claim: Claim) -> list[Any]:
    return [claim["tries"] - 1, _stored("next_try_at", claim["claimed_at"])]


def _stored(name: str, value: Any) -> Any:
    """The value of a field of a mail, as the database takes it."""
    if isinstance(value, str | int):
        return value
    field = OutgoingMail._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field.get_db_prep_save(value, connection)


def _marks(number: int) -> str:
    return ", ".join(["%s"] * number)
