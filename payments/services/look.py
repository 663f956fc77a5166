"""What staff were asked to look at."""

from common.errors import NotFound
from common.service import service
from payments.models import Payment


@service
def note_seen(*, payment_id: int) -> str:
    """Somebody has looked: the payment asks for no attention any more. Returns what it had said.

    Harmless when it asked for none. Raises NotFound.
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound("There is no such payment.")
    said: str = payment.attention
    payment.attention = ""
    payment.save(update_fields=["attention"])
    return said
