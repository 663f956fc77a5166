"""What the demo shows: people, rooms, a calendar and bookings in every state.

Made by the same services as everything else, and safe to make again: each part looks at what is
there and adds what is missing.
"""
