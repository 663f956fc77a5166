"""A seller of subscriptions that knows nothing of plans: a magazine, kept in memory.

The money side is tried against it, so that it can't lean on what the real seller does.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from payments.differences import Difference, Moment
from payments.errors import CannotDeliver
from payments.gateways.base import Session, SessionStatus
from payments.models import BillingAgreement, Payment, PaymentAttempt
from payments.services import apply_session, open_agreement
from payments.states import AttemptState, Interval
from tests.infrastructure.world import NOW

PURPOSE = "magazine"
PRICE = Decimal("12.00")


class Magazine:
    """Implements payments.purposes.SubscriptionHandler; `told` is what happened, in order."""

    own_label = "See your magazine"
    shop_label = "Subscribe"
    holds_places = False

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        # Why nothing can be given any more, '' while it can.
        self.refusal = ""

    def on_paid(self, payment: Payment, *, at: datetime) -> None:
        if self.refusal:
            raise CannotDeliver(self.refusal)
        self.told.append(("paid", payment.pk))

    def on_closed(self, payment: Payment, *, at: datetime) -> None:
        self.told.append(("closed", payment.pk))

    def on_refunds_changed(self, payment: Payment, *, at: datetime) -> None:
        self.told.append(("refunds", payment.pk))

    def on_refunded_elsewhere(self, payment: Payment, *, at: datetime) -> bool:
        self.told.append(("elsewhere", payment.pk))
        return False

    def on_agreement_changed(self, agreement: BillingAgreement, *, at: datetime) -> None:
        self.told.append(("changed", agreement.pk))

    def too_late_at(self, payment: Payment, *, at: datetime) -> datetime:
        return at + timedelta(days=1)

    def staff_email(self, payment: Payment) -> str:
        return "desk@example.com"

    def differences(self, payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
        return iter(())

    def unpaid_goods(self, *, since: datetime | None, now: Moment) -> Iterator[Difference]:
        return iter(())

    def return_url(self, payment: Payment) -> str:
        return "/magazine"

    def shop_url(self) -> str:
        return "/magazines"

    def time_zone(self, payment: Payment) -> str:
        return "Europe/Berlin"


def subscribe(
    user_id: int,
    *,
    amount: Decimal = PRICE,
    interval: Interval = Interval.MONTH,
    trial_days: int = 0,
    at: datetime = NOW,
) -> Payment:
    """Begin to subscribe: what is to be paid, or only signed, within a quarter of an hour."""
    return open_agreement(
        user_id=user_id,
        purpose=PURPOSE,
        amount=amount,
        interval=interval,
        trial_days=trial_days,
        description="The Magazine, a month",
        at=at,
        expires_at=at + timedelta(minutes=15),
    )


def opened(payment: Payment, *, name: str = "cs_1", provider: str = "demo") -> PaymentAttempt:
    """A session of its sign-up, as the courier would have written it down."""
    return PaymentAttempt.objects.create(
        payment=payment,
        provider=provider,
        status=AttemptState.OPEN,
        amount=payment.amount,
        currency=payment.currency,
        session_id=name,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=31),
    )


def completed(
    attempt: PaymentAttempt,
    *,
    number: str = "sub_1",
    invoice_id: str = "",
    amount: Decimal | None = None,
    at: datetime = NOW,
) -> Payment:
    """What the provider says once its page was completed, booked."""
    session = Session(
        id=attempt.session_id or "",
        url="",
        status=SessionStatus.PAID,
        amount=attempt.amount if amount is None else amount,
        currency=attempt.currency,
        agreement_number=number,
        invoice_id=invoice_id,
    )
    return apply_session(attempt_id=attempt.pk, session=session, at=at)


def signed_up(user_id: int, *, at: datetime = NOW, **fields: Any) -> BillingAgreement:
    """Subscribed and paid, or signed for a trial: a running agreement."""
    payment = subscribe(user_id, at=at, **fields)
    completed(opened(payment, name=f"cs_{payment.pk}"), number=f"sub_{payment.pk}", at=at)
    return BillingAgreement.objects.get(payments=payment)
