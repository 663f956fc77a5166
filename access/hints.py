"""What would open a resource to somebody who is refused."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.urls import reverse

from access.decisions import (
    BookingHint,
    EventHint,
    ForSale,
    PlanHint,
    RoomHint,
    SubscriptionHint,
    TicketHint,
    WouldGrant,
)
from access.models import Plan, Resource
from access.rules import BookingKey, Key, SubscriptionKey, TicketKey
from access.states import SubscriptionStatus
from bookings.desk import address
from bookings.models import Room
from bookings.queries import rooms_with_next_free
from tickets.models import Event
from tickets.queries import events_with_sale

K = TypeVar("K", SubscriptionKey, BookingKey, TicketKey)


def own_hints(keys: Iterable[Key], *, at: datetime) -> list[WouldGrant]:
    """Of what somebody has, which fits but doesn't open: the next booking, ticket, subscription."""
    held = list(keys)
    found: list[WouldGrant] = []
    bookings = [key for key in held if isinstance(key, BookingKey) and at < key.opens_at]
    if bookings:
        found.append(_booking_hint(min(bookings, key=lambda key: (key.opens_at, key.id))))
    tickets = [
        key for key in held if isinstance(key, TicketKey) and not key.has_left and at < key.opens_at
    ]
    if tickets:
        found.append(_ticket_hint(min(tickets, key=lambda key: (key.opens_at, key.id))))
    subscriptions = [key for key in held if isinstance(key, SubscriptionKey)]
    if subscriptions:
        found.append(_subscription_hint(max(subscriptions, key=_worth_a_word)))
    return found


def _worth_a_word(key: SubscriptionKey) -> tuple[bool, int]:
    """What can still be paid before what is over; of these the latest."""
    is_unpaid = key.status in {SubscriptionStatus.PENDING, SubscriptionStatus.PAST_DUE}
    return is_unpaid, key.id


def _booking_hint(key: BookingKey) -> BookingHint:
    return BookingHint(
        id=key.id,
        timezone=key.timezone,
        starts_at=key.starts_at,
        opens_at=key.opens_at,
        url=reverse("bookings:detail", args=[key.id]),
    )


def _ticket_hint(key: TicketKey) -> TicketHint:
    return TicketHint(
        id=key.id,
        timezone=key.timezone,
        opens_at=key.opens_at,
        url=reverse("tickets:detail", args=[key.id]),
    )


def _subscription_hint(key: SubscriptionKey) -> SubscriptionHint:
    return SubscriptionHint(
        id=key.id,
        name=key.plan_name,
        status=key.status,
        timezone=settings.TIME_ZONE,
        ended_at=key.closes_at,
    )


class Ways:
    """What can be had by whoever has nothing: asked once for all of these resources.

    A query each for plans, rooms and events, and none for what no resource names.
    """

    def __init__(self, resources: Sequence[Resource], *, at: datetime) -> None:
        plan_ids = {resource.plan_id for resource in resources if resource.plan_id is not None}
        room_ids = {resource.room_id for resource in resources if resource.room_id is not None}
        event_ids = {resource.event_id for resource in resources if resource.event_id is not None}
        self._plans = _Plans(plan_ids)
        self._rooms = (
            {room.pk: room for room in rooms_with_next_free(room_ids, at)} if room_ids else {}
        )
        self._events = (
            {event.pk: event for event in events_with_sale(event_ids, at)} if event_ids else {}
        )

    def of(self, resource: Resource, *, besides: Iterable[WouldGrant]) -> list[ForSale]:
        """What opens this one; nothing that somebody has `besides`, as a hint of their own."""
        own = {type(hint): hint for hint in besides}
        found: list[ForSale] = []
        subscription = own.get(SubscriptionHint)
        is_to_pay = isinstance(subscription, SubscriptionHint) and subscription.is_unpaid
        plan = None if is_to_pay else self._plans.including(resource.plan_id)
        if plan is not None:
            found.append(_plan_hint(plan))
        room = self._rooms.get(resource.room_id or 0)
        if room is not None:
            found.append(_room_hint(room))
        event = None if TicketHint in own else self._events.get(resource.event_id or 0)
        if event is not None:
            found.append(_event_hint(event))
        return found


class _Plans:
    """The plans on sale, and those that are asked about."""

    def __init__(self, plan_ids: set[int]) -> None:
        self._on_sale: list[Plan] = []
        self._asked: dict[int, Plan] = {}
        if plan_ids:
            rows = list(Plan.objects.on_sale_or_in(plan_ids))
            self._on_sale = [plan for plan in rows if plan.is_active]
            self._asked = {plan.pk: plan for plan in rows if plan.pk in plan_ids}

    def including(self, plan_id: int | None) -> Plan | None:
        """That plan; when it isn't sold any more, the next one that includes it."""
        plan = self._asked.get(plan_id or 0)
        if plan is None or plan.is_active:
            return plan
        return next((other for other in self._on_sale if other.rank >= plan.rank), None)


def _plan_hint(plan: Plan) -> PlanHint:
    return PlanHint(
        id=plan.pk,
        slug=plan.slug,
        name=plan.name,
        price=plan.price,
        currency=plan.currency,
        interval=plan.interval,
        trial_days=plan.trial_days,
    )


def _room_hint(room: Room) -> RoomHint:
    return RoomHint(
        id=room.pk,
        name=room.name,
        timezone=room.timezone,
        next_free_time=room.next_free_at,  # type: ignore[attr-defined]  # rooms_with_next_free
        url=address(room.pk),
    )


def _event_hint(event: Event) -> EventHint:
    return EventHint(
        id=event.pk,
        name=event.name,
        timezone=event.timezone,
        starts_at=event.start_date,
        on_sale=event.is_to_be_had,  # type: ignore[attr-defined]  # events_with_sale
        url=event.get_absolute_url(),
    )
