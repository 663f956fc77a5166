"""What somebody holds that could open a resource, asked of the database in one question."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import BooleanField, CharField, DateTimeField, F, QuerySet, Value

from access.models import Plan, Resource, Subscription
from access.rules import BookingKey, Key, SubscriptionKey, TicketKey
from access.states import OPENS
from bookings.queries import standing
from tickets.queries import held_for
from tickets.states import TicketStatus

PLAN: Final = "plan"
SUBSCRIPTION: Final = "subscription"
BOOKING: Final = "booking"
TICKET: Final = "ticket"

# In the columns of a union the first part says what the others are.
NEVER: Final = Value(None, output_field=DateTimeField(null=True))
NO: Final = Value(False, output_field=BooleanField())
SILENT: Final = Value("", output_field=CharField())


def margin() -> timedelta:
    """How much earlier than it starts, and later than it ends, a booked time opens things."""
    return timedelta(minutes=settings.ACCESS_MARGIN_MINUTES)


def keys_of(
    user_id: int, resources: Iterable[Resource], *, at: datetime
) -> tuple[list[Key], dict[int, int]]:
    """All that this person has of what these resources name, and the ranks of the plans named.

    Also what doesn't open now: what is still to come, and subscriptions that have ended. One query,
    none when nothing is named.
    """
    wanted = list(resources)
    plan_ids = {resource.plan_id for resource in wanted if resource.plan_id is not None}
    room_ids = {resource.room_id for resource in wanted if resource.room_id is not None}
    event_ids = {resource.event_id for resource in wanted if resource.event_id is not None}
    parts: list[QuerySet[Any, Any]] = []
    if plan_ids:
        parts += [_plans(plan_ids), _subscriptions(user_id)]
    if room_ids:
        parts.append(_bookings(user_id, room_ids, at))
    if event_ids:
        parts.append(_tickets(user_id, event_ids, at))
    if not parts:
        return [], {}
    first, *others = parts
    rows = list(first.union(*others, all=True) if others else first)
    ranks = {row[1]: row[2] for row in rows if row[0] == PLAN}
    return [_key(row) for row in rows if row[0] != PLAN], ranks


# Columns: what it is, its id, of what, status, a word to say, has left, from when, until when.


def _plans(plan_ids: set[int]) -> QuerySet[Any, Any]:
    rows = Plan.objects.filter(pk__in=plan_ids).order_by()
    return rows.values_list(Value(PLAN), F("pk"), F("rank"), SILENT, SILENT, NO, NEVER, NEVER)


def _subscriptions(user_id: int) -> QuerySet[Any, Any]:
    # All of them: somebody has had a few in a life, and the last one is worth a word.
    return (
        Subscription.objects.of(user_id)
        .order_by()
        .values_list(
            Value(SUBSCRIPTION),
            F("pk"),
            F("plan__rank"),
            F("status"),
            F("plan__name"),
            NO,
            F("started_at"),
            F("access_until"),
        )
    )


def _bookings(user_id: int, room_ids: set[int], at: datetime) -> QuerySet[Any, Any]:
    return (
        standing(user_id, since=at - margin())
        .filter(room_id__in=room_ids)
        .order_by()
        .values_list(
            Value(BOOKING),
            F("pk"),
            F("room_id"),
            F("status"),
            F("room__timezone"),
            NO,
            F("timeslot__start_time"),
            F("timeslot__end_time"),
        )
    )


def _tickets(user_id: int, event_ids: set[int], at: datetime) -> QuerySet[Any, Any]:
    return (
        held_for(user_id, event_ids, at=at)
        .order_by()
        .values_list(
            Value(TICKET),
            F("pk"),
            F("event_id"),
            F("status"),
            F("event__timezone"),
            F("is_inside"),
            F("valid_from"),
            F("valid_until"),
        )
    )


def _key(row: tuple[Any, ...]) -> Key:
    kind, pk, of, status, word, is_inside, starts_at, ends_at = row
    if kind == SUBSCRIPTION:
        return SubscriptionKey(
            id=pk,
            rank=of,
            status=status,
            plan_name=word,
            opens=status in OPENS,
            closes_at=ends_at,
        )
    if kind == BOOKING:
        return BookingKey(
            id=pk,
            room_id=of,
            timezone=word,
            starts_at=starts_at,
            ends_at=ends_at,
            margin=margin(),
        )
    return TicketKey(
        id=pk,
        event_id=of,
        timezone=word,
        has_left=status == TicketStatus.USED and not is_inside,
        opens_at=starts_at,
        closes_at=ends_at,
    )
