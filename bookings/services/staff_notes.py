"""What staff write down about a booking, for themselves alone."""

from bookings.models import Booking
from common.errors import NotFound
from common.service import service


@service
def save_staff_notes(*, booking_id: int, notes: str) -> None:
    """Replace the staff's notes; the customer never sees them. Raises NotFound."""
    if not Booking.objects.filter(pk=booking_id).update(staff_notes=notes.strip()):
        raise NotFound("There is no such booking.")
