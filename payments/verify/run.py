"""One look at all of it: the rows, then every provider that has taken money for us."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from payments.differences import Difference, Moment
from payments.models import PaymentAttempt
from payments.states import DESK
from payments.verify.ledger import ledger_differences
from payments.verify.provider import provider_differences
from payments.verify.repairs import NotRepaired, repair
from payments.verify.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A difference, and what a repair made of it ('' when none was asked for)."""

    difference: Difference
    outcome: str = ""
    is_repaired: bool = False

    def __str__(self) -> str:
        if self.is_repaired:
            return f"{self.difference.text} Repaired: {self.outcome}."
        if self.outcome and self.difference.is_repairable:
            return f"{self.difference.text} Not repaired: {self.outcome}."
        return str(self.difference)


def check_money(
    *, since: datetime | None, now: Moment, tally: Tally, with_repair: bool = False
) -> Iterator[Finding]:
    """Everything that doesn't agree, of what was made or moved since then (None: ever).

    Rows come first and are repaired first: the provider is compared with what they have become.
    Nothing is locked while a provider is asked.
    """
    for difference in _differences(since=since, now=now, tally=tally):
        yield _repaired(difference, now) if with_repair else Finding(difference=difference)


def providers() -> list[str]:
    """Those that have a session of ours, and the one of new payments."""
    used = PaymentAttempt.objects.exclude(provider=DESK).order_by().values_list("provider")
    names = {name for (name,) in used.distinct()} | {settings.PAYMENT_PROVIDER}
    return sorted(names)


def _differences(*, since: datetime | None, now: Moment, tally: Tally) -> Iterator[Difference]:
    yield from ledger_differences(since=since, now=now, tally=tally)
    for provider in providers():
        if provider in settings.PAYMENT_GATEWAYS:
            yield from provider_differences(provider, since=since, now=now, tally=tally)
        else:
            yield Difference(
                kind="provider_unknown",
                text=f"Money was taken through '{provider}', which isn't set up any more.",
                advice="Set it up again, so that its side can be compared.",
            )


def _repaired(difference: Difference, now: Moment) -> Finding:
    try:
        return Finding(difference=difference, outcome=repair(difference, now=now), is_repaired=True)
    except NotRepaired as error:
        return Finding(difference=difference, outcome=str(error))
