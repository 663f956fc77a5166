"""Rooms, times and bookings as staff see them. Whatever changes a row goes through a service."""

from bookings.admin import booking, room, timeslot

__all__ = ["booking", "room", "timeslot"]
