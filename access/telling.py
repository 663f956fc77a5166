"""How a subscription is told to who has it: money, what happened, what can be done now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from access.models import Resource, Subscription, SubscriptionStatusChange
from access.services import ends_for, meanwhile
from access.standing import standing_of
from access.states import OPENS, SubscriptionStatus
from access.words import said_amount, said_date, said_moment, said_price
from common import clock
from common.money import money
from common.telling import Standing
from payments.models import ZERO, Payment
from payments.refund_words import refund_notes
from payments.states import PaymentState

PAYMENTS_SHOWN: Final = 24
HAPPENINGS_SHOWN: Final = 24
BRIEFLY_SHOWN: Final = 10
# The provider's first answer corrects our own reckoning of the end by hours: that is no news.
SAME_END: Final = timedelta(days=1)


@dataclass(frozen=True)
class Leaving:
    """The question before something ends: exactly what it does, and when."""

    words: str
    question: str
    sentence: str
    button: str
    href: str
    keep_href: str
    # What the form sends back, so that something else by then is asked anew.
    as_shown: str


@dataclass(frozen=True)
class Told:
    """A subscription as its page shows it; an address is '' when that can't be done now."""

    subscription: Subscription
    standing: Standing
    facts: list[dict[str, str]]
    # What a trial will do to a lower plan once it is paid for; '' when there is nothing to say.
    beside: str
    pay_href: str
    pay_label: str
    pay_text: str
    resume_href: str
    again_href: str
    demo_href: str
    leaving: Leaving | None


def told(subscription: Subscription, *, at: datetime) -> Told:
    """`subscription` with plan, payment and agreement at hand."""
    pay_href, pay_label, pay_text = _to_pay(subscription, at)
    is_over = not (subscription.is_pending or subscription.opens_at(at))
    return Told(
        subscription=subscription,
        standing=standing_of(subscription, at=at),
        facts=_facts(subscription, at),
        beside=meanwhile(subscription, at=at) or ends_for(subscription, at=at),
        pay_href=pay_href,
        pay_label=pay_label,
        pay_text=pay_text,
        resume_href=(
            reverse("access:subscription_resume", args=[subscription.pk])
            if subscription.is_resumable(at)
            else ""
        ),
        again_href=(
            reverse("access:subscribe", args=[subscription.plan.slug])
            if is_over and subscription.plan.is_active
            else ""
        ),
        demo_href=_demo_href(subscription),
        leaving=leaving(subscription, at=at),
    )


def _demo_href(subscription: Subscription) -> str:
    """Where the demo's provider lets a subscription renew or fail by hand."""
    agreement = subscription.agreement
    if settings.PAYMENT_PROVIDER != "demo" or agreement is None or not agreement.provider_id:
        return ""
    return reverse("payments:demo_agreement", args=[agreement.provider_id])


def _to_pay(subscription: Subscription, at: datetime) -> tuple[str, str, str]:
    """Where it is paid, what the button says, and what is said above it."""
    payment, agreement = subscription.payment, subscription.agreement
    if subscription.is_pending and payment is not None and payment.is_open:
        if payment.has_lapsed(at):
            return "", "", ""
        href = reverse("payments:pay", args=[payment.token])
        if payment.amount == ZERO:
            return href, "Begin the trial", "Nothing is collected today."
        return href, f"Pay {money(payment.amount, payment.currency)}", ""
    if is_payment_failed(subscription, at=at) and agreement is not None and agreement.pay_url:
        amount = said_amount(subscription)
        return agreement.pay_url, f"Pay {amount} now", "By another card, or the same once more."
    return "", "", ""


def is_payment_failed(subscription: Subscription, *, at: datetime) -> bool:
    """The last bill wasn't paid, and it is still open."""
    return subscription.status == SubscriptionStatus.PAST_DUE and subscription.opens_at(at)


