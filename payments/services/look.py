"""What staff were asked to look at."""

from common.errors import NotFound
from common.service import service
from payments.models import Payment


@service
def note_seen(*, payment_id: int, shown: str | None = None) -> str:
    """Somebody has looked at what the payment asks attention for. Returns what is settled by that.

    `shown` is what they saw: what came after that still waits for a look. Harmless when it asks
    for none. Raises NotFound.
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound("There is no such payment.")
    lines = payment.attention.splitlines()
    seen = lines if shown is None else shown.splitlines()
    payment.attention = "\n".join(line for line in lines if line not in seen)
    payment.save(update_fields=["attention"])
    return "\n".join(line for line in lines if line in seen)
