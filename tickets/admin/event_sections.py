"""What stands on an event's pages beside its form: tiers, history, numbers."""

from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db.models import Q

from common import clock
from common.money import money
from tickets.models import Event, EventChange, Tier
from tickets.queries import sold_by_day, statistics
from tickets.states import EventStatus, TicketStatus, TicketType

DAYS_SHOWN: Final = 45
CAMPAIGNS_SHOWN: Final = 5
HEIGHT: Final = 100


def said_tiers(event: Event) -> list[dict[str, Any]]:
    """What is offered and was offered, with how it sells."""
    rows = []
    for tier in event.tiers.all():
        tier.event = event
        rows.append(
            {
                "label": tier.label,
                "price": money(tier.price, settings.CURRENCY) if tier.price else "free",
                "sold": tier.sold,
                "held": tier.held,
                "quota": "no limit" if tier.quota is None else tier.quota,
                "window": _window(tier),
                "limits": f"{tier.min_per_order}–{tier.max_per_order}",
                "is_active": tier.is_active,
            }
        )
    return rows


def said_campaigns(event: Event) -> dict[str, Any]:
    """How far refunds and mails are for the latest changes; `is_running` while there is more."""
    campaigns = [
        {
            "kind": campaign.kind,
            "total": campaign.total,
            "done": campaign.total if campaign.is_finished else min(campaign.done, campaign.total),
            "finished": _stamp(campaign.finished_at, event.timezone)
            if campaign.finished_at
            else "",
        }
        for campaign in event.campaigns.select_related("event")[:CAMPAIGNS_SHOWN]
    ]
    is_running = any(not campaign["finished"] for campaign in campaigns)
    return {"campaigns": campaigns, "is_running": is_running}


def said_history(event: Event) -> list[dict[str, str]]:
    """Each line of the history in words, by the event's clock."""
    return [
        {
            "when": _stamp(change.at, event.timezone),
            "what": _said_change(change),
            "who": str(change.by) if change.by else "by itself",
            "why": change.reason,
        }
        for change in event.history.select_related("by").order_by("pk")
    ]


def said_statistics(event: Event, at: datetime) -> dict[str, Any]:
    """The numbers of the statistics page, in words where they are money or states."""
    counts: dict[str, Any] = statistics(event)
    by_status = _as_they_read_now(event, counts["by_status"], at)
    labels = {tier.ticket_type: tier.label for tier in event.tiers.all()}
    return {
        "sold": counts["sold"],
        "held": counts["held"],
        "left": "no limit" if counts["places_left"] is None else counts["places_left"],
        "inside": counts["inside"],
        "by_status": [
            (label, by_status[status])
            for status, label in TicketStatus.choices
            if status in by_status
        ],
        "by_type": [
            (labels.get(kind, TicketType(kind).label), counts["by_type"][kind])
            for kind in TicketType.values
            if kind in counts["by_type"]
        ],
        "captured": money(counts["captured"], settings.CURRENCY),
        "refunded": money(counts["refunded"], settings.CURRENCY),
        "disputed": money(counts["disputed"], settings.CURRENCY) if counts["disputed"] else "",
        "kept": money(
            counts["captured"] - counts["refunded"] - counts["disputed"], settings.CURRENCY
        ),
        "chart": _chart(sold_by_day(event)),
    }


def _as_they_read_now(event: Event, by_status: dict[str, int], at: datetime) -> dict[str, int]:
    """Past its time a valid ticket is expired, whether or not the beat has said so."""
    late = event.tickets.filter(Q(status=TicketStatus.ACTIVE, valid_until__lt=at)).count()
    if not late:
        return by_status
    read = by_status | {
        TicketStatus.ACTIVE.value: by_status[TicketStatus.ACTIVE] - late,
        TicketStatus.EXPIRED.value: by_status.get(TicketStatus.EXPIRED, 0) + late,
    }
    return {status: count for status, count in read.items() if count}


def _chart(days: dict[date, int]) -> dict[str, Any] | None:
    """Bars from the first sale to the last, or the last days of a long sale; None without any."""
    if not days:
        return None
    last = max(days)
    first = max(min(days), last - timedelta(days=DAYS_SHOWN - 1))
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    most = max(days.get(day, 0) for day in span)
    bars = [
        {
            "x": number * 10 + 1,
            "height": (height := round(days.get(day, 0) / most * HEIGHT, 1)),
            "y": round(HEIGHT - height, 1),
            "said": f"{_day(day)}: {days.get(day, 0)}",
        }
        for number, day in enumerate(span)
    ]
    return {
        "bars": bars,
        "width": len(bars) * 10,
        "first": _day(first),
        "last": _day(last),
        "most": most,
        "rows": [(_day(day), count) for day, count in sorted(days.items(), reverse=True)][
            :DAYS_SHOWN
        ],
    }


def _window(tier: Tier) -> str:
    zone = tier.event.timezone
    parts = []
    if tier.sales_start:
        parts.append(f"from {_stamp(tier.sales_start, zone)}")
    if tier.sales_end:
        parts.append(f"until {_stamp(tier.sales_end, zone)}")
    return " ".join(parts) or "always"


def _said_change(change: EventChange) -> str:
    former, arrow, latter = change.what.partition(" → ")
    labels = cast(dict[str, str], dict(EventStatus.choices))
    if not arrow:
        return change.what.capitalize()
    return f"{labels.get(former, former)} → {labels.get(latter, latter)}"


def _stamp(at: datetime, zone: str) -> str:
    return f"{clock.say_date(at, zone)}, {clock.say_time(at, zone)}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
