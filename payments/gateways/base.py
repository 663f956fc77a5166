"""What we need of a payment provider, and nothing of how it does it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol


class SessionStatus(StrEnum):
    OPEN = "open"
    # Completed by the customer, and the money is still on its way (asynchronous methods).
    PROCESSING = "processing"
    PAID = "paid"
    # Completed by the customer, and the money didn't come after all.
    FAILED = "failed"
    EXPIRED = "expired"


class AgreementStatus(StrEnum):
    """Of a subscription; unpaid ends are all one to us."""

    # Its first bill isn't settled: nothing was bought yet.
    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    ENDED = "ended"


class InvoiceStatus(StrEnum):
    # Not charged yet: a renewal is a draft for about an hour.
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    # Voided, or given up.
    DEAD = "dead"


class RefundStatus(StrEnum):
    # Taken by the provider, which may still come back with a failure.
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Recurring:
    """What makes a session the beginning of a subscription; its `amount` is each interval's."""

    agreement_id: int
    interval: str  # payments.states.Interval
    trial_days: int = 0


@dataclass(frozen=True, kw_only=True)
class SessionRequest:
    """All that a session is made from; the same request under the same key is the same session.

    With `recurring` and days for trial, nothing is due today whatever `amount` says.
    """

    idempotency_key: str
    amount: Decimal
    currency: str
    description: str
    customer_email: str
    return_url: str
    expires_at: datetime
    payment_id: int
    attempt_id: int
    # Ways to pay that settle at once, in the provider's words; () is its own choice.
    methods: tuple[str, ...] = ()
    recurring: Recurring | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """A hosted payment page at the provider, as the provider tells it."""

    id: str
    url: str
    status: SessionStatus
    amount: Decimal
    currency: str
    # The provider's own number of the money, '' as long as there is none. Refunds and disputes
    # name it.
    provider_payment_id: str = ""
    # Our payment, as we told the provider; None for sessions that aren't ours.
    payment_id: int | None = None
    # The idempotency key that it was made under, '' when the provider doesn't tell: it names one
    # attempt of ours, also when we died before we noted the session's id.
    reference: str = ""
    created_at: datetime | None = None
    # The provider's numbers of the subscription that it began and of its first bill, '' when none.
    agreement_number: str = ""
    invoice_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ProviderInvoice:
    """One bill of a subscription."""

    id: str
    status: InvoiceStatus
    # What is due, and what has really come in.
    amount: Decimal
    paid: Decimal
    currency: str
    provider_payment_id: str = ""
    covers_from: datetime | None = None
    covers_until: datetime | None = None
    paid_at: datetime | None = None
    # How often it was tried to collect it by itself; 0 when the provider doesn't tell.
    tries: int = 0
    # When it is tried again by itself; None when it isn't, or nobody knows.
    next_try_at: datetime | None = None
    # Where it can be paid by hand while it is open.
    pay_url: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderAgreement:
    """A subscription at the provider, as it stands now, with its bills, newest first."""

    id: str
    status: AgreementStatus
    # Our agreement, as we told the provider; None for subscriptions that aren't ours.
    agreement_id: int | None = None
    trial_ends_at: datetime | None = None
    period_end: datetime | None = None
    ends_at_period_end: bool = False
    ended_at: datetime | None = None
    invoices: tuple[ProviderInvoice, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AgreementHint:
    """Something happened with this subscription: ask how it stands, whatever the event says."""

    agreement_number: str
    # Of its money: what refunds and disputes name; '' when the event doesn't tell.
    provider_payment_id: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    idempotency_key: str
    session_id: str
    amount: Decimal
    currency: str
    refund_id: int
    provider_payment_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ProviderRefund:
    """A refund in the provider's books; `refund_id` is our row, None when it was made there."""

    id: str
    status: RefundStatus
    amount: Decimal
    currency: str
    provider_payment_id: str
    refund_id: int | None = None
    created_at: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class ProviderCharge:
    """Money that the provider has taken, and how much of it has gone back."""

    id: str
    provider_payment_id: str
    amount: Decimal
    refunded: Decimal
    currency: str
    payment_id: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderDispute:
    """The cardholder's bank wants the money back."""

    id: str
    # The provider's word: 'needs_response', 'won', 'lost', ...
    status: str
    reason: str
    amount: Decimal
    currency: str
    provider_payment_id: str
    # What the bank has of it now: nothing of a mere question or of one that was won.
    withdrawn: Decimal
    is_closed: bool = False
    created_at: datetime | None = None


Subject = Session | ProviderRefund | ProviderCharge | ProviderDispute | AgreementHint


@dataclass(frozen=True, kw_only=True)
class ProviderEvent:
    """Something that happened at the provider, signed by it."""

    id: str
    kind: str
    created_at: datetime
    payload: Mapping[str, Any]


class Gateway(Protocol):
    """A provider.

    Whatever talks to the provider may raise GatewayUnavailable (no clear answer) or GatewayRefused
    (a clear no), and is never called with a transaction open.
    """

    name: str

    def create_session(self, request: SessionRequest) -> Session:
        """Make the session, or find the one that this key has made before.

        Raises EmailRefused when nothing but the customer's e-mail address is in the way.
        """

    def fetch_session(self, session_id: str) -> Session:
        """How the session stands now."""

    def expire_session(self, session_id: str, *, at: datetime) -> Session:
        """Make sure that nobody can pay there any more; an already paid one comes back as paid."""

    def refund(self, request: RefundRequest) -> ProviderRefund:
        """Pay back; a refusal raises GatewayRefused."""

    def find_refund(self, request: RefundRequest) -> ProviderRefund | None:
        """The refund that was made for `request.refund_id`, if the provider has one."""

    def refunds_of(self, provider_payment_id: str) -> Iterator[ProviderRefund]:
        """Every refund of this money, whoever made it."""

    def sessions(self, *, since: datetime) -> Iterator[Session]:
        """Every session made since then, page by page; the same for the three below."""

    def charges(self, *, since: datetime) -> Iterator[ProviderCharge]: ...

    def refunds(self, *, since: datetime) -> Iterator[ProviderRefund]: ...

    def disputes(self, *, since: datetime) -> Iterator[ProviderDispute]: ...

    def fetch_agreement(self, number: str) -> ProviderAgreement:
        """How a subscription stands now, with its bills."""

    def set_agreement(self, number: str, wanted: str) -> ProviderAgreement:
        """Bring it to what is wanted (payments.states.Wanted); again is harmless.

        One that has ended stays ended and is no error.
        """

    def agreements(self, *, since: datetime) -> Iterator[ProviderAgreement]:
        """Every subscription made since then, page by page, ended ones too."""

    def read_event(self, body: bytes, signature: str) -> ProviderEvent:
        """A webhook's content, if the provider signed it lately.

        Raises BadSignature; talks to nobody.
        """

    def subject_of(self, event: ProviderEvent) -> Subject | None:
        """What an event (fresh or stored) tells about; None for kinds that don't concern us.

        Raises UnreadableEvent.
        """