def _facts(subscription: Subscription, at: datetime) -> list[dict[str, str]]:
    facts = {"Plan": subscription.plan.name, "Price": said_price(subscription)}
    if subscription.started_at is not None:
        facts["Since"] = said_date(subscription.started_at)
    until = subscription.paid_until
    if until is not None and subscription.opens_at(at):
        if subscription.is_renewing and until > at:
            facts["Next payment"] = f"{said_amount(subscription)} on {said_date(until)}"
        elif subscription.status == SubscriptionStatus.CANCELLED:
            facts["Open until"] = said_moment(until)
    next_try = subscription.agreement.next_collect_at if subscription.agreement else None
    if next_try is not None and next_try > at and is_payment_failed(subscription, at=at):
        facts["Next try to collect"] = f"{said_amount(subscription)} on {said_date(next_try)}"
    facts["Number"] = str(subscription.pk)
    return [{"label": label, "text": text} for label, text in facts.items()]


# --- Leaving --------------------------------------------------------------------------------


def leaving(subscription: Subscription, *, at: datetime) -> Leaving | None:
    """What a cancel does now; None when there is nothing to cancel."""
    plan, until = subscription.plan, subscription.paid_until
    if subscription.is_pending:
        if subscription.payment is None or not subscription.payment.is_open:
            return None
        return _leaving(
            subscription,
            words="Give it up",
            question=f"Give up {plan}?",
            sentence="Nothing was charged, and nothing will be.",
            button="Give it up",
        )
    if not (subscription.is_cancellable() and subscription.opens_at(at)):
        return None
    if until is not None and until > at:
        trial = " Your trial isn't charged." if subscription.is_trial else ""
        return _leaving(
            subscription,
            words=f"Cancel {plan}",
            question=f"Cancel {plan}?",
            sentence=f"It stays open until {said_moment(until)}. Nothing more is collected.{trial}",
            button=f"Cancel, open until {clock.say_day(until, settings.TIME_ZONE)}",
        )
    sentence = "It ends at once; you can take it again at any time."
    if subscription.agreement_id is not None:
        sentence = "It ends at once: what was paid for is over. Nothing more is collected."
    return _leaving(
        subscription,
        words=f"Cancel {plan}",
        question=f"Cancel {plan}?",
        sentence=sentence,
        button="Cancel, it ends now",
    )


def _leaving(
    subscription: Subscription, *, words: str, question: str, sentence: str, button: str
) -> Leaving:
    return Leaving(
        words=words,
        question=question,
        sentence=sentence,
        button=button,
        href=reverse("access:subscription_cancel", args=[subscription.pk]),
        keep_href=subscription.get_absolute_url(),
        # To the day: the provider's first answer corrects the end by seconds.
        as_shown=button,
    )


# --- Money ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paid:
    """One payment as the page lists it."""

    number: int
    amount: str
    when: str
    covers: str
    notes: list[dict[str, str]]


def payments_of(subscription: Subscription) -> list[Paid]:
    """What was paid for it, the latest first."""
    own = Q(pk=subscription.payment_id)
    if subscription.agreement_id is not None:
        own |= Q(agreement_id=subscription.agreement_id)
    found = Payment.objects.filter(own, status=PaymentState.PAID, amount__gt=ZERO)
    rows = found.prefetch_related("refunds", "attempts").order_by("-paid_at", "-pk")
    return [_told_payment(payment) for payment in rows[:PAYMENTS_SHOWN]]


def _told_payment(payment: Payment) -> Paid:
    covers = ""
    if payment.covers_from is not None and payment.covers_until is not None:
        covers = f"{said_date(payment.covers_from)} to {said_date(payment.covers_until)}"
    return Paid(
        number=payment.pk,
        amount=money(payment.amount, payment.currency),
        when=said_date(payment.paid_at or payment.created_at),
        covers=covers,
        notes=refund_notes(payment, zone=settings.TIME_ZONE),
    )


# --- What it opens --------------------------------------------------------------------------


def opened_by(subscription: Subscription, *, most: int) -> tuple[list[Resource], int]:
    """What its plan opens, so many of it, and how many more there are."""
    rank = subscription.plan.rank
    found = Resource.objects.filter(plan__rank__lte=rank).order_by("-plan__rank", "title", "pk")
    shown = list(found[: most + 1])
    if len(shown) <= most:
        return shown, 0
    return shown[:most], found.count() - most


