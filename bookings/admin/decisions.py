"""What staff decide about bookings, one or many: the question, with every amount, and the deed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django import forms

from accounts.models import User
from bookings.models import Booking
from bookings.services import set_status, staff_moves
from bookings.services.cancel import RefundChoice
from bookings.states import BookingStatus
from common import clock
from common.money import money
from common.staff.asking import Line, Question
from payments.admin.refund_question import (
    CHOICES,
    DISCRETION,
    CancelForm,
    ReasonForm,
    RefundForm,
)
from payments.refund_words import why_nothing


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One of the moves that staff make, in words. `{what}` is 'this booking', or '3 bookings'."""

    status: BookingStatus
    title: str
    lead: str
    button: str
    done: str
    impossible: str
    is_danger: bool = False


DECISIONS: Final[dict[BookingStatus, Decision]] = {
    BookingStatus.CONFIRMED: Decision(
        status=BookingStatus.CONFIRMED,
        title="Confirm {what}, to be paid at the desk",
        lead=(
            "The place is theirs for good and no longer waits for an online payment; "
            "what is due is paid at the desk. They are told by mail."
        ),
        button="Confirm",
        done="is confirmed; the payment is due at the desk.",
        impossible="can't be confirmed",
    ),
    BookingStatus.CANCELLED: Decision(
        status=BookingStatus.CANCELLED,
        title="Cancel {what}",
        lead="The place becomes free at once and the customer is told by mail.",
        button="Cancel and free the place",
        done="is cancelled.",
        impossible="can't be cancelled",
        is_danger=True,
    ),
    BookingStatus.COMPLETED: Decision(
        status=BookingStatus.COMPLETED,
        title="Mark {what} as completed",
        lead="They were here. Should it turn out otherwise, it can still become 'not attended'.",
        button="Mark as completed",
        done="is completed.",
        impossible="can't be completed",
    ),
    BookingStatus.NO_SHOW: Decision(
        status=BookingStatus.NO_SHOW,
        title="Mark {what} as not attended",
        lead="They didn't come. Nothing is refunded; it can still be corrected to 'completed'.",
        button="Mark as not attended",
        done="is marked as not attended.",
        impossible="can't be marked as not attended",
    ),
}


def question_about(
    decision: Decision, bookings: Sequence[Booking], form: forms.Form, *, by: User, at: datetime
) -> Question:
    """The page's words: each booking with what will become of it."""
    lines = [_line(decision, booking, by=by, at=at) for booking in bookings]
    what = "this booking" if len(bookings) == 1 else f"{len(bookings)} bookings"
    return Question(
        title=decision.title.format(what=what),
        lead=decision.lead,
        button=decision.button,
        lines=lines,
        form=form,
        is_danger=decision.is_danger,
    )


def form_for(
    decision: Decision,
    bookings: Sequence[Booking],
    data: Any,
    *,
    by: User,
    at: datetime,
) -> forms.Form:
    """Bound when `data` is given. The choice of refund is there for whoever may make it."""
    if decision.status != BookingStatus.CANCELLED:
        return ReasonForm(data)
    shown = {
        str(booking.pk): {choice: str(_back(booking, choice, at)) for choice in CHOICES}
        for booking in bookings
    }
    if may_choose_refund(bookings, by):
        sums = {choice: _said_sum(bookings, choice, at) for choice in CHOICES}
        return RefundForm(data, shown=shown, sums=sums)
    return CancelForm(data, shown=shown)


def may_choose_refund(bookings: Sequence[Booking], by: User) -> bool:
    """Only a manager decides, and only where there is something to give back."""
    return by.has_perm(DISCRETION) and any(
        booking.is_confirmed and booking.refund_for(100) > 0 for booking in bookings
    )


def deed(
    decision: Decision, answer: dict[str, Any], *, by: User, at: datetime
) -> Callable[[Booking], str]:
    """What the button does to one booking; the result is said to the person who pressed it."""
    default: RefundChoice = "full" if by.has_perm(DISCRETION) else "policy"

    def do(booking: Booking) -> str:
        refund: RefundChoice = answer.get("refund") or default
        shown = answer.get("shown", {}).get(str(booking.pk), {})
        changed = set_status(
            booking_id=booking.pk,
            status=decision.status,
            by=by,
            at=at,
            reason=answer["reason"],
            refund=refund,
            expected_refund=shown.get(refund),
        )
        sentence = f"{booking} of {booking.user.get_full_name()} {decision.done}"
        if decision.status == BookingStatus.CANCELLED and changed.refunded > 0:
            sentence += f" {money(changed.refunded, changed.currency)} are on their way back."
        return sentence

    return do


def _line(decision: Decision, booking: Booking, *, by: User, at: datetime) -> Line:
    is_possible = decision.status in staff_moves(booking, at)
    span = clock.say_span(
        booking.timeslot.start_time, booking.timeslot.end_time, booking.room.timezone
    )
    if not is_possible:
        outcome = f"This one {decision.impossible}: {_standing(booking, at)}."
    elif decision.status == BookingStatus.CANCELLED:
        outcome = _refund_words(booking, by=by, at=at)
    elif decision.status == BookingStatus.CONFIRMED:
        outcome = f"{money(booking.price, booking.currency)} due at the desk."
    else:
        outcome = ""
    return Line(
        title=f"{booking}: {booking.user.get_full_name()}",
        text=f"{booking.room.name}, {span}",
        outcome=outcome,
        is_possible=is_possible,
    )


def _standing(booking: Booking, at: datetime) -> str:
    if booking.is_confirmed and booking.timeslot.start_time > at:
        return "its time hasn't begun"
    return f"it is {booking.get_status_display().lower()}"


def _refund_words(booking: Booking, *, by: User, at: datetime) -> str:
    if booking.is_pending:
        return "Held and not paid: the hold ends and nothing is charged."
    if booking.is_payment_due:
        return "Nothing was paid yet; what was due is dropped."
    full, policy = booking.refund_for(100), booking.refund_due(at)
    if full == 0:
        return why_nothing(booking.payment)
    said = f"{money(policy, booking.currency)} ({booking.refund_percent_at(at)} %)"
    if by.has_perm(DISCRETION):
        return f"Paid {money(full, booking.currency)}; by the policy {said} come back now."
    return f"By the policy {said} come back."


def _back(booking: Booking, choice: str, at: datetime) -> Decimal:
    if not booking.is_confirmed or choice == "none":
        return Decimal(0)
    return booking.refund_for(100) if choice == "full" else booking.refund_due(at)


def _said_sum(bookings: Sequence[Booking], choice: str, at: datetime) -> str:
    sums: dict[str, Decimal] = {}
    for booking in bookings:
        amount = _back(booking, choice, at)
        sums[booking.currency] = sums.get(booking.currency, Decimal(0)) + amount
    return " and ".join(money(amount, currency) for currency, amount in sorted(sums.items()))
