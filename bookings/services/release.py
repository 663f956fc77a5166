from datetime import datetime

from bookings.models import Booking
from payments.services import lapse
from payments.states import PaymentState


def release_lapsed_holds(*, timeslot_id: int, at: datetime) -> int:
    """Release the holds of a slot whose time is over, each in its own transaction.

    Called by whoever wants a place there, so a decision never waits for the beat. Those whose
    payment page may still be open stay until the provider's word. Returns how many were released.
    """
    lapsed = Booking.objects.pending().filter(
        timeslot_id=timeslot_id, payment__status=PaymentState.OPEN, payment__expires_at__lte=at
    )
    return sum(
        lapse(payment_id=payment_id, at=at)
        for payment_id in list(lapsed.values_list("payment_id", flat=True))
    )
