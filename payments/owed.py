"""Money that should go back and doesn't, as `verify_money` tells it of all that is sold."""

from decimal import Decimal

from payments.differences import Difference, Remedy
from payments.models import Payment


def empty_handed(payment: Payment, missing: Decimal, text: str) -> Difference:
    """`text` says what ended and how much of it is owed.

    Repaired by itself only where nobody has looked at this money yet: neither a refund that failed
    nor a dispute is gone over without a person.
    """
    remedy, advice = Remedy.GIVE_BACK, ""
    if payment.has_failed_refund:
        remedy = Remedy.PERSON
        advice = "A refund of it failed: try it again from the refund's page."
    elif payment.was_disputed:
        remedy = Remedy.PERSON
        advice = "It was disputed, and the money is with us: give it back from the payment's page."
    return Difference(
        kind="empty_handed",
        payment_id=payment.pk,
        amount=missing,
        text=text,
        remedy=remedy,
        advice=advice,
    )
