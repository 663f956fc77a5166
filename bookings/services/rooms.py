from bookings.models import Booking, Room, Timeslot
from common.errors import NotFound
from common.service import service


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
    room.delete()
    return None
