"""Mails about money that has no goods to speak for it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse

from common.money import money
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import Message, register
from notifications.rendering import render_mail
from payments.models import Dispute, MoneyCheck, Payment, PaymentAttempt, Refund
from payments.purposes import handler_of
from payments.states import CheckState

MONEY_RETURNED = "money_returned"
REFUND_MADE_GOOD = "refund_made_good"
REFUND_GIVEN = "refund_given"
MONEY_DIFFERS = "money_differs"
PAYMENT_FAILED = "payment_failed"
STAFF_MONEY = "staff_money"
# How many differences a mail names; the page shows the others.
LINES_TOLD = 20

# Who may give back more than the policy says also hears of money that went astray.
DISCRETION = "bookings.refund_at_discretion"


def money_returned(payment: Payment, attempt: PaymentAttempt, reason: str, *, at: datetime) -> None:
    """Tell the customer that money came which we could not keep, and that all of it goes back.

    Nothing is said where nothing was taken: a sign-up that begins with days for trial.
    """
    if not attempt.captured:
        return
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


def refund_given(refund: Refund, *, amount: Decimal, message: str, at: datetime) -> None:
    """Tell the customer of money that comes back though nothing was cancelled.

    `refund` is the last of its rows, `message` what staff want to say about it.
    """
    payment, handler = refund.payment, handler_of(refund.payment)
    queue_mail(
        kind=REFUND_GIVEN,
        to=payment.user.email,
        key=f"{REFUND_GIVEN}:{refund.pk}",
        context={
            "name": payment.user.get_short_name(),
            "description": payment.description,
            "amount": money(amount, payment.currency),
            "paid": money(payment.captured, payment.currency),
            "is_all": amount == payment.captured,
            "is_by_hand": refund.is_by_hand,
            "message": message,
            "label": handler.own_label,
            "url": settings.SITE_URL + handler.return_url(payment),
        },
        at=at,
    )


def money_differs(check: MoneyCheck, *, at: datetime) -> None:
    """Tell everybody who may have money checked what a run has found, or that it broke off."""
    path = reverse("admin:payments_moneycheck_change", args=[check.pk])
    left = [line["text"] for line in check.lines if not line["outcome"]]
    for person in _who_may("payments.run_moneycheck"):
        queue_mail(
            kind=MONEY_DIFFERS,
            to=person.email,
            key=f"{MONEY_DIFFERS}:{check.pk}:{person.pk}",
            context={
                "found": check.found,
                "is_broken": check.state == CheckState.BROKEN,
                "summary": check.summary,
                "lines": left[:LINES_TOLD],
                "more": max(check.found - LINES_TOLD, 0),
                "url": settings.SITE_URL + path,
            },
            at=at,
        )


def payment_failed(payment: Payment, *, at: datetime) -> None:
    """Tell the customer, who left in good faith, that the bank said no after all."""
    queue_mail(
        kind=PAYMENT_FAILED,
        to=payment.user.email,
        key=f"{PAYMENT_FAILED}:{payment.pk}",
        context={
            "name": payment.user.get_short_name(),
            "description": payment.description,
            "amount": money(payment.amount, payment.currency),
            "url": settings.SITE_URL + handler_of(payment).shop_url(),
        },
        at=at,
    )


def disputed(payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """Tell staff that the cardholder's bank wants money back, and how that ended."""
    amount = money(dispute.amount, dispute.currency)
    reason = dispute.reason.replace("_", " ") or "no reason given"
    if dispute.is_closed:
        title = "A dispute is over"
        text = (
            f"The dispute about {amount} ({reason}) ended: {dispute.status.replace('_', ' ')}. "
            f"{dispute.standing} {_what_now(dispute)}"
        )
    else:
        title = "A payment is disputed"
        text = (
            f"The cardholder's bank wants {amount} back: {reason}. {dispute.standing} Answer in "
            "the provider's own pages before its time is over. What was bought stays valid until "
            "you decide otherwise."
        )
    key = f"{dispute.pk}:{'closed' if dispute.is_closed else 'open'}"
    _tell_staff(payment, title=title, text=text, key=f"dispute:{key}", at=at)


def _what_now(dispute: Dispute) -> str:
    if dispute.withdrawn:
        return "Cancel what was bought, if it should end: nothing goes back a second time."
    return "If it was cancelled meanwhile, decide whether money goes back after all."


