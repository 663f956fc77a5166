"""Rooms, their timeslots, and who has booked them."""

from bookings.models.booking import MOVED_FROM, Booking, BookingStatusChange
from bookings.models.room import MOST_PLACES, Room, site_zone, validate_policy, validate_reminders
from bookings.models.timeslot import Timeslot

__all__ = [
    "MOST_PLACES",
    "MOVED_FROM",
    "Booking",
    "BookingStatusChange",
    "Room",
    "Timeslot",
    "site_zone",
    "validate_policy",
    "validate_reminders",
]
