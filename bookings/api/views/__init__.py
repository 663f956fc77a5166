"""The API's views: each reads its input, calls one service or query and writes the answer."""

from bookings.api.views.bookings import BookingViewSet
from bookings.api.views.rooms import RoomViewSet
from bookings.api.views.staff_bookings import StaffBookingViewSet
from bookings.api.views.staff_rooms import StaffRoomViewSet
from bookings.api.views.staff_timeslots import StaffTimeslotViewSet

__all__ = [
    "BookingViewSet",
    "RoomViewSet",
    "StaffBookingViewSet",
    "StaffRoomViewSet",
    "StaffTimeslotViewSet",
]
