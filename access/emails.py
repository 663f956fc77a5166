"""What people are told about their plans: what was paid, until when it opens, what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from access.models import Subscription, SubscriptionStatusChange
from access.states import SubscriptionStatus
from access.words import both, said_date, said_moment, said_price
from common.money import money
from notifications.models import OutgoingMail
from notifications.outbox import queue_mail
from notifications.registry import Message, register
from notifications.rendering import render_mail
from payments.models import ZERO, Payment

STARTED = "subscription_started"
RENEWED = "subscription_renewed"
FAILED = "subscription_payment_failed"
CANCELLED = "subscription_cancelled"
ENDED = "subscription_ended"
TRIAL_ENDS = "subscription_trial_ends"
KINDS = (STARTED, RENEWED, FAILED, CANCELLED, ENDED, TRIAL_ENDS)


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """A lower plan that ends because a higher one is paid for, and what of its money comes back."""

    name: str
    refund: Decimal
    # It costs something, so there may be something to come back.
    is_paid: bool = True


def said_meanwhile(plan: str, lower: Sequence[Replaced], until: datetime) -> str:
    """What becomes of lower plans beside a trial; '' without any."""
    if not lower:
        return ""
    names = both([each.name for each in lower])
    goes, ends = ("go", "end") if len(lower) > 1 else ("goes", "ends")
    back = ""
    if any(each.is_paid for each in lower):
        back = f" and what is unused of {'them' if len(lower) > 1 else 'it'} goes back"
    return (
        f"{names} {goes} on meanwhile. When {plan} is paid for, on {said_date(until)}, "
        f"{names} {ends}{back}."
    )


def said_end_for(higher: str, lower: Replaced, until: datetime) -> str:
    """The same on the lower plan's own page."""
    back = " and what is unused of it goes back" if lower.is_paid else ""
    return (
        f"You are trying {higher} meanwhile. When that is paid for, on {said_date(until)}, "
        f"{lower.name} ends{back}."
    )


def subscription_started(
    subscription: Subscription, *, replaced: Sequence[Replaced], meanwhile: str = "", at: datetime
) -> None:
    """What was paid or when the trial ends, what comes next, how to cancel. Once.

    `meanwhile`: what becomes of lower plans beside a trial.
    """
    given = sum((each.refund for each in replaced), ZERO)
    is_trial = subscription.status == SubscriptionStatus.TRIALING
    paid = ZERO if is_trial else subscription.price
    _queue(
        STARTED,
        subscription,
        key=str(subscription.pk),
        at=at,
        more={
            "is_trial": is_trial,
            "paid": money(paid, subscription.currency) if paid else "",
            "replaced": " and ".join(each.name for each in replaced),
            "refund": money(given, subscription.currency) if given else "",
            "meanwhile": meanwhile,
        },
    )


def subscription_renewed(subscription: Subscription, payment: Payment, *, at: datetime) -> None:
    """The receipt of one bill. Once a bill."""
    _queue(
        RENEWED,
        subscription,
        key=str(payment.pk),
        at=at,
        more={
            "paid": money(payment.amount, payment.currency),
            "paid_on": said_date(payment.paid_at or at),
            "covers": " to ".join(
                said_date(each)
                for each in (payment.covers_from, payment.covers_until)
                if each is not None
            ),
            "number": str(payment.pk),
        },
    )


def payment_failed(subscription: Subscription, *, at: datetime) -> None:
    """With the way to pay, when it is tried again, and until when it stays open.

    Once for each try that failed.
    """
    agreement = subscription.agreement
    open_until = subscription.access_until
    tries = agreement.failed_tries if agreement else 0
    next_try = agreement.next_collect_at if agreement else None
    assert subscription.paid_until is not None
    key = f"{subscription.pk}:{subscription.paid_until:%Y%m%d}"
    _queue(
        FAILED,
        subscription,
        key=f"{key}:{tries}" if tries > 1 else key,
        at=at,
        more={
            "is_again": tries > 1,
            "open_until": _moment(open_until),
            "is_open": open_until is not None and open_until > at,
            "pay_url": agreement.pay_url if agreement else "",
            "next_try": said_date(next_try) if next_try and next_try > at else "",
        },
    )


def subscription_cancelled(
    subscription: Subscription, change: SubscriptionStatusChange, *, by_staff: bool, at: datetime
) -> None:
    """Open until when, that nothing more is collected, and how to keep it after all."""
    _queue(
        CANCELLED,
        subscription,
        key=f"{subscription.pk}:{change.pk}",
        at=at,
        more={
            "by_staff": by_staff,
            "open_until": _moment(subscription.paid_until),
            "can_resume": subscription.is_resumable(at),
        },
    )


