"""Subscriptions against the double's bills: who paid for a time has it open, or the money back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from access.emails import STARTED
from access.models import Subscription
from access.states import OPENS, SubscriptionStatus
from notifications.models import OutgoingMail

Thing = dict[str, Any]
Time = tuple[datetime, datetime]

# Between the provider's clock and ours, and from the money to the news of it.
SLACK = timedelta(minutes=5)
CENT = Decimal("0.01")
FOR_EVER = datetime.max.replace(tzinfo=UTC)


def plan_differences(books: Thing) -> Iterator[str]:
    agreements = {
        each["id"]: int(each["metadata"]["agreement_id"]) for each in books["subscriptions"]
    }
    ours = {
        each.agreement_id: each
        for each in Subscription.objects.exclude(agreement=None).select_related("plan")
    }
    charged: dict[tuple[int, int], list[Time]] = {}
    for bill in _paid_bills(books):
        subscription = ours.get(agreements[_subscription_of(bill)])
        if subscription is None:
            yield f"bill {bill['id']} is of no subscription of ours"
            continue
        kept, covers = bill["kept"], bill["covers"]
        yield from _had(subscription, bill["amount"], kept, covers)
        if kept:
            key = (subscription.user_id, subscription.plan_id)
            for other in charged.setdefault(key, []):
                if min(other[1], covers[1]) - max(other[0], covers[0]) > timedelta(days=1):
                    yield f"subscription {subscription.pk}: the same time was charged twice"
            charged[key].append(covers)
    for subscription in ours.values():
        yield from _told_once(subscription)
    for there in books["subscriptions"]:
        subscription = ours.get(agreements[there["id"]])
        if subscription is not None:
            yield from _runs_alike(subscription, there)


def _paid_bills(books: Thing) -> Iterator[Thing]:
    charges = {each["payment_intent"]: each for each in books["charges"] if each["paid"]}
    money = {
        each["invoice"]: charges[each["payment"]["payment_intent"]]
        for each in books["invoice_payments"]
        if each["status"] == "paid"
    }
    for bill in books["invoices"]:
        if bill["id"] not in money:
            continue
        charge, [line] = money[bill["id"]], bill["lines"]["data"]
        amount = _amount(charge["amount_captured"])
        yield bill | {
            "amount": amount,
            "kept": amount - _amount(charge["amount_refunded"]),
            "covers": (_instant(line["period"]["start"]), _instant(line["period"]["end"])),
        }


def _had(subscription: Subscription, amount: Decimal, kept: Decimal, covers: Time) -> Iterator[str]:
    """No more is kept of a bill than the share of its time in which it was open."""
    start, end = covers
    had = timedelta(0)
    for begin, stop in _open_times(subscription):
        had += max(min(stop + SLACK, end) - max(begin - SLACK, start), timedelta(0))
    share = min(Decimal(had.total_seconds()) / Decimal((end - start).total_seconds()), Decimal(1))
    if kept > (amount * share) + CENT:
        yield (
            f"subscription {subscription.pk}: {kept} of {amount} are kept for {start:%d %B} to "
            f"{end:%d %B}, and it was open for {had.total_seconds() / 86400:.1f} days of it"
        )


def _open_times(subscription: Subscription) -> Iterator[Time]:
    since: datetime | None = None
    for change in subscription.history.order_by("pk"):
        if change.to_status in OPENS and since is None:
            since = change.at
        elif change.to_status not in OPENS and since is not None:
            yield since, change.at
            since = None
    if since is not None:
        yield since, subscription.access_until or FOR_EVER


def _told_once(subscription: Subscription) -> Iterator[str]:
    if subscription.started_at is None:
        return
    told = OutgoingMail.objects.filter(
        kind=STARTED, context__subscription_id=subscription.pk, copy_of=None
    ).count()
    if told != 1:
        yield f"subscription {subscription.pk} was begun by {told} mails"


def _runs_alike(subscription: Subscription, there: Thing) -> Iterator[str]:
    is_over = there["status"] == "canceled"
    if subscription.status == SubscriptionStatus.EXPIRED and not is_over:
        yield f"subscription {subscription.pk} is over, and goes on at the provider"
    renews = subscription.status in {SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING}
    if renews and (is_over or there["cancel_at_period_end"]):
        yield f"subscription {subscription.pk} is {subscription.status}, and ends at the provider"
    if renews and subscription.is_over(timezone.now()):
        yield f"subscription {subscription.pk} is {subscription.status} and opens nothing"
    [item] = there["items"]["data"]
    until = _instant(item["current_period_end"])
    if subscription.status == SubscriptionStatus.ACTIVE and subscription.paid_until != until:
        yield f"subscription {subscription.pk} is paid until {subscription.paid_until}, not {until}"


def _subscription_of(bill: Thing) -> str:
    return str(bill["parent"]["subscription_details"]["subscription"])


def _instant(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _amount(units: int) -> Decimal:
    return Decimal(units) / 100
