from datetime import datetime

from payments.services import lapse
from tickets.queries import lapsed_orders


def release_lapsed_orders(*, event_id: int, at: datetime) -> int:
    """Release an event's holds whose time is over, each in its own transaction.

    Called by whoever wants places there, before any transaction of its own. Those whose payment
    page may still be open stay until the provider's word. Returns how many were released.
    """
    return sum(lapse(payment_id=payment_id, at=at) for payment_id in lapsed_orders(event_id, at=at))
