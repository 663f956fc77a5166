"""How orders and tickets are told to who bought them: what there is and what can be done now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.urls import reverse

from common import clock
from common.money import money
from common.telling import Standing
from payments.models import ZERO
from payments.refund_words import at_bank, refund_line, refund_notes, refund_sentence
from tickets.models import Event, Ticket, TicketOrder
from tickets.standing import held_until, standing_of_order, standing_of_ticket
from tickets.states import TicketStatus


@dataclass(frozen=True)
class TicketTold:
    """A ticket as its pages show it; an address is '' when that can't be had now."""

    ticket: Ticket
    number: int
    of: int
    standing: Standing
    when: str
    where: str
    doors: str
    price: str
    qr_href: str
    pdf_href: str

    @property
    def is_dead(self) -> bool:
        return not self.qr_href

    @property
    def is_in(self) -> bool:
        """Used or inside: the code stays, small."""
        return bool(self.qr_href) and (self.ticket.is_used or self.ticket.is_inside)

    @property
    def label(self) -> str:
        return f"Ticket {self.number} of {self.of}" if self.of > 1 else "Ticket"


@dataclass(frozen=True)
class OrderTold:
    """An order as its pages show it; an address is '' when that can't be done now."""

    order: TicketOrder
    standing: Standing
    tickets: list[TicketTold]
    when: str
    hours: str
    where: str
    amount: str
    lines: list[dict[str, str]]
    pay_href: str
    cancel_href: str
    pdf_href: str
    ics_href: str
    money_notes: list[dict[str, str]]

    @property
    def what(self) -> str:
        """'2 × Standard'."""
        return f"{self.order.quantity} × {self.order.label}"

    @property
    def pay_label(self) -> str:
        return f"Pay {self.amount}"

    @property
    def held_text(self) -> str:
        return f"To be paid by {held_until(self.order)}."

    @property
    def show_label(self) -> str:
        return "Show the ticket" if len(self.tickets) == 1 else "Show the tickets"

    @property
    def show_href(self) -> str:
        """Straight to the code where there is only one."""
        only = self.tickets[0].ticket if len(self.tickets) == 1 else self.order
        return only.get_absolute_url()


@dataclass(frozen=True)
class Leaving:
    """The question before something is given back: exactly what it does."""

    words: str
    question: str
    sentence: str
    steps: list[dict[str, Any]]
    button: str
    href: str
    keep_href: str
    due: Decimal
    is_hold: bool


# --- Tickets and orders ---------------------------------------------------------------------


def told_ticket(ticket: Ticket, *, number: int, of: int, at: datetime) -> TicketTold:
    event, currency = ticket.event, ticket.order.currency
    shows = shows_qr(ticket, at)
    return TicketTold(
        ticket=ticket,
        number=number,
        of=of,
        standing=standing_of_ticket(ticket, at=at),
        when=clock.say_span(event.start_date, event.end_date, event.timezone),
        where=said_where(event),
        doors=clock.say_moment(event.valid_from, event.timezone),
        price=money(ticket.price_paid, currency) if ticket.price_paid else "Free",
        qr_href=reverse("tickets:qr_svg", args=[ticket.pk]) if shows else "",
        pdf_href=reverse("tickets:pdf", args=[ticket.pk]) if shows else "",
    )


def told_order(order: TicketOrder, *, at: datetime) -> OrderTold:
    """`order` with event, payment and tickets at hand (`with_everything`)."""
    event = order.event
    tickets = told_tickets(order, at=at)
    is_payable = order.is_payable(at)
    has_live = any(not told.is_dead for told in tickets)
    return OrderTold(
        order=order,
        standing=standing_of_order(order, at=at),
        tickets=tickets,
        when=clock.say_span(event.start_date, event.end_date, event.timezone),
        hours=said_when(event),
        where=said_where(event),
        amount=money(order.amount, order.currency) if order.amount else "Free",
        lines=_lines(order),
        pay_href=_pay_href(order) if is_payable else "",
        cancel_href=_cancel_href(order, is_payable, at),
        pdf_href=reverse("tickets:order_pdf", args=[order.pk]) if has_live else "",
        ics_href=reverse("tickets:order_ics", args=[order.pk]) if has_invite(order, at) else "",
        money_notes=(
            refund_notes(order.payment, zone=event.timezone) if order.payment is not None else []
        ),
    )


def told_tickets(order: TicketOrder, *, at: datetime) -> list[TicketTold]:
    """All tickets of an order in the order of their numbers."""
    tickets = tickets_of(order)
    return [
        told_ticket(ticket, number=number, of=len(tickets), at=at)
        for number, ticket in enumerate(tickets, start=1)
    ]


def tickets_of(order: TicketOrder) -> list[Ticket]:
    """With the order's own event and order on them, so that nothing is asked twice."""
    tickets = sorted(order.tickets.all(), key=lambda ticket: ticket.pk)
    for ticket in tickets:
        ticket.order, ticket.event = order, order.event
    return tickets


def by_event(told: Iterable[OrderTold]) -> list[dict[str, Any]]:
    """Orders beside each other that are for one event, as one card."""
    groups = groupby(told, key=lambda each: each.order.event)
    return [{"event": event, "orders": list(orders)} for event, orders in groups]


