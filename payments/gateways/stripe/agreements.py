"""Subscriptions and their bills (invoices), as Stripe tells them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from payments.gateways.base import (
    AgreementStatus,
    InvoiceStatus,
    ProviderAgreement,
    ProviderInvoice,
)
from payments.gateways.stripe.amounts import from_units
from payments.gateways.stripe.client import id_of, instant, instant_or_none, number_in, own_id

AGREEMENT_STATUS: Final = {
    "incomplete": AgreementStatus.INCOMPLETE,
    # Its first bill was never paid, and can't be any more.
    "incomplete_expired": AgreementStatus.ENDED,
    "trialing": AgreementStatus.TRIALING,
    "active": AgreementStatus.ACTIVE,
    "past_due": AgreementStatus.PAST_DUE,
    # Stripe tries no more and keeps it, or waits for a card: unpaid as well.
    "unpaid": AgreementStatus.PAST_DUE,
    "paused": AgreementStatus.PAST_DUE,
    "canceled": AgreementStatus.ENDED,
}
INVOICE_STATUS: Final = {
    "draft": InvoiceStatus.DRAFT,
    "open": InvoiceStatus.OPEN,
    "paid": InvoiceStatus.PAID,
    "void": InvoiceStatus.DEAD,
    "uncollectible": InvoiceStatus.DEAD,
}


def read_agreement(
    row: Mapping[str, Any], invoices: Iterable[Mapping[str, Any]]
) -> ProviderAgreement:
    period_end = _period_end(row)
    cancel_at = instant_or_none(row.get("cancel_at"))
    ends_then = cancel_at is not None and period_end is not None and cancel_at <= period_end
    return ProviderAgreement(
        id=own_id(row),
        status=AGREEMENT_STATUS[row["status"]],
        agreement_id=number_in(row, "agreement_id"),
        trial_ends_at=instant_or_none(row.get("trial_end")),
        period_end=period_end,
        # In the dashboard the same can be said as a date.
        ends_at_period_end=bool(row["cancel_at_period_end"]) or ends_then,
        ended_at=instant_or_none(row.get("ended_at")),
        invoices=tuple(map(read_invoice, invoices)),
        created_at=instant(row["created"]),
    )


def _period_end(row: Mapping[str, Any]) -> datetime | None:
    ends = [item["current_period_end"] for item in row["items"]["data"]]
    return instant(max(ends)) if ends else None


def read_invoice(row: Mapping[str, Any]) -> ProviderInvoice:
    currency = row["currency"].upper()
    covers_from, covers_until = _covers(row)
    is_open = row["status"] == "open"
    moved = row.get("status_transitions") or {}
    return ProviderInvoice(
        id=own_id(row),
        status=INVOICE_STATUS[row["status"]],
        amount=from_units(row["amount_due"], currency),
        paid=from_units(row["amount_paid"], currency),
        currency=currency,
        provider_payment_id=money_of_invoice(row),
        covers_from=covers_from,
        covers_until=covers_until,
        paid_at=instant_or_none(moved.get("paid_at")),
        tries=int(row.get("attempt_count") or 0),
        next_try_at=instant_or_none(row.get("next_payment_attempt")) if is_open else None,
        pay_url=(row.get("hosted_invoice_url") or "") if is_open else "",
        created_at=instant(row["created"]),
    )


def money_of_invoice(row: Mapping[str, Any]) -> str:
    """The payment that settled it, '' while none did or when its payments weren't asked for."""
    payments = row.get("payments") or {"data": []}
    for each in payments["data"]:
        if each["status"] == "paid" and each["payment"]["type"] == "payment_intent":
            return id_of(each["payment"]["payment_intent"])
    return ""


def _covers(row: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """The time that is paid for stands on the lines: the bill's own period is the one before."""
    periods = [line["period"] for line in row["lines"]["data"]]
    if not periods:
        return None, None
    return (
        instant(min(each["start"] for each in periods)),
        instant(max(each["end"] for each in periods)),
    )


def number_in_invoice(row: Mapping[str, Any]) -> str:
    """The subscription that a bill is of, '' for other bills."""
    parent = row.get("parent") or {}
    details = parent.get("subscription_details") or {}
    return id_of(details.get("subscription"))
