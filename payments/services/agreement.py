"""What the provider says about a subscription becomes our rows."""

import logging
from datetime import datetime, timedelta
from typing import Final

from common.people import lock_people
from common.service import service
from payments.gateways.base import (
    AgreementStatus,
    InvoiceStatus,
    ProviderAgreement,
    ProviderInvoice,
)
from payments.models import BillingAgreement
from payments.policies import ask_again_at, ask_ended_again_at
from payments.purposes import handler_of_agreement
from payments.services.bills import book_bills, lock_bills, undelivered_bills
from payments.states import AgreementState, Wanted

logger = logging.getLogger(__name__)

STATES: Final = {
    AgreementStatus.TRIALING: AgreementState.TRIALING,
    AgreementStatus.ACTIVE: AgreementState.ACTIVE,
    AgreementStatus.PAST_DUE: AgreementState.PAST_DUE,
    AgreementStatus.ENDED: AgreementState.ENDED,
}
# Its first bill is being settled.
SOON: Final = timedelta(minutes=5)


@service
def apply_agreement(*, agreement_id: int, told: ProviderAgreement, seen: int, at: datetime) -> bool:
    """Book what the provider says about a subscription. Any order, any number of times.

    `seen` is what `BillingAgreement.answers` was before the provider was asked: when another answer
    was written since, this one may be the older and nothing is written. False then: ask anew.

    Each paid bill is booked once and extends what is paid for; one that was collected after the end
    was wanted goes back by itself. The seller is told after every answer.
    """
    known = BillingAgreement.objects.get(pk=agreement_id)
    # Person, payments, agreement, then the goods: the order of the house.
    lock_people(known.user_id)
    lock_bills(told)
    agreement: BillingAgreement = BillingAgreement.objects.select_for_update().get(pk=agreement_id)
    if agreement.provider_id != told.id:
        raise ValueError(f"An answer about {told.id} isn't about agreement {agreement_id}.")
    if agreement.answers != seen:
        return False

    book_bills(agreement, told, at=at)
    if told.status in STATES:
        _note_state(agreement, told, at)
    agreement.answers += 1
    agreement.told_at = at
    agreement.tries = 0
    agreement.last_error = ""
    if not agreement.wants_change():
        agreement.next_ask_at = _next_ask(agreement, told, at)
    agreement.save()
    if agreement.stray_of_id is None:
        handler_of_agreement(agreement).on_agreement_changed(agreement, at=at)
    return True


@service
def note_unanswered(*, agreement_id: int, error: str, wait: timedelta, at: datetime) -> None:
    """The provider gave no answer, or a no: it is asked or told again after `wait`."""
    agreement = BillingAgreement.objects.select_for_update().get(pk=agreement_id)
    agreement.tries += 1
    agreement.last_error = error
    agreement.next_ask_at = at + wait
    agreement.save(update_fields=["tries", "last_error", "next_ask_at"])


@service
def claim_wish(*, agreement_id: int, lease: timedelta, at: datetime) -> BillingAgreement | None:
    """Take on to tell the provider what is wanted; None when nothing is, or somebody has it."""
    agreement: BillingAgreement = BillingAgreement.objects.select_for_update().get(pk=agreement_id)
    is_claimed = agreement.claimed_at is not None and agreement.claimed_at > at - lease
    if is_claimed or not (agreement.is_running and agreement.wants_change()):
        return None
    agreement.claimed_at = at
    agreement.telling = agreement.wanted
    agreement.save(update_fields=["claimed_at", "telling"])
    return agreement


@service
def release_wish(
    *, agreement_id: int, is_answered: bool, wait: timedelta, at: datetime
) -> BillingAgreement:
    """It was told, or nobody knows; what isn't confirmed by now is told again after `wait`.

    Wanted otherwise meanwhile, it is due at once: `next_ask_at` says so.
    """
    agreement: BillingAgreement = BillingAgreement.objects.select_for_update().get(pk=agreement_id)
    claimed_at, agreement.claimed_at = agreement.claimed_at, None
    if is_answered:
        agreement.telling = ""
    is_new = agreement.wanted_at and claimed_at and agreement.wanted_at > claimed_at
    if agreement.wants_change() and not is_new:
        agreement.next_ask_at = at + wait
    agreement.save(update_fields=["claimed_at", "telling", "next_ask_at"])
    return agreement


def _note_state(agreement: BillingAgreement, told: ProviderAgreement, at: datetime) -> None:
    agreement.trial_ends_at = told.trial_ends_at or agreement.trial_ends_at
    agreement.paid_until = _paid_until(agreement, told)
    unpaid = _unpaid_bill(told)
    agreement.status = _state(agreement, told, unpaid, at)
    agreement.ended_at = (told.ended_at or at) if agreement.is_over else None
    if agreement.is_over:
        unpaid = None
    agreement.pay_url = unpaid.pay_url if unpaid else ""
    agreement.failed_tries = unpaid.tries if unpaid else 0
    agreement.next_collect_at = unpaid.next_try_at if unpaid else None
    _note_wish(agreement, told, at)


def _state(
    agreement: BillingAgreement,
    told: ProviderAgreement,
    unpaid: ProviderInvoice | None,
    at: datetime,
) -> AgreementState:
    """What the provider says it is, unless its bills, which are asked for last, know better.

    Paid between the two questions: nobody shall read that their payment failed.
    """
    said = STATES[told.status]
    is_paid_for = agreement.paid_until is not None and at < agreement.paid_until
    if said == AgreementState.PAST_DUE and is_paid_for and unpaid is None:
        return AgreementState.ACTIVE
    return said


def _note_wish(agreement: BillingAgreement, told: ProviderAgreement, at: datetime) -> None:
    """What the provider confirms; what somebody changed in its own pages is taken over.

    Not while it may be our own word that it repeats, said before we wanted something else.
    """
    said = Wanted.END_LATER if told.ends_at_period_end else Wanted.RUN
    if agreement.is_over:
        said = Wanted.END_NOW
    elif agreement.wanted == agreement.confirmed != said and not agreement.telling:
        logger.info("agreement %s: '%s' was said at the provider itself", agreement.pk, said)
        agreement.wanted, agreement.wanted_at = said, at
    agreement.confirmed = said
    if agreement.telling == said:
        agreement.telling = ""


def _paid_until(agreement: BillingAgreement, told: ProviderAgreement) -> datetime | None:
    """The end of what was paid for, by the bills; of the trial, while there is none.

    A bill of nothing (a trial, a present of staff) counts. One that went back by itself doesn't.
    """
    void = undelivered_bills(told)
    ends = [
        bill.covers_until
        for bill in told.invoices
        if bill.status == InvoiceStatus.PAID and bill.covers_until and bill.id not in void
    ]
    if told.trial_ends_at is not None:
        ends.append(told.trial_ends_at)
    return max(ends, default=agreement.paid_until)


def _unpaid_bill(told: ProviderAgreement) -> ProviderInvoice | None:
    """The latest that is still to be paid."""
    open_bills = [bill for bill in told.invoices if bill.status == InvoiceStatus.OPEN]
    return next((bill for bill in open_bills if bill.amount > 0), None)


def _next_ask(
    agreement: BillingAgreement, told: ProviderAgreement, at: datetime
) -> datetime | None:
    if agreement.is_over:
        return ask_ended_again_at(ended_at=agreement.ended_at or at, at=at)
    if told.status not in STATES:
        return at + SOON
    return ask_again_at(paid_until=agreement.paid_until, at=at)
