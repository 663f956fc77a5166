"""What can be asked about events and tickets; shared by pages and API."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncHour

from accounts.models import User
from common import clock
from common.prepared import Prepared
from payments.models import ZERO, PaymentAttempt, Refund
from payments.states import RefundState
from tickets.codes import normalize
from tickets.models import Event, Ticket, TicketOrder, Tier
from tickets.querysets import TicketQuerySet
from tickets.rules import UNKNOWN, TicketFacts, Verdict, judge
from tickets.states import EventStatus, OrderStatus, TicketStatus

FEW_LEFT_SHARE = 10

M = TypeVar("M", bound=Model)


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
    return events.matching(search).order_by("start_date", "pk")


_BY_CODE: Final = Prepared(
    lambda code: Ticket.objects.at_the_door().filter(ticket_code=code).order_by(), values=1
)


def find_by_code(code: str) -> Ticket | None:
    """The ticket with that code, typed or scanned, in any grouping."""
    found = _BY_CODE.find(normalize(code)[:50])
    return None if found is None else known_at_the_door(found)


def known_at_the_door(ticket: Ticket) -> Ticket:
    """A ticket read `at_the_door`, with as much of its order, tier and person as was read.

    What else of them somebody asks for is read when it is asked for, as with `only()`.
    """
    row, db = vars(ticket), ticket._state.db
    tier_id, kind = row["door_tier_id"], ticket.ticket_type
    known = {"id": ticket.order_id, "currency": row["door_currency"], "ticket_type": kind}
    ticket.order = _partly(TicketOrder, db, known | {"tier_id": tier_id})
    if tier_id is not None:
        known = {"id": tier_id, "name": row["door_tier_name"], "ticket_type": kind}
        ticket.order.tier = _partly(Tier, db, known)
    known = {"id": ticket.user_id, "name": row["door_name"], "email": row["door_email"]}
    ticket.user = _partly(User, db, known)
    return ticket


def _partly(model: type[M], db: str | None, known: dict[str, Any]) -> M:
    names = [field.attname for field in model._meta.concrete_fields if field.attname in known]
    return model.from_db(db, names, [known[name] for name in names])


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


def held_for(user_id: int, event_ids: Iterable[int], *, at: datetime) -> TicketQuerySet:
    """Somebody's tickets for these events, neither given back nor over.

    Valid now, later, or used already: for what takes place or took place.
    """
    found: TicketQuerySet = Ticket.objects.filter(
        user_id=user_id,
        event_id__in=list(event_ids),
        status__in=[TicketStatus.ACTIVE, TicketStatus.USED],
        valid_until__gte=at,
        event__status__in=[EventStatus.PUBLISHED, EventStatus.COMPLETED],
    )
    return found


def events_with_sale(event_ids: Iterable[int], at: datetime) -> QuerySet[Event]:
    """Those of these events that are still to come or on, with `is_to_be_had`: some ticket is.

    What `offers.offers_of` tells kind by kind, as the database can be asked for many at once.
    """
    taken = F("held") + F("current_participants")
    has_room = Q(max_participants__isnull=True) | Q(max_participants__gt=taken)
    offered = Tier.objects.filter(event_id=OuterRef("pk"), is_active=True)
    of_event = F("event__held") + F("event__current_participants") + F("min_per_order")
    sold = offered.filter(
        Q(sales_start__isnull=True) | Q(sales_start__lte=at),
        Q(sales_end__isnull=True) | Q(sales_end__gt=at),
        Q(quota__isnull=True) | Q(quota__gte=F("held") + F("sold") + F("min_per_order")),
        Q(event__max_participants__isnull=True) | Q(event__max_participants__gte=of_event),
    )
    is_to_be_had = Case(
        When(Exists(offered), then=Exists(sold)),
        When(has_room, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    rows = Event.objects.published().filter(pk__in=list(event_ids), end_date__gt=at).order_by()
    return rows.annotate(is_to_be_had=is_to_be_had)


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
    sums = PaymentAttempt.objects.filter(**of_event).aggregate(
        came_in=Sum("captured"), at_banks=Sum(PaymentAttempt.AT_BANKS)
    )
    refunds = Refund.objects.filter(**of_event).exclude(status=RefundState.FAILED)
    return {
        "sold": event.current_participants,
        "held": event.held,
        "places_left": event.places_left,
        "by_status": dict(tickets.values_list("status").annotate(count=Count("pk"))),
        "by_type": dict(tickets.live().values_list("ticket_type").annotate(count=Count("pk"))),
        "captured": sums["came_in"] or ZERO,
        "disputed": sums["at_banks"] or ZERO,
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
        numbers |= {"captured": None, "refunded": None, "disputed": None}
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


def for_calendar(user_id: int, *, since: datetime) -> QuerySet[TicketOrder]:
    """What belongs into somebody's own calendar: orders with a ticket that wasn't given back."""
    live = Ticket.objects.filter(
        order=OuterRef("pk"),
        status__in=[TicketStatus.ACTIVE, TicketStatus.USED, TicketStatus.EXPIRED],
    )
    return (
        TicketOrder.objects.of(user_id)
        .select_related("event", "tier", "user")
        .filter(
            Exists(live),
            status=OrderStatus.PAID,
            event__status__in=[EventStatus.PUBLISHED, EventStatus.COMPLETED],
            event__end_date__gt=since,
        )
        .order_by("event__start_date", "pk")
    )
