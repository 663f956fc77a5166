"""How subscriptions go on in the demo provider's books: by its clock, when they are asked about.

Every function here that takes an agreement's number locks its row and brings it up to date first.
"""

import calendar
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import F

from payments.errors import GatewayRefused
from payments.gateways.demo import clock
from payments.models import ZERO, DemoAgreement, DemoBill, DemoSession
from payments.states import Interval, Wanted

MONTHS: Final = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12}
# How long a bill that nobody pays is waited for.
GIVES_UP_AFTER: Final = timedelta(days=14)
# A subscription that nobody asked about for years is still brought up to date in one go.
MOST_AT_ONCE: Final = 1000


def months_after(start: datetime, months: int) -> datetime:
    """The same day of a later month, or its last one: a month after 31 January is in February."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))


def begin(session: DemoSession, *, at: datetime) -> DemoAgreement:
    """What paying at a recurring session does: the subscription, and its first bill, paid."""
    trial_ends_at = at + timedelta(days=session.trial_days) if session.trial_days else None
    agreement = DemoAgreement(
        number=f"demo_sub_{secrets.token_hex(12)}",
        session=session,
        anchor=trial_ends_at or at,
        trial_ends_at=trial_ends_at,
        period_end=trial_ends_at or at,
        created_at=at,
    )
    if trial_ends_at is None:
        _step(agreement)
    agreement.save()
    _bill(agreement, session.amount, covers_from=at, at=at, is_paid=True)
    return agreement


def look(number: str) -> DemoAgreement:
    """Up to date by the clock. Raises GatewayRefused for an unknown number."""
    return _changed(number, lambda agreement: None)


def bring_to(number: str, wanted: str) -> DemoAgreement:
    """End it now, at its period's end, or not at all; one that has ended stays ended."""

    def change(agreement: DemoAgreement) -> None:
        if agreement.ended_at is not None:
            return
        agreement.ends_at_period_end = wanted == Wanted.END_LATER
        if wanted == Wanted.END_NOW:
            _end(agreement, at=clock.now())

    return _changed(number, change)


def set_card(number: str, *, works: bool) -> DemoAgreement:
    """What the bank answers from now on. What is open is collected at the next look."""

    def change(agreement: DemoAgreement) -> None:
        agreement.does_card_work = works

    return _changed(number, change)


def pay_bill(number: str) -> DemoAgreement:
    """The open bill is paid by hand, with another card, which is kept."""
    return set_card(number, works=True)


def next_turn(agreement: DemoAgreement) -> datetime | None:
    """When something happens by itself: a renewal, the end, the end of patience."""
    if agreement.ended_at is not None:
        return None
    unpaid = agreement.bills.filter(status="open").first()
    if unpaid is not None and not agreement.ends_at_period_end:
        return min(unpaid.created_at + GIVES_UP_AFTER, agreement.period_end)
    return agreement.period_end


def jump(number: str) -> DemoAgreement:
    """Let the time until the next turn pass for this subscription alone, and take the turn.

    The clock is everybody's, so it is the subscription that moves: all its dates become earlier.
    """

    def change(agreement: DemoAgreement) -> None:
        turn = next_turn(agreement)
        if turn is not None:
            _let_pass(agreement, turn - clock.now())

    return _changed(number, change)


# What the demo's own page has buttons for.
DEEDS: Final[dict[str, Callable[[str], DemoAgreement]]] = {
    "card_works": partial(set_card, works=True),
    "card_refuses": partial(set_card, works=False),
    "pay": pay_bill,
    "jump": jump,
}


def _changed(number: str, change: Callable[[DemoAgreement], None]) -> DemoAgreement:
    with transaction.atomic():
        rows = DemoAgreement.objects.select_for_update().select_related("session")
        agreement = rows.filter(number=number).first()
        if agreement is None:
            raise GatewayRefused("There is no such subscription.")
        _catch_up(agreement, at=clock.now())
        change(agreement)
        _catch_up(agreement, at=clock.now())
        agreement.save()
    return agreement


def _catch_up(agreement: DemoAgreement, *, at: datetime) -> None:
    """All that was due until `at`, one turn after the other."""
    for _ in range(MOST_AT_ONCE):
        if agreement.ended_at is not None or not _turned(agreement, at):
            return


def _turned(agreement: DemoAgreement, at: datetime) -> bool:
    """Take one turn if it is due."""
    unpaid = agreement.bills.filter(status="open").first()
    if unpaid is not None and agreement.does_card_work:
        unpaid.status, unpaid.paid_at = "paid", at
        unpaid.save(update_fields=["status", "paid_at"])
        return True
    turn = next_turn(agreement)
    if turn is None or turn > at:
        return False
    if unpaid is not None or agreement.ends_at_period_end:
        _end(agreement, at=turn)
        return True
    assert agreement.session.price is not None
    _step(agreement)
    _bill(
        agreement,
        agreement.session.price,
        covers_from=turn,
        at=turn,
        is_paid=agreement.does_card_work,
    )
    return True


def _step(agreement: DemoAgreement) -> None:
    agreement.periods += 1
    months = MONTHS[Interval(agreement.session.interval)]
    agreement.period_end = months_after(agreement.anchor, months * agreement.periods)


def _bill(
    agreement: DemoAgreement, amount: Decimal, *, covers_from: datetime, at: datetime, is_paid: bool
) -> None:
    DemoBill.objects.create(
        number=f"demo_in_{secrets.token_hex(12)}",
        agreement=agreement,
        status="paid" if is_paid or amount == ZERO else "open",
        amount=amount,
        covers_from=covers_from,
        covers_until=agreement.period_end,
        created_at=at,
        paid_at=at if is_paid else None,
    )


def _end(agreement: DemoAgreement, *, at: datetime) -> None:
    agreement.ended_at = at
    agreement.bills.filter(status="open").update(status="dead")


def _let_pass(agreement: DemoAgreement, span: timedelta) -> None:
    agreement.period_end -= span
    # Months have other lengths where they are now: counted anew from the end that was reached.
    agreement.anchor, agreement.periods = agreement.period_end, 0
    if agreement.trial_ends_at is not None:
        agreement.trial_ends_at -= span
    agreement.bills.update(
        covers_from=F("covers_from") - span, covers_until=F("covers_until") - span
    )
    agreement.bills.filter(status="open").update(created_at=F("created_at") - span)
