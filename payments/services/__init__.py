"""What can be done with money; one verb a file. Nothing here talks to the outside."""

from payments.services.agreement import (
    STATES,
    apply_agreement,
    claim_wish,
    note_unanswered,
    release_wish,
)
from payments.services.bills import give_back_bill
from payments.services.close import close_payment, give_up, lapse
from payments.services.desk import change_due, mark_due, note_paid_back, take_desk_payment
from payments.services.dispute import apply_dispute
from payments.services.known import agreement_of
from payments.services.look import note_seen
from payments.services.open_agreement import open_agreement
from payments.services.open_payment import open_payment
from payments.services.refund import (
    note_refund_failed,
    note_refund_sent,
    request_refund,
    retry_refund,
)
from payments.services.refund_by_staff import refund_by_staff
from payments.services.refund_elsewhere import apply_refund
from payments.services.settle import apply_session
from payments.services.webhook import (
    OVERTAKEN,
    Answer,
    apply_event,
    empty_events,
    note_event_failed,
    put_off_event,
    read_stored,
    reopen_event,
    store_event,
)

__all__ = [
    "OVERTAKEN",
    "STATES",
    "Answer",
    "agreement_of",
    "apply_agreement",
    "apply_dispute",
    "apply_event",
    "apply_refund",
    "apply_session",
    "change_due",
    "claim_wish",
    "close_payment",
    "empty_events",
    "give_back_bill",
    "give_up",
    "lapse",
    "mark_due",
    "note_event_failed",
    "note_paid_back",
    "note_refund_failed",
    "note_refund_sent",
    "note_seen",
    "note_unanswered",
    "open_agreement",
    "open_payment",
    "put_off_event",
    "read_stored",
    "refund_by_staff",
    "release_wish",
    "reopen_event",
    "request_refund",
    "retry_refund",
    "store_event",
    "take_desk_payment",
]
