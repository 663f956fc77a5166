"""What a provider says of subscriptions and their bills, as a test would have it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from payments.gateways.base import (
    AgreementStatus,
    InvoiceStatus,
    ProviderAgreement,
    ProviderInvoice,
)
from payments.models import BillingAgreement
from payments.policies import period_end
from payments.services import apply_agreement
from tests.infrastructure.world import NOW
from tests.money.magazine import PRICE

# A renewal is a draft for about an hour before it is collected.
AN_HOUR = timedelta(hours=1)


def bill(
    name: str,
    *,
    covers_from: datetime = NOW,
    months: int = 1,
    status: InvoiceStatus = InvoiceStatus.PAID,
    amount: Decimal = PRICE,
    paid_at: datetime | None = None,
    **fields: Any,
) -> ProviderInvoice:
    is_paid = status == InvoiceStatus.PAID
    covers_until = covers_from
    for _ in range(months):
        covers_until = period_end(covers_until, "month")
    given: dict[str, Any] = {
        "id": name,
        "status": status,
        "amount": amount,
        "paid": amount if is_paid else Decimal(0),
        "currency": "USD",
        "provider_payment_id": f"pi_{name}" if is_paid and amount else "",
        "covers_from": covers_from,
        "covers_until": covers_until,
        "paid_at": (paid_at or covers_from) if is_paid else None,
        "pay_url": f"https://pay.example.com/{name}" if status == InvoiceStatus.OPEN else "",
        "created_at": covers_from,
    }
    return ProviderInvoice(**given | fields)


def told(
    agreement: BillingAgreement,
    *bills: ProviderInvoice,
    status: AgreementStatus = AgreementStatus.ACTIVE,
    **fields: Any,
) -> ProviderAgreement:
    """`bills` as they were made, the oldest first."""
    return ProviderAgreement(
        id=agreement.provider_id or "",
        status=status,
        agreement_id=agreement.pk,
        invoices=tuple(reversed(bills)),
        **fields,
    )


def hear(
    agreement: BillingAgreement,
    *bills: ProviderInvoice,
    at: datetime = NOW,
    seen: int | None = None,
    **fields: Any,
) -> bool:
    """The provider says so when it is asked at `at`; the agreement is as it became."""
    agreement.refresh_from_db()
    applied = apply_agreement(
        agreement_id=agreement.pk,
        told=told(agreement, *bills, **fields),
        seen=agreement.answers if seen is None else seen,
        at=at,
    )
    agreement.refresh_from_db()
    return applied
