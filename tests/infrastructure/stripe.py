"""A Stripe that answers over HTTP, and settings that point at it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.stripe_double import StripeDouble


@pytest.fixture
def stripe_double(settings: Settings) -> Iterator[StripeDouble]:
    """A fresh one; its webhooks go nowhere until `double.postman.url` says where."""
    with StripeDouble() as double:
        settings.STRIPE_SECRET_KEY = double.api_key
        settings.STRIPE_WEBHOOK_SECRET = double.webhook_secret
        settings.STRIPE_API_BASE = double.url
        yield double
