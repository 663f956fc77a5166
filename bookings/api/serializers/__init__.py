"""The outside form of rooms, timeslots and bookings, and of what may be asked for."""
