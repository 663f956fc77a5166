"""Make a new draft from an event that is there."""

from datetime import UTC, datetime, timedelta

from accounts.models import User
from common import clock
from common.errors import NotFound
from common.service import service
from tickets.models import Event
from tickets.services.save_event import TierFields, save_event

COPIED = (
    "description",
    "event_type",
    "location",
    "is_online",
    "online_url",
    "max_participants",
    "ticket_price",
    "image_url",
    "timezone",
    "entry_mode",
    "doors_open_minutes",
    "refund_policy",
    "staff_email",
    "notify_staff",
)


@service
def duplicate_event(*, event_id: int, name: str, start: datetime, by: User, at: datetime) -> Event:
    """A draft like that event, beginning at `start`, with the tiers that it offers.

    The end and the sales windows move along by the clock on the wall: what ended at 18:00 does so
    in winter too. Raises NotFound, InvalidInput.
    """
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        raise NotFound("There is no such event.")
    fields = {field: getattr(event, field) for field in COPIED}
    later = _wall(start, event) - _wall(event.start_date, event)
    tiers: list[TierFields] = [
        {
            "ticket_type": tier.ticket_type,
            "name": tier.name,
            "price": tier.price,
            "quota": tier.quota,
            "sales_start": _moved(tier.sales_start, later, event),
            "sales_end": _moved(tier.sales_end, later, event),
            "min_per_order": tier.min_per_order,
            "max_per_order": tier.max_per_order,
        }
        for tier in event.tiers.filter(is_active=True)
    ]
    end = _moved(event.end_date, later, event)
    return save_event(
        event_id=None,
        fields=fields | {"name": name, "start_date": start, "end_date": end},
        tiers=tiers,
        by=by,
        at=at,
    )


def _wall(at: datetime, event: Event) -> datetime:
    return at.astimezone(clock.zone(event.timezone)).replace(tzinfo=None)


def _moved(at: datetime | None, by: timedelta, event: Event) -> datetime | None:
    if at is None:
        return None
    moved = _wall(at, event) + by
    return moved.replace(tzinfo=clock.zone(event.timezone)).astimezone(UTC)
