"""Make and change events with what they offer; counters are only guarded against, never written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from django.conf import settings

from accounts.models import User
from common.errors import InvalidInput, NotFound
from common.money import money
from common.people import lock_people
from common.service import service
from payments.policies import MAXIMUM_CHARGE, is_chargeable, minimum_charge
from tickets.models import Event, TicketOrder, Tier
from tickets.models.event import LONG_EVENT, MOST_PER_ORDER
from tickets.services.events import change_dates, realign_tickets, require_changeable
from tickets.states import EntryMode, EventType

DATES = frozenset({"start_date", "end_date"})
# The tickets' validity follows from these.
REALIGNING = DATES | {"doors_open_minutes"}


class TierFields(TypedDict, total=False):
    ticket_type: str
    name: str
    price: Decimal
    quota: int | None
    sales_start: datetime | None
    sales_end: datetime | None
    min_per_order: int
    max_per_order: int


def save_event(
    *,
    event_id: int | None,
    fields: dict[str, Any],
    by: User,
    at: datetime,
    tiers: Sequence[TierFields] | None = None,
) -> Event:
    """Make an event (`event_id` None) or change some of its fields; `tiers` replace the old ones.

    New dates of a published event are a move: tickets follow and holders are told. A tier that
    somebody has ordered is no longer offered instead of removed.

    Raises NotFound, InvalidInput, InvalidTransition (cancelled or over).
    """
    event = _save_and_move(event_id=event_id, fields=fields, tiers=tiers, by=by, at=at)
    if event_id is not None and REALIGNING & set(fields):
        # After the commit: tickets come before events in the order of locks.
        realign_tickets(event_id)
    return event


@service
def _save_and_move(
    *,
    event_id: int | None,
    fields: dict[str, Any],
    tiers: Sequence[TierFields] | None,
    by: User,
    at: datetime,
) -> Event:
    """All of it or nothing: a move that is refused takes the other fields back with it."""
    event = _save(event_id=event_id, fields=dict(fields), tiers=tiers, by=by, at=at)
    start = fields.get("start_date", event.start_date)
    end = fields.get("end_date", event.end_date)
    if (start, end) != (event.start_date, event.end_date):
        event = change_dates(event_id=event.pk, start=start, end=end, by=by, at=at)
    return event


@service
def _save(
    *,
    event_id: int | None,
    fields: dict[str, Any],
    tiers: Sequence[TierFields] | None,
    by: User,
    at: datetime,
) -> Event:
    lock_people(by.pk)
    if event_id is None:
        event = Event(**_with_entry_mode(fields))
        _require_sensible(event)
        event.save()
    else:
        if tiers is not None:
            Tier.objects.lock_all_of(event_id)
        found = Event.objects.select_for_update().filter(pk=event_id).first()
        if found is None:
            raise NotFound("There is no such event.")
        event = found
        require_changeable(event, at)
        changes = {name: value for name, value in fields.items() if name not in DATES}
        for name, value in changes.items():
            setattr(event, name, value)
        _require_sensible(event)
        if changes:
            # Named fields only: a whole-row save would write back counters that others move.
            event.save(update_fields=[*changes, "updated_at"])
    if tiers is not None:
        _replace_tiers(event, tiers)
    return event


def _with_entry_mode(fields: dict[str, Any]) -> dict[str, Any]:
    """Series and events longer than a day let people in and out unless staff say otherwise."""
    if "entry_mode" in fields:
        return fields
    is_long = fields["end_date"] - fields["start_date"] > LONG_EVENT
    multi = is_long or fields.get("event_type") == EventType.SERIES
    return fields | {"entry_mode": EntryMode.MULTI if multi else EntryMode.SINGLE}


def _require_sensible(event: Event) -> None:
    if event.end_date <= event.start_date:
        raise InvalidInput("The end must lie after the start.", attr="endDate")
    taken = event.current_participants + event.held
    if event.max_participants is not None and event.max_participants < taken:
        raise InvalidInput(
            f"{taken} places are sold or held; there can't be fewer.", attr="maxParticipants"
        )
    require_chargeable(event.price, most=MOST_PER_ORDER, attr="ticketPrice")


def _require_sensible_tier(tier: Tier) -> None:
    require_chargeable(
        tier.price, most=tier.max_per_order, attr="tiers", details=_where(tier, "price")
    )
    taken = tier.held + tier.sold
    if tier.quota is not None and tier.quota < taken:
        raise InvalidInput(
            f"{taken} {tier.label} tickets are sold or held; the quota can't be less.",
            attr="tiers",
            details=_where(tier, "quota"),
        )
    if not 1 <= tier.min_per_order <= tier.max_per_order:
        raise InvalidInput(
            "'At least' must lie between 1 and 'at most'.",
            attr="tiers",
            details=_where(tier, "minPerOrder"),
        )
    if tier.sales_start and tier.sales_end and tier.sales_end <= tier.sales_start:
        raise InvalidInput(
            "The sale must end after it starts.", attr="tiers", details=_where(tier, "salesEnd")
        )


def _where(tier: Tier, field: str) -> dict[str, str]:
    """Which of the tiers is refused, and what of it."""
    return {"ticketType": tier.ticket_type, "field": field}


def require_chargeable(
    price: Decimal, *, most: int, attr: str, details: Mapping[str, str] | None = None
) -> None:
    """One ticket must be worth charging, and `most` of them must be chargeable at once.

    Raises InvalidInput, naming the provider's minimum; nothing at all is a price too.
    """
    currency = settings.CURRENCY
    if price * most > MAXIMUM_CHARGE:
        raise InvalidInput(
            f"{most} of these in one order come to more than can be charged.",
            attr=attr,
            details=details,
        )
    if not is_chargeable(price, currency):
        raise InvalidInput(
            f"The least that can be charged is {money(minimum_charge(currency), currency)}. "
            "Set at least that, or 0 for free.",
            code="below_minimum",
            attr=attr,
            details=details,
        )


def _replace_tiers(event: Event, tiers: Sequence[TierFields]) -> None:
    types = [tier["ticket_type"] for tier in tiers]
    if len(set(types)) != len(types):
        raise InvalidInput("Each ticket type can be offered once.", attr="tiers")
    known = {tier.ticket_type: tier for tier in Tier.objects.lock_all_of(event.pk)}
    for tier in known.values():
        if tier.ticket_type not in types:
            _retire(tier)
    for wanted in tiers:
        _save_tier(event, known.get(wanted["ticket_type"]), wanted)


def _retire(tier: Tier) -> None:
    if TicketOrder.objects.filter(tier=tier).exists():
        Tier.objects.filter(pk=tier.pk).update(is_active=False)
    else:
        tier.delete()


def _save_tier(event: Event, known: Tier | None, wanted: TierFields) -> None:
    tier = known or Tier(event=event, ticket_type=wanted["ticket_type"])
    for name, value in wanted.items():
        setattr(tier, name, value)
    tier.is_active = True
    _require_sensible_tier(tier)
    if known is None:
        tier.save()
    else:
        tier.save(update_fields=[*wanted, "is_active"])
