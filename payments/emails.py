"""Mails about money that has no goods to speak for it."""

from datetime import datetime

from common.money import money
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import Message, register
from notifications.rendering import render_mail
from payments.models import Payment, PaymentAttempt, Refund

MONEY_RETURNED = "money_returned"
REFUND_MADE_GOOD = "refund_made_good"


def money_returned(payment: Payment, attempt: PaymentAttempt, reason: str, *, at: datetime) -> None:
    """Tell the customer that money came which we could not keep, and that all of it goes back."""
    queue_mail(
        kind=MONEY_RETURNED,
        to=payment.user.email,
        key=f"{MONEY_RETURNED}:{attempt.pk}",
        context={
            "name": payment.user.get_short_name(),
            "description": payment.description,
            "amount": money(attempt.captured, attempt.currency),
            "reason": reason,
        },
        at=at,
    )


def refund_made_good(refund: Refund, *, at: datetime) -> None:
    """Tell the customer that a refund, which had failed before, is now really on its way."""
    payment = refund.payment
    queue_mail(
        kind=REFUND_MADE_GOOD,
        to=payment.user.email,
        key=f"{REFUND_MADE_GOOD}:{refund.pk}",
        context={
            "name": payment.user.get_short_name(),
            "description": payment.description,
            "amount": money(refund.amount, refund.currency),
        },
        at=at,
    )


def build(mail: OutgoingMail) -> Message:
    """Plain templates, nothing attached."""
    subject, text, html = render_mail(mail.kind, mail.context)
    return Message(subject=subject, text=text, html=html)


def register_mails() -> None:
    register(MONEY_RETURNED, build, title="Money came too late and goes back")
    register(REFUND_MADE_GOOD, build, title="Refund that had failed is paid back")
