"""Single slots, by staff. Counters are never written from here, only guarded against."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from bookings.errors import InUse
from bookings.models import Booking, Room, Timeslot
from bookings.services.prices import require_slot_chargeable
from common.errors import InvalidInput, NotFound
from common.service import service

EDITABLE = frozenset({"price", "max_bookings", "start_time", "end_time"})


@service
def add_slot(
    *,
    room_id: int,
    start: datetime,
    end: datetime,
    price: Decimal | None = None,
    max_bookings: int = 1,
) -> Timeslot:
    """Open one time.

    Raises NotFound; InvalidInput when it overlaps another of the room, or when its price is one
    that can't be charged.
    """
    room = _lock_room(room_id)
    _require_no_overlap(room.pk, start, end)
    require_slot_chargeable(price=price, hourly_rate=room.hourly_rate, length=end - start)
    return Timeslot.objects.create(
        room=room, start_time=start, end_time=end, price=price, max_bookings=max_bookings
    )


@service
def edit_slot(*, slot_id: int, changes: dict[str, Any]) -> Timeslot:
    """Change price, places, start or end of a slot.

    Raises NotFound; InvalidInput when fewer places than are taken are left, when it would overlap,
    when its time is changed though somebody has it, or when its price can't be charged.
    """
    unknown = set(changes) - EDITABLE
    if unknown:
        raise InvalidInput(f"These can't be changed: {', '.join(sorted(unknown))}.")
    _find(slot_id)
    # Slot before room: a booking's INSERT takes the room's lock after it has claimed the slot.
    slot = Timeslot.objects.select_for_update().get(pk=slot_id)
    slot.room = _lock_room(slot.room_id)
    start = changes.get("start_time", slot.start_time)
    end = changes.get("end_time", slot.end_time)
    if (start, end) != (slot.start_time, slot.end_time):
        if Booking.objects.filter(timeslot_id=slot_id).exists():
            raise InvalidInput(
                "Somebody has booked this time, so it can't be changed; move the booking instead.",
                attr="startTime",
            )
        _require_no_overlap(slot.room_id, start, end, besides=slot_id)
    if "max_bookings" in changes and changes["max_bookings"] < slot.taken:
        raise InvalidInput(
            f"{slot.taken} places of this time are taken; it can't have fewer.",
            attr="maxBookings",
        )
    if {"price", "start_time", "end_time"} & set(changes):
        require_slot_chargeable(
            price=changes.get("price", slot.price),
            hourly_rate=slot.room.hourly_rate,
            length=end - start,
        )
    for name, value in changes.items():
        setattr(slot, name, value)
    # Named fields only: a whole-row save would write back a counter that others are moving.
    slot.save(update_fields=list(changes))
    slot.refresh_from_db()
    return slot


@service
def block_slot(*, slot_id: int, reason: str) -> Timeslot:
    """Close a slot to new bookings; those who have a place keep it. Raises NotFound."""
    return _set_blocked(slot_id, blocked=True, reason=reason)


@service
def unblock_slot(*, slot_id: int) -> Timeslot:
    """Open a slot again. Raises NotFound."""
    return _set_blocked(slot_id, blocked=False, reason="")


@service
def delete_slot(*, slot_id: int) -> None:
    """Remove a slot that was never booked. Raises NotFound, InUse."""
    slot = Timeslot.objects.select_for_update().filter(pk=slot_id).first()
    if slot is None:
        raise NotFound("There is no such time.")
    # The counter too: a claim in flight has its place before its booking's row can be seen.
    if slot.taken or Booking.objects.filter(timeslot_id=slot_id).exists():
        raise InUse("This time was booked before, so it stays for the records. Block it instead.")
    slot.delete()


def _find(slot_id: int) -> Timeslot:
    slot = Timeslot.objects.select_related("room").filter(pk=slot_id).first()
    if slot is None:
        raise NotFound("There is no such time.")
    return slot


def _lock_room(room_id: int) -> Room:
    room = Room.objects.select_for_update().filter(pk=room_id).first()
    if room is None:
        raise NotFound("There is no such room.")
    return room


def _require_no_overlap(
    room_id: int, start: datetime, end: datetime, *, besides: int | None = None
) -> None:
    if end <= start:
        raise InvalidInput("The end must lie after the start.", attr="endTime")
    others = Timeslot.objects.overlapping(room_id, start, end)
    if besides is not None:
        others = others.exclude(pk=besides)
    if (other := others.select_related("room").order_by("start_time").first()) is not None:
        raise InvalidInput(f"This overlaps another time of the room: {other}.", attr="startTime")


def _set_blocked(slot_id: int, *, blocked: bool, reason: str) -> Timeslot:
    Timeslot.objects.filter(pk=slot_id).update(is_blocked=blocked, blocked_reason=reason[:200])
    return _find(slot_id)
