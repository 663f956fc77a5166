"""Stripe, by Checkout's hosted page and Billing. The only package that knows Stripe."""

from payments.gateways.stripe.amounts import from_units, to_units
from payments.gateways.stripe.client import API_VERSION
from payments.gateways.stripe.gateway import StripeGateway

__all__ = ["API_VERSION", "StripeGateway", "from_units", "to_units"]
