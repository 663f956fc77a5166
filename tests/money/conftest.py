"""A provider that can be told to fail."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from payments.gateways import gateway
from payments.purposes import _handlers, register
from tests.money.magazine import PURPOSE, Magazine
from tests.money.moody import MoodyGateway
from tests.money.stripe_desk import desk, no_naps, shop

__all__ = ["desk", "magazine", "moody", "no_naps", "shop"]


@pytest.fixture
def moody(settings: Settings) -> Iterator[type[MoodyGateway]]:
    """New payments go through a provider whose next moods the test writes into `.moods`."""
    settings.PAYMENT_GATEWAYS = {"moody": "tests.money.moody.MoodyGateway"}
    settings.PAYMENT_PROVIDER = "moody"
    MoodyGateway.moods, MoodyGateway.calls = [], []
    gateway.cache_clear()
    yield MoodyGateway
    gateway.cache_clear()


@pytest.fixture
def magazine() -> Iterator[Magazine]:
    """Somebody sells subscriptions here."""
    seller = Magazine()
    register(PURPOSE, seller)
    yield seller
    _handlers.pop(PURPOSE)
