"""How rows within a refusal are written: the alternatives to a time that is gone."""

from datetime import datetime
from typing import Any

from bookings.api.serializers.timeslots import TimeslotSerializer
from bookings.models import Timeslot
from common.api.errors import present


def register_presenters() -> None:
    present(Timeslot, present_timeslot)


def present_timeslot(slot: Timeslot, at: datetime) -> dict[str, Any]:
    """As in every list."""
    return dict(TimeslotSerializer(slot, context={"at": at}).data)
