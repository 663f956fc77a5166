"""What can be asked about events and tickets; shared by pages and API."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from tickets.codes import normalize
from tickets.models import Event, Ticket, TicketOrder
from tickets.rules import UNKNOWN, TicketFacts, Verdict, judge
from tickets.states import OrderStatus, TicketStatus

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
    return Ticket.objects.filter(
        user_id=user_id,
        event_id=event_id,
        status__in=[TicketStatus.ACTIVE, TicketStatus.USED],
        valid_until__gte=at,
        event__status="published",
    ).exists()


def is_scarce(event: Event) -> bool:
    """'Few left': at most a tenth of the places, and not none."""
    left = event.places_left
    if left is None or event.max_participants is None:
        return False
    return 0 < left <= max(event.max_participants // FEW_LEFT_SHARE, 1)


def lapsed_orders(event_id: int, *, at: datetime, limit: int = 20) -> list[int]:
    """Payments of this event's holds whose time is over."""
    return list(
        TicketOrder.objects.pending()
        .filter(event_id=event_id, payment__status="open", payment__expires_at__lte=at)
        .values_list("payment_id", flat=True)[:limit]
    )


def statistics(event: Event) -> dict[str, object]:
    """Counts for the staff: by status and by tier, and the money from the ledger's orders."""
    by_status = dict(
        Ticket.objects.filter(event=event)
        .order_by()
        .values_list("status")
        .annotate(count=Count("pk"))
    )
    by_type = dict(
        Ticket.objects.live()
        .filter(event=event)
        .order_by()
        .values_list("ticket_type")
        .annotate(count=Count("pk"))
    )
    orders = TicketOrder.objects.filter(
        event=event, status__in=[OrderStatus.PAID, OrderStatus.REFUNDED, OrderStatus.CANCELLED]
    ).prefetch_related("payment__attempts", "payment__refunds")
    captured = sum((order.payment.captured for order in orders if order.payment), start=0)
    refunded = sum((order.payment.refunded for order in orders if order.payment), start=0)
    return {
        "sold": event.current_participants,
        "held": event.held,
        "places_left": event.places_left,
        "by_status": by_status,
        "by_type": by_type,
        "captured": captured,
        "refunded": refunded,
        "inside": Ticket.objects.filter(event=event, is_inside=True).count(),
    }
