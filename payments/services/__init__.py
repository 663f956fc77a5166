"""What can be done with money; one verb a file. Nothing here talks to the outside."""

from payments.services.close import close_payment, give_up, lapse
from payments.services.desk import mark_due
from payments.services.open_payment import open_payment
from payments.services.refund import note_refund_failed, note_refund_sent, request_refund
from payments.services.settle import apply_session

__all__ = [
    "apply_session",
    "close_payment",
    "give_up",
    "lapse",
    "mark_due",
    "note_refund_failed",
    "note_refund_sent",
    "open_payment",
    "request_refund",
]
