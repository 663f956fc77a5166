"""What can be done with rooms, slots and bookings; one verb a file."""

from bookings.services.block_range import set_blocked_range
from bookings.services.book import book, obstacle
from bookings.services.book_for import book_for_customer, book_for_newcomer
from bookings.services.cancel import cancel_booking, cancel_by_staff
from bookings.services.complete import complete_past
from bookings.services.generate import GenerateResult, generate_slots
from bookings.services.picture import save_room_picture
from bookings.services.reschedule import move_by_staff, move_obstacle, reschedule_booking
from bookings.services.rooms import delete_room, save_room
from bookings.services.set_status import set_status, staff_moves
from bookings.services.slots import add_slot, block_slot, delete_slot, edit_slot, unblock_slot
from bookings.services.staff_notes import save_staff_notes

__all__ = [
    "GenerateResult",
    "add_slot",
    "block_slot",
    "book",
    "book_for_customer",
    "book_for_newcomer",
    "cancel_booking",
    "cancel_by_staff",
    "complete_past",
    "delete_room",
    "delete_slot",
    "edit_slot",
    "generate_slots",
    "move_by_staff",
    "move_obstacle",
    "obstacle",
    "reschedule_booking",
    "save_room",
    "save_room_picture",
    "save_staff_notes",
    "set_blocked_range",
    "set_status",
    "staff_moves",
    "unblock_slot",
]
