"""The cardholder's bank wants money back: staff are told, and it is seen at what was bought."""

from datetime import datetime

from common.service import service
from payments import emails
from payments.gateways.base import ProviderDispute
from payments.models import Dispute
from payments.services.known import lock_money


@service
def apply_dispute(dispute: ProviderDispute, *, told_at: datetime, at: datetime) -> bool:
    """Note a dispute as the provider told it at `told_at`. Any order, any number of times.

    False when nobody knows the money that it is about, yet.
    """
    attempt = lock_money(dispute.provider_payment_id)
    if attempt is None:
        return False
    row = (
        Dispute.objects.select_for_update().filter(provider_dispute_id=dispute.id).first()
    ) or Dispute(attempt=attempt, provider_dispute_id=dispute.id, created_at=at, told_at=told_at)
    is_new = row.pk is None
    is_older = row.told_at > told_at and row.is_closed == dispute.is_closed
    if not is_new and (is_older or (row.is_closed and not dispute.is_closed)):
        return True
    was_closed = row.is_closed
    row.status = dispute.status
    row.reason = dispute.reason[:100]
    row.amount, row.currency = dispute.amount, dispute.currency
    row.withdrawn = dispute.withdrawn
    row.is_closed = dispute.is_closed
    row.told_at = told_at
    row.save()
    attempt.disputed = attempt.taken_by_banks
    attempt.save(update_fields=["disputed"])

    begins = f"Disputed at the bank ({dispute.id})"
    attempt.payment.flag(f"{begins}: {row}. {row.standing}", instead_of=begins)
    if is_new or row.is_closed != was_closed:
        emails.disputed(attempt.payment, row, at=at)
    return True
