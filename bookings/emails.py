"""What people are told about their bookings, and the invite that goes with it."""

from datetime import datetime
from decimal import Decimal
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from bookings.models import Booking, Timeslot
from common import clock
from common.money import money
from notifications.calendar import Entry, Method, invite
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import Attachment, Message, register
from notifications.reminders import drop_reminders, plan_reminders
from notifications.rendering import render_mail
from payments.models import ZERO
from payments.refund_words import at_bank

CONFIRMED = "booking_confirmed"
MOVED = "booking_moved"
CANCELLED = "booking_cancelled"
REMINDER = "booking_reminder"
STAFF_BOOKED = "staff_booked"
STAFF_MOVED = "staff_moved"
STAFF_CANCELLED = "staff_cancelled"
KINDS = (CONFIRMED, MOVED, CANCELLED, STAFF_BOOKED, STAFF_MOVED, STAFF_CANCELLED)


def booking_confirmed(booking: Booking, *, at: datetime) -> None:
    """With the invite, the price and the refund time line."""
    _queue(CONFIRMED, booking, at=at, more={"refund_steps": said_steps(booking, at)})
    _tell_staff(STAFF_BOOKED, booking, at=at)
    _plan_reminders(booking, at=at)


def booking_moved(
    booking: Booking, *, former: Timeslot, refund: Decimal, by_staff: bool, at: datetime
) -> None:
    """With the former time, what the cheaper one gives back, and the invite's update."""
    zone = booking.room.timezone
    free_until = booking.whole_back_until if booking.free_cancel_until else None
    facts = {
        "former_when": clock.say_span(former.start_time, former.end_time, zone),
        "refund": money(refund, booking.currency) if refund > ZERO else "",
        "by_hand": booking.payment is not None and booking.payment.is_by_hand,
        "refund_steps": said_steps(booking, at),
        "by_staff": by_staff,
        "free_cancel_until": (
            clock.say_moment(free_until, zone)
            if free_until is not None and free_until > at and booking.price > ZERO
            else ""
        ),
    }
    _queue(MOVED, booking, at=at, more=facts)
    _tell_staff(STAFF_MOVED, booking, at=at, more=facts)
    drop_reminders(REMINDER, booking.pk)
    _plan_reminders(booking, at=at)


def booking_cancelled(booking: Booking, *, refund: Decimal, at: datetime) -> None:
    """With what comes back and the invite's withdrawal."""
    _queue(
        CANCELLED,
        booking,
        at=at,
        more={
            "refund": money(refund, booking.currency) if refund > ZERO else "",
            "by_hand": booking.payment is not None and booking.payment.is_by_hand,
            "refund_percent": booking.refund_percent,
            "was_paid": bool(booking.payment and booking.payment.captured > ZERO),
            "at_bank": at_bank(booking.payment),
            "by_staff": booking.cancel_cause == "staff",
        },
    )
    _tell_staff(STAFF_CANCELLED, booking, at=at)
    drop_reminders(REMINDER, booking.pk)


def mails_about(booking: Booking) -> QuerySet[OutgoingMail]:
    """Every mail that told of this booking, and what was sent again of them, in order."""
    keys = [
        _key(kind, booking.pk, sequence)
        for kind in KINDS
        for sequence in range(booking.sequence + 1)
    ]
    return OutgoingMail.objects.filter(Q(key__in=keys) | Q(copy_of__key__in=keys)).order_by("pk")


def register_mails() -> None:
    register(CONFIRMED, build, title="Booking confirmed")
    register(MOVED, build, title="Booking moved")
    register(CANCELLED, build, title="Booking cancelled")
    register(STAFF_BOOKED, build_plain, title="To the room's staff: booked")
    register(STAFF_MOVED, build_plain, title="To the room's staff: moved")
    register(STAFF_CANCELLED, build_plain, title="To the room's staff: cancelled")


def build(mail: OutgoingMail) -> Message:
    """Subject, text and HTML from the frozen facts, and the invite as part and as file."""
    subject, text, html = render_mail(mail.kind, mail.context)
    method: Method = "CANCEL" if mail.kind == CANCELLED else "REQUEST"
    calendar = invite_from_facts(mail.context, method=method)
    params = {"method": method, "charset": "utf-8"}
    return Message(
        subject=subject,
        text=text,
        html=html,
        attachments=(
            Attachment("invite.ics", calendar, "text/calendar", params, is_alternative=True),
            Attachment("invite.ics", calendar, "text/calendar", params),
        ),
    )


def build_plain(mail: OutgoingMail) -> Message:
    """Words alone: the staff's calendar is the admin."""
    subject, text, html = render_mail(mail.kind, mail.context)
    return Message(subject=subject, text=text, html=html)


def invite_from_facts(facts: dict[str, Any], *, method: Method) -> bytes:
    """The calendar object of one booking, from the facts that a mail's row freezes."""
    entry = entry_from_facts(facts)
    return invite(entry, method=method)


