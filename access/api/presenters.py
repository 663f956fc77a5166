"""How what would grant a right is written within a refusal."""

from datetime import datetime
from typing import Any

from access.api.serializers.decisions import WouldGrantSerializer
from access.decisions import (
    BookingHint,
    EventHint,
    PlanHint,
    RoomHint,
    SubscriptionHint,
    TicketHint,
)
from common.api.errors import present

HINTS = (PlanHint, RoomHint, EventHint, BookingHint, TicketHint, SubscriptionHint)


def register_presenters() -> None:
    for hint in HINTS:
        present(hint, present_hint)


def present_hint(hint: Any, at: datetime) -> dict[str, Any]:
    """As in every decision."""
    return WouldGrantSerializer().to_representation(hint)
