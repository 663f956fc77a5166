"""What we need of a payment provider, and nothing of how it does it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class SessionStatus(StrEnum):
    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class SessionRequest:
    """All that a session is made from; the same request under the same key is the same session."""

    idempotency_key: str
    amount: Decimal
    currency: str
    description: str
    customer_email: str
    return_url: str
    expires_at: datetime
    payment_id: int


@dataclass(frozen=True, kw_only=True)
class Session:
    """A hosted payment page at the provider, as the provider tells it."""

    id: str
    url: str
    status: SessionStatus
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    idempotency_key: str
    session_id: str
    amount: Decimal
    currency: str
    refund_id: int


class Gateway(Protocol):
    """All methods may raise GatewayUnavailable (no clear answer) or GatewayRefused (a clear no)."""

    name: str

    def create_session(self, request: SessionRequest) -> Session:
        """Make the session, or find the one that this key has made before."""

    def fetch_session(self, session_id: str) -> Session:
        """How the session stands now."""

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        """Make sure that nobody can pay there any more; an already paid one comes back as paid."""

    def refund(self, request: RefundRequest) -> str:
        """Pay back; returns the provider's id of the refund."""
