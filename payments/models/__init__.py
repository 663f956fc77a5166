"""The ledger, and the books beside it."""

from payments.models.agreement import BillingAgreement
from payments.models.attempt import PaymentAttempt
from payments.models.check import MoneyCheck
from payments.models.defaults import ZERO, new_key, new_token
from payments.models.demo import DemoAgreement, DemoBill, DemoRefund, DemoSession
from payments.models.dispute import Dispute
from payments.models.payment import Payment, PaymentQuerySet
from payments.models.refund import Refund
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
