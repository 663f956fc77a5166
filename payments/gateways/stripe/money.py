"""Charges, refunds and disputes, as Stripe tells them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from payments.gateways.base import (
    ProviderCharge,
    ProviderDispute,
    ProviderRefund,
    RefundStatus,
)
from payments.gateways.stripe.amounts import from_units
from payments.gateways.stripe.client import id_of, instant, number_in, own_id

DISPUTE_IS_OVER: Final = frozenset({"won", "lost", "warning_closed", "prevented"})
# The bank only asks (`warning_…`), or we have the money again.
NOTHING_IS_WITHDRAWN: Final = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented", "won"}
)
REFUND_STATUS: Final = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}


def read_charge(row: Mapping[str, Any]) -> ProviderCharge:
    """A bill's charge carries no metadata of ours: it is known by the number of its money alone."""
    currency = row["currency"].upper()
    return ProviderCharge(
        id=own_id(row),
        provider_payment_id=id_of(row.get("payment_intent")),
        amount=from_units(row["amount_captured"], currency),
        refunded=from_units(row["amount_refunded"], currency),
        currency=currency,
        payment_id=number_in(row, "payment_id"),
        created_at=instant(row["created"]),
    )


def read_refund(row: Mapping[str, Any]) -> ProviderRefund:
    currency = row["currency"].upper()
    return ProviderRefund(
        id=own_id(row),
        status=REFUND_STATUS.get(row.get("status") or "", RefundStatus.PENDING),
        amount=from_units(row["amount"], currency),
        currency=currency,
        provider_payment_id=id_of(row.get("payment_intent")),
        refund_id=number_in(row, "refund_id"),
        created_at=instant(row["created"]),
        failure=row.get("failure_reason") or "",
    )


def read_dispute(row: Mapping[str, Any]) -> ProviderDispute:
    currency = row["currency"].upper()
    return ProviderDispute(
        id=own_id(row),
        status=row["status"],
        reason=row.get("reason") or "",
        amount=from_units(row["amount"], currency),
        currency=currency,
        provider_payment_id=id_of(row.get("payment_intent")),
        withdrawn=_withdrawn(row, currency),
        is_closed=row["status"] in DISPUTE_IS_OVER,
        created_at=instant(row["created"]),
    )


def _withdrawn(row: Mapping[str, Any], currency: str) -> Decimal:
    """What the bank has. Of a lost one a part may have come back: its bookings tell."""
    if row["status"] in NOTHING_IS_WITHDRAWN:
        return Decimal(0)
    moves = row.get("balance_transactions") or []
    is_told = moves and all(move["currency"].upper() == currency for move in moves)
    if row["status"] == "lost" and is_told:
        return max(from_units(-sum(move["amount"] for move in moves), currency), Decimal(0))
    return from_units(row["amount"], currency)
