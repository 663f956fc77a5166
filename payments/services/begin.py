"""A sign-up is completed: what it agreed begins, or must end before it has."""

from datetime import datetime, timedelta

from common.wake import wake
from payments.gateways.base import Session
from payments.models import BillingAgreement, Payment, PaymentAttempt
from payments.policies import period_end
from payments.states import AgreementState, Wanted


def begin_agreement(
    payment: Payment, attempt: PaymentAttempt, session: Session, *, at: datetime
) -> None:
    """Note that the subscription runs from now on, by our own calendar.

    The provider's own times follow from the first answer, which is asked for right afterwards. The
    caller holds the locks of the person and of the payment, which is just being booked as paid.
    """
    agreement = _locked(payment)
    if agreement is None:
        return
    _number(agreement, attempt, session, at)
    if agreement.trial_days:
        agreement.trial_ends_at = at + timedelta(days=agreement.trial_days)
    agreement.paid_until = agreement.trial_ends_at or period_end(at, agreement.interval)
    agreement.save()
    payment.covers_from, payment.covers_until = at, agreement.paid_until
    payment.save(update_fields=["covers_from", "covers_until"])
    wake("payments.ask_agreement", agreement.pk)


def end_undelivered(payment: Payment, *, at: datetime) -> None:
    """Have the subscription ended that this sign-up began and nobody can be given."""
    agreement = _locked(payment)
    if agreement is not None:
        agreement.want(Wanted.END_NOW, at=at)


def note_stray(
    payment: Payment, attempt: PaymentAttempt, session: Session, *, at: datetime
) -> None:
    """A subscription runs there that the sign-up shall not begin. It ends.

    The sign-up was completed once too often, or with another amount than ours. An agreement of its
    own, so that the sign-up's stays free for the right one. The money is the attempt's, and the
    caller's to give back.
    """
    known = _locked(payment)
    if known is None or not session.agreement_number:
        return
    if session.agreement_number == known.provider_id:
        return
    stray = BillingAgreement(
        user_id=known.user_id,
        purpose=known.purpose,
        description=known.description,
        amount=known.amount,
        currency=known.currency,
        interval=known.interval,
        trial_days=known.trial_days,
        created_at=at,
        stray_of=known,
    )
    _number(stray, attempt, session, at)
    stray.save()
    stray.want(Wanted.END_NOW, at=at)


def _number(
    agreement: BillingAgreement, attempt: PaymentAttempt, session: Session, at: datetime
) -> None:
    agreement.provider = attempt.provider
    agreement.provider_id = session.agreement_number or None
    in_trial = agreement.trial_days > 0
    agreement.status = AgreementState.TRIALING if in_trial else AgreementState.ACTIVE
    agreement.next_ask_at = at


def _locked(payment: Payment) -> BillingAgreement | None:
    """The payment's agreement, locked; whoever looks at `payment.agreement` sees what we write."""
    if payment.agreement_id is None:
        return None
    agreement: BillingAgreement = BillingAgreement.objects.select_for_update().get(
        pk=payment.agreement_id
    )
    payment.agreement = agreement
    return agreement
