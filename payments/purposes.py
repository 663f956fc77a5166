"""What is being paid for, without knowing what it is.

Each app that sells registers one handler under its purpose word in its `apps.py`; payments calls it
inside the transaction in which the money's state changes, with the payment's row locked.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol, cast

from payments.differences import Difference, Moment
from payments.models import BillingAgreement, Payment


class Handler(Protocol):
    """What the seller of a purpose promises.

    `own_label` leads to what was bought, `shop_label` to where more of it is (`shop_url`).
    """

    own_label: str
    shop_label: str
    # Whether what isn't paid yet takes a place from others meanwhile.
    holds_places: bool

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        """Give the goods. Raises CannotDeliver when that isn't possible any more."""

    def on_closed(self, payment: Payment, *, at: datetime) -> None:
        """Take the goods back: the purchase ended without them (`payment.closed_because`)."""

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        """A refund was requested or failed for good: bring the goods' own record up to date."""

    def on_refunded_elsewhere(self, payment: Payment, *, at: datetime) -> bool:
        """All the money went back, in the provider's own pages: end the goods that aren't used.

        True when some are used already, so that staff have to look. Again is harmless.
        """

    def too_late_at(self, payment: Payment, *, at: datetime) -> datetime:
        """From when on money that is still under way at `at` comes too late.

        When the goods begin; of what is still sold while it runs, when it ends.
        """

    def staff_email(self, payment: Payment) -> str:
        """Who cares for the goods, '' when nobody is named."""

    def differences(self, payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
        """What was bought and what the ledger says of these payments, where they disagree.

        Their attempts and refunds are loaded. Reads alone, and few queries however many there are.
        """

    def unpaid_goods(self, *, since: datetime | None, now: Moment) -> Iterator[Difference]:
        """What costs something and has no payment at all; made since then, None for ever."""

    def return_url(self, payment: Payment) -> str:
        """The path of the page that shows the owner what was bought."""

    def shop_url(self) -> str:
        """The path of the page where such things are bought."""

    def time_zone(self, payment: Payment) -> str:
        """The IANA name of the zone in which its times are told."""


class SubscriptionHandler(Handler, Protocol):
    """What the seller of subscriptions promises besides.

    All of the above is also asked about the payments of renewals, which are no sign-ups: they are
    known by `payment.agreement`. An agreement with `stray_of` came of a sign-up of that other one
    that doesn't count, the second or with another amount: nothing was ever given for it.
    """

    def on_agreement_changed(self, agreement: BillingAgreement, *, at: datetime) -> None:
        """Renewed, failed to be paid, or ended: bring the right up to date, and tell.

        `agreement.wanted` too may be new: somebody has cancelled or kept it in the provider's own
        pages.

        Called after each answer of the provider, with the rows of the person and of the agreement
        locked; again, and when nothing has changed for the right, is harmless.
        """


_handlers: dict[str, Handler] = {}


def register(purpose: str, handler: Handler) -> None:
    """Raises ValueError when two apps claim one word."""
    if purpose in _handlers and type(_handlers[purpose]) is not type(handler):
        raise ValueError(f"The purpose '{purpose}' has two handlers.")
    _handlers[purpose] = handler


def handler_of(payment: Payment) -> Handler:
    return _handlers[payment.purpose]


def handler_of_agreement(agreement: BillingAgreement) -> SubscriptionHandler:
    return cast(SubscriptionHandler, _handlers[agreement.purpose])


def handlers() -> dict[str, Handler]:
    """All of them, by their purpose."""
    return dict(_handlers)


def holding_purposes() -> list[str]:
    """Those whose unpaid purchases take places from others."""
    return sorted(purpose for purpose, handler in _handlers.items() if handler.holds_places)


def purposes() -> frozenset[str]:
    return frozenset(_handlers)
