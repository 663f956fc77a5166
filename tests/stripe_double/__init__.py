"""A Stripe of our own for tests: a real HTTP server that the real SDK talks to."""

from tests.stripe_double.server import DEFAULT_KEY, DEFAULT_SECRET, StripeDouble

__all__ = ["DEFAULT_KEY", "DEFAULT_SECRET", "StripeDouble"]
