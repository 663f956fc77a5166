"""What a booking or a ticket opens, on the pages of the goods below us.

Those pages load these tags; their Python knows nothing of resources (docs/architecture.md).
"""

from dataclasses import dataclass
from typing import Any

from django import template

from access.models import Resource
from access.shelf import Shown, closing_countdown, opening_countdown, shown_all

register = template.Library()

MOST = 12


@dataclass(frozen=True)
class Door:
    """A resource; `countdown` (see components/countdown.html) until it opens or closes."""

    shown: Shown
    countdown: dict[str, Any] | None


@dataclass(frozen=True)
class Doors:
    """What is opened; `is_near`: it is time to go in, or soon will be."""

    doors: list[Door]

    @property
    def is_near(self) -> bool:
        return any(each.countdown is not None for each in self.doors)


@register.simple_tag(takes_context=True)
def opened_by(
    context: dict[str, Any], *, room_id: int | None = None, event_id: int | None = None
) -> Doors:
    """What this room or event opens, for access/_doors.html; where no resource is, asks nothing."""
    if not context["nav"].has_resources:
        return Doors([])
    request = context["request"]
    wanted = Resource.objects.offered().select_related("plan", "room", "event")
    wanted = wanted.filter(room=room_id) if room_id else wanted.filter(event=event_id)
    rows = list(wanted.order_by("title", "pk")[:MOST])
    # Meetings first: they are what somebody is looking for at that moment.
    rows.sort(key=lambda each: each.made_for is None)
    found = shown_all(request.user, rows, at=request.at) if rows else []
    return Doors(
        [
            Door(
                each,
                opening_countdown(each.decision, at=request.at)
                or closing_countdown(each.decision, at=request.at),
            )
            for each in found
        ]
    )


@register.inclusion_tag("access/_doors.html", takes_context=True)
def doors(
    context: dict[str, Any], title: str, *, room_id: int | None = None, event_id: int | None = None
) -> dict[str, Any]:
    """The same as a card; renders nothing where there is nothing."""
    found = opened_by(context, room_id=room_id, event_id=event_id)
    return {"title": title, "doors": found.doors}
