"""What Stripe sends us: whether it is Stripe's, and what it is about."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import stripe
from django.conf import settings

from payments.errors import BadSignature, UnreadableEvent
from payments.gateways.base import AgreementHint, ProviderEvent, Subject
from payments.gateways.stripe.agreements import money_of_invoice, number_in_invoice
from payments.gateways.stripe.client import UNREADABLE, id_of, instant, own_id
from payments.gateways.stripe.money import read_charge, read_dispute, read_refund
from payments.gateways.stripe.sessions import MODES, read_session

# How old a webhook's signature may be.
TOLERANCE_SECONDS: Final = 300

SESSION_KINDS: Final = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
REFUND_KINDS: Final = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
DISPUTE_KINDS: Final = frozenset(
    {"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"}
)
CHARGE_KINDS: Final = frozenset({"charge.refunded"})
AGREEMENT_KINDS: Final = frozenset(
    f"customer.subscription.{what}"
    for what in ("created", "updated", "deleted", "paused", "resumed", "trial_will_end")
)
# `invoice_payment.paid` names a bill and no subscription; `invoice.paid` tells the same beside it.
INVOICE_KINDS: Final = frozenset(
    f"invoice.{what}"
    for what in (
        "paid",
        "payment_failed",
        "payment_action_required",
        "finalized",
        "voided",
        "marked_uncollectible",
        "updated",
    )
)


def read_event(body: bytes, signature: str) -> ProviderEvent:
    """Raises BadSignature, also for what is signed and is no event at all."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise BadSignature("STRIPE_WEBHOOK_SECRET is not set.")
    try:
        stripe.WebhookSignature.verify_header(
            body.decode(), signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS
        )
        said = json.loads(body, parse_constant=_no_number)
        event = ProviderEvent(
            id=id_of(said["id"]),
            kind=id_of(said["type"]),
            created_at=instant(said["created"]),
            payload=said,
        )
    except (stripe.SignatureVerificationError, *UNREADABLE) as error:
        raise BadSignature(str(error)) from error
    if not event.id or not event.kind:
        raise BadSignature("An event without a number or a kind can't be kept.")
    return event


def _no_number(word: str) -> None:
    """NaN and Infinity: Python reads them, and no database keeps them."""
    raise ValueError(f"{word} is no JSON.")


def subject_of(event: ProviderEvent) -> Subject | None:
    """Raises UnreadableEvent."""
    try:
        return _subject(event)
    except UNREADABLE as error:
        raise UnreadableEvent(f"{type(error).__name__}: {error}") from error


def _subject(event: ProviderEvent) -> Subject | None:
    thing = event.payload["data"]["object"]
    read = next((read for kinds, read in READERS if event.kind in kinds), None)
    if event.kind in SESSION_KINDS and thing.get("mode") in MODES:
        return read_session(thing, failed=event.kind.endswith("async_payment_failed"))
    return read(thing) if read else None


def _read_agreement_hint(thing: Mapping[str, Any]) -> AgreementHint:
    return AgreementHint(agreement_number=own_id(thing))


def _read_bill_hint(thing: Mapping[str, Any]) -> AgreementHint | None:
    """None for a bill that isn't a subscription's."""
    number = number_in_invoice(thing)
    if not number:
        return None
    return AgreementHint(agreement_number=number, provider_payment_id=money_of_invoice(thing))


READERS: Final[tuple[tuple[frozenset[str], Callable[[Mapping[str, Any]], Subject | None]], ...]] = (
    (REFUND_KINDS, read_refund),
    (DISPUTE_KINDS, read_dispute),
    (CHARGE_KINDS, read_charge),
    (AGREEMENT_KINDS, _read_agreement_hint),
    (INVOICE_KINDS, _read_bill_hint),
)