def entry_from_facts(facts: dict[str, Any]) -> Entry:
    """A booking as an appointment in its holder's calendar."""
    organizer_name, organizer_email = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return Entry(
        uid=facts["uid"],
        sequence=facts["sequence"],
        starts_at=datetime.fromisoformat(facts["starts_at"]),
        ends_at=datetime.fromisoformat(facts["ends_at"]),
        summary=f"{facts['room']} ({settings.SITE_NAME})",
        description=f"{facts['when']}\n{facts['url']}",
        location=facts["room"],
        url=facts["url"],
        organizer_email=organizer_email,
        organizer_name=organizer_name or settings.SITE_NAME,
        attendee_email=facts["email"],
        attendee_name=facts["full_name"],
        stamped_at=datetime.fromisoformat(facts["stamped_at"]),
    )


def facts_of(booking: Booking, *, at: datetime) -> dict[str, Any]:
    """What a mail about this booking says, frozen: later changes don't rewrite history."""
    slot, room = booking.timeslot, booking.room
    return {
        "booking_id": booking.pk,
        "name": booking.user.get_short_name(),
        "full_name": booking.user.get_full_name(),
        "email": booking.user.email,
        "room": room.name,
        "about": room.description,
        "when": clock.say_span(slot.start_time, slot.end_time, room.timezone),
        "day": clock.say_day(slot.start_time, room.timezone),
        "date": _date(booking),
        "starts": clock.say_time(slot.start_time, room.timezone),
        "hours": f"{clock.say_hours(slot.start_time, slot.end_time, room.timezone)} ({room.place})",
        "facts": _facts(booking),
        "starts_at": slot.start_time.isoformat(),
        "ends_at": slot.end_time.isoformat(),
        "stamped_at": at.isoformat(),
        "price": money(booking.price, booking.currency) if booking.price > ZERO else "",
        "is_due": booking.is_payment_due,
        "notes": booking.notes,
        "url": settings.SITE_URL + booking.get_absolute_url(),
        "uid": f"{booking.uid}@{settings.SITE_URL.split('//')[-1].split(':')[0]}",
        "sequence": booking.sequence,
    }


def _plan_reminders(booking: Booking, *, at: datetime) -> None:
    """Those that still lie ahead; the version keeps the former time's from being sent."""
    plan_reminders(
        REMINDER,
        booking.pk,
        version=booking.sequence,
        user_id=booking.user_id,
        starts_at=booking.timeslot.start_time,
        hours=booking.room.hours_of_reminders,
        at=at,
    )


def _queue(kind: str, booking: Booking, *, at: datetime, more: dict[str, Any]) -> None:
    queue_mail(
        kind=kind,
        to=booking.user.email,
        # One mail for each change of the invite, however often the change is retried.
        key=_key(kind, booking.pk, booking.sequence),
        context=facts_of(booking, at=at) | more,
        at=at,
    )


def _key(kind: str, booking_id: int, sequence: int) -> str:
    return f"{kind}:{booking_id}:{sequence}"


def _date(booking: Booking) -> dict[str, str]:
    """The leaf of a calendar that the mail shows."""
    local = booking.timeslot.start_time.astimezone(clock.zone(booking.room.timezone))
    return {"weekday": f"{local:%a}", "number": str(local.day), "month": f"{local:%b}"}


def _facts(booking: Booking) -> list[dict[str, str]]:
    """What else there is to know, as `{label, text}`."""
    price = money(booking.price, booking.currency) if booking.price > ZERO else "Free of charge"
    if booking.is_payment_due:
        price += ", to be paid at the desk"
    known = {
        "What": booking.room.description,
        "Price": price,
        "Notes": booking.notes,
        "Number": str(booking.pk),
    }
    return [{"label": label, "text": text} for label, text in known.items() if text]


def _tell_staff(
    kind: str, booking: Booking, *, at: datetime, more: dict[str, Any] | None = None
) -> None:
    room = booking.room
    if not (room.staff_email and room.notify_staff):
        return
    queue_mail(
        kind=kind,
        to=room.staff_email,
        key=_key(kind, booking.pk, booking.sequence),
        context=facts_for_staff(booking, at=at, more=more or {}),
        at=at,
    )


def facts_for_staff(booking: Booking, *, at: datetime, more: dict[str, Any]) -> dict[str, Any]:
    """The same, beginning with who it is, and leading into the admin."""
    facts = facts_of(booking, at=at)
    who = {"Who": facts["full_name"], "E-mail": facts["email"]}
    about_them = [{"label": label, "text": text} for label, text in who.items()]
    path = reverse("admin:bookings_booking_change", args=[booking.pk])
    return facts | more | {"facts": about_them + facts["facts"], "url": settings.SITE_URL + path}


def said_steps(booking: Booking, at: datetime) -> list[dict[str, Any]]:
    """The refund terms as far as they lie ahead, in words; none where nothing was paid."""
    if booking.price == ZERO or booking.is_payment_due:
        return []
    zone = booking.room.timezone
    return [
        {
            "until": clock.say_moment(step.until, zone) if step.until else "",
            "percent": step.percent,
            "amount": money(step.amount, booking.currency),
        }
        for step in booking.refund_schedule
        if step.until is None or step.until > at
    ]
