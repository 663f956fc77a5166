"""The one door to payment providers."""

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from payments.gateways.base import Gateway


@lru_cache
def gateway(name: str | None = None) -> Gateway:
    """The gateway of that name, or the one that new payments go through."""
    found: Gateway = import_string(settings.PAYMENT_GATEWAYS[name or settings.PAYMENT_PROVIDER])()
    return found