def withheld(payment: Payment, said: str, *, at: datetime) -> None:
    """Tell staff that what was to go back wasn't sent, since a bank has the money."""
    text = f"{said} If the dispute is won, decide whether it goes back after all."
    key = f"withheld:{payment.pk}:{at:%Y%m%dT%H%M%S%f}"
    _tell_staff(payment, title="Money that isn't sent back", text=text, key=key, at=at)


def refunded_elsewhere(payment: Payment, refund: Refund, *, at: datetime) -> None:
    """Tell staff that money went back by the provider's own pages, and goods are still out."""
    _tell_staff(
        payment,
        title="Refunded at the provider",
        text=(
            f"{money(refund.amount, refund.currency)} went back to the customer in the provider's "
            f"own pages. {money(payment.refunded, payment.currency)} of "
            f"{money(payment.captured, payment.currency)} are given back by now. What was bought "
            "stays as it is: cancel it here if it should end."
        ),
        key=f"refund:{refund.pk}",
        at=at,
    )


def other_amount(payment: Payment, attempt: PaymentAttempt, said: str, *, at: datetime) -> None:
    """Tell staff that money came which isn't what was asked for; it counts as not paid."""
    text = f"{said} It doesn't count as paid. Give it back in the provider's own pages."
    _tell_staff(payment, title="Another amount came", text=text, key=f"amount:{attempt.pk}", at=at)


def other_bill(payment: Payment, attempt: PaymentAttempt, said: str, *, at: datetime) -> None:
    """Tell staff that another amount was collected than a subscription costs; it is booked."""
    text = f"{said} It is booked as paid. Give back what is too much from the payment's page."
    title = "Another amount was collected"
    _tell_staff(payment, title=title, text=text, key=f"amount:{attempt.pk}", at=at)


def provider_silent(payment: Payment, *, open_until: str, at: datetime) -> None:
    """Tell staff that what may or may not be paid stays open. Once a day, by the first of them."""
    text = (
        "The payment provider hasn't answered when we asked whether this subscription was paid "
        f"again. It would have ended now; it stays open until {open_until} at the latest, for "
        "nobody who has paid shall be locked out. Others may stand the same way. Look whether the "
        "provider works and whether our key to it is right; there is nothing else to do here."
    )
    _tell_staff(
        payment,
        title="The payment provider is silent",
        text=text,
        key=f"silent:{at:%Y-%m-%d}",
        at=at,
    )


def _tell_staff(payment: Payment, *, title: str, text: str, key: str, at: datetime) -> None:
    path = reverse("admin:payments_payment_change", args=[payment.pk])
    for number, address in enumerate(_staff(payment)):
        queue_mail(
            kind=STAFF_MONEY,
            to=address,
            key=f"{STAFF_MONEY}:{key}:{number}",
            context={
                "title": title,
                "text": text,
                "description": payment.description,
                "customer": payment.user.get_full_name(),
                "email": payment.user.email,
                "facts": [
                    {"label": "For", "text": payment.description},
                    {"label": "Who", "text": payment.user.get_full_name()},
                    {"label": "E-mail", "text": payment.user.email},
                    {"label": "Payment", "text": str(payment.pk)},
                ],
                "url": settings.SITE_URL + path,
            },
            at=at,
        )


def _staff(payment: Payment) -> list[str]:
    """Who cares for the goods, else everybody who may decide about money."""
    if address := handler_of(payment).staff_email(payment):
        return [address]
    return [person.email for person in _who_may(DISCRETION)]


def _who_may(permission: str) -> list[Any]:
    people = get_user_model()._default_manager.filter(is_staff=True, is_active=True).order_by("pk")
    return [person for person in people if person.has_perm(permission)]


def build(mail: OutgoingMail) -> Message:
    """Plain templates, nothing attached."""
    subject, text, html = render_mail(mail.kind, mail.context)
    return Message(subject=subject, text=text, html=html)


def register_mails() -> None:
    register(MONEY_RETURNED, build, title="Money came too late and goes back")
    register(MONEY_DIFFERS, build, title="To staff: money differs")
    register(PAYMENT_FAILED, build, title="Payment failed")
    register(STAFF_MONEY, build, title="To staff: money to look at")
    register(REFUND_MADE_GOOD, build, title="Refund that had failed is paid back")
    register(REFUND_GIVEN, build, title="Money back from staff")
