"""Refund terms and refunds as they are told to who has paid."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from common import clock
from common.money import money
from payments.models import ZERO, Payment, Refund
from payments.refund_terms import RefundStep
from payments.states import DESK, RefundState


def refund_line(
    steps: Sequence[RefundStep], *, zone: str, currency: str, now: datetime, with_over: bool = True
) -> list[dict[str, Any]]:
    """The refund policy as dates and amounts, for `components/schedule.html`."""
    shown: list[dict[str, Any]] = []
    is_now_known = False
    for step in steps:
        is_over = step.until is not None and step.until < now
        if is_over and not with_over:
            continue
        is_now = not is_over and not is_now_known
        is_now_known = is_now_known or is_now
        shown.append(
            {
                "title": f"{money(step.amount, currency)} back" if step.percent else "Nothing back",
                "text": _until(step, zone, is_only=is_now and step.until is None),
                "tone": {100: "good", 0: "past"}.get(step.percent, "wait"),
                "is_now": is_now,
                "is_over": is_over,
            }
        )
    return shown


THE_WAY_YOU_PAID = "comes back to you, the way you paid."
AT_THE_DESK = "will be handed back to you at the desk."


def comes_back(payment: Payment | None) -> str:
    """How an amount of this payment finds its way back, as the end of a sentence."""
    return AT_THE_DESK if payment is not None and payment.is_by_hand else THE_WAY_YOU_PAID


# To who has paid, and has told their bank that they don't want to.
AT_YOUR_BANK = (
    "Your bank has taken this payment back from us because of a dispute, so nothing comes back "
    "from us as well."
)


def refund_sentence(
    due: Decimal,
    price: Decimal,
    currency: str,
    *,
    payment: Payment | None,
    back: str = THE_WAY_YOU_PAID,
) -> str:
    """Exactly what a cancel now gives back, as a sentence."""
    whole = money(price, currency)
    if due == ZERO and (payment is None or payment.captured == ZERO):
        return "Nothing was paid, so nothing comes back."
    if due == ZERO and payment is not None and payment.disputed:
        return AT_YOUR_BANK
    if due == ZERO:
        return f"Nothing of the {whole} comes back: there is too little time left."
    if due == price:
        return f"All of it, {whole}, {back}"
    return f"{money(due, currency)} of the {whole} {back}"


def at_bank(payment: Payment | None) -> str:
    """Why nothing comes back of a disputed payment, for its payer; '' of others."""
    return AT_YOUR_BANK if payment is not None and payment.disputed else ""


def why_nothing(payment: Payment | None) -> str:
    """Why there is nothing to give back, for staff."""
    if payment is None or payment.captured == ZERO:
        return "Nothing was paid, so nothing comes back."
    if payment.disputed:
        return f"Nothing comes back. {said_of_disputed(payment)}"
    return "All of it went back already."


def said_of_disputed(payment: Payment) -> str:
    """What staff are told of money that isn't with us; '' when all of it is."""
    if not payment.disputed:
        return ""
    taken = money(payment.disputed, payment.currency)
    return f"The cardholder's bank has taken {taken} by a dispute."


def refund_notes(payment: Payment, *, zone: str) -> list[dict[str, str]]:
    """What came back of a payment and how it stands, as `{tone, text}`."""
    refunds = sorted(payment.refunds.all(), key=lambda refund: refund.pk)
    # A failed one that was made good by later ones is no news any more.
    told = [refund for refund in refunds if refund.is_live or not _is_made_good(refund, payment)]
    uncovered = _uncovered(payment)
    told = [refund for refund in told if refund.pk not in uncovered]
    # Not `refund.is_by_hand`: the attempts are at hand already, and that would ask for each.
    by_hand = {attempt.pk for attempt in payment.attempts.all() if attempt.provider == DESK}
    return [_refund_note(refund, zone, is_by_hand=refund.attempt_id in by_hand) for refund in told]


def _is_made_good(failed: Refund, payment: Payment) -> bool:
    """Asked for anew, as much went back since by another way, or nothing is left of its money."""
    others = [refund for refund in payment.refunds.all() if refund.pk != failed.pk]
    if any(refund.retry_of_id == failed.pk for refund in others):
        return True
    live = [refund for refund in others if refund.is_live]
    since = sum((refund.amount for refund in live if refund.pk > failed.pk), ZERO)
    of_its_money = [each.amount for each in live if each.attempt_id == failed.attempt_id]
    captured = {attempt.pk: attempt.captured for attempt in payment.attempts.all()}
    return since >= failed.amount or sum(of_its_money, ZERO) >= captured[failed.attempt_id]


def _uncovered(payment: Payment) -> set[int]:
    """Refunds on their way whose money went back by another way since: the provider will refuse
    them, so they are not promised.
    """
    left = {attempt.pk: attempt.captured for attempt in payment.attempts.all()}
    waiting = []
    for refund in payment.refunds.all():
        if refund.status == RefundState.SUCCEEDED and refund.attempt_id in left:
            left[refund.attempt_id] -= refund.amount
        elif refund.is_live:
            waiting.append(refund)
    return {each.pk for each in waiting if each.amount > left.get(each.attempt_id, ZERO)}


def _refund_note(refund: Refund, zone: str, *, is_by_hand: bool) -> dict[str, str]:
    amount = money(refund.amount, refund.currency)
    if is_by_hand and refund.status == RefundState.SUCCEEDED and refund.done_at is not None:
        day = clock.say_day(refund.done_at, zone)
        return {"tone": "good", "text": f"{amount} was handed back to you on {day}."}
    if is_by_hand:
        return {"tone": "wait", "text": f"{amount} will be handed back to you at the desk."}
    if refund.status == RefundState.FAILED:
        return {
            "tone": "bad",
            "text": f"Paying back {amount} didn't work at first. Our desk is looking into it; "
            "there is nothing you need to do.",
        }
    if refund.status == RefundState.SUCCEEDED and refund.done_at is not None:
        return {
            "tone": "good",
            "text": f"{amount} went back on {clock.say_day(refund.done_at, zone)}, the way you "
            "paid. Banks can take some days to show it.",
        }
    return {"tone": "wait", "text": f"{amount} is on its way back to you, the way you paid."}


def _until(step: RefundStep, zone: str, *, is_only: bool) -> str:
    if step.until is not None:
        return f"until {clock.say_moment(step.until, zone)}"
    return "at this short notice" if is_only else "from then on"
