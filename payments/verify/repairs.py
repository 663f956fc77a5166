"""The safe repairs: each is looked at once more, then done by the services and couriers."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from common.errors import DomainError
from common.money import money
from common.service import in_one_transaction
from payments import courier
from payments.differences import Difference, Moment, Remedy
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways import gateway
from payments.models import Payment, PaymentAttempt
from payments.queries import live_attempts
from payments.services import apply_dispute, lapse
from payments.services.set_right import (
    close_leftover,
    deliver_paid,
    give_back,
    lock_payment,
    take_goods_back,
    update_goods,
)
from payments.verify.ledger import look_at
from payments.verify.provider import SKEW


class NotRepaired(Exception):
    """Why it stays as it is, in words."""


def repair(difference: Difference, *, now: Moment) -> str:
    """Do what `difference.remedy` says and tell what came of it.

    Raises NotRepaired.
    """
    deed = DEEDS.get(difference.remedy)
    if deed is None:
        raise NotRepaired(difference.advice or "only a person can decide this")
    try:
        return deed(difference, now)
    except (GatewayUnavailable, GatewayRefused) as error:
        raise NotRepaired(f"the provider says: {error}") from error
    except DomainError as error:
        raise NotRepaired(error.message) from error


def _ask(difference: Difference, now: Moment) -> str:
    payment = courier.ask(int(difference.subject), at=now.at)
    return f"asked; the payment is {payment.get_status_display()}"


def _close_session(difference: Difference, now: Moment) -> str:
    payment = courier.expire(int(difference.subject), at=now.at)
    return f"closed; the payment is {payment.get_status_display()}"


def _release(difference: Difference, now: Moment) -> str:
    payment_id = int(difference.subject)
    for attempt in live_attempts(payment_id):
        courier.expire(attempt.pk, at=now.at)
    lapse(payment_id=payment_id, at=now.at)
    payment = Payment.objects.get(pk=payment_id)
    return f"done; the payment is {payment.get_status_display()}"


def _send_refund(difference: Difference, now: Moment) -> str:
    if not courier.send_refund(int(difference.subject), at=now.at):
        raise NotRepaired("the provider did not take it; see the refund's page")
    return "sent"


def _ask_refunds(difference: Difference, now: Moment) -> str:
    courier.ask_refunds(int(difference.subject), at=now.at)
    return "asked and booked"


def _note_dispute(difference: Difference, now: Moment) -> str:
    """Asked anew: it may have moved on since it was listed."""
    assert difference.payment_id is not None
    attempts = PaymentAttempt.objects.filter(payment_id=difference.payment_id)
    for attempt in attempts.exclude(provider_payment_id=""):
        told = list(gateway(attempt.provider).disputes(since=attempt.created_at - SKEW))
        for dispute in told:
            if dispute.id == difference.subject:
                apply_dispute(dispute, told_at=now.at, at=now.at)
                return "noted, and staff are told"
    raise NotRepaired("the provider doesn't name it any more")


def _ask_agreement(difference: Difference, now: Moment) -> str:
    agreement = courier.ask_agreement(int(difference.subject), at=now.at)
    return f"asked; the subscription is {agreement.get_status_display()}"


def _tell_agreement(difference: Difference, now: Moment) -> str:
    if not courier.tell_agreement(int(difference.subject), at=now.at):
        raise NotRepaired("the provider has not confirmed it, or is just being told")
    return "told and confirmed"


def _apply_event(difference: Difference, now: Moment) -> str:
    if not courier.take_event(int(difference.subject), at=now.at):
        raise NotRepaired("it failed again; see the event's page")
    return "applied"


def _with_rows(deed: Callable[[int, Difference, datetime], str]) -> "Deed":
    """For what is wrong in the rows alone: seen once more and set right in one transaction."""

    def do(difference: Difference, now: Moment) -> str:
        payment_id = difference.payment_id
        assert payment_id is not None

        def work() -> str:
            lock_payment(payment_id)
            for found in look_at(payment_id, now=now):
                if found.kind == difference.kind:
                    return deed(payment_id, found, now.at)
            return "it has come right by itself"

        return in_one_transaction(work)

    return do


def _deliver(payment_id: int, difference: Difference, at: datetime) -> str:
    back = deliver_paid(payment_id=payment_id, at=at)
    return f"{back} go back" if back else "given"


def _give_back(payment_id: int, difference: Difference, at: datetime) -> str:
    assert difference.amount is not None
    back = give_back(payment_id=payment_id, amount=difference.amount, at=at)
    currency = Payment.objects.values_list("currency", flat=True).get(pk=payment_id)
    return f"{money(back, currency)} are on their way back"


def _take_back(payment_id: int, difference: Difference, at: datetime) -> str:
    take_goods_back(payment_id=payment_id, at=at)
    return "taken back"


def _close_payment(payment_id: int, difference: Difference, at: datetime) -> str:
    close_leftover(payment_id=payment_id, at=at)
    return "closed"


def _update_goods(payment_id: int, difference: Difference, at: datetime) -> str:
    update_goods(payment_id=payment_id, at=at)
    return "brought up to date"


Deed = Callable[[Difference, Moment], str]

DEEDS: Final[dict[Remedy, Deed]] = {
    Remedy.ASK: _ask,
    Remedy.CLOSE_SESSION: _close_session,
    Remedy.RELEASE: _release,
    Remedy.SEND_REFUND: _send_refund,
    Remedy.ASK_REFUNDS: _ask_refunds,
    Remedy.NOTE_DISPUTE: _note_dispute,
    Remedy.ASK_AGREEMENT: _ask_agreement,
    Remedy.TELL_AGREEMENT: _tell_agreement,
    Remedy.APPLY_EVENT: _apply_event,
    Remedy.DELIVER: _with_rows(_deliver),
    Remedy.GIVE_BACK: _with_rows(_give_back),
    Remedy.TAKE_BACK: _with_rows(_take_back),
    Remedy.CLOSE_PAYMENT: _with_rows(_close_payment),
    Remedy.UPDATE_GOODS: _with_rows(_update_goods),
}
