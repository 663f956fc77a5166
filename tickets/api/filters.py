"""What lists can be narrowed by: the query parameters and the rows that they leave."""

from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from common import clock
from common.api.serializers import DayField, IdField, Serializer
from common.days import by_zone
from tickets.codes import normalize
from tickets.models import Event, Ticket
from tickets.queries import events_to_show
from tickets.querysets import TicketQuerySet
from tickets.states import EventStatus, EventType, TicketStatus


class EventQuery(Serializer):
    type = serializers.ChoiceField(choices=EventType.choices, required=False)
    start_date = DayField(
        required=False, help_text="Going on at that day or later, in each event's own zone."
    )
    end_date = DayField(required=False, help_text="Beginning on that day at the latest.")
    is_online = serializers.BooleanField(required=False)
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="Each word in name, description or location.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = attrs.get("start_date"), attrs.get("end_date")
        if first and last and last < first:
            raise serializers.ValidationError({"endDate": "endDate lies before startDate."})
        return attrs


def public_events(wanted: dict[str, Any], at: datetime) -> QuerySet[Event]:
    """Published events that are not over, narrowed by an EventQuery; the next first."""
    rows = events_to_show(
        at,
        event_type=wanted.get("type", ""),
        is_online=wanted.get("is_online"),
        search=wanted.get("search", ""),
    )
    return rows.filter(_days(wanted)).prefetch_related("tiers")


class StaffEventQuery(EventQuery):
    status = serializers.ChoiceField(choices=EventStatus.choices, required=False)


def staff_events(wanted: dict[str, Any], at: datetime) -> QuerySet[Event]:
    """All events that a StaffEventQuery leaves, the latest first."""
    rows = Event.objects.all()
    if "status" in wanted:
        rows = rows.reading(wanted["status"], at)
    if "type" in wanted:
        rows = rows.filter(event_type=wanted["type"])
    if "is_online" in wanted:
        rows = rows.filter(is_online=wanted["is_online"])
    rows = rows.matching(wanted.get("search", "")).filter(_days(wanted)).prefetch_related("tiers")
    return rows.order_by("-start_date", "-pk")


class TicketQuery(Serializer):
    status = serializers.ChoiceField(
        choices=TicketStatus.choices,
        required=False,
        help_text="As they read now: past their time, `active` ones are `expired`.",
    )


class StaffTicketQuery(TicketQuery):
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="In the person's name and address, or a whole code; a number finds that "
        "ticket and the tickets of that order too.",
    )


def tickets(rows: TicketQuerySet, wanted: dict[str, Any], at: datetime) -> QuerySet[Ticket]:
    """These tickets, narrowed by a TicketQuery or a StaffTicketQuery; the newest first."""
    if "status" in wanted:
        rows = rows.reading(wanted["status"], at)
    if words := wanted.get("search"):
        found = Q(user__name__icontains=words) | Q(user__email__icontains=words)
        if code := normalize(words)[:50]:
            found |= Q(ticket_code=code)
        if words.isascii() and words.isdecimal():
            number = IdField().to_internal_value(words)
            found |= Q(pk=number) | Q(order__pk=number)
        rows = rows.filter(found)
    return rows.order_by("-pk")


def _days(wanted: dict[str, Any]) -> Q:
    """Going on at some time from one calendar day to another, as the event's own zone counts."""
    first, last = wanted.get("start_date"), wanted.get("end_date")
    if first is None and last is None:
        return Q()
    zones = Event.objects.order_by().values_list("timezone", flat=True).distinct()
    return by_zone("timezone", zones, lambda name: _between(first, last, name))


def _between(first: date | None, last: date | None, zone: str) -> Q:
    days = Q()
    if first is not None:
        days &= Q(end_date__gt=clock.day_bounds(first, zone)[0])
    if last is not None:
        days &= Q(start_date__lt=clock.day_bounds(last, zone)[1])
    return days
