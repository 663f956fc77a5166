"""What the provider says about an agreement becomes the state of the subscription."""

from datetime import datetime

from access import emails
from access.models import Subscription
from access.policies import SAME_PERIOD
from access.services.ending import last_change
from access.services.upgrade import take_place
from access.states import SUBSCRIPTION_MOVES, SubscriptionStatus
from payments.models import ZERO, BillingAgreement, Payment
from payments.services import give_back_bill
from payments.states import AgreementState, PaymentState, Wanted

STATUS = {
    AgreementState.TRIALING: SubscriptionStatus.TRIALING,
    AgreementState.ACTIVE: SubscriptionStatus.ACTIVE,
    AgreementState.PAST_DUE: SubscriptionStatus.PAST_DUE,
}
PAID_FOR = {
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.CANCELLED,
}
LATE = "it is for a time after your plan had ended"


def follow(agreement: BillingAgreement, *, at: datetime) -> None:
    """Bring a subscription up to its agreement, and tell; again is harmless.

    The caller holds the locks of the person and of the agreement.
    """
    # By its number and alone: MariaDB can't lock one of several joined rows.
    known = Subscription.objects.filter(agreement_id=agreement.pk).values_list("pk", flat=True)
    number = known.first()
    subscription = Subscription.objects.locked(number) if number is not None else None
    if subscription is None or subscription.is_pending:
        # Nobody's, or its sign-up isn't booked yet: that one begins it.
        return
    subscription.agreement = agreement
    if subscription.status == SubscriptionStatus.EXPIRED:
        _give_back_late_money(subscription, at)
        return
    former, former_end = subscription.status, subscription.paid_until
    paid_until = agreement.paid_until or former_end
    status = _status(subscription, agreement, paid_until, at)
    subscription.move_to(status, at=at, paid_until=paid_until, reason="told by the provider")
    # Of several bills that failed one may be paid, and the plan still waits for the others.
    if subscription.status in PAID_FOR:
        _send_receipts(subscription, former_end, at)
    if subscription.status == SubscriptionStatus.PAST_DUE:
        # Each try that fails is told, once.
        emails.payment_failed(subscription, at=at)
    elif subscription.status != former:
        _tell(subscription, at)
    if _goes_on(subscription, former_end):
        # The first bill after a trial is paid, or a cancelled one was taken up again over there.
        take_place(subscription, at=at, is_told=False)
    if subscription.status == SubscriptionStatus.EXPIRED:
        _give_back_late_money(subscription, at)


def _status(
    subscription: Subscription,
    agreement: BillingAgreement,
    paid_until: datetime | None,
    at: datetime,
) -> SubscriptionStatus:
    now = SubscriptionStatus(subscription.status)
    is_paid_for = paid_until is not None and at < paid_until
    if agreement.is_over:
        ended = agreement.ended_at or at
        # Ended there before its time: what was paid for stays open, as after a cancel.
        is_early = is_paid_for and paid_until is not None and ended < paid_until
        return SubscriptionStatus.CANCELLED if is_early else SubscriptionStatus.EXPIRED
    if agreement.wanted != Wanted.RUN:
        # Also when it was cancelled in the provider's own pages: that is taken over.
        return SubscriptionStatus.CANCELLED if is_paid_for else now
    said = STATUS.get(AgreementState(agreement.status), now)
    # A trial that was over for us isn't taken up again.
    return said if said == now or said in SUBSCRIPTION_MOVES[now] else now


def _goes_on(subscription: Subscription, former_end: datetime | None) -> bool:
    """It renews, or was paid for just now, though it was cancelled over there right afterwards."""
    if subscription.status == SubscriptionStatus.ACTIVE:
        return True
    until = subscription.paid_until
    is_longer = until is not None and former_end is not None and until > former_end + SAME_PERIOD
    return subscription.status == SubscriptionStatus.CANCELLED and is_longer


def _send_receipts(subscription: Subscription, former_end: datetime | None, at: datetime) -> None:
    """One for each bill that has come in since; the sign-up's own is the mail that it began."""
    if former_end is None:
        return
    for payment in _renewals(subscription):
        is_new = payment.covers_until is not None and payment.covers_until > former_end
        if is_new and not payment.refunds.exists():
            emails.subscription_renewed(subscription, payment, at=at)


def _tell(subscription: Subscription, at: datetime) -> None:
    if subscription.status == SubscriptionStatus.CANCELLED:
        emails.subscription_cancelled(subscription, last_change(subscription), by_staff=True, at=at)
    elif subscription.status == SubscriptionStatus.EXPIRED:
        emails.subscription_ended(
            subscription, last_change(subscription), why=_why_ended(subscription), at=at
        )


def _why_ended(subscription: Subscription) -> str:
    if last_change(subscription).from_status == SubscriptionStatus.CANCELLED:
        return "You had cancelled it, and what was paid for is over now."
    return "It could not be collected any more, so it isn't renewed."


def _give_back_late_money(subscription: Subscription, at: datetime) -> None:
    """Of bills for a time that was never open: they were collected, or heard of, after the end.

    Their payer is told by a mail of its own.
    """
    end = subscription.paid_until
    if end is None:
        return
    for payment in _renewals(subscription):
        if payment.covers_until is None or payment.covers_until <= end + SAME_PERIOD:
            continue
        if not payment.refunds.exists():
            give_back_bill(Payment.objects.locked(payment.pk), reason=LATE, at=at)


def _renewals(subscription: Subscription) -> list[Payment]:
    """Every bill with money behind it besides the sign-up, oldest first."""
    paid = Payment.objects.filter(
        agreement_id=subscription.agreement_id, status=PaymentState.PAID, amount__gt=ZERO
    )
    return list(paid.exclude(pk=subscription.payment_id or 0).order_by("pk"))
