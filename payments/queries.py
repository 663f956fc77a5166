"""What others may ask about money."""

from datetime import datetime

from payments.models import Payment, PaymentAttempt
from payments.states import LIVE_ATTEMPTS


def open_holds(user_id: int, *, at: datetime) -> int:
    """How many unpaid holds this person has; one whose time is over no longer counts."""
    return Payment.objects.holding().filter(user_id=user_id, expires_at__gt=at).count()


def holds_made_since(user_id: int, since: datetime, *, until: datetime | None = None) -> int:
    """How many paid holds this person made from `since` on, however they ended."""
    holds = Payment.objects.filter(user_id=user_id, created_at__gte=since)
    if until is not None:
        holds = holds.filter(created_at__lte=until)
    return holds.count()


def hold_made_before(user_id: int, *, others: int) -> datetime | None:
    """When this person made the paid hold that `others` later ones came after; None: never."""
    made = Payment.objects.filter(user_id=user_id).order_by("-created_at", "-pk")
    return made.values_list("created_at", flat=True)[others : others + 1].first()


def live_attempts(payment_id: int) -> list[PaymentAttempt]:
    """Sessions at which somebody may still be paying."""
    return list(PaymentAttempt.objects.filter(payment_id=payment_id, status__in=LIVE_ATTEMPTS))
