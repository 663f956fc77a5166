"""What cardholders' banks want back."""

from collections.abc import Iterator
from decimal import Decimal

from common.money import money
from common.pages import batches
from payments.differences import Difference, Remedy
from payments.gateways.base import (
    ProviderDispute,
)
from payments.models import Dispute
from payments.verify.provider.side import Side, named


class Disputes(Side):
    def differences(self) -> Iterator[Difference]:
        for disputes in batches(self.gateway.disputes(since=self.asked_since)):
            self.tally.disputes += len(disputes)
            yield from self._of_disputes(disputes)

    def _of_disputes(self, disputes: list[ProviderDispute]) -> Iterator[Difference]:
        attempts = self._by_number(theirs.provider_payment_id for theirs in disputes)
        numbers = [theirs.id for theirs in disputes]
        known = {
            row.provider_dispute_id: row
            for row in Dispute.objects.filter(provider_dispute_id__in=numbers)
        }
        for theirs in disputes:
            attempt, ours = attempts.get(theirs.provider_payment_id), known.get(theirs.id)
            if attempt is None or (ours is not None and _facts(ours) == _facts(theirs)):
                continue
            if self._is_on_the_way(theirs.created_at):
                continue
            amount = money(theirs.amount, theirs.currency)
            here = f"is known here as {ours}" if ours else "isn't known here"
            yield Difference(
                kind="dispute_unknown",
                payment_id=attempt.payment_id,
                subject=theirs.id,
                text=f"{named(attempt)}: the dispute {theirs.id} of {amount} ({theirs.reason}, "
                f"{theirs.status}) {here}.",
                remedy=Remedy.NOTE_DISPUTE,
            )


def _facts(dispute: Dispute | ProviderDispute) -> tuple[bool, Decimal, Decimal, str]:
    return dispute.is_closed, dispute.amount, dispute.withdrawn, dispute.currency
