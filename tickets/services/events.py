"""What staff do with a whole event."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from common.errors import InvalidInput, InvalidTransition, NotFound
from common.people import lock_people
from common.service import service
from common.wake import wake
from tickets.models import (
    Campaign,
    Event,
    EventChange,
    Ticket,
    TicketOrder,
    TicketStatusChange,
    Tier,
)
from tickets.states import EventStatus, TicketStatus

FREE_CANCEL_AFTER_MOVE = timedelta(days=7)
AT_ONCE = 100


@service
def publish_event(*, event_id: int, by: User, at: datetime) -> Event:
    """Put an event on sale. Raises NotFound, InvalidInput (over already), InvalidTransition."""
    event = _lock(event_id, by)
    if event.end_date <= at:
        raise InvalidInput("This event is over already; give it a later date.", attr="endDate")
    event.move_to(EventStatus.PUBLISHED, at=at, by=by)
    return event


@service
def cancel_event(*, event_id: int, by: User, at: datetime, reason: str = "") -> Event:
    """Cancel: no more sales from this moment; every order is wound up by the worker.

    All money goes back and every holder is told, in batches, once, also when a worker dies
    half-way. Raises NotFound, InvalidTransition (also when it is over, whether or not the beat has
    said so).
    """
    event = _lock(event_id, by)
    if event.is_published and event.is_over(at):
        raise InvalidTransition("This event is over; what took place can't be cancelled.")
    event.sequence += 1
    event.save(update_fields=["sequence"])
    event.move_to(EventStatus.CANCELLED, at=at, by=by, reason=reason)
    _announce(event, Campaign.CANCELLED, reason=reason, at=at)
    return event


def move_event(
    *,
    event_id: int,
    start: datetime,
    end: datetime,
    by: User,
    at: datetime,
    location: str | None = None,
    reason: str = "",
) -> Event:
    """Move an event; validity, invites and reminders follow, and holders may cancel for 100 %.

    Raises NotFound, InvalidInput, InvalidTransition (cancelled or over).
    """
    event = change_dates(
        event_id=event_id, start=start, end=end, by=by, at=at, location=location, reason=reason
    )
    realign_tickets(event_id)
    return event


@service
def change_dates(
    *,
    event_id: int,
    start: datetime,
    end: datetime,
    by: User,
    at: datetime,
    location: str | None = None,
    reason: str = "",
) -> Event:
    """The move itself; whoever calls it calls `realign_tickets` once it has committed."""
    event = _lock(event_id, by)
    require_changeable(event, at)
    if end <= start:
        raise InvalidInput("The end must lie after the start.", attr="endDate")
    if start <= at and event.is_published:
        raise InvalidInput("A published event can only be moved to the future.", attr="startDate")
    former = {
        "start": event.start_date.isoformat(),
        "end": event.end_date.isoformat(),
        "location": event.location,
    }
    event.start_date, event.end_date = start, end
    if location is not None:
        event.location = location
    event.sequence += 1
    fields = ["start_date", "end_date", "location", "sequence", "updated_at"]
    if event.is_published:
        event.free_cancel_until = min(at + FREE_CANCEL_AFTER_MOVE, start)
        event.moved_at = at
        fields += ["free_cancel_until", "moved_at"]
        _announce(event, Campaign.MOVED, reason=reason, at=at, facts=former)
    event.save(update_fields=fields)
    EventChange.objects.create(event=event, what="moved", at=at, by=by, reason=reason[:250])
    return event


@service
def realign_tickets(event_id: int) -> int:
    """Give tickets that are still to be used the validity of their event's present dates.

    After the move has committed, not inside it: tickets come before events in the order of locks.
    The worker does it once more, for tickets that were being handed out at that very moment.
    """
    event = Event.objects.get(pk=event_id)
    return int(
        Ticket.objects.filter(
            event_id=event_id, status__in=[TicketStatus.ACTIVE, TicketStatus.USED]
        )
        .exclude(valid_from=event.valid_from, valid_until=event.valid_until)
        .update(valid_from=event.valid_from, valid_until=event.valid_until)
    )


@service
def delete_event(*, event_id: int, by: User, at: datetime) -> Event | None:
    """Remove an event that has no orders and no scans (None), else cancel it (the event).

    Raises NotFound, InvalidTransition.
    """
    # They go with it, and come before it in the order of locks.
    Tier.objects.lock_all_of(event_id)
    event = _lock(event_id, by)
    if event.orders.exists() or event.scans.exists():
        return event if event.is_cancelled else cancel_event(event_id=event_id, by=by, at=at)
    event.delete()
    return None


def complete_past(*, at: datetime, batch: int = 500) -> int:
    """Published events whose end has come are over, a bounded batch. Returns how many."""
    due = Event.objects.published().filter(end_date__lte=at).order_by("pk")
    ids = list(due.values_list("pk", flat=True)[:batch])
    return sum(_complete(ids[first : first + AT_ONCE], at) for first in range(0, len(ids), AT_ONCE))


@service
def _complete(ids: list[int], at: datetime) -> int:
    # Locked, so that nobody gives one of them another end meanwhile.
    still = list(
        Event.objects.published()
        .filter(pk__in=ids, end_date__lte=at)
        .order_by("pk")
        .select_for_update()
        .values_list("pk", flat=True)
    )
    Event.objects.filter(pk__in=still).update(status=EventStatus.COMPLETED, updated_at=at)
    EventChange.objects.bulk_create(
        EventChange(
            event_id=pk, what=f"{EventStatus.PUBLISHED} → {EventStatus.COMPLETED}", at=at, reason=""
        )
        for pk in still
    )
    return len(still)


@service
def expire_tickets(*, at: datetime, batch: int = 1_000) -> int:
    """Active tickets past their time become expired, a bounded batch. Returns how many."""
    due = Ticket.objects.filter(status=TicketStatus.ACTIVE, valid_until__lt=at)
    # The longest over first, by the index that begins with both.
    due = due.order_by("valid_until", "pk")
    ids = list(due.values_list("pk", flat=True)[:batch])
    # Locked, so that each line of history is about a ticket that this batch ends.
    still = list(due.filter(pk__in=ids).select_for_update().values_list("pk", flat=True))
    Ticket.objects.filter(pk__in=still).update(status=TicketStatus.EXPIRED, updated_at=at)
    TicketStatusChange.objects.bulk_create(
        TicketStatusChange(
            ticket_id=pk,
            from_status=TicketStatus.ACTIVE,
            to_status=TicketStatus.EXPIRED,
            at=at,
            reason="its time is over",
        )
        for pk in still
    )
    return len(still)


def require_changeable(event: Event, at: datetime) -> None:
    """What was cancelled or is over stays as it was. Raises InvalidTransition."""
    status = EventStatus(event.status_at(at))
    if status in {EventStatus.CANCELLED, EventStatus.COMPLETED}:
        raise InvalidTransition(f"This event is {status.label.lower()}.")


def _lock(event_id: int, by: User) -> Event:
    lock_people(by.pk)
    event = Event.objects.select_for_update().filter(pk=event_id).first()
    if event is None:
        raise NotFound("There is no such event.")
    return event


def _announce(
    event: Event, kind: str, *, reason: str, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    campaign = Campaign.objects.create(
        event=event,
        kind=kind,
        sequence=event.sequence,
        reason=reason[:250],
        facts=facts or {},
        total=TicketOrder.objects.filter(event=event).count(),
        created_at=at,
    )
    wake("tickets.run_campaign", campaign.pk)
