from datetime import datetime
from decimal import Decimal

from django.conf import settings

from payments.models import BillingAgreement, Payment


def open_payment(
    *,
    user_id: int,
    purpose: str,
    amount: Decimal,
    description: str,
    at: datetime,
    expires_at: datetime,
    agreement: BillingAgreement | None = None,
) -> Payment:
    """Write down what somebody owes until `expires_at`; the provider is asked only when they pay.

    The caller holds the user's lock and has claimed what is sold: this is part of its transaction.
    """
    return Payment.objects.create(
        user_id=user_id,
        purpose=purpose,
        amount=amount,
        currency=settings.CURRENCY,
        description=description[:250],
        created_at=at,
        expires_at=expires_at,
        agreement=agreement,
    )
