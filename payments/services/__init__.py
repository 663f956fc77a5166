"""What can be done with money; one verb a file. Nothing here talks to the outside."""

from payments.services.close import close_payment, give_up, lapse
from payments.services.desk import change_due, mark_due, note_paid_back, take_desk_payment
from payments.services.look import note_seen
from payments.services.open_payment import open_payment
from payments.services.refund import (
    note_refund_failed,
    note_refund_sent,
    request_refund,
    retry_refund,
)
from payments.services.settle import apply_session

__all__ = [
    "apply_session",
    "change_due",
    "close_payment",
    "give_up",
    "lapse",
    "mark_due",
    "note_paid_back",
    "note_refund_failed",
    "note_refund_sent",
    "note_seen",
    "open_payment",
    "request_refund",
    "retry_refund",
    "take_desk_payment",
]
