"""Which of our rows the provider means."""

from django.db.models import Q

from common.people import lock_people
from common.wake import wake
from payments.gateways.base import Session
from payments.models import BillingAgreement, Payment, PaymentAttempt, WebhookEvent
from payments.states import UNAPPLIED


def attempt_of(session: Session, *, provider: str) -> PaymentAttempt | None:
    """The attempt that a session belongs to, also when we died before we noted its id.

    None for the sessions of another site that shares the account.
    """
    ours = Q(session_id=session.id)
    if session.reference:
        ours |= Q(session_id__isnull=True, idempotency_key=session.reference)
    return PaymentAttempt.objects.filter(ours, provider=provider).first()


def agreement_of(number: str, *, provider: str) -> BillingAgreement | None:
    """The agreement that this subscription of the provider is; None when it isn't ours (yet)."""
    if not number:
        return None
    return BillingAgreement.objects.filter(provider=provider, provider_id=number).first()


def lock_money(provider_payment_id: str) -> PaymentAttempt | None:
    """The attempt by which this money came, with its person, payment and itself locked.

    None when no attempt of ours is known to have brought it.
    """
    if not provider_payment_id:
        return None
    known = (
        PaymentAttempt.objects.filter(provider_payment_id=provider_payment_id)
        .select_related("payment")
        .first()
    )
    if known is None:
        return None
    lock_people(known.payment.user_id)
    payment = Payment.objects.locked(known.payment_id)
    attempt: PaymentAttempt = PaymentAttempt.objects.select_for_update().get(pk=known.pk)
    attempt.payment = payment
    return attempt


def wake_events_about(provider_payment_id: str) -> None:
    """Have applied what was told of this money before we knew it."""
    if not provider_payment_id:
        return
    if WebhookEvent.objects.filter(about=provider_payment_id, state__in=UNAPPLIED).exists():
        wake("payments.apply_events_about", provider_payment_id)
