"""Subscriptions against their payments: what `manage.py verify_money` asks of this app."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from access.models import Subscription
from access.policies import SAME_PERIOD
from access.states import OPENS, SubscriptionStatus
from common.money import money
from common.pages import pages
from payments.differences import Difference, Moment, Remedy
from payments.models import ZERO, Payment
from payments.owed import empty_handed
from payments.states import AGREEMENT_RUNS, HOLDING, PaymentState, Wanted


def subscription_differences(payments: Sequence[Payment], *, now: Moment) -> Iterator[Difference]:
    """Where a subscription and its payments disagree."""
    signed = Subscription.objects.filter(payment__in=payments).select_related("plan", "agreement")
    by_payment = {each.payment_id: each for each in signed}
    agreements = {each.agreement_id for each in payments if each.agreement_id is not None}
    known = Subscription.objects.filter(agreement__in=agreements).select_related("plan")
    by_agreement = {each.agreement_id: each for each in known}
    for payment in payments:
        subscription = by_payment.get(payment.pk)
        if subscription is not None:
            yield from _of_states(subscription, payment)
            yield from _of_price(subscription, payment)
            yield from _of_undelivered(subscription, payment)
        elif payment.agreement_id in by_agreement:
            yield from _of_renewal(by_agreement[payment.agreement_id], payment, now)
        else:
            yield Difference(
                kind="not_one_subscription",
                payment_id=payment.pk,
                text=f"payment {payment.pk} of {money(payment.amount, payment.currency)} is for a "
                "subscription, and there is none.",
            )


def unpaid_subscriptions(*, since: datetime | None, now: Moment) -> Iterator[Difference]:
    """Subscriptions that cost something and have no payment; open longer than is paid for."""
    found = Subscription.objects.filter(payment=None, price__gt=0)
    if since is not None:
        found = found.filter(created_at__gte=since)
    for page in pages(found):
        for each in page:
            yield Difference(
                kind="goods_without_payment",
                subject=each.pk,
                text=f"subscription {each.pk} is {_said(each)} and costs "
                f"{money(each.price, each.currency)}, and there is no payment for it.",
            )
    # Over, and nobody has asked the provider to stop: it would be collected for ever.
    over = Subscription.objects.filter(
        status=SubscriptionStatus.EXPIRED,
        agreement__status__in=AGREEMENT_RUNS,
        agreement__wanted=Wanted.RUN,
    )
    if since is not None:
        over = over.filter(updated_at__gte=since)
    for page in pages(over):
        for each in page:
            yield Difference(
                kind="collected_on",
                subject=each.pk,
                text=f"subscription {each.pk} is {_said(each)}, and its agreement "
                f"{each.agreement_id} is collected on.",
                advice="End it in the provider's own pages.",
            )
    running = Subscription.objects.filter(status__in=OPENS).exclude(agreement=None)
    if since is not None:
        running = running.filter(updated_at__gte=since)
    for page in pages(running.select_related("agreement")):
        for each in page:
            yield from _of_times(each)


def _of_times(subscription: Subscription) -> Iterator[Difference]:
    agreement, until = subscription.agreement, subscription.paid_until
    assert agreement is not None
    paid = agreement.paid_until
    if until is None or paid is None or until > paid:
        yield Difference(
            kind="open_too_long",
            subject=subscription.pk,
            text=f"subscription {subscription.pk} is {_said(subscription)} until {until}, and its "
            f"agreement {agreement.pk} is paid until {paid}.",
        )


def _of_states(subscription: Subscription, payment: Payment) -> Iterator[Difference]:
    named = f"subscription {subscription.pk}"
    amount = money(payment.amount, payment.currency)
    if subscription.is_pending and payment.is_paid:
        yield Difference(
            kind="paid_not_delivered",
            payment_id=payment.pk,
            text=f"{named} hasn't begun, and payment {payment.pk} of {amount} is paid.",
            remedy=Remedy.DELIVER,
        )
    elif subscription.is_pending and payment.status == PaymentState.CLOSED:
        yield Difference(
            kind="held_without_payment",
            payment_id=payment.pk,
            text=f"{named} still waits for payment {payment.pk} of {amount}, which is closed.",
            remedy=Remedy.TAKE_BACK,
        )
    elif subscription.status in OPENS and not payment.is_paid:
        yield Difference(
            kind="delivered_unpaid",
            payment_id=payment.pk,
            text=f"{named} is {_said(subscription)}, and payment {payment.pk} of {amount} reads "
            f"'{payment.get_status_display()}'.",
            advice="End the subscription from its page.",
        )
    elif subscription.status == SubscriptionStatus.EXPIRED and payment.status in HOLDING:
        yield Difference(
            kind="open_after_the_end",
            payment_id=payment.pk,
            text=f"{named} is over, and payment {payment.pk} of {amount} reads "
            f"'{payment.get_status_display()}'.",
            remedy=Remedy.CLOSE_PAYMENT,
        )


def _of_price(subscription: Subscription, payment: Payment) -> Iterator[Difference]:
    due = ZERO if subscription.trial_days else subscription.price
    if (payment.amount, payment.currency) != (due, subscription.currency):
        yield Difference(
            kind="price_differs",
            payment_id=payment.pk,
            text=f"subscription {subscription.pk} begins with {money(due, subscription.currency)}, "
            f"and payment {payment.pk} is over {money(payment.amount, payment.currency)}.",
        )


def _of_undelivered(subscription: Subscription, payment: Payment) -> Iterator[Difference]:
    """Paid, and it never began: all of it should be on its way back."""
    never = subscription.status == SubscriptionStatus.EXPIRED and subscription.started_at is None
    if never and payment.is_paid:
        yield from _empty_handed(subscription, payment, "it never began")


def _of_renewal(subscription: Subscription, payment: Payment, now: Moment) -> Iterator[Difference]:
    if not payment.is_paid or now.is_fresh(payment.paid_at):
        return
    ended, until = subscription.status == SubscriptionStatus.EXPIRED, subscription.paid_until
    if not ended or until is None or payment.covers_until is None:
        return
    if payment.covers_until > until + SAME_PERIOD:
        yield from _empty_handed(subscription, payment, "it had ended before that time")


def _empty_handed(subscription: Subscription, payment: Payment, why: str) -> Iterator[Difference]:
    missing = payment.captured - payment.disputed - payment.refunded - payment.failed_refunds
    if missing > ZERO:
        yield empty_handed(
            payment,
            missing,
            f"subscription {subscription.pk}: {why}, and {money(missing, payment.currency)} "
            f"of payment {payment.pk} doesn't go back.",
        )


def _said(subscription: Subscription) -> str:
    return subscription.get_status_display().lower()
