"""Times that staff may still give away: a place is free and they haven't begun.

Notice and advance bind customers, not staff.
"""

from datetime import date, datetime

from bookings.models import Room, Timeslot
from bookings.queries import slots_between
from common import clock


def open_on(room: Room, day: date, at: datetime) -> list[Timeslot]:
    """Those of that local day, in order."""
    opens, closes = clock.day_bounds(day, room.timezone)
    slots = slots_between(room, max(opens, at), closes)
    return [slot for slot in slots if slot.is_available and slot.start_time > at]


def next_open(room: Room, after: datetime) -> Timeslot | None:
    """The first that begins after that instant."""
    slots = Timeslot.objects.open().filter(room=room, start_time__gt=after)
    return slots.select_related("room").order_by("start_time").first()
