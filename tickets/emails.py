"""What people are told about their tickets: QR codes, one PDF an order, the calendar entry."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from email.utils import parseaddr
from typing import Any, Literal

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from common import clock
from common.money import money
from notifications.calendar import Entry, Method, invite, invite_parts
from notifications.messages import Attachment, Message
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import register
from notifications.reminders import plan_reminders
from notifications.rendering import render_mail
from payments.models import ZERO
from payments.refund_words import at_bank
from tickets.artwork import PrintedOrder, PrintedTicket, order_pdf, qr_png
from tickets.codes import in_groups
from tickets.models import Campaign, Event, Ticket, TicketOrder

PURCHASED = "tickets_purchased"
CANCELLED = "tickets_cancelled"
EVENT_CANCELLED = "event_cancelled"
EVENT_MOVED = "event_moved"
REMINDER = "event_reminder"
STAFF_SOLD = "staff_tickets_sold"


def tickets_purchased(order: TicketOrder, *, at: datetime, is_first: bool = False) -> None:
    """One mail an order: every ticket's QR inline, one PDF, the invite.

    `is_first`: the order was made in this transaction, so nobody can have been told of it.
    """
    tickets = [
        {"id": ticket.pk, "code": ticket.ticket_code, "url": _url(ticket.get_absolute_url())}
        for ticket in order.tickets.all()
    ]
    more = {"tickets": tickets, "refund_steps": said_steps(order, at)}
    _queue(PURCHASED, order, key=str(order.pk), at=at, more=more, is_first=is_first)
    _tell_staff(order, at=at)
    _plan_reminders(order, at=at)


def tickets_cancelled(
    order: TicketOrder, tickets: Sequence[Ticket], *, by_staff: bool, at: datetime
) -> None:
    """What was given back and what comes back; the invite is withdrawn with the last ticket."""
    given = sum((ticket.refund_amount or ZERO for ticket in tickets), ZERO)
    left = order.tickets.live().count()
    _queue(
        CANCELLED,
        order,
        key="-".join(f"{ticket.pk}.{ticket.status[:1]}" for ticket in tickets)[:150],
        at=at,
        more={
            "cancelled": len(tickets),
            "left": left,
            "refund": money(given, order.currency) if given > ZERO else "",
            "was_paid": order.amount > ZERO,
            "at_bank": at_bank(order.payment),
            "by_staff": by_staff,
            "withdraws_invite": left == 0,
        },
    )


def event_cancelled(order: TicketOrder, *, reason: str, at: datetime) -> None:
    """The whole event is off; everything comes back."""
    refunded = order.payment.refunded if order.payment else ZERO
    _queue(
        EVENT_CANCELLED,
        order,
        key=str(order.pk),
        at=at,
        more={
            "reason": reason,
            "refund": money(refunded, order.currency) if refunded > ZERO else "",
            "at_bank": at_bank(order.payment),
        },
    )


def event_moved(order: TicketOrder, campaign: Campaign, *, at: datetime) -> None:
    """The new time beside the old, and the right to cancel for everything."""
    event, former = order.event, campaign.facts
    free_until = order.free_cancel_until
    _queue(
        EVENT_MOVED,
        order,
        key=f"{order.pk}:{campaign.sequence}",
        at=at,
        more={
            "former_when": clock.say_span(
                datetime.fromisoformat(former["start"]),
                datetime.fromisoformat(former["end"]),
                event.timezone,
            ),
            "reason": campaign.reason,
            "free_cancel_until": (
                clock.say_moment(free_until, event.timezone)
                if free_until and order.amount > ZERO
                else ""
            ),
        },
    )
    _plan_reminders(order, at=at)


def told_of_move(campaign: Campaign, order_ids: Sequence[int]) -> set[int]:
    """Those of these orders whose mail about this move is in the outbox, or was."""
    keys = {f"{EVENT_MOVED}:{pk}:{campaign.sequence}": pk for pk in order_ids}
    found = OutgoingMail.objects.filter(key__in=keys).values_list("key", flat=True)
    return {keys[key] for key in found}


def mails_about(order: TicketOrder) -> QuerySet[OutgoingMail]:
    """Every mail that told of this order, and what was sent again of them, in order."""
    about = Q(key__in=[f"{kind}:{order.pk}" for kind in (PURCHASED, EVENT_CANCELLED, STAFF_SOLD)])
    about |= Q(key__startswith=f"{EVENT_MOVED}:{order.pk}:")
    for ticket_id in order.tickets.values_list("pk", flat=True):
        # A mail about several tickets is filed under the first of them.
        about |= Q(key__startswith=f"{CANCELLED}:{ticket_id}.")
    keys = list(OutgoingMail.objects.filter(about).values_list("key", flat=True))
    return OutgoingMail.objects.filter(Q(key__in=keys) | Q(copy_of__key__in=keys)).order_by("pk")


def register_mails() -> None:
    register(PURCHASED, build_purchased, title="Tickets purchased")
    register(CANCELLED, build_cancelled, title="Tickets cancelled")
    register(EVENT_CANCELLED, build_event_cancelled, title="Event cancelled")
    register(EVENT_MOVED, build_event_moved, title="Event moved")
    register(STAFF_SOLD, build_plain, title="To the event's staff: tickets sold")


def build_purchased(mail: OutgoingMail) -> Message:
    """QR codes are pictures of the mail (CID): mail programs don't show data URLs."""
    facts = mail.context
    codes = [ticket["code"] for ticket in facts["tickets"]]
    pictures = tuple(
        Attachment(f"ticket-{number}.png", qr_png(code), "image/png", inline_cid=_cid(number))
        for number, code in enumerate(codes, start=1)
    )
    shown = [
        ticket | {"cid": _cid(number), "number": number, "said_code": in_groups(ticket["code"])}
        for number, ticket in enumerate(facts["tickets"], start=1)
    ]
    paper = Attachment("tickets.pdf", order_pdf(printed(facts, codes)), "application/pdf")
    return _message(mail, facts | {"tickets": shown}, "REQUEST", attachments=(*pictures, paper))


