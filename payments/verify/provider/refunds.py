"""Money that went back."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from common.money import money
from common.pages import batches, pages
from payments.differences import Difference, Remedy
from payments.gateways.base import (
    ProviderRefund,
    RefundRequest,
    RefundStatus,
)
from payments.models import PaymentAttempt, Refund
from payments.states import AttemptState, RefundState
from payments.verify.provider.side import Side, named


class Refunds(Side):
    def differences(self) -> Iterator[Difference]:
        for refunds in batches(self.gateway.refunds(since=self.asked_since)):
            self.tally.refunds += len(refunds)
            yield from self._of_refunds(refunds)
        yield from self._refunds_unknown_there()

    def _of_refunds(self, refunds: list[ProviderRefund]) -> Iterator[Difference]:
        ours = {
            refund.pk: refund
            for refund in self._refunds().filter(
                Q(pk__in=[theirs.refund_id for theirs in refunds if theirs.refund_id])
            )
        }
        by_number = {
            refund.provider_refund_id: refund
            for refund in self._refunds().filter(
                provider_refund_id__in=[theirs.id for theirs in refunds]
            )
        }
        attempts = self._by_number(theirs.provider_payment_id for theirs in refunds)
        for theirs in refunds:
            attempt = attempts.get(theirs.provider_payment_id)
            refund = ours.get(theirs.refund_id or 0) or by_number.get(theirs.id)
            if refund is not None:
                self.seen.add(refund.pk)
                yield from self._of_refund(theirs, refund)
            elif attempt is not None and attempt.status == AttemptState.MISMATCH:
                # Not booked as paid: its charge tells how much of it is still kept.
                continue
            elif theirs.status != RefundStatus.FAILED and (attempt or theirs.refund_id):
                yield from self._of_unknown_refund(theirs, attempt)

    def _of_refund(self, theirs: ProviderRefund, refund: Refund) -> Iterator[Difference]:
        named = f"payment {refund.payment_id}: refund {refund.pk}"
        ours, there = money(refund.amount, refund.currency), money(theirs.amount, theirs.currency)
        has_gone = theirs.status != RefundStatus.FAILED
        if refund.provider_refund_id not in {"", theirs.id}:
            if has_gone:
                yield Difference(
                    kind="refunded_twice",
                    payment_id=refund.payment_id,
                    text=f"{named} of {ours} went out as {refund.provider_refund_id} and once "
                    f"more, {there}, as {theirs.id}.",
                    advice="Ask the customer for it, or cancel it at the provider if it still can.",
                )
        elif (theirs.amount, theirs.currency) != (refund.amount, refund.currency):
            yield Difference(
                kind="refund_differs",
                payment_id=refund.payment_id,
                text=f"{named} is {ours} here and {there} there ({theirs.id}).",
            )
        elif refund.status == RefundState.FAILED and has_gone:
            yield Difference(
                kind="refund_went_out",
                payment_id=refund.payment_id,
                subject=refund.attempt_id,
                text=f"{named} of {ours} failed here, and is '{theirs.status}' there "
                f"({theirs.id}).",
                # Tried again meanwhile, it may have gone out twice: that is for a person.
                remedy=Remedy.ASK_REFUNDS if refund.is_retryable else Remedy.PERSON,
                advice="It was tried again: look at the provider's page whether it went out twice.",
            )
        elif refund.status == RefundState.SUCCEEDED and not has_gone:
            if not self._is_on_the_way(refund.done_at):
                yield Difference(
                    kind="refund_failed_later",
                    payment_id=refund.payment_id,
                    subject=refund.attempt_id,
                    text=f"{named} of {ours} reads 'paid back' here, and failed there "
                    f"({theirs.failure or theirs.id}).",
                    remedy=Remedy.ASK_REFUNDS,
                )
        elif (
            refund.status in {RefundState.REQUESTED, RefundState.SENDING}
            and has_gone
            and not self._is_on_the_way(theirs.created_at)
        ):
            yield Difference(
                kind="refund_unheard",
                payment_id=refund.payment_id,
                subject=refund.pk,
                text=f"{named} of {ours} reads '{refund.get_status_display()}' here, and is "
                f"'{theirs.status}' there ({theirs.id}).",
                remedy=Remedy.SEND_REFUND,
            )

    def _of_unknown_refund(
        self, theirs: ProviderRefund, attempt: PaymentAttempt | None
    ) -> Iterator[Difference]:
        """Made at the provider's own page, or of a row that we no longer have."""
        if self._is_on_the_way(theirs.created_at):
            return
        there = money(theirs.amount, theirs.currency)
        of = named(attempt) if attempt else f"refund {theirs.refund_id}, which isn't here"
        yield Difference(
            kind="refund_unknown",
            payment_id=attempt.payment_id if attempt else None,
            subject=attempt.pk if attempt else theirs.id,
            amount=theirs.amount,
            text=f"{of}: {there} went back at {self.provider} ({theirs.id}), "
            "and nothing of it is known here.",
            remedy=Remedy.ASK_REFUNDS if attempt else Remedy.PERSON,
        )

    def _refunds_unknown_there(self) -> Iterator[Difference]:
        """What we call paid back and the lists didn't name, asked for one by one."""
        ours = self._refunds().filter(status=RefundState.SUCCEEDED, done_by=None)
        if self.since is not None:
            ours = ours.filter(created_at__gte=self.since)
        for page in pages(ours):
            for refund in page:
                if refund.pk in self.seen:
                    continue
                theirs = self.gateway.find_refund(request_of(refund))
                if theirs is None:
                    yield Difference(
                        kind="refunded_here_only",
                        payment_id=refund.payment_id,
                        text=f"payment {refund.payment_id}: refund {refund.pk} of "
                        f"{money(refund.amount, refund.currency)} reads 'paid back' here "
                        f"({refund.provider_refund_id or 'no number'}), and {self.provider} has "
                        "no such refund.",
                        advice="The customer has not got it: look at the provider's page.",
                    )
                else:
                    yield from self._of_refund(theirs, refund)

    def _refunds(self) -> QuerySet[Refund]:
        return Refund.objects.filter(attempt__provider=self.provider).select_related("attempt")


def request_of(refund: Refund) -> RefundRequest:
    return RefundRequest(
        idempotency_key=refund.idempotency_key,
        session_id=refund.attempt.session_id or "",
        amount=refund.amount,
        currency=refund.currency,
        refund_id=refund.pk,
        provider_payment_id=refund.attempt.provider_payment_id,
    )
