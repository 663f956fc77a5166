"""A room's own picture, by staff."""

from functools import partial

from django.db import transaction

from bookings.models import Room
from bookings.pictures import Encoded, discard, keep
from common.errors import NotFound
from common.service import service


@service
def save_room_picture(*, room_id: int, picture: Encoded | None) -> Room:
    """Show this picture from now on, or none; the former one's files go once that is certain.

    `picture` comes from `pictures.encode`. Raises NotFound.
    """
    room = Room.objects.select_for_update().filter(pk=room_id).first()
    if room is None:
        raise NotFound("There is no such room.")
    former = room.image_url
    room.image_url = keep(picture) if picture else ""
    room.save(update_fields=["image_url", "updated_at"])
    # A file that is gone can't be rolled back.
    transaction.on_commit(partial(discard, former), robust=True)
    return room
