"""Staff end an unpaid hold: what is asked, and in which words."""

from django import forms

from common import clock
from common.money import money
from common.staff.asking import Line, Question
from tickets.models import TicketOrder


def about_ending(order: TicketOrder, form: forms.Form) -> Question:
    until = order.expires_at
    held = clock.say_moment(until, order.event.timezone) if until else ""
    lead = "Nothing was paid. Whoever has the payment page open can't pay there any more."
    if order.is_processing:
        lead = "The bank is still settling the payment. What comes of it goes straight back."
    return Question(
        title=f"End the hold of {order.user.get_full_name()}?",
        lead=lead,
        button="End hold",
        lines=[
            Line(
                title=f"{order.quantity} × {order.label}, {order.event.name}",
                text=f"held until {held}, for {money(order.amount, order.currency)}",
                outcome=f"{said_places(order)} on sale again",
            )
        ],
        form=form,
        is_danger=True,
    )


def said_places(order: TicketOrder) -> str:
    """'3 places are'."""
    return "1 place is" if order.quantity == 1 else f"{order.quantity} places are"
