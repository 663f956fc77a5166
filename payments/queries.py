"""What others may ask about money."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from payments.models import Payment, PaymentAttempt
from payments.purposes import holding_purposes
from payments.states import LIVE_ATTEMPTS

HOLDS_COUNT_FOR: Final = timedelta(hours=1)


def open_holds(user_id: int, *, at: datetime) -> int:
    """How many unpaid holds this person has; one whose time is over no longer counts.

    What takes no place from anybody, like a subscription, is no hold.
    """
    holds = Payment.objects.holding().filter(user_id=user_id, expires_at__gt=at)
    return holds.filter(purpose__in=holding_purposes()).count()


def seconds_until_next_hold(user_id: int, *, at: datetime) -> int:
    """How long this person must wait: until the oldest of too many no longer counts; 0: not at all.

    Paid holds made within an hour count, however they ended.
    """
    most: int = settings.MAX_HOLDS_PER_HOUR
    if most < 1:
        return int(HOLDS_COUNT_FOR.total_seconds())
    made = Payment.objects.filter(
        user_id=user_id, created_at__lte=at, purpose__in=holding_purposes()
    )
    latest_first = made.order_by("-created_at", "-pk").values_list("created_at", flat=True)
    one_too_many = latest_first[most - 1 : most].first()
    if one_too_many is None or one_too_many < at - HOLDS_COUNT_FOR:
        return 0
    return int((one_too_many + HOLDS_COUNT_FOR - at).total_seconds()) + 1


def live_attempts(payment_id: int) -> list[PaymentAttempt]:
    """Sessions at which somebody may still be paying."""
    return list(PaymentAttempt.objects.filter(payment_id=payment_id, status__in=LIVE_ATTEMPTS))
