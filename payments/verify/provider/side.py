"""One provider's side of the comparison: its books, our rows, and what is too young to differ."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from payments.differences import Difference, Moment, Remedy
from payments.gateways import gateway
from payments.gateways.base import Gateway
from payments.models import PaymentAttempt
from payments.states import AttemptState
from payments.verify.tally import Tally

# Our clock and the provider's differ a little, and a row of ours is older than its session.
SKEW: Final = timedelta(hours=1)
THE_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)

NOBODYS: Final = (
    "Look at whose payment it is, and give it back there if it is nobody's. Another site that "
    "shares the account would look like this too."
)
BOOKED: Final = (AttemptState.PAID, AttemptState.MISMATCH)


class Marks:
    """Which ids were seen: one bit each, so that a million rows cost a hundred kilobytes."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        place = number >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] & (1 << (number & 7)))


class Side:
    """What the comparisons of sessions, charges, refunds, disputes and subscriptions share."""

    def __init__(self, provider: str, *, since: datetime | None, now: Moment, tally: Tally) -> None:
        self.provider = provider
        self.gateway: Gateway = gateway(provider)
        self.since = since
        self.asked_since = since - SKEW if since else THE_BEGINNING
        self.now = now
        self.tally = tally
        self.seen = Marks()

    def _attempts(self) -> QuerySet[PaymentAttempt]:
        return PaymentAttempt.objects.filter(provider=self.provider).select_related("payment")

    def _by_number(self, numbers: Iterable[str]) -> dict[str, PaymentAttempt]:
        wanted = {number for number in numbers if number}
        found = self._attempts().filter(provider_payment_id__in=wanted)
        return {attempt.provider_payment_id: attempt for attempt in found}

    def _unheard(self, attempt: PaymentAttempt, theirs: str) -> Difference:
        said = attempt.get_status_display()
        return Difference(
            kind="paid_unheard",
            payment_id=attempt.payment_id,
            subject=attempt.pk,
            text=f"{named(attempt)} reads '{said}' here, and {theirs} were paid there.",
            # Booked here before, in part: asking would take it for money that came twice.
            remedy=Remedy.PERSON if attempt.captured else Remedy.ASK,
        )

    def _is_on_the_way(self, since: datetime | None) -> bool:
        is_fresh = self.now.is_fresh(since)
        self.tally.on_the_way += is_fresh
        return is_fresh


def named(attempt: PaymentAttempt) -> str:
    return f"payment {attempt.payment_id} ({attempt.payment.description}), attempt {attempt.pk}"
