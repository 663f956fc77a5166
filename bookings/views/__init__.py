"""The customer's pages about bookings."""

from bookings.views.choose import choose
from bookings.views.mine import calendar_file, cancel, detail, my_bookings
from bookings.views.move import move
from bookings.views.picture import room_picture

__all__ = ["calendar_file", "cancel", "choose", "detail", "move", "my_bookings", "room_picture"]
