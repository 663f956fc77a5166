"""What can be asked about events and tickets; shared by pages and API."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from common import clock
from payments.models import ZERO, PaymentAttempt, Refund
from payments.states import RefundState
from tickets.codes import normalize
from tickets.models import Event, Ticket, TicketOrder
from tickets.rules import UNKNOWN, TicketFacts, Verdict, judge
from tickets.states import EventStatus, OrderStatus, TicketStatus

FEW_LEFT_SHARE = 10


def events_to_show(
    at: datetime,
    *,
    event_type: str = "",
    starts_from: datetime | None = None,
    starts_until: datetime | None = None,
    is_online: bool | None = None,
    search: str = "",
) -> QuerySet[Event]:
    """Published events, the next first; those that are over only when dates ask for them."""
    events = Event.objects.published()
    if event_type:
        events = events.filter(event_type=event_type)
    if starts_from is not None:
        events = events.filter(end_date__gt=starts_from)
    if starts_until is not None:
        events = events.filter(start_date__lt=starts_until)
    if starts_from is None and starts_until is None:
        events = events.filter(end_date__gt=at)
    if is_online is not None:
        events = events.filter(is_online=is_online)
    for word in search.split():
        events = events.filter(
            Q(name__icontains=word) | Q(description__icontains=word) | Q(location__icontains=word)
        )
    return events.order_by("start_date", "pk")


def find_by_code(code: str) -> Ticket | None:
    """The ticket with that code, typed or scanned, in any grouping."""
    found: Ticket | None = (
        Ticket.objects.select_related("event", "order__tier", "user")
        .filter(ticket_code=normalize(code)[:50])
        .first()
    )
    return found


def facts_of(ticket: Ticket) -> TicketFacts:
    return TicketFacts(
        status=ticket.status,
        valid_from=ticket.valid_from,
        valid_until=ticket.valid_until,
        event_id=ticket.event_id,
        event_status=ticket.event.status,
        is_multi_entry=ticket.event.is_multi_entry,
        is_inside=ticket.is_inside,
    )


def validate(
    code: str, *, at: datetime, event_id: int | None = None
) -> tuple[Verdict, Ticket | None]:
    """What the door would say, and about which ticket. Writes nothing."""
    ticket = find_by_code(code)
    if ticket is None:
        return UNKNOWN, None
    return judge(facts_of(ticket), at=at, event_id=event_id), ticket


def has_valid_ticket(user_id: int, event_id: int, *, at: datetime) -> bool:
    """True when this person may see what only ticket holders see: a live ticket for the event."""
    return bool(events_open_to(user_id, [event_id], at=at))


def events_open_to(user_id: int, event_ids: Iterable[int], *, at: datetime) -> set[int]:
    """Of these events, those for which this person has a live ticket."""
    tickets = Ticket.objects.filter(
        user_id=user_id,
        event_id__in=event_ids,
        status__in=[TicketStatus.ACTIVE, TicketStatus.USED],
        valid_until__gte=at,
        event__status=EventStatus.PUBLISHED,
    )
    return set(tickets.values_list("event_id", flat=True))


def is_scarce(event: Event) -> bool:
    """'Few left': at most a tenth of the places, and not none."""
    left = event.places_left
    if left is None or event.max_participants is None:
        return False
    return is_few(left, event.max_participants)


def is_few(left: int, of: int) -> bool:
    """At most a tenth, and not none."""
    return 0 < left <= max(of // FEW_LEFT_SHARE, 1)


def is_upcoming(at: datetime) -> Q:
    """Orders whose event is still to come or on."""
    return Q(status=OrderStatus.PAID, event__status=EventStatus.PUBLISHED, event__end_date__gt=at)


def is_past(at: datetime) -> Q:
    """Neither held nor to come: over, given back, never paid, or the event was cancelled."""
    return ~Q(status=OrderStatus.PENDING) & ~is_upcoming(at)


def count_orders(user_id: int, at: datetime) -> dict[str, int]:
    """How many upcoming, pending and past orders somebody has; each is exactly one of them."""
    counts: dict[str, int] = TicketOrder.objects.of(user_id).aggregate(
        upcoming=Count("pk", filter=is_upcoming(at)),
        pending=Count("pk", filter=Q(status=OrderStatus.PENDING)),
        past=Count("pk", filter=is_past(at)),
    )
    return counts


def next_order_of(user_id: int, at: datetime) -> TicketOrder | None:
    """What is next for somebody: a hold that can still be paid, else the next event's tickets."""
    own = TicketOrder.objects.of(user_id).with_everything()
    hold = own.pending().filter(payment__expires_at__gt=at).order_by("payment__expires_at").first()
    found: TicketOrder | None = hold or (
        own.filter(is_upcoming(at)).order_by("event__start_date", "pk").first()
    )
    return found


def lapsed_orders(event_id: int, *, at: datetime, limit: int = 20) -> list[int]:
    """Payments of this event's holds whose time is over."""
    return list(
        TicketOrder.objects.pending()
        .filter(event_id=event_id, payment__status="open", payment__expires_at__lte=at)
        .values_list("payment_id", flat=True)[:limit]
    )


def statistics(event: Event) -> dict[str, Any]:
    """Counts for the staff: by status and by type, and the money from the ledger; sums, no rows."""
    tickets = Ticket.objects.filter(event=event).order_by()
    of_event = {"payment__ticket_orders__event": event}
    captured = PaymentAttempt.objects.filter(**of_event).aggregate(sum=Sum("captured"))["sum"]
    refunds = Refund.objects.filter(**of_event).exclude(status=RefundState.FAILED)
    return {
        "sold": event.current_participants,
        "held": event.held,
        "places_left": event.places_left,
        "by_status": dict(tickets.values_list("status").annotate(count=Count("pk"))),
        "by_type": dict(tickets.live().values_list("ticket_type").annotate(count=Count("pk"))),
        "captured": captured or ZERO,
        "refunded": refunds.aggregate(sum=Sum("amount"))["sum"] or ZERO,
        "inside": tickets.filter(is_inside=True).count(),
    }


def event_numbers(event: Event, *, at: datetime, with_money: bool) -> dict[str, Any]:
    """The statistics as they read now; the money is None for who may not see it."""
    numbers = statistics(event)
    counted: dict[str, int] = numbers["by_status"]
    late = Ticket.objects.filter(event=event).reading(TicketStatus.EXPIRED, at).count()
    by_status = dict.fromkeys(TicketStatus.values, 0) | counted
    by_status[TicketStatus.ACTIVE] -= late - by_status[TicketStatus.EXPIRED]
    by_status[TicketStatus.EXPIRED] = late
    if not with_money:
        numbers |= {"captured": None, "refunded": None}
    return numbers | {
        "event_id": event.pk,
        "max_participants": event.max_participants,
        "by_status": by_status,
        "currency": settings.CURRENCY,
    }


def sold_by_day(event: Event) -> dict[date, int]:
    """How many tickets were bought on each day by the event's own clock; given back ones too."""
    # By the hour in UTC, which every database can do without tables of time zones.
    hours = (
        Ticket.objects.filter(event=event)
        .order_by()
        .values_list(TruncHour("created_at", tzinfo=UTC))
        .annotate(count=Count("pk"))
    )
    days: dict[date, int] = {}
    for hour, count in hours:
        day = hour.astimezone(clock.zone(event.timezone)).date()
        days[day] = days.get(day, 0) + count
    return dict(sorted(days.items()))
