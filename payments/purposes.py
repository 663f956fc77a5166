"""What is being paid for, without knowing what it is.

Each app that sells registers one handler under its purpose word in its `apps.py`; payments calls it
inside the transaction in which the money's state changes, with the payment's row locked.
"""

from datetime import datetime
from typing import Protocol

from payments.models import Payment


class Handler(Protocol):
    """What the seller of a purpose promises.

    `own_label` leads to what was bought, `shop_label` to where more of it is (`shop_url`).
    """

    own_label: str
    shop_label: str

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        """Give the goods. Raises CannotDeliver when that isn't possible any more."""

    def on_closed(self, payment: Payment, *, at: datetime) -> None:
        """Take the goods back: the purchase ended unpaid (`payment.closed_because`)."""

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        """A refund was requested or failed for good: bring the goods' own record up to date."""

    def return_url(self, payment: Payment) -> str:
        """The path of the page that shows the owner what was bought."""

    def shop_url(self) -> str:
        """The path of the page where such things are bought."""

    def time_zone(self, payment: Payment) -> str:
        """The IANA name of the zone in which its times are told."""


_handlers: dict[str, Handler] = {}


def register(purpose: str, handler: Handler) -> None:
    """Raises ValueError when two apps claim one word."""
    if purpose in _handlers and type(_handlers[purpose]) is not type(handler):
        raise ValueError(f"The purpose '{purpose}' has two handlers.")
    _handlers[purpose] = handler


def handler_of(payment: Payment) -> Handler:
    return _handlers[payment.purpose]


def purposes() -> frozenset[str]:
    return frozenset(_handlers)
