"""Staff take tickets back: what each order would get is said before the click, then done exactly.

One order is one deed: its tickets go together or not at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from accounts.models import User
from common.money import money
from common.staff.asking import Line, Question
from payments.admin.refund_question import (
    CHOICES,
    DISCRETION,
    CancelForm,
    RefundForm,
)
from payments.refund_words import why_nothing
from tickets.models import Ticket, TicketOrder
from tickets.services import cancel_tickets_by_staff
from tickets.services.cancel import RefundChoice
from tickets.states import TicketStatus

# What a refund alone can still change.
FOR_MONEY: Final = (TicketStatus.USED, TicketStatus.CANCELLED)


@dataclass(frozen=True)
class Lot:
    """Tickets of one order that are to go together."""

    order: TicketOrder
    tickets: Sequence[Ticket]

    def __str__(self) -> str:
        return str(self.order)


def lots_of(tickets: Sequence[Ticket]) -> list[Lot]:
    """The tickets by their orders, in the order of orders."""
    by_order: dict[int, list[Ticket]] = {}
    for ticket in sorted(tickets, key=lambda ticket: (ticket.order_id, ticket.pk)):
        by_order.setdefault(ticket.order_id, []).append(ticket)
    return [Lot(found[0].order, found) for found in by_order.values()]


def can_be_taken_back(ticket: Ticket, at: datetime) -> bool:
    """Whether some choice of refund would not be refused; `order.payment` is loaded."""
    status = ticket.status_at(at)
    if status in FOR_MONEY:
        return ticket.order.refund_for(100) > 0
    return status == TicketStatus.ACTIVE


def form_for(lots: Sequence[Lot], data: Any, *, by: User, at: datetime) -> CancelForm:
    """Bound when `data` is given. The choice of refund is there for whoever may make it."""
    shown = {
        str(lot.order.pk): {choice: str(_back(lot, choice, at)) for choice in CHOICES}
        for lot in lots
    }
    if by.has_perm(DISCRETION) and any(_back(lot, "full", at) > 0 for lot in lots):
        sums = {choice: _said_sum(lots, choice, at) for choice in CHOICES}
        return RefundForm(data, shown=shown, sums=sums)
    return CancelForm(data, shown=shown)


def question_about(lots: Sequence[Lot], form: CancelForm, *, by: User, at: datetime) -> Question:
    count = sum(len(lot.tickets) for lot in lots)
    return Question(
        title="Take back a ticket" if count == 1 else f"Take back {count} tickets",
        lead="Their codes are worthless at once, the places are on sale again, and the customer "
        "is told by mail.",
        button="Take back",
        lines=[_line(lot, by=by, at=at) for lot in lots],
        form=form,
        is_danger=True,
    )


def deed(answer: dict[str, Any], *, by: User, at: datetime) -> Callable[[Lot], str]:
    """What the button does to the tickets of one order; the result is said to the person."""
    default: RefundChoice = "full" if by.has_perm(DISCRETION) else "policy"
    refund: RefundChoice = answer.get("refund") or default

    def do(lot: Lot) -> str:
        before = sum((ticket.refund_amount or Decimal(0) for ticket in lot.tickets), Decimal(0))
        taken = cancel_tickets_by_staff(
            ticket_ids=[ticket.pk for ticket in lot.tickets],
            by=by,
            at=at,
            reason=answer["reason"],
            refund=refund,
            expected=answer["shown"].get(str(lot.order.pk), {}).get(refund),
        )
        after = sum((ticket.refund_amount or Decimal(0) for ticket in taken), Decimal(0))
        sentence = f"{_said_tickets(lot)} of {lot.order.user.get_full_name()}: taken back."
        if after > before:
            sentence += f" {money(after - before, lot.order.currency)} are on their way back."
        return sentence

    return do


def _line(lot: Lot, *, by: User, at: datetime) -> Line:
    impossible = [ticket for ticket in lot.tickets if not can_be_taken_back(ticket, at)]
    outcome = _refund_words(lot, by=by, at=at)
    if impossible:
        dead = ", ".join(f"{ticket} is {ticket.label_at(at).lower()}" for ticket in impossible)
        outcome = f"These can't be taken back: {dead}."
    return Line(
        title=f"{lot.order}: {lot.order.user.get_full_name()}",
        text=f"{_said_tickets(lot)}, {lot.order.label}, {lot.order.event.name}",
        outcome=outcome,
        is_possible=not impossible,
    )


def _refund_words(lot: Lot, *, by: User, at: datetime) -> str:
    full, policy = _back(lot, "full", at), _back(lot, "policy", at)
    if full == 0:
        return why_nothing(lot.order.payment)
    currency = lot.order.currency
    said = f"{money(policy, currency)} ({lot.order.refund_percent_at(at)} %)"
    if by.has_perm(DISCRETION):
        return f"Paid {money(full, currency)}; by the policy {said} come back now."
    return f"By the policy {said} come back."


def _back(lot: Lot, choice: str, at: datetime) -> Decimal:
    """Exactly what the service gives at that choice."""
    percent = {"full": 100, "policy": lot.order.refund_percent_at(at), "none": 0}[choice]
    return lot.order.refund_for(percent, tickets=len(lot.tickets))


def _said_sum(lots: Sequence[Lot], choice: str, at: datetime) -> str:
    sums: dict[str, Decimal] = {}
    for lot in lots:
        currency = lot.order.currency
        sums[currency] = sums.get(currency, Decimal(0)) + _back(lot, choice, at)
    return " and ".join(money(amount, currency) for currency, amount in sorted(sums.items()))


def _said_tickets(lot: Lot) -> str:
    numbers = ", ".join(str(ticket.pk) for ticket in lot.tickets)
    return f"{'Ticket' if len(lot.tickets) == 1 else 'Tickets'} {numbers}"
