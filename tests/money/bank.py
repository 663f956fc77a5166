"""A provider in memory: plain lists and dictionaries, to hold our ledger against."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways.base import (
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


@dataclass
class Books:
    """All that the bank knows; `mood` is what it does with the next refund."""

    sessions: dict[str, Session] = field(default_factory=dict)
    refunds: dict[str, ProviderRefund] = field(default_factory=dict)
    disputes: dict[str, ProviderDispute] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    mood: str = "ok"
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def move(self, session_id: str, status: SessionStatus) -> None:
        found = self.sessions[session_id]
        money = f"pay_{session_id}" if status in {"paid", "processing"} else ""
        self.sessions[session_id] = replace(found, status=status, provider_payment_id=money)

    def give_back(
        self, session: Session, amount: Decimal, *, at: datetime, refund_id: int | None = None
    ) -> ProviderRefund:
        refund = ProviderRefund(
            id=f"re_{next(self.numbers)}",
            status=RefundStatus.SUCCEEDED,
            amount=amount,
            currency=session.currency,
            provider_payment_id=session.provider_payment_id,
            refund_id=refund_id,
            created_at=at,
        )
        self.refunds[refund.id] = refund
        return refund

    def given(self, provider_payment_id: str) -> Decimal:
        good = (
            each.amount
            for each in self.refunds.values()
            if each.provider_payment_id == provider_payment_id
            and each.status != RefundStatus.FAILED
        )
        return sum(good, Decimal(0))

    def left(self, session: Session) -> Decimal:
        if session.status != SessionStatus.PAID:
            return Decimal(0)
        return session.amount - self.given(session.provider_payment_id)


class Bank:
    """Implements payments.gateways.base.Gateway."""

    name = "bank"
    books: ClassVar[Books] = Books()
    at: ClassVar[datetime]

    def create_session(self, request: SessionRequest) -> Session:
        books = self.books
        if request.idempotency_key not in books.keys:
            number = f"cs_{next(books.numbers)}"
            books.keys[request.idempotency_key] = number
            books.sessions[number] = Session(
                id=number,
                url=f"https://bank.example/{number}",
                status=SessionStatus.OPEN,
                amount=request.amount,
                currency=request.currency,
                payment_id=request.payment_id,
                reference=request.idempotency_key,
                created_at=self.at,
            )
        return books.sessions[books.keys[request.idempotency_key]]

    def fetch_session(self, session_id: str) -> Session:
        if session_id not in self.books.sessions:
            raise GatewayRefused("There is no such session.")
        return self.books.sessions[session_id]

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        if self.books.sessions[session_id].status == SessionStatus.OPEN:
            self.books.move(session_id, SessionStatus.EXPIRED)
        return self.books.sessions[session_id]

    def refund(self, request: RefundRequest) -> ProviderRefund:
        books, mood = self.books, self.books.mood
        books.mood = "ok"
        if request.idempotency_key in books.keys:
            return books.refunds[books.keys[request.idempotency_key]]
        session = books.sessions[request.session_id]
        if mood == "down":
            raise GatewayUnavailable("connection refused")
        if mood == "no" or request.amount > books.left(session):
            raise GatewayRefused("The card is closed.")
        made = books.give_back(session, request.amount, at=self.at, refund_id=request.refund_id)
        books.keys[request.idempotency_key] = made.id
        if mood == "cut":
            raise GatewayUnavailable("connection cut")
        return made

    def find_refund(self, request: RefundRequest) -> ProviderRefund | None:
        ours = [each for each in self.books.refunds.values() if each.refund_id == request.refund_id]
        good = [each for each in ours if each.status != RefundStatus.FAILED]
        return next(iter(good or ours), None)

    def refunds_of(self, provider_payment_id: str) -> Iterator[ProviderRefund]:
        found = self.books.refunds.values()
        return iter([each for each in found if each.provider_payment_id == provider_payment_id])

    def sessions(self, *, since: datetime) -> Iterator[Session]:
        return iter(list(self.books.sessions.values()))

    def charges(self, *, since: datetime) -> Iterator[ProviderCharge]:
        paid = [each for each in self.books.sessions.values() if each.status == SessionStatus.PAID]
        return iter(
            [
                ProviderCharge(
                    id=f"ch_{each.id}",
                    provider_payment_id=each.provider_payment_id,
                    amount=each.amount,
                    refunded=self.books.given(each.provider_payment_id),
                    currency=each.currency,
                    payment_id=each.payment_id,
                    created_at=each.created_at,
                )
                for each in paid
            ]
        )

    def refunds(self, *, since: datetime) -> Iterator[ProviderRefund]:
        return iter(list(self.books.refunds.values()))

    def disputes(self, *, since: datetime) -> Iterator[ProviderDispute]:
        return iter(list(self.books.disputes.values()))

    def fetch_agreement(self, number: str) -> ProviderAgreement:
        raise GatewayRefused("This bank collects nothing twice.")

    def set_agreement(self, number: str, wanted: str) -> ProviderAgreement:
        raise GatewayRefused("This bank collects nothing twice.")

    def agreements(self, *, since: datetime) -> Iterator[ProviderAgreement]:
        return iter(())

    def read_event(self, body: bytes, signature: str) -> ProviderEvent:
        raise NotImplementedError

    def subject_of(self, event: ProviderEvent) -> Subject | None:
        return None
