"""What must be right before the first request."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from payments.purposes import purposes

# The purposes that rows may carry. One without a handler could be paid and never delivered.
KNOWN = ("booking", "subscription", "ticket")


@register()
def every_purpose_has_a_handler(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    return [
        Error(
            f"Nobody delivers what is paid for under the purpose '{purpose}'.",
            hint="Register a handler in the app's AppConfig.ready().",
            id="payments.E001",
        )
        for purpose in KNOWN
        if purpose not in purposes()
    ]
