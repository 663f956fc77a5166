"""Checkout sessions: what is said to Stripe, and what it says of them."""

from collections.abc import Mapping
from typing import Any, Final

from payments.gateways.base import Recurring, Session, SessionRequest, SessionStatus
from payments.gateways.stripe.agreements import money_of_invoice
from payments.gateways.stripe.amounts import from_units, to_units
from payments.gateways.stripe.client import id_of, instant, number_in, own_id, stamp
from payments.states import Interval

# In Stripe's words: a unit of its own, and how many of it.
INTERVALS: Final = {
    Interval.MONTH: ("month", 1),
    Interval.QUARTER: ("month", 3),
    Interval.YEAR: ("year", 1),
}
# The modes that are ours; a session that only keeps a card tells of no money.
MODES: Final = frozenset({"payment", "subscription"})
# With its money. Of a subscription that is its first bill's, and it says how it stands itself.
EXPAND: Final = ("payment_intent", "invoice.payments", "subscription")


def session_params(request: SessionRequest) -> Any:
    metadata = {"payment_id": str(request.payment_id), "attempt_id": str(request.attempt_id)}
    price: dict[str, Any] = {
        "currency": request.currency.lower(),
        "unit_amount": to_units(request.amount, request.currency),
        "product_data": {"name": request.description},
    }
    params: dict[str, Any] = {
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": request.idempotency_key,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "expires_at": stamp(request.expires_at),
        # The customer pays the amount and currency that we said, not a converted one.
        "adaptive_pricing": {"enabled": False},
    }
    if request.recurring is None:
        params |= {
            "mode": "payment",
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata, "description": request.description},
        }
    else:
        metadata["agreement_id"] = str(request.recurring.agreement_id)
        unit, count = INTERVALS[Interval(request.recurring.interval)]
        price["recurring"] = {"interval": unit, "interval_count": count}
        params |= {
            "mode": "subscription",
            "metadata": metadata,
            "subscription_data": _subscription_data(request, request.recurring, metadata),
            # A trial too needs a card: what comes after it is collected by itself.
            "payment_method_collection": "always",
        }
    if request.customer_email:
        params["customer_email"] = request.customer_email
    if request.methods:
        params["allowed_payment_method_types"] = list(request.methods)
    return params


def _subscription_data(
    request: SessionRequest, recurring: Recurring, metadata: dict[str, str]
) -> dict[str, Any]:
    data: dict[str, Any] = {"metadata": metadata, "description": request.description}
    if recurring.trial_days:
        data["trial_period_days"] = recurring.trial_days
    return data


def read_session(row: Mapping[str, Any], *, failed: bool = False) -> Session:
    currency = (row["currency"] or "").upper()
    invoice = row.get("invoice")
    money = id_of(row.get("payment_intent"))
    if not money and isinstance(invoice, Mapping):
        money = money_of_invoice(invoice)
    return Session(
        id=own_id(row),
        url=row.get("url") or "",
        status=SessionStatus.FAILED if failed else _status(row),
        amount=from_units(_due(row), currency),
        currency=currency,
        provider_payment_id=money,
        payment_id=number_in(row, "payment_id"),
        reference=row.get("client_reference_id") or "",
        created_at=instant(row["created"]),
        agreement_number=id_of(row.get("subscription")),
        invoice_id=id_of(invoice),
    )


def _due(row: Mapping[str, Any]) -> int:
    """What was asked for now; a trial's session tells that nothing was."""
    if row.get("payment_status") == "no_payment_required":
        return 0
    return row["amount_total"] or 0


def _status(row: Mapping[str, Any]) -> SessionStatus:
    """Paid only when the money is there; a completed session alone isn't."""
    if row["status"] != "complete":
        return SessionStatus.EXPIRED if row["status"] == "expired" else SessionStatus.OPEN
    if row["payment_status"] in {"paid", "no_payment_required"}:
        return SessionStatus.PAID
    # After an asynchronous refusal the money's record waits for another way to pay, in vain.
    gone = _state(row.get("payment_intent")) in {"requires_payment_method", "canceled"} or (
        _state(row.get("subscription")) in {"incomplete_expired", "canceled"}
    )
    return SessionStatus.FAILED if gone else SessionStatus.PROCESSING


def _state(thing: Any) -> str:
    """Of what was expanded; '' of a bare number."""
    return str(thing.get("status") or "") if isinstance(thing, Mapping) else ""
