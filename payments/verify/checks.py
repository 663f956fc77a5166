"""A run that is kept: asked for, carried out by the worker, shown to staff."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from common.errors import PermissionRefused
from common.service import service
from common.wake import wake
from payments import emails
from payments.differences import GRACE, Moment
from payments.models import MoneyCheck
from payments.states import CheckState
from payments.verify.run import Finding, check_money
from payments.verify.tally import Tally

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

PERMISSION: Final = "payments.run_moneycheck"
# How many differences are kept of a run; all of them are counted.
MOST_LINES: Final = 300
# The night looks at what a provider can still change by itself: refunds, disputes, late money.
NIGHT_LOOKS_BACK: Final = timedelta(days=120)
# Nothing takes so long: whoever has it that long was killed.
LONGEST_RUN: Final = timedelta(hours=3)
KEEP_FOR: Final = timedelta(days=180)


@service
def ask_for_check(*, by: "User", at: datetime, with_repair: bool = False) -> MoneyCheck:
    """Have everything looked at by the worker. One that waits already is enough.

    Raises PermissionRefused.
    """
    if not by.has_perm(PERMISSION):
        raise PermissionRefused("Having money checked is a manager's decision.")
    waiting = MoneyCheck.objects.filter(state=CheckState.WAITING, with_repair=with_repair).first()
    if waiting is not None:
        return waiting
    check = MoneyCheck.objects.create(asked_by=by, asked_at=at, with_repair=with_repair)
    wake("payments.run_money_check", check.pk)
    return check


def nightly_check(*, at: datetime) -> MoneyCheck:
    """The night's own run: what was made or moved lately; old runs are forgotten.

    One each day (in UTC): woken twice, it runs, and tells of it, once.
    """
    MoneyCheck.objects.filter(asked_at__lt=at - KEEP_FOR).delete()
    check, _ = MoneyCheck.objects.get_or_create(
        night=at.astimezone(UTC).date(),
        defaults={"asked_at": at, "since": at - NIGHT_LOOKS_BACK},
    )
    run_check(check.pk, at=at)
    return check


def due_checks(at: datetime) -> list[int]:
    """Those that wait: their wake-up was lost. One whose worker died is given up."""
    MoneyCheck.objects.filter(state=CheckState.RUNNING, started_at__lt=at - LONGEST_RUN).update(
        state=CheckState.BROKEN, ended_at=at, summary="The worker was stopped before its end."
    )
    waiting = MoneyCheck.objects.filter(state=CheckState.WAITING).order_by("pk")
    return list(waiting.values_list("pk", flat=True))


def run_check(check_id: int, *, at: datetime) -> bool:
    """Carry out a run that waits, keep what it finds, and tell staff. False when somebody has it.

    No transaction is open while it runs.
    """
    if not _claim(check_id, at):
        return False
    check = MoneyCheck.objects.get(pk=check_id)
    try:
        for _finding in look(check, grace=GRACE):
            """Kept by `look`."""
    finally:
        check.refresh_from_db()
        if check.state in {CheckState.FOUND, CheckState.BROKEN}:
            emails.money_differs(check, at=at)
    return True


def start_check(*, at: datetime, since: datetime | None, with_repair: bool) -> MoneyCheck:
    """A run that is carried out right here, by the command."""
    return MoneyCheck.objects.create(
        asked_at=at,
        started_at=at,
        since=since,
        with_repair=with_repair,
        state=CheckState.RUNNING,
    )


def look(check: MoneyCheck, *, grace: timedelta) -> Iterator[Finding]:
    """Everything that a run finds, as it finds it; the row is written at its end.

    With repair it goes round twice: what is set right is told in the first round, what is left in
    the second.
    """
    tally, rows = Tally(), _Lines()
    try:
        if check.with_repair:
            for finding in _round(check, grace, Tally(), with_repair=True):
                if finding.is_repaired:
                    rows.add(finding)
                    yield finding
        for finding in _round(check, grace, tally):
            rows.add(finding)
            yield finding
    except Exception as error:
        logger.exception("%s broke off", check)
        _end(check, CheckState.BROKEN, f"{type(error).__name__}: {error}", rows)
        raise
    said = "A difference was found." if rows.found == 1 else f"{rows.found} differences were found."
    if rows.found:
        _end(check, CheckState.FOUND, said, rows)
    else:
        _end(check, CheckState.CLEAN, f"Money is true: {tally}", rows)


def _round(
    check: MoneyCheck, grace: timedelta, tally: Tally, *, with_repair: bool = False
) -> Iterator[Finding]:
    now = Moment(at=timezone.now(), grace=grace)
    return check_money(since=check.since, now=now, tally=tally, with_repair=with_repair)


class _Lines:
    """The first few hundred findings, and how many there were of all."""

    def __init__(self) -> None:
        self.found = 0
        self.repaired = 0
        self.rows: list[dict[str, Any]] = []

    def add(self, finding: Finding) -> None:
        if finding.is_repaired:
            self.repaired += 1
        else:
            self.found += 1
        if len(self.rows) < MOST_LINES:
            difference = finding.difference
            self.rows.append(
                {
                    "kind": difference.kind,
                    "text": difference.text,
                    "payment": difference.payment_id,
                    "remedy": str(difference.remedy) if difference.is_repairable else "",
                    "advice": difference.advice,
                    "outcome": finding.outcome if finding.is_repaired else "",
                }
            )


def _claim(check_id: int, at: datetime) -> bool:
    waiting = MoneyCheck.objects.filter(pk=check_id, state=CheckState.WAITING)
    return bool(waiting.update(state=CheckState.RUNNING, started_at=at))


def _end(check: MoneyCheck, state: CheckState, summary: str, rows: _Lines) -> None:
    MoneyCheck.objects.filter(pk=check.pk).update(
        state=state,
        ended_at=timezone.now(),
        summary=summary,
        found=rows.found,
        repaired=rows.repaired,
        lines=rows.rows,
    )
