"""Stripe as payments see it; see payments.gateways.base for what is promised."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import stripe

from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways.base import (
    AgreementStatus,
    ProviderAgreement,
    ProviderCharge,
    ProviderDispute,
    ProviderEvent,
    ProviderRefund,
    RefundRequest,
    RefundStatus,
    Session,
    SessionRequest,
    SessionStatus,
    Subject,
)
from payments.gateways.stripe import events
from payments.gateways.stripe.agreements import read_agreement
from payments.gateways.stripe.amounts import to_units
from payments.gateways.stripe.client import PAGE, KeyOfAnother, clear_answers, connect, stamp
from payments.gateways.stripe.money import read_charge, read_dispute, read_refund
from payments.gateways.stripe.sessions import EXPAND, MODES, read_session, session_params
from payments.states import Wanted

logger = logging.getLogger(__name__)

LONGEST_SESSION: Final = timedelta(hours=24)
# More than come between two looks; a subscription of ten years has a hundred and twenty.


class StripeGateway:
    """Implements payments.gateways.base.Gateway."""

    name = "stripe"

    def create_session(self, request: SessionRequest) -> Session:
        try:
            with clear_answers():
                made = self._client.v1.checkout.sessions.create(
                    session_params(request),
                    {"idempotency_key": request.idempotency_key},
                )
                return read_session(made.to_dict())
        except KeyOfAnother:
            # The key has made a session, from parameters that a former version of this program
            # wrote differently. It is that session that somebody may be paying at.
            found = self._find_session(request)
            if found is None:
                raise
            return found
        except GatewayUnavailable as error:
            if not error.is_replay:
                raise
            # Stripe keeps a 500 under the key and will say nothing else for a day. Either it has
            # made the session all the same, or under this key it never will.
            found = self._find_session(request)
            if found is None:
                raise GatewayRefused(str(error)) from error
            return found

    def fetch_session(self, session_id: str) -> Session:
        with clear_answers():
            _require(session_id, "session")
            found = self._client.v1.checkout.sessions.retrieve(session_id, {"expand": list(EXPAND)})
            return read_session(found.to_dict())

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        try:
            with clear_answers():
                closed = self._client.v1.checkout.sessions.expire(session_id)
                return read_session(closed.to_dict())
        except GatewayRefused:
            # Only an open session can be expired: this one was paid, or is over.
            session = self.fetch_session(session_id)
            if session.status == SessionStatus.OPEN:
                raise
            return session

    def refund(self, request: RefundRequest) -> ProviderRefund:
        money = request.provider_payment_id or self._money_of(request.session_id)
        with clear_answers():
            made = self._client.v1.refunds.create(
                {
                    "payment_intent": money,
                    "amount": to_units(request.amount, request.currency),
                    "metadata": {"refund_id": str(request.refund_id)},
                },
                {"idempotency_key": request.idempotency_key},
            )
            return read_refund(made.to_dict())

    def find_refund(self, request: RefundRequest) -> ProviderRefund | None:
        money = request.provider_payment_id or self._money_of(request.session_id)
        ours = [each for each in self.refunds_of(money) if each.refund_id == request.refund_id]
        # One that failed says nothing of a later one that didn't.
        good = [each for each in ours if each.status != RefundStatus.FAILED]
        return next(iter(good or ours), None)

    def refunds_of(self, provider_payment_id: str) -> Iterator[ProviderRefund]:
        with clear_answers():
            pages = self._client.v1.refunds.list(
                {"payment_intent": provider_payment_id, "limit": PAGE}
            )
            for row in pages.auto_paging_iter():
                yield read_refund(row.to_dict())

    def sessions(self, *, since: datetime) -> Iterator[Session]:
        with clear_answers():
            pages = self._client.v1.checkout.sessions.list(
                {
                    "created": {"gte": stamp(since)},
                    "limit": PAGE,
                    "expand": [f"data.{path}" for path in EXPAND],
                }
            )
            for row in pages.auto_paging_iter():
                if row.mode in MODES:
                    yield read_session(row.to_dict())

    def charges(self, *, since: datetime) -> Iterator[ProviderCharge]:
        with clear_answers():
            pages = self._client.v1.charges.list({"created": {"gte": stamp(since)}, "limit": PAGE})
            for row in pages.auto_paging_iter():
                # A declined card leaves a charge that took no money.
                if row.status == "succeeded" and row.captured:
                    yield read_charge(row.to_dict())

    def refunds(self, *, since: datetime) -> Iterator[ProviderRefund]:
        with clear_answers():
            pages = self._client.v1.refunds.list({"created": {"gte": stamp(since)}, "limit": PAGE})
            for row in pages.auto_paging_iter():
                yield read_refund(row.to_dict())

    def disputes(self, *, since: datetime) -> Iterator[ProviderDispute]:
        with clear_answers():
            pages = self._client.v1.disputes.list({"created": {"gte": stamp(since)}, "limit": PAGE})
            for row in pages.auto_paging_iter():
                yield read_dispute(row.to_dict())

    def fetch_agreement(self, number: str) -> ProviderAgreement:
        with clear_answers():
            _require(number, "subscription")
            found = self._client.v1.subscriptions.retrieve(number).to_dict()
            return read_agreement(found, self._bills_of(number))

    def set_agreement(self, number: str, wanted: str) -> ProviderAgreement:
        try:
            with clear_answers():
                _require(number, "subscription")
                if wanted == Wanted.END_NOW:
                    # No last bill and no credit: what goes back is ours to say.
                    self._client.v1.subscriptions.cancel(
                        number, {"invoice_now": False, "prorate": False}
                    )
                else:
                    self._client.v1.subscriptions.update(
                        number, {"cancel_at_period_end": wanted == Wanted.END_LATER}
                    )
        except GatewayRefused:
            # One that has ended can't be changed any more.
            if self.fetch_agreement(number).status != AgreementStatus.ENDED:
                raise
        if wanted == Wanted.END_NOW:
            self._void_open_bills(number)
        return self.fetch_agreement(number)

    def agreements(self, *, since: datetime) -> Iterator[ProviderAgreement]:
        with clear_answers():
            pages = self._client.v1.subscriptions.list(
                {
                    "created": {"gte": stamp(since)},
                    "status": "all",
                    "limit": PAGE,
                    "expand": ["data.latest_invoice.payments"],
                }
            )
            for row in pages.auto_paging_iter():
                found = row.to_dict()
                latest = found.get("latest_invoice")
                yield read_agreement(found, [latest] if isinstance(latest, Mapping) else [])

    def read_event(self, body: bytes, signature: str) -> ProviderEvent:
        return events.read_event(body, signature)

    def subject_of(self, event: ProviderEvent) -> Subject | None:
        return events.subject_of(event)

    @cached_property
    def _client(self) -> stripe.StripeClient:
        return connect()

    def _void_open_bills(self, number: str) -> None:
        """So that nobody pays for what has ended: their pages stay open otherwise."""
        with clear_answers():
            for bill in self._bills_of(number):
                if bill["status"] == "open":
                    self._void(bill["id"])

    def _void(self, invoice_id: str) -> None:
        try:
            with clear_answers():
                self._client.v1.invoices.void_invoice(invoice_id)
        except GatewayRefused:
            # Paid or voided meanwhile: the next look books what came in.
            logger.warning("bill %s can't be voided any more", invoice_id)

    def _bills_of(self, number: str) -> list[dict[str, Any]]:
        """All of them, newest first: who wasn't heard of for years has many that aren't booked."""
        pages = self._client.v1.invoices.list(
            {"subscription": number, "limit": PAGE, "expand": ["data.payments"]}
        )
        return [row.to_dict() for row in pages.auto_paging_iter()]

    def _find_session(self, request: SessionRequest) -> Session | None:
        """The session that was made under this key, if there is one."""
        for session in self.sessions(since=request.expires_at - LONGEST_SESSION):
            if session.reference == request.idempotency_key:
                return session
        return None

    def _money_of(self, session_id: str) -> str:
        money = self.fetch_session(session_id).provider_payment_id
        if not money:
            raise GatewayRefused("Nothing was paid there, so nothing can go back.")
        return money


def _require(number: str, kind: str) -> None:
    """Without a number the SDK would ask for the list instead."""
    if not number:
        raise GatewayRefused(f"There is no {kind} without a number.")
