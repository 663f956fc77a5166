"""Money that staff give back though nothing is cancelled: out of goodwill, or for a fault."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from common.errors import InvalidInput, InvalidTransition, NotFound, PermissionRefused
from common.money import is_exact, money
from common.people import lock_people
from common.service import service
from payments import emails
from payments.errors import PaymentDisputed, RefundChanged
from payments.models import ZERO, Payment
from payments.refund_words import said_of_disputed
from payments.services.refund import DISCRETION, request_refund

if TYPE_CHECKING:
    from accounts.models import User


@service
def refund_by_staff(
    *,
    payment_id: int,
    amount: Decimal | None = None,
    by: "User",
    at: datetime,
    reason: str,
    message: str = "",
    expected_left: Decimal | None = None,
) -> Decimal:
    """Give back `amount` of what was paid; what was bought stays as it is. Returns the amount.

    Without `amount` all goes back that is left. `reason` is for the records, `message` for the
    customer, who is told by a mail of its own. `expected_left` is what there was to give back when
    the person looked: of two who click at once, or one who clicks twice, only the first gives.

    Raises NotFound, PermissionRefused without `bookings.refund_at_discretion` (the policy gives
    money back with a cancel alone), InvalidTransition when there is nothing to give back,
    InvalidInput (nothing, more than is left, a fraction of the smallest coin, no reason),
    RefundChanged, PaymentDisputed when a bank has what is left.
    """
    known = Payment.objects.filter(pk=payment_id).values("user_id").first()
    if known is None:
        raise NotFound("There is no such payment.")
    if not by.has_perm(DISCRETION):
        raise PermissionRefused("Money back without a cancel is a manager's decision.")
    lock_people(known["user_id"], by.pk)
    payment = Payment.objects.locked(payment_id)
    left = payment.refundable
    if left <= ZERO < payment.kept:
        raise PaymentDisputed
    if left <= ZERO:
        raise InvalidTransition("There is nothing of this payment that could go back.")
    if expected_left is not None and expected_left != left:
        raise RefundChanged
    if not reason.strip():
        raise InvalidInput("Say why, for the records.", attr="reason")
    amount = left if amount is None else amount
    most = money(left, payment.currency)
    if amount <= ZERO or not is_exact(amount, payment.currency):
        raise InvalidInput(f"Say how much goes back: at most {most}.", attr="amount")
    if amount > left:
        bank = said_of_disputed(payment)
        raise InvalidInput(f"At most {most} can go back. {bank}".rstrip(), attr="amount")

    given = request_refund(payment, amount=amount, reason=reason.strip(), by=by, at=at)
    emails.refund_given(payment.refunds.latest("pk"), amount=given, message=message.strip(), at=at)
    return given
