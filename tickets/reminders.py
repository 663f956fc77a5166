"""Reminders of events: one a person and event, however many tickets and orders they have."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from accounts.opting_out import opt_out_headers, opt_out_url
from notifications.messages import Message
from notifications.models import OutgoingMail, Reminder
from notifications.registry import register
from notifications.reminders import register_source, untrue
from notifications.rendering import render_mail
from tickets.emails import REMINDER, facts_of
from tickets.models import Ticket, TicketOrder
from tickets.states import EventStatus, TicketStatus

# What one needs on the way there; prices and numbers are in the other mails.
TOLD = {"When", "Where", "Doors open"}


class EventReminders:
    """Implements notifications.reminders.Source."""

    def recall(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Any]:
        """Whoever still holds a ticket that lets them in, at the time it was planned for."""
        held = _held(reminders, at).order_by("pk").values_list("event_id", "user_id", "order_id")
        counts: dict[tuple[int, int], int] = {}
        orders: dict[tuple[int, int], int] = {}
        for event_id, user_id, order_id in held:
            counts[event_id, user_id] = counts.get((event_id, user_id), 0) + 1
            orders.setdefault((event_id, user_id), order_id)
        found = TicketOrder.objects.with_everything().in_bulk(list(orders.values()))
        facts: dict[int, Any] = {}
        for reminder in reminders:
            key = (reminder.subject_id, reminder.user_id)
            order = found.get(orders.get(key, 0))
            if order is None or order.event.sequence != reminder.version:
                continue
            said = facts_of(order, at=at)
            facts[reminder.pk] = said | {
                "user_id": reminder.user_id,
                "quantity": counts[key],
                "facts": facts_for_the_way(said["facts"], tickets=counts[key]),
                "url": settings.SITE_URL + reverse("tickets:list"),
            }
        return facts

    def still_true(self, reminders: Sequence[Reminder], *, at: datetime) -> set[int]:
        held = set(_held(reminders, at).values_list("event_id", "user_id", "event__sequence"))
        return {
            reminder.pk
            for reminder in reminders
            if (reminder.subject_id, reminder.user_id, reminder.version) in held
        }


def _held(reminders: Sequence[Reminder], at: datetime) -> QuerySet[Ticket]:
    """Of these people's tickets for these events, those that let somebody in."""
    return Ticket.objects.filter(
        event_id__in={reminder.subject_id for reminder in reminders},
        user_id__in={reminder.user_id for reminder in reminders},
        status__in=[TicketStatus.ACTIVE, TicketStatus.USED],
        event__status=EventStatus.PUBLISHED,
        event__start_date__gt=at,
        user__wants_reminders=True,
        user__is_active=True,
    )


def facts_for_the_way(facts: list[dict[str, str]], *, tickets: int) -> list[dict[str, str]]:
    """Of what an order's mail says, what one needs to get there."""
    told = [fact for fact in facts if fact["label"] in TOLD]
    return [*told, {"label": "Tickets", "text": str(tickets)}]


def build(mail: OutgoingMail) -> Message:
    """One line on where the tickets are; the codes themselves came with the purchase."""
    user_id = mail.context["user_id"]
    url = opt_out_url(user_id)
    subject, text, html = render_mail(mail.kind, mail.context | {"opt_out_url": url})
    return Message(subject=subject, text=text, html=html, headers=opt_out_headers(url))


def register_reminders() -> None:
    register(REMINDER, build, title="Event reminder", check=untrue)
    register_source(REMINDER, EventReminders())
