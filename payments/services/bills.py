"""The bills of a subscription: each that was paid is a payment of its own, booked once."""

import logging
from datetime import datetime

from django.db.models import Q, QuerySet

from common.money import money
from payments import emails
from payments.gateways.base import InvoiceStatus, ProviderAgreement, ProviderInvoice
from payments.models import ZERO, BillingAgreement, Payment, PaymentAttempt
from payments.services.known import wake_events_about
from payments.services.refund import request_refund
from payments.states import AttemptState, ClosedBecause, PaymentState, Wanted

logger = logging.getLogger(__name__)

CAME_AFTER_THE_END = "it was collected after your subscription had ended"


def lock_bills(told: ProviderAgreement) -> None:
    """Lock the payments that these bills are booked on, before the agreement itself."""
    ids = sorted(set(_attempts(told).values_list("payment_id", flat=True)))
    list(Payment.objects.select_for_update().filter(pk__in=ids).order_by("pk"))


def book_bills(agreement: BillingAgreement, told: ProviderAgreement, *, at: datetime) -> None:
    """Book every paid bill that isn't yet; the caller holds the locks of `lock_bills`, and it."""
    paid = [bill for bill in told.invoices if bill.status == InvoiceStatus.PAID and bill.paid > 0]
    known = {attempt.invoice_id: attempt for attempt in _attempts(told)}
    sign_up = _sign_up_without_bill(told)
    # The oldest first: the first bill of all is the sign-up's own.
    for bill in reversed(paid):
        attempt = known.get(bill.id)
        if attempt is None and sign_up is not None:
            attempt, sign_up = sign_up, None
        if attempt is not None:
            _complete(attempt, bill, agreement)
        else:
            _book(agreement, told, bill, at)


def undelivered_bills(told: ProviderAgreement) -> set[str]:
    """Those of these for whose money nothing is given: it goes back."""
    is_void = ~Q(payment__closed_because="") | Q(status=AttemptState.MISMATCH)
    void = _attempts(told).filter(is_void)
    return {attempt.invoice_id for attempt in void if attempt.invoice_id}


def give_back_bill(payment: Payment, *, reason: str, at: datetime) -> None:
    """Send back all of a later bill for which nothing is given, and tell its payer why.

    The caller holds the payment's lock.
    """
    attempt = payment.attempts.get()
    # As money that came too late for anything: paid, and ended without its goods.
    payment.closed_because = ClosedBecause.GIVEN_UP
    payment.save(update_fields=["closed_because"])
    request_refund(payment, amount=attempt.captured, attempt=attempt, reason=reason, at=at)
    emails.money_returned(payment, attempt, reason, at=at)


def _attempts(told: ProviderAgreement) -> QuerySet[PaymentAttempt]:
    numbers = [bill.id for bill in told.invoices]
    return PaymentAttempt.objects.filter(
        Q(invoice_id__in=numbers) | Q(agreement_number=told.id)
    ).select_related("payment")


def _sign_up_without_bill(told: ProviderAgreement) -> PaymentAttempt | None:
    """The session that began it, while its first bill isn't known; None when it took no money."""
    for attempt in _attempts(told).filter(agreement_number=told.id, invoice_id=None):
        if attempt.captured > ZERO or attempt.status == AttemptState.MISMATCH:
            return attempt
    return None


def _complete(attempt: PaymentAttempt, bill: ProviderInvoice, agreement: BillingAgreement) -> None:
    """What is booked already learns what its bill tells besides."""
    is_news = bool(bill.provider_payment_id) and not attempt.provider_payment_id
    attempt.invoice_id = bill.id
    attempt.provider_payment_id = attempt.provider_payment_id or bill.provider_payment_id
    attempt.save(update_fields=["invoice_id", "provider_payment_id"])
    if is_news:
        wake_events_about(attempt.provider_payment_id)
    payment = attempt.payment
    covers = (bill.covers_from, bill.covers_until)
    # The second sign-up's money is booked on the first one's payment, whose time is another.
    is_own = payment.is_paid and payment.agreement_id == agreement.pk
    if is_own and all(covers) and covers != (payment.covers_from, payment.covers_until):
        payment.covers_from, payment.covers_until = covers
        payment.save(update_fields=["covers_from", "covers_until"])


def _book(
    agreement: BillingAgreement, told: ProviderAgreement, bill: ProviderInvoice, at: datetime
) -> None:
    """A renewal: paid, with one try to pay that is paid too, as if it had come by a session."""
    paid_at = bill.paid_at or at
    payment = Payment.objects.create(
        user_id=agreement.user_id,
        purpose=agreement.purpose,
        description=agreement.description,
        amount=bill.paid,
        currency=bill.currency,
        status=PaymentState.PAID,
        agreement=agreement,
        covers_from=bill.covers_from,
        covers_until=bill.covers_until,
        created_at=at,
        paid_at=paid_at,
    )
    attempt = PaymentAttempt.objects.create(
        payment=payment,
        provider=agreement.provider,
        status=AttemptState.PAID,
        amount=bill.paid,
        currency=bill.currency,
        captured=bill.paid,
        invoice_id=bill.id,
        provider_payment_id=bill.provider_payment_id,
        created_at=at,
        expires_at=at,
        asked_at=at,
        paid_at=paid_at,
    )
    wake_events_about(attempt.provider_payment_id)
    if (bill.paid, bill.currency) != (agreement.amount, agreement.currency):
        _flag_other_amount(agreement, payment, attempt, at)
    if _came_after_the_end(agreement, told, bill, paid_at):
        give_back_bill(payment, reason=CAME_AFTER_THE_END, at=at)


def _came_after_the_end(
    agreement: BillingAgreement, told: ProviderAgreement, bill: ProviderInvoice, paid_at: datetime
) -> bool:
    """Collected when no more was to be, because the provider hadn't heard yet or had ended it."""
    if told.ended_at is not None and paid_at > told.ended_at:
        return True
    if agreement.wanted == Wanted.RUN or agreement.wanted_at is None:
        return False
    begins = bill.covers_from or paid_at
    return max(begins, paid_at) >= agreement.wanted_at


def _flag_other_amount(
    agreement: BillingAgreement, payment: Payment, attempt: PaymentAttempt, at: datetime
) -> None:
    came = money(attempt.captured, attempt.currency)
    agreed = money(agreement.amount, agreement.currency)
    said = f"The provider collected {came} where {agreed} were agreed."
    logger.error("payment %s: %s", payment.pk, said)
    payment.flag(said)
    emails.other_bill(payment, attempt, said, at=at)
