"""Money that the provider has taken."""

from collections.abc import Iterator

from common.money import money
from common.pages import batches
from payments.differences import Difference
from payments.gateways.base import (
    ProviderCharge,
)
from payments.models import PaymentAttempt
from payments.states import AttemptState
from payments.verify.provider.side import BOOKED, NOBODYS, Side, named


class Charges(Side):
    def differences(self) -> Iterator[Difference]:
        for charges in batches(self.gateway.charges(since=self.asked_since)):
            self.tally.charges += len(charges)
            yield from self._of_charges(charges)

    def _of_charges(self, charges: list[ProviderCharge]) -> Iterator[Difference]:
        by_number = self._by_number(charge.provider_payment_id for charge in charges)
        theirs = {charge.payment_id for charge in charges if charge.payment_id is not None}
        by_payment: dict[int, list[PaymentAttempt]] = {}
        for attempt in self._attempts().filter(payment_id__in=theirs).order_by("pk"):
            by_payment.setdefault(attempt.payment_id, []).append(attempt)
        for charge in charges:
            known = by_number.get(charge.provider_payment_id)
            if known is not None:
                yield from self._of_charge(charge, known)
            elif charge.payment_id is not None:
                attempts = by_payment.get(charge.payment_id, [])
                yield from self._of_unknown_charge(charge, attempts)

    def _of_charge(self, charge: ProviderCharge, attempt: PaymentAttempt) -> Iterator[Difference]:
        theirs = money(charge.amount, charge.currency)
        if attempt.status == AttemptState.MISMATCH:
            if charge.refunded < charge.amount:
                left = money(charge.amount - charge.refunded, charge.currency)
                asked = money(attempt.amount, attempt.currency)
                yield Difference(
                    kind="wrong_amount_kept",
                    payment_id=attempt.payment_id,
                    text=f"{named(attempt)}: {theirs} were taken in where {asked} were asked "
                    f"for, and {left} of it are still kept.",
                    advice=f"Give it back at {self.provider}.",
                )
        elif attempt.status != AttemptState.PAID:
            if not self._is_on_the_way(charge.created_at):
                yield self._unheard(attempt, theirs)
        elif (charge.amount, charge.currency) != (attempt.captured, attempt.currency):
            ours = money(attempt.captured, attempt.currency)
            yield Difference(
                kind="amount_differs",
                payment_id=attempt.payment_id,
                text=f"{named(attempt)}: charge {charge.id} is {theirs} there and {ours} here.",
            )

    def _of_unknown_charge(
        self, charge: ProviderCharge, attempts: list[PaymentAttempt]
    ) -> Iterator[Difference]:
        """Its number was never told to us: it belongs to the attempt that still waits for it."""
        if self._is_on_the_way(charge.created_at):
            return
        theirs = money(charge.amount, charge.currency)
        waiting = [attempt for attempt in attempts if attempt.status not in BOOKED]
        booked = [
            attempt
            for attempt in attempts
            # Booked before its number was kept.
            if attempt.status in BOOKED and not attempt.provider_payment_id
        ]
        if len(booked) == 1:
            yield from self._of_charge(charge, booked[0])
        elif waiting:
            yield self._unheard(waiting[-1], theirs)
        else:
            yield Difference(
                kind="charge_unknown",
                payment_id=charge.payment_id,
                text=f"charge {charge.id} of {theirs} at {self.provider} is for payment "
                f"{charge.payment_id}, and nothing of it is known here.",
                advice=NOBODYS,
            )