def build_cancelled(mail: OutgoingMail) -> Message:
    method: Literal["CANCEL"] | None = "CANCEL" if mail.context["withdraws_invite"] else None
    return _message(mail, mail.context, method)


def build_event_cancelled(mail: OutgoingMail) -> Message:
    return _message(mail, mail.context, "CANCEL")


def build_event_moved(mail: OutgoingMail) -> Message:
    return _message(mail, mail.context, "REQUEST")


def build_plain(mail: OutgoingMail) -> Message:
    return _message(mail, mail.context, None)


def printed(facts: dict[str, Any], codes: Sequence[str]) -> PrintedOrder:
    """The facts of an order as they stand on paper."""
    return PrintedOrder(
        event=facts["event"],
        when=facts["when"],
        where=facts["where"],
        holder=facts["full_name"],
        site=settings.SITE_NAME,
        tickets=[PrintedTicket(code, facts["label"], facts["unit_price"]) for code in codes],
    )


def facts_of(order: TicketOrder, *, at: datetime) -> dict[str, Any]:
    """What a mail about this order says, frozen: later changes don't rewrite history."""
    event, user = order.event, order.user
    return {
        "order_id": order.pk,
        "name": user.get_short_name(),
        "full_name": user.get_full_name(),
        "email": user.email,
        "event": event.name,
        "when": clock.say_span(event.start_date, event.end_date, event.timezone),
        "day": clock.say_day(event.start_date, event.timezone),
        "date": _date(event),
        "facts": _facts(order),
        "hours": (
            f"{clock.say_hours(event.start_date, event.end_date, event.timezone)} "
            f"({clock.place_of(event.timezone)})"
        ),
        "starts": clock.say_time(event.start_date, event.timezone),
        "doors": clock.say_time(event.valid_from, event.timezone),
        "where": "Online" if event.is_online else event.location,
        "is_online": event.is_online,
        "label": order.label,
        "quantity": order.quantity,
        "unit_price": _said_price(order.unit_price, order.currency),
        "amount": _said_price(order.amount, order.currency),
        "starts_at": event.start_date.isoformat(),
        "ends_at": event.end_date.isoformat(),
        "stamped_at": at.isoformat(),
        "url": _url(order.get_absolute_url()),
        "event_url": _url(event.get_absolute_url()),
        "uid": f"order-{order.pk}-{event.uid}@{settings.SITE_URL.split('//')[-1].split(':')[0]}",
        "sequence": event.sequence,
    }