def shows_qr(ticket: Ticket, at: datetime) -> bool:
    """A dead ticket shows none, and neither does one whose event doesn't take place."""
    return ticket.shows_qr(at) and not ticket.event.is_cancelled


def has_invite(order: TicketOrder, at: datetime) -> bool:
    """True while there is something to put into a calendar."""
    return order.is_paid and order.event.is_on_sale(at) and bool(_valid(order, at))


def said_when(event: Event) -> str:
    """'20:00–23:00 (Berlin)' beside the date block; over several days both ends."""
    start, end, zone = event.start_date, event.end_date, event.timezone
    if not clock.is_same_day(start, end, zone):
        return clock.say_span(start, end, zone)
    return f"{clock.say_hours(start, end, zone)} ({clock.place_of(zone)})"


def said_where(event: Event) -> str:
    return "Online" if event.is_online else event.location


def _lines(order: TicketOrder) -> list[dict[str, str]]:
    if order.quantity == 1 or not order.amount:
        return []
    each = money(order.unit_price, order.currency)
    return [{"label": f"{order.quantity} × {order.label}", "amount": f"{each} each"}]


def _pay_href(order: TicketOrder) -> str:
    assert order.payment is not None
    return reverse("payments:pay", args=[order.payment.token])


def _valid(order: TicketOrder, at: datetime) -> list[Ticket]:
    return [t for t in tickets_of(order) if t.status_at(at) == TicketStatus.ACTIVE]


# --- Giving back ----------------------------------------------------------------------------


def may_cancel_order(order: TicketOrder, *, at: datetime) -> bool:
    """A hold while it runs; else when every ticket that is still valid may go."""
    if order.is_pending:
        return order.is_payable(at)
    valid = _valid(order, at)
    return bool(valid) and _is_live(order.event) and all(t.is_cancellable(at) for t in valid)


def may_cancel_ticket(ticket: Ticket, *, at: datetime) -> bool:
    """By itself: its group has to stay large enough."""
    return _may_go(ticket, at) and not is_bound_to_group(ticket, at=at)


def is_bound_to_group(ticket: Ticket, *, at: datetime) -> bool:
    """It could go back, but only together with all the others of its order."""
    live = {TicketStatus.ACTIVE, TicketStatus.USED}
    staying = [t for t in ticket.order.tickets.all() if t.status in live and t.pk != ticket.pk]
    return _may_go(ticket, at) and not ticket.order.may_shrink_to(len(staying))


def _may_go(ticket: Ticket, at: datetime) -> bool:
    return _is_live(ticket.event) and ticket.is_cancellable(at)


def _is_live(event: Event) -> bool:
    """What is cancelled as a whole is wound up by us; nobody needs to ask for it."""
    return event.is_published


def leaving_ticket(ticket: Ticket, *, at: datetime) -> Leaving:
    """One ticket of one's own."""
    return _leaving(
        ticket.order,
        1,
        at,
        words="Give this ticket back",
        href=reverse("tickets:cancel", args=[ticket.pk]),
        keep_href=ticket.get_absolute_url(),
    )


def leaving_order(order: TicketOrder, *, at: datetime) -> Leaving:
    """Everything of an order that is still valid, or the whole hold."""
    href = reverse("tickets:order_cancel", args=[order.pk])
    if order.is_pending:
        return Leaving(
            words="Give it up",
            question="Give up these places?" if order.quantity > 1 else "Give up this place?",
            sentence="The places are free for others at once, and nothing is charged.",
            steps=[],
            button="Give it up",
            href=href,
            keep_href=order.get_absolute_url(),
            due=ZERO,
            is_hold=True,
        )
    count = len(_valid(order, at))
    return _leaving(
        order,
        count,
        at,
        words="Give this ticket back" if count == 1 else f"Give all {count} tickets back",
        href=href,
        keep_href=order.get_absolute_url(),
    )


def _leaving(
    order: TicketOrder, count: int, at: datetime, *, words: str, href: str, keep_href: str
) -> Leaving:
    due = order.refund_for(order.refund_percent_at(at), tickets=count)
    was_paid = order.payment is not None and order.payment.captured > ZERO
    # What a bank has taken doesn't come back by the terms.
    has_steps = was_paid and not at_bank(order.payment)
    price = order.unit_price * count
    back = f" and get {money(due, order.currency)} back" if due else ""
    thing = "the ticket" if count == 1 else f"{count} tickets"
    return Leaving(
        words=words,
        question=f"{words}?",
        sentence=refund_sentence(due, price, order.currency, payment=order.payment),
        steps=_steps(order, count, at) if has_steps else [],
        button=f"Cancel {thing}{back}",
        href=href,
        keep_href=keep_href,
        due=due,
        is_hold=False,
    )


def _steps(order: TicketOrder, count: int, at: datetime) -> list[dict[str, Any]]:
    steps: Sequence[Any] = [
        replace(step, amount=step.amount * count) for step in order.refund_schedule
    ]
    return refund_line(steps, zone=order.event.timezone, currency=order.currency, now=at)


def _cancel_href(order: TicketOrder, is_payable: bool, at: datetime) -> str:
    can = is_payable if order.is_pending else may_cancel_order(order, at=at)
    return reverse("tickets:order_cancel", args=[order.pk]) if can else ""
