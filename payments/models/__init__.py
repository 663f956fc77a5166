"""The ledger, and the books beside it."""

from payments.models.agreement import BillingAgreement
from payments.models.check import MoneyCheck
from payments.models.demo import DemoAgreement, DemoBill, DemoRefund, DemoSession
from payments.models.ledger import (
    ZERO,
    Dispute,
    Payment,
    PaymentAttempt,
    PaymentQuerySet,
    Refund,
    new_key,
    new_token,
)
from payments.models.told import WebhookEvent

__all__ = [
    "ZERO",
    "BillingAgreement",
    "DemoAgreement",
    "DemoBill",
    "DemoRefund",
    "DemoSession",
    "Dispute",
    "MoneyCheck",
    "Payment",
    "PaymentAttempt",
    "PaymentQuerySet",
    "Refund",
    "WebhookEvent",
    "new_key",
    "new_token",
]
