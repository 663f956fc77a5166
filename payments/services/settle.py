"""The provider's word about a session becomes our state."""

import logging
from datetime import datetime

from django.db import transaction

from common.money import money
from common.people import lock_people
from common.service import service
from payments import emails
from payments.errors import CannotDeliver
from payments.gateways.base import Session, SessionStatus
from payments.models import ZERO, Payment, PaymentAttempt
from payments.purposes import handler_of
from payments.services.begin import (
    begin_agreement,
    end_undelivered,
    note_stray,
)
from payments.services.close import close_payment
from payments.services.known import wake_events_about
from payments.services.refund import request_refund
from payments.states import (
    HOLDING,
    AttemptState,
    ClosedBecause,
    PaymentState,
)

logger = logging.getLogger(__name__)


@service
def apply_session(*, attempt_id: int, session: Session, at: datetime) -> Payment:
    """Book what the provider says about a session. Any order, any number of times.

    Paid and deliverable: the goods are given in this transaction. Paid and not deliverable: all of
    it is refunded in this transaction. Never paid and empty-handed.
    """
    known = PaymentAttempt.objects.select_related("payment").get(pk=attempt_id)
    # The whole order of locks (user, payment, then the goods) starts here.
    lock_people(known.payment.user_id)
    payment = Payment.objects.locked(known.payment_id)
    attempt = PaymentAttempt.objects.select_for_update().get(pk=attempt_id)
    attempt.session_id = attempt.session_id or session.id
    attempt.provider_payment_id = session.provider_payment_id or attempt.provider_payment_id
    attempt.agreement_number = session.agreement_number or attempt.agreement_number
    attempt.invoice_id = attempt.invoice_id or session.invoice_id or None
    # Before all else: refunds and disputes name the money by it.
    attempt.save(
        update_fields=["session_id", "provider_payment_id", "agreement_number", "invoice_id"]
    )

    if session.status == SessionStatus.PAID:
        _book_money(payment, attempt, session, at)
    elif session.status == SessionStatus.PROCESSING:
        _book_waiting(payment, attempt, at)
    elif session.status == SessionStatus.FAILED:
        _book_failure(payment, attempt, at)
    elif session.status == SessionStatus.EXPIRED:
        _book_expiry(payment, attempt, at)
    return payment


def _book_money(payment: Payment, attempt: PaymentAttempt, session: Session, at: datetime) -> None:
    if attempt.status in {AttemptState.PAID, AttemptState.MISMATCH}:
        return
    if (session.amount, session.currency) != (attempt.amount, attempt.currency):
        attempt.move_to(AttemptState.MISMATCH)
        said = (
            f"The provider reports {session.amount} {session.currency} "
            f"where {attempt.amount} {attempt.currency} were due."
        )
        payment.flag(said)
        logger.error("payment %s: %s", payment.pk, said)
        emails.other_amount(payment, attempt, said, at=at)
        note_stray(payment, attempt, session, at=at)
        return

    attempt.captured = session.amount
    attempt.paid_at = at
    attempt.move_to(AttemptState.PAID)
    wake_events_about(attempt.provider_payment_id)

    if payment.is_paid:
        note_stray(payment, attempt, session, at=at)
        request_refund(
            payment, amount=attempt.captured, attempt=attempt, reason="paid twice", at=at
        )
        emails.money_returned(payment, attempt, "it was paid already", at=at)
        return

    payment.move_to(PaymentState.PAID, at=at)
    begin_agreement(payment, attempt, session, at=at)
    try:
        # What delivering has done is undone when it fails half-way; the money's row stays paid.
        with transaction.atomic():
            handler_of(payment).on_paid(payment, at=at)
            if payment.closed_because:
                # Delivered after all: it must not read as a purchase that ended without its goods.
                payment.closed_because = ""
                payment.save(update_fields=["closed_because"])
        _return_excess(payment, attempt, at)
    except CannotDeliver as error:
        logger.warning(
            "payment %s: %s came too late and goes back: %s",
            payment.pk,
            money(payment.amount, payment.currency),
            error.reason,
        )
        request_refund(
            payment, amount=attempt.captured, attempt=attempt, reason=error.reason, at=at
        )
        emails.money_returned(payment, attempt, error.reason, at=at)
        end_undelivered(payment, at=at)
        if not payment.closed_because:
            # It was still held: nobody else would ever let go of what is paid for.
            payment.closed_because = ClosedBecause.LAPSED
            payment.save(update_fields=["closed_because"])
            handler_of(payment).on_closed(payment, at=at)


def _return_excess(payment: Payment, attempt: PaymentAttempt, at: datetime) -> None:
    """Staff let it be paid later, less was due by then, and the page of before was paid."""
    excess = attempt.captured - payment.amount
    if excess <= ZERO:
        return
    reason = "less was due by the time it was paid"
    given = request_refund(payment, amount=excess, attempt=attempt, reason=reason, at=at)
    if given:
        message = "Less was due by the time your payment came."
        emails.refund_given(payment.refunds.latest("pk"), amount=given, message=message, at=at)


def _book_waiting(payment: Payment, attempt: PaymentAttempt, at: datetime) -> None:
    """Completed, and the bank takes its time: the place stays theirs until it would begin."""
    if attempt.is_live and payment.is_open:
        payment.expires_at = handler_of(payment).too_late_at(payment, at=at)
        payment.move_to(PaymentState.PROCESSING, at=at)


def _book_failure(payment: Payment, attempt: PaymentAttempt, at: datetime) -> None:
    """The bank said no after all."""
    if not attempt.is_live:
        return
    attempt.move_to(AttemptState.FAILED)
    if payment.status in HOLDING:
        close_payment(payment, because=ClosedBecause.FAILED, at=at)
        handler_of(payment).on_closed(payment, at=at)
        emails.payment_failed(payment, at=at)


def _book_expiry(payment: Payment, attempt: PaymentAttempt, at: datetime) -> None:
    if not attempt.is_live:
        return
    attempt.move_to(AttemptState.EXPIRED)
    if payment.status in HOLDING:
        lapsed = payment.expires_at is not None and payment.expires_at <= at
        because = ClosedBecause.LAPSED if lapsed else ClosedBecause.FAILED
        close_payment(payment, because=because, at=at)
        handler_of(payment).on_closed(payment, at=at)
