"""Subscriptions: whether they run there as they do here, and whether their bills are booked."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from common.money import money
from common.pages import batches, pages
from payments.differences import Difference, Remedy
from payments.errors import GatewayRefused
from payments.gateways.base import (
    AgreementStatus,
    InvoiceStatus,
    ProviderAgreement,
    ProviderInvoice,
)
from payments.models import BillingAgreement, Payment, PaymentAttempt
from payments.services import STATES
from payments.states import AGREEMENT_RUNS, AgreementState, Wanted
from payments.verify.provider.side import BOOKED, Side, named

NOBODYS: Final = (
    "Look whose it is, and end it there if it is nobody's. Another site that shares the account "
    "would look like this too."
)


class Agreements(Side):
    def differences(self) -> Iterator[Difference]:
        for told in batches(self.gateway.agreements(since=self.asked_since)):
            self.tally.agreements += len(told)
            yield from self._of_agreements(told)
        yield from self._unknown_there()

    def _of_agreements(self, told: list[ProviderAgreement]) -> Iterator[Difference]:
        numbers = [theirs.id for theirs in told]
        ours = BillingAgreement.objects.filter(provider=self.provider, provider_id__in=numbers)
        known = {agreement.provider_id: agreement for agreement in ours}
        booked = _booked(told)
        for theirs in told:
            agreement = known.get(theirs.id)
            if agreement is None:
                yield from self._of_unknown(theirs)
                continue
            self.seen.add(agreement.pk)
            yield from self._of_agreement(theirs, agreement, booked)

    def _of_agreement(
        self, theirs: ProviderAgreement, agreement: BillingAgreement, booked: set[str]
    ) -> Iterator[Difference]:
        for bill in theirs.invoices:
            yield from self._of_bill(bill, agreement, booked)
        yield from self._of_state(theirs, agreement)
        runs_there = theirs.status not in {AgreementStatus.ENDED, AgreementStatus.INCOMPLETE}
        if runs_there and agreement.wants_change():
            yield from self._of_wish(theirs, agreement)

    def _of_bill(
        self, bill: ProviderInvoice, agreement: BillingAgreement, booked: set[str]
    ) -> Iterator[Difference]:
        is_paid = bill.status == InvoiceStatus.PAID and bill.paid > 0
        if not is_paid or bill.id in booked or self._is_on_the_way(bill.paid_at):
            return
        yield _difference(
            "bill_not_booked",
            agreement,
            f"bill {bill.id} of {money(bill.paid, bill.currency)} was paid there, and isn't "
            "booked here.",
        )

    def _of_state(
        self, theirs: ProviderAgreement, agreement: BillingAgreement
    ) -> Iterator[Difference]:
        there = STATES.get(theirs.status)
        here = AgreementState(agreement.status)
        will_end = theirs.ends_at_period_end
        if there is None:
            return
        if AgreementState.ENDED in {there, here} and there != here:
            since = theirs.ended_at or agreement.ended_at
            if self._is_on_the_way(since):
                return
            if here == AgreementState.ENDED:
                said = f"has ended here, and is '{there.label}' there: it is collected on."
                yield _difference("runs_there", agreement, said)
            else:
                said = f"has ended there, and is '{here.label}' here."
                yield _difference("ended_there", agreement, said)
        elif there != here and not self._is_on_the_way(agreement.told_at):
            said = f"is '{there.label}' there, and '{here.label}' here."
            yield _difference("state_differs", agreement, said)
        elif (
            here != AgreementState.ENDED
            and not agreement.wants_change()
            and will_end != (agreement.confirmed == Wanted.END_LATER)
            and not self._is_on_the_way(agreement.told_at)
        ):
            there_it = "will end" if will_end else "will go on"
            said = f"{there_it} there when what is paid for is over, which isn't known here."
            yield _difference("end_unheard", agreement, said)

    def _of_wish(
        self, theirs: ProviderAgreement, agreement: BillingAgreement
    ) -> Iterator[Difference]:
        if self._is_on_the_way(agreement.wanted_at):
            return
        wanted = Wanted(agreement.wanted).label
        why = f" ({agreement.tries} tries; {agreement.last_error})" if agreement.last_error else ""
        said = f"was {wanted}, since {_said(agreement.wanted_at)}, and isn't brought to it{why}."
        if agreement.stray_of_id is not None:
            said = (
                f"is a second one, beside agreement {agreement.stray_of_id}, for one and the same "
                f"sign-up; it {said}"
            )
        yield _difference("wish_not_confirmed", agreement, said, remedy=Remedy.TELL_AGREEMENT)

    def _of_unknown(self, theirs: ProviderAgreement) -> Iterator[Difference]:
        """Begun by a session that we haven't heard of; else it is none of ours."""
        is_over = theirs.status == AgreementStatus.ENDED
        if theirs.agreement_id is None or is_over or self._is_on_the_way(theirs.created_at):
            return
        waiting = self._attempts().filter(payment__agreement_id=theirs.agreement_id)
        attempt = waiting.exclude(status__in=BOOKED).order_by("pk").last()
        if attempt is not None:
            yield Difference(
                kind="sign_up_unheard",
                payment_id=attempt.payment_id,
                subject=attempt.pk,
                text=f"{named(attempt)}: it has begun subscription {theirs.id} there, and reads "
                f"'{attempt.get_status_display()}' here.",
                remedy=Remedy.ASK,
            )
            return
        yield Difference(
            kind="agreement_unknown",
            text=f"subscription {theirs.id} at {self.provider} is '{theirs.status}' for agreement "
            f"{theirs.agreement_id}, and nothing of it is known here.",
            advice=NOBODYS,
        )

    def _unknown_there(self) -> Iterator[Difference]:
        """What runs here and the list didn't name, asked for one by one."""
        ours = BillingAgreement.objects.filter(provider=self.provider, status__in=AGREEMENT_RUNS)
        if self.since is not None:
            ours = ours.filter(created_at__gte=self.since)
        for page in pages(ours):
            for agreement in page:
                if agreement.pk in self.seen or self._is_on_the_way(agreement.created_at):
                    continue
                try:
                    theirs = self.gateway.fetch_agreement(agreement.provider_id or "")
                except GatewayRefused as error:
                    yield _difference(
                        "agreement_unknown_there",
                        agreement,
                        f"is '{agreement.get_status_display()}' here, and {self.provider} knows "
                        f"nothing of it ({error}).",
                        remedy=Remedy.PERSON,
                    )
                else:
                    yield from self._of_agreement(theirs, agreement, _booked([theirs]))


def _booked(told: list[ProviderAgreement]) -> set[str]:
    """The bills of these that are booked here."""
    numbers = [bill.id for theirs in told for bill in theirs.invoices]
    found = PaymentAttempt.objects.filter(invoice_id__in=numbers)
    return {number for number in found.values_list("invoice_id", flat=True) if number}


def _difference(
    kind: str,
    agreement: BillingAgreement,
    said: str,
    *,
    remedy: Remedy = Remedy.ASK_AGREEMENT,
) -> Difference:
    link = " " if said.startswith(("is ", "was ", "has ", "will ")) else ": "
    it = f"agreement {agreement.pk} ({agreement.description}, {agreement.provider_id})"
    of = agreement.stray_of_id or agreement.pk
    sign_up = Payment.objects.filter(agreement_id=of).order_by("pk").first()
    return Difference(
        kind=kind,
        payment_id=sign_up.pk if sign_up else None,
        subject=agreement.pk,
        text=f"{it}{link}{said}",
        remedy=remedy,
    )


def _said(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "long ago"
