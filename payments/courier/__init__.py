"""The only code that talks to payment providers: claim | call | record.

The claim and the record are transactions of their own; none is open while the provider is asked.
"""

from payments.courier.agreements import (
    ask_agreement,
    due_to_ask,
    due_to_tell,
    tell_agreement,
    try_to,
)
from payments.courier.events import take_event
from payments.courier.patience import Patience
from payments.courier.refunds import ask_refunds, due_refunds, send_refund
from payments.courier.sessions import ask, expire, open_session

__all__ = [
    "Patience",
    "ask",
    "ask_agreement",
    "ask_refunds",
    "due_refunds",
    "due_to_ask",
    "due_to_tell",
    "expire",
    "open_session",
    "send_refund",
    "take_event",
    "tell_agreement",
    "try_to",
]
