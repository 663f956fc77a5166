"""Payment pages: what was paid there and here."""

from collections.abc import Iterator

from common.money import money
from common.pages import batches, pages
from payments.differences import Difference, Remedy
from payments.errors import GatewayRefused
from payments.gateways.base import (
    Session,
    SessionStatus,
)
from payments.models import PaymentAttempt
from payments.states import AttemptState
from payments.verify.provider.side import BOOKED, NOBODYS, Side, named


class Sessions(Side):
    def differences(self) -> Iterator[Difference]:
        for sessions in batches(self.gateway.sessions(since=self.asked_since)):
            self.tally.sessions += len(sessions)
            yield from self._of_sessions(sessions)
        yield from self._unknown_there()

    def _of_sessions(self, sessions: list[Session]) -> Iterator[Difference]:
        known = {
            attempt.session_id: attempt
            for attempt in self._attempts().filter(
                session_id__in=[session.id for session in sessions]
            )
        }
        for session in sessions:
            attempt = known.get(session.id)
            if attempt is None:
                yield from self._of_unknown_session(session)
                continue
            self.seen.add(attempt.pk)
            yield from self._of_session(session, attempt)

    def _of_session(self, session: Session, attempt: PaymentAttempt) -> Iterator[Difference]:
        its = f"{named(attempt)}: session {session.id}"
        theirs = money(session.amount, session.currency)
        ours = money(attempt.captured or attempt.amount, attempt.currency)
        if session.payment_id not in {None, attempt.payment_id}:
            yield Difference(
                kind="session_of_another",
                payment_id=attempt.payment_id,
                text=f"{its} says there that it is for payment {session.payment_id}.",
            )
        elif session.status == SessionStatus.PAID and attempt.status not in BOOKED:
            # Its charge, or the subscription that it began, tells when; only what has neither is
            # judged by the session's own age.
            if session.agreement_number or session.provider_payment_id:
                return
            if self._is_on_the_way(session.created_at):
                return
            yield self._unheard(attempt, theirs)
        elif session.status == SessionStatus.PAID and attempt.status == AttemptState.PAID:
            if (session.amount, session.currency) != (attempt.captured, attempt.currency):
                yield Difference(
                    kind="amount_differs",
                    payment_id=attempt.payment_id,
                    text=f"{its} took in {theirs} there and {ours} here.",
                )
        elif attempt.status == AttemptState.PAID:
            yield Difference(
                kind="paid_here_only",
                payment_id=attempt.payment_id,
                text=f"{its} took in {ours} here, and reads '{session.status}' there.",
            )
        elif session.status in {SessionStatus.EXPIRED, SessionStatus.FAILED} and attempt.is_live:
            if not self._is_on_the_way(attempt.asked_at or attempt.created_at):
                yield Difference(
                    kind="end_unheard",
                    payment_id=attempt.payment_id,
                    subject=attempt.pk,
                    text=f"{its} is '{session.status}' there, and open here.",
                    remedy=Remedy.ASK,
                )
        elif (
            session.status == SessionStatus.OPEN
            and not attempt.is_live
            and not self._is_on_the_way(attempt.asked_at or attempt.created_at)
        ):
            yield Difference(
                kind="session_left_open",
                payment_id=attempt.payment_id,
                subject=attempt.pk,
                text=f"{its} of {theirs} can still be paid there, and is over here.",
                remedy=Remedy.CLOSE_SESSION,
            )

    def _of_unknown_session(self, session: Session) -> Iterator[Difference]:
        """Made by us, and we died before we noted its number; else it is none of ours."""
        if session.payment_id is None or self._is_on_the_way(session.created_at):
            return
        attempts = self._attempts().filter(payment_id=session.payment_id, session_id=None)
        if session.reference:
            attempts = attempts.filter(idempotency_key=session.reference)
        attempt = attempts.order_by("pk").last()
        theirs = money(session.amount, session.currency)
        if attempt is not None and session.status in {SessionStatus.OPEN, SessionStatus.PAID}:
            yield Difference(
                kind="session_unknown",
                payment_id=session.payment_id,
                subject=attempt.pk,
                text=f"{named(attempt)}: session {session.id} of {theirs} is "
                f"'{session.status}' at {self.provider}, and its number isn't known here.",
                remedy=Remedy.ASK,
            )
        elif session.status == SessionStatus.PAID:
            yield Difference(
                kind="session_unknown",
                payment_id=session.payment_id,
                text=f"session {session.id} at {self.provider} is paid with {theirs} for payment "
                f"{session.payment_id}, and nothing of it is known here.",
                advice=NOBODYS,
            )

    def _unknown_there(self) -> Iterator[Difference]:
        """What we call paid and the lists didn't name, asked for one by one."""
        ours = self._attempts().filter(status=AttemptState.PAID).exclude(session_id=None)
        if self.since is not None:
            ours = ours.filter(created_at__gte=self.since)
        for page in pages(ours):
            for attempt in page:
                if attempt.pk in self.seen:
                    continue
                try:
                    session = self.gateway.fetch_session(str(attempt.session_id))
                except GatewayRefused as error:
                    yield Difference(
                        kind="paid_here_only",
                        payment_id=attempt.payment_id,
                        text=f"{named(attempt)}: session {attempt.session_id} took in "
                        f"{money(attempt.captured, attempt.currency)} here, and {self.provider} "
                        f"knows nothing of it ({error}).",
                    )
                else:
                    yield from self._of_session(session, attempt)