# --- What happened --------------------------------------------------------------------------


def happenings(subscription: Subscription) -> list[dict[str, Any]]:
    """The history in the owner's words, oldest first, for `components/timeline.html`."""
    changes = sorted(subscription.history.all(), key=lambda change: change.pk)
    items = []
    if subscription.payment_id is not None:
        items.append(_item("Chosen", subscription.created_at, "past", "circle"))
    until: datetime | None = None
    for change in changes:
        if not _is_correction(change, until):
            title, tone, icon = _happened(subscription, change)
            items.append(_item(title, change.at, tone, icon))
        until = change.paid_until
    return items[-HAPPENINGS_SHOWN:]


def _item(title: str, at: datetime, tone: str, icon: str) -> dict[str, Any]:
    return {"title": title, "text": said_moment(at), "tone": tone, "icon": icon}


def _is_correction(change: SubscriptionStatusChange, until: datetime | None) -> bool:
    if change.from_status != change.to_status or until is None or change.paid_until is None:
        return False
    return abs(change.paid_until - until) < SAME_END


def _happened(subscription: Subscription, change: SubscriptionStatusChange) -> tuple[str, str, str]:
    match change.to_status:
        case SubscriptionStatus.TRIALING | SubscriptionStatus.ACTIVE:
            return _went_on(subscription, change), "good", "check"
        case SubscriptionStatus.PAST_DUE:
            return "A payment failed", "bad", "alert"
        case SubscriptionStatus.CANCELLED:
            return f"Cancelled{_by_us(subscription, change)}", "wait", "clock"
    if change.from_status == SubscriptionStatus.PENDING:
        standing = standing_of(subscription, at=change.at)
        return standing.mark, standing.tone, standing.icon
    return f"Ended{_by_us(subscription, change)}", "past", "minus"


def _went_on(subscription: Subscription, change: SubscriptionStatusChange) -> str:
    """Begun, renewed, paid after all or kept: by where it came from."""
    is_trial = change.to_status == SubscriptionStatus.TRIALING
    match change.from_status:
        case SubscriptionStatus.CANCELLED:
            return "Kept after all"
        case SubscriptionStatus.PAST_DUE:
            return "Paid after all"
        case SubscriptionStatus.TRIALING if not is_trial:
            return "The trial is over, and it is paid"
        case before if before in OPENS:
            until = f" until {said_date(change.paid_until)}" if change.paid_until else ""
            return f"Renewed{until}"
    if is_trial:
        return "The trial began"
    return "Paid and begun" if subscription.price else "Begun"


def _by_us(subscription: Subscription, change: SubscriptionStatusChange) -> str:
    return " by us" if change.by_id not in {None, subscription.user_id} else ""


# --- For other pages ------------------------------------------------------------------------


@dataclass(frozen=True)
class Brief:
    """A subscription as a line of a list."""

    title: str
    text: str
    href: str
    standing: Standing


def told_briefly(user_id: int, *, at: datetime) -> list[Brief]:
    """Those that mean something to their owner: running or waiting first, then what was."""
    own = Subscription.objects.of(user_id).select_related("plan", "payment", "agreement")
    counts = Q(started_at__isnull=False) | Q(status=SubscriptionStatus.PENDING)
    latest = list(own.filter(counts).order_by("-pk")[:BRIEFLY_SHOWN])
    latest.sort(key=lambda each: not (each.is_pending or each.opens_at(at)))
    return [_brief(each, at) for each in latest]


def _brief(subscription: Subscription, at: datetime) -> Brief:
    standing = standing_of(subscription, at=at)
    return Brief(
        title=f"{subscription.plan}, {said_price(subscription)}",
        text=standing.text,
        href=subscription.get_absolute_url(),
        standing=standing,
    )


def failed_payment(user_id: int, *, at: datetime) -> Brief | None:
    """The subscription whose last bill isn't paid, if there is one: the next thing to do."""
    own = Subscription.objects.of(user_id).opening(at).select_related("plan")
    found = own.filter(status=SubscriptionStatus.PAST_DUE).order_by("access_until", "pk").first()
    return _brief(found, at) if found is not None else None