def subscription_ended(
    subscription: Subscription,
    change: SubscriptionStatusChange,
    *,
    why: str,
    at: datetime,
    refund: Decimal = ZERO,
) -> None:
    """That it opens nothing any more, why, and what comes back."""
    _queue(
        ENDED,
        subscription,
        key=f"{subscription.pk}:{change.pk}",
        at=at,
        more={
            "why": why,
            "refund": money(refund, subscription.currency) if refund else "",
        },
    )


def trial_ends(subscription: Subscription, *, meanwhile: str, at: datetime) -> None:
    """When, and what is collected then unless it is cancelled before. Once at one time."""
    more = {"meanwhile": meanwhile}
    key = f"{subscription.pk}:{at:%Y%m%d%H%M%S}"
    _queue(TRIAL_ENDS, subscription, key=key, at=at, more=more)


def mails_about(subscription: Subscription) -> QuerySet[OutgoingMail]:
    """Every mail that told of this subscription, and what was sent again of them, in order."""
    about = Q(key__in=[f"{kind}:{subscription.pk}" for kind in (STARTED, TRIAL_ENDS)])
    for kind in (FAILED, CANCELLED, ENDED, TRIAL_ENDS):
        about |= Q(key__startswith=f"{kind}:{subscription.pk}:")
    if subscription.agreement_id is not None:
        payments = Payment.objects.filter(agreement_id=subscription.agreement_id)
        about |= Q(key__in=[f"{RENEWED}:{pk}" for pk in payments.values_list("pk", flat=True)])
    keys = list(OutgoingMail.objects.filter(about).values_list("key", flat=True))
    return OutgoingMail.objects.filter(Q(key__in=keys) | Q(copy_of__key__in=keys)).order_by("pk")


def register_mails() -> None:
    register(STARTED, build, title="Plan begun")
    register(RENEWED, build, title="Plan renewed")
    register(FAILED, build, title="Plan: a payment failed")
    register(CANCELLED, build, title="Plan cancelled")
    register(ENDED, build, title="Plan ended")
    register(TRIAL_ENDS, build, title="Plan: the trial ends soon", check=trials_over)


def build(mail: OutgoingMail) -> Message:
    """Words alone."""
    subject, text, html = render_mail(mail.kind, mail.context)
    return Message(subject=subject, text=text, html=html)


def trials_over(mails: Sequence[OutgoingMail], at: datetime) -> dict[int, str]:
    """Asked before they are built: those whose trial was cancelled, kept or paid for meanwhile."""
    about = {mail.pk: mail.context["subscription_id"] for mail in mails}
    trials = Subscription.objects.filter(pk__in=about.values(), status=SubscriptionStatus.TRIALING)
    told_at = dict(trials.values_list("pk", "trial_told_at"))
    found = {}
    for mail in mails:
        number = about[mail.pk]
        if number not in told_at:
            found[mail.pk] = "The trial was cancelled, or is over already."
        elif (told := told_at[number]) is None or mail.created_at < told:
            found[mail.pk] = "The trial was cancelled and kept meanwhile: it is told anew."
    return found


def facts_of(subscription: Subscription) -> dict[str, Any]:
    """What a mail about this subscription says, frozen: later changes don't rewrite history."""
    user = subscription.user
    return {
        "subscription_id": subscription.pk,
        "name": user.get_short_name(),
        "plan": subscription.plan.name,
        "price": said_price(subscription),
        "amount": money(subscription.price, subscription.currency),
        "renews": subscription.is_renewing,
        "is_free": subscription.price == ZERO,
        "is_for_ever": subscription.paid_until is None,
        "until": _day(subscription.paid_until),
        "until_moment": _moment(subscription.paid_until),
        "facts": _facts(subscription),
        "url": settings.SITE_URL + subscription.get_absolute_url(),
        "plans_url": settings.SITE_URL + subscription.plan.get_absolute_url(),
    }


def _facts(subscription: Subscription) -> list[dict[str, str]]:
    known = {
        "Plan": subscription.plan.name,
        "Price": said_price(subscription),
        "Number": str(subscription.pk),
    }
    return [{"label": label, "text": text} for label, text in known.items()]


def _queue(
    kind: str, subscription: Subscription, *, key: str, at: datetime, more: dict[str, Any]
) -> None:
    queue_mail(
        kind=kind,
        to=subscription.user.email,
        key=f"{kind}:{key}",
        context=facts_of(subscription) | more,
        at=at,
    )


def _day(at: datetime | None) -> str:
    return said_date(at) if at else ""


def _moment(at: datetime | None) -> str:
    return said_moment(at) if at else ""
