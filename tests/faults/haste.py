"""Waits of minutes as waits of seconds, so that the matrix takes minutes and not hours."""

import os
from datetime import timedelta
from decimal import Decimal

from notifications import claiming
from notifications import policies as mail_policies
from payments import policies, tasks
from payments.courier import agreements, refunds
from payments.gateways import stripe
from payments.gateways.base import ProviderRefund, RefundRequest
from payments.gateways.stripe import client
from payments.models import new_key

GATEWAY_TIMEOUT_SECONDS = 2
# Longer than a mail server that hangs is waited for (EMAIL_TIMEOUT in tests/faults/settings.py).
MAIL_LEASE = timedelta(seconds=3)


def shorten() -> None:
    """Each name must be there: a wait that was renamed would make the matrix stand still."""
    _set(tasks, "LATE_AFTER", timedelta(seconds=2))
    _set(refunds, "SEND_AGAIN_AFTER", timedelta(seconds=4))
    _set(agreements, "TELL_AGAIN_AFTER", timedelta(seconds=4))
    _set(agreements, "INSIST_AFTER", timedelta(seconds=4))
    for module in (refunds, agreements):
        _set(module, "backoff", lambda tries: timedelta(seconds=0.3 * tries))
    _set(policies, "GIVE_UP_ON_PROVIDER_AFTER", timedelta(seconds=6))
    # Where it is used: that has it by name.
    _set(claiming, "LEASE", MAIL_LEASE)
    _set(mail_policies, "FIRST_DELAY", timedelta(seconds=0.5))
    _set(client, "TIMEOUT_SECONDS", GATEWAY_TIMEOUT_SECONDS)
    _take_guard_off(os.environ.get("FAULTS_GUARD_OFF", ""))


def _take_guard_off(guard: str) -> None:
    """For the control runs alone: a defect that the check has to find."""
    if guard == "refund-key":
        original = stripe.StripeGateway.refund

        def with_a_fresh_key(self: stripe.StripeGateway, request: RefundRequest) -> ProviderRefund:
            changed = {**vars(request), "idempotency_key": new_key()}
            return original(self, RefundRequest(**changed))

        stripe.StripeGateway.refund = with_a_fresh_key  # type: ignore[method-assign]
    elif guard == "amount":
        stripe.from_units = lambda units, currency: Decimal(units) / 100 - 1
    else:
        assert not guard, f"there is no guard {guard}"


def _set(module: object, name: str, value: object) -> None:
    assert hasattr(module, name), (
        f"{module} has no {name} any more: say it in tests/faults/haste.py"
    )
    setattr(module, name, value)
