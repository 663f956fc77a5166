"""The beginning of what is collected again and again."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from payments.models import ZERO, BillingAgreement, Payment
from payments.services.open_payment import open_payment
from payments.states import Interval


def open_agreement(
    *,
    user_id: int,
    purpose: str,
    amount: Decimal,
    interval: Interval,
    trial_days: int,
    description: str,
    at: datetime,
    expires_at: datetime,
) -> Payment:
    """Write down a subscription of `amount` each interval, to be signed up for until `expires_at`.

    Returns the payment of its sign-up, of nothing when days for trial come first; the provider is
    asked only when they open it. The caller holds the user's lock: this is part of its transaction.
    """
    agreement = BillingAgreement.objects.create(
        user_id=user_id,
        purpose=purpose,
        description=description[:250],
        amount=amount,
        currency=settings.CURRENCY,
        interval=interval,
        trial_days=trial_days,
        provider=settings.PAYMENT_PROVIDER,
        created_at=at,
    )
    return open_payment(
        user_id=user_id,
        purpose=purpose,
        amount=ZERO if trial_days else amount,
        description=description,
        at=at,
        expires_at=expires_at,
        agreement=agreement,
    )
