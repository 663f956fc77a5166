"""Our rows against the provider's books, page by page; nothing is locked while it is asked."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from payments.differences import Difference, Moment
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.verify.provider.agreements import Agreements
from payments.verify.provider.charges import Charges
from payments.verify.provider.disputes import Disputes
from payments.verify.provider.refunds import Refunds
from payments.verify.provider.sessions import Sessions
from payments.verify.provider.side import SKEW
from payments.verify.tally import Tally

__all__ = ["SKEW", "provider_differences"]

PARTS: Final = (Sessions, Charges, Refunds, Disputes, Agreements)


def provider_differences(
    provider: str, *, since: datetime | None, now: Moment, tally: Tally
) -> Iterator[Difference]:
    """What this provider and we know differently, of what was made since then (None: ever)."""
    try:
        for part in PARTS:
            yield from part(provider, since=since, now=now, tally=tally).differences()
        tally.providers.append(provider)
    except (GatewayUnavailable, GatewayRefused) as error:
        yield Difference(
            kind="provider_silent",
            text=f"{provider} could not be asked to the end ({error}), "
            "so its side was not compared.",
            advice="Run it again once the provider answers.",
        )
