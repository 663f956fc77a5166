"""Counters against rows, for events and their tiers."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Sum

from common.service import service
from tickets.models import Event, Ticket, TicketOrder, Tier


@dataclass(frozen=True)
class WrongCounter:
    """`what` is 'event' or 'tier'; held and sold as counted and as the rows say."""

    what: str
    pk: int
    counted: tuple[int, int]
    rows: tuple[int, int]

    def __str__(self) -> str:
        return (
            f"{self.what} {self.pk}: {self.counted[0]} held and {self.counted[1]} sold counted, "
            f"{self.rows[0]} and {self.rows[1]} by orders and tickets"
        )


def wrong_counters() -> Iterator[WrongCounter]:
    """Every event and tier whose counters differ from its pending orders and live tickets."""
    held = dict(_held("event_id"))
    sold = dict(_sold("event_id"))
    for pk, is_held, is_sold in Event.objects.values_list("pk", "held", "current_participants"):
        rows = (held.get(pk, 0), sold.get(pk, 0))
        if (is_held, is_sold) != rows:
            yield WrongCounter("event", pk, (is_held, is_sold), rows)
    held = dict(_held("tier_id"))
    sold = dict(_sold("order__tier_id"))
    for pk, is_held, is_sold in Tier.objects.values_list("pk", "held", "sold"):
        rows = (held.get(pk, 0), sold.get(pk, 0))
        if (is_held, is_sold) != rows:
            yield WrongCounter("tier", pk, (is_held, is_sold), rows)


@service
def repair_counter(wrong: WrongCounter) -> None:
    """Set the counters to the rows as they are now, under the counter's own lock.

    Where more was sold than there may be, the maximum is raised to match: staff have to look.
    """
    if wrong.what == "event":
        event = Event.objects.select_for_update().get(pk=wrong.pk)
        event.held, event.current_participants = _rows(event_id=wrong.pk)
        if event.max_participants is not None:
            taken = event.held + event.current_participants
            event.max_participants = max(event.max_participants, taken)
        event.save(update_fields=["held", "current_participants", "max_participants"])
        return
    tier = Tier.objects.select_for_update().get(pk=wrong.pk)
    tier.held, tier.sold = _rows(tier_id=wrong.pk)
    if tier.quota is not None:
        tier.quota = max(tier.quota, tier.held + tier.sold)
    tier.save(update_fields=["held", "sold", "quota"])


def _rows(**of: int) -> tuple[int, int]:
    """Held and sold of one event or tier, by its orders and tickets."""
    held = TicketOrder.objects.pending().filter(**of).aggregate(n=Sum("quantity"))["n"] or 0
    sold = {f"order__{name}": pk for name, pk in of.items()}
    return held, Ticket.objects.live().filter(**sold).count()


def _held(by: str) -> Iterator[tuple[int, int]]:
    return iter(
        TicketOrder.objects.pending().order_by().values_list(by).annotate(n=Sum("quantity"))
    )


def _sold(by: str) -> Iterator[tuple[int, int]]:
    return iter(Ticket.objects.live().order_by().values_list(by).annotate(n=Count("pk")))
