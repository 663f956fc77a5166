"""Rooms, by staff."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from bookings.models import Booking, Room, Timeslot
from bookings.pictures import discard
from bookings.services.prices import require_rate_chargeable
from common.errors import NotFound
from common.service import service


@service
def save_room(*, changes: dict[str, Any], at: datetime, room_id: int | None = None) -> Room:
    """Make a room, or change the named fields of one; the values' shape was checked before.

    Raises NotFound; InvalidInput when the hourly rate gives prices that can't be charged.
    """
    room = Room(created_at=at)
    if room_id is not None:
        found = Room.objects.select_for_update().filter(pk=room_id).first()
        if found is None:
            raise NotFound("There is no such room.")
        room = found
    if "name" in changes:
        # It stands in lines of mails and of calendar files: a line break would end them.
        changes = changes | {"name": " ".join(changes["name"].split())}
    former_picture = room.image_url
    for name, value in changes.items():
        setattr(room, name, value)
    if room.image_url != former_picture:
        transaction.on_commit(partial(discard, former_picture), robust=True)
    if changes.get("hourly_rate") is not None:
        require_rate_chargeable(changes["hourly_rate"], room_id=room_id, at=at)
    # Named fields only: what somebody else has changed meanwhile stays.
    room.save(update_fields=None if room_id is None else [*changes, "updated_at"])
    return room


@service
def delete_room(*, room_id: int) -> Room | None:
    """Remove a room that nobody ever booked (None), else deactivate it (the room).

    Raises NotFound.
    """
    # Slots before their room, the order in which a booking takes these locks.
    list(Timeslot.objects.select_for_update().filter(room_id=room_id).order_by("pk"))
    room = Room.objects.select_for_update().filter(pk=room_id).first()
    if room is None:
        raise NotFound("There is no such room.")
    if Booking.objects.filter(room=room).exists():
        room.is_active = False
        room.save(update_fields=["is_active", "updated_at"])
        return room
    room.timeslots.all().delete()
    transaction.on_commit(partial(discard, room.image_url), robust=True)
    room.delete()
    return None
