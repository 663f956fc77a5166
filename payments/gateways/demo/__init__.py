"""A provider that lives in our own database: a page with Pay and Decline, no real money.

It keeps books of its own (the `demo_…` tables), so that our ledger is tried against somebody else's
word, as it will be with a real provider.
"""

from payments.gateways.demo.clock import clock_at
from payments.gateways.demo.gateway import DemoGateway, pay
from payments.gateways.demo.life import (
    DEEDS,
    MONTHS,
    jump,
    look,
    months_after,
    next_turn,
    pay_bill,
    set_card,
)

__all__ = [
    "DEEDS",
    "MONTHS",
    "DemoGateway",
    "clock_at",
    "jump",
    "look",
    "months_after",
    "next_turn",
    "pay",
    "pay_bill",
    "set_card",
]
