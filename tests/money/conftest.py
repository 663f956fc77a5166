"""A provider that can be told to fail."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from payments.gateways import gateway
from tests.money.moody import MoodyGateway


@pytest.fixture
def moody(settings: Settings) -> Iterator[type[MoodyGateway]]:
    """New payments go through a provider whose next moods the test writes into `.moods`."""
    settings.PAYMENT_GATEWAYS = {"moody": "tests.money.moody.MoodyGateway"}
    settings.PAYMENT_PROVIDER = "moody"
    MoodyGateway.moods, MoodyGateway.calls = [], []
    gateway.cache_clear()
    yield MoodyGateway
    gateway.cache_clear()