def _message(
    mail: OutgoingMail,
    facts: dict[str, Any],
    method: Literal["REQUEST", "CANCEL"] | None,
    *,
    attachments: tuple[Attachment, ...] = (),
) -> Message:
    subject, text, html = render_mail(mail.kind, facts)
    if method is not None:
        calendar = invite_from_facts(facts, method=method)
        attachments = (*attachments, *invite_parts(calendar, method))
    return Message(subject=subject, text=text, html=html, attachments=attachments)


def invite_from_facts(facts: dict[str, Any], *, method: Method) -> bytes:
    """The calendar object of one order, from the facts that a mail's row freezes."""
    entry = entry_from_facts(facts)
    if method == "CANCEL":
        # A withdrawal must rise above what it withdraws.
        entry = replace(entry, sequence=entry.sequence + 1)
    return invite(entry, method=method)


def entry_from_facts(facts: dict[str, Any]) -> Entry:
    """An order as an appointment in its holder's calendar."""
    organizer_name, organizer_email = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return Entry(
        uid=facts["uid"],
        sequence=facts["sequence"],
        starts_at=datetime.fromisoformat(facts["starts_at"]),
        ends_at=datetime.fromisoformat(facts["ends_at"]),
        summary=facts["event"],
        description=f"{facts['quantity']} × {facts['label']}\n{facts['url']}",
        location=facts["where"],
        url=facts["url"],
        organizer_email=organizer_email,
        organizer_name=organizer_name or settings.SITE_NAME,
        attendee_email=facts["email"],
        attendee_name=facts["full_name"],
        stamped_at=datetime.fromisoformat(facts["stamped_at"]),
    )


def _tell_staff(order: TicketOrder, *, at: datetime) -> None:
    event: Event = order.event
    if not (event.staff_email and event.notify_staff):
        return
    path = reverse("admin:tickets_ticketorder_change", args=[order.pk])
    queue_mail(
        kind=STAFF_SOLD,
        to=event.staff_email,
        key=f"{STAFF_SOLD}:{order.pk}",
        context=facts_of(order, at=at) | {"url": _url(path)},
        at=at,
    )


def _plan_reminders(order: TicketOrder, *, at: datetime) -> None:
    """One a person and event: a second order adds nothing, a move of the event makes it anew."""
    event = order.event
    plan_reminders(
        REMINDER,
        event.pk,
        version=event.sequence,
        user_id=order.user_id,
        starts_at=event.start_date,
        hours=settings.REMINDER_HOURS,
        at=at,
    )


def _queue(
    kind: str,
    order: TicketOrder,
    *,
    key: str,
    at: datetime,
    more: dict[str, Any],
    is_first: bool = False,
) -> None:
    queue_mail(
        kind=kind,
        to=order.user.email,
        key=f"{kind}:{key}",
        context=facts_of(order, at=at) | more,
        at=at,
        is_first=is_first,
    )


def _date(event: Event) -> dict[str, str]:
    """The leaf of a calendar that the mail shows."""
    local = event.start_date.astimezone(clock.zone(event.timezone))
    return {"weekday": f"{local:%a}", "number": str(local.day), "month": f"{local:%b}"}


def _facts(order: TicketOrder) -> list[dict[str, str]]:
    """What else there is to know, as `{label, text}`."""
    event = order.event
    online = "Online; the address is on your tickets' page"
    known = {
        "When": clock.say_span(event.start_date, event.end_date, event.timezone),
        "Where": online if event.is_online else event.location,
        "Doors open": "" if event.is_online else clock.say_moment(event.valid_from, event.timezone),
        "Tickets": f"{order.quantity} × {order.label}",
        "Price": money(order.amount, order.currency) if order.amount else "Free of charge",
        "Order": str(order.pk),
    }
    return [{"label": label, "text": text} for label, text in known.items() if text]


def said_steps(order: TicketOrder, at: datetime) -> list[dict[str, Any]]:
    """The refund terms of one ticket, as far as they lie ahead; none where nothing was paid."""
    if order.amount == ZERO:
        return []
    zone = order.event.timezone
    return [
        {
            "until": clock.say_moment(step.until, zone) if step.until else "",
            "percent": step.percent,
            "amount": money(step.amount, order.currency),
        }
        for step in order.refund_schedule
        if step.until is None or step.until > at
    ]


def _said_price(amount: Decimal, currency: str) -> str:
    return money(amount, currency) if amount > ZERO else "free"


def _url(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _cid(number: int) -> str:
    return f"ticket-{number}"
