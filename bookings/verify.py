"""Counters against rows: the check behind `manage.py verify_places` and its nightly beat."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Q

from bookings.models import Booking, Timeslot
from bookings.states import TAKES_PLACE
from common.service import service


@dataclass(frozen=True)
class WrongCounter:
    slot_id: int
    counted: int
    rows: int

    def __str__(self) -> str:
        return f"slot {self.slot_id}: {self.counted} places counted, {self.rows} taken by bookings"


def wrong_counters() -> Iterator[WrongCounter]:
    """Every slot whose counter differs from the bookings that take a place there."""
    slots = (
        Timeslot.objects.annotate(
            rows=Count("bookings", filter=Q(bookings__status__in=TAKES_PLACE))
        )
        .exclude(taken=F("rows"))
        .order_by("pk")
        .values_list("pk", "taken", "rows")
    )
    for pk, taken, rows in slots.iterator():
        yield WrongCounter(pk, taken, rows)


@service
def repair_counter(slot_id: int) -> WrongCounter | None:
    """Set one counter to its rows, under the slot's lock; None when it is right.

    More bookings than places can't be repaired by counting: the places are raised to match and
    staff have to look at who is double.
    """
    slot = Timeslot.objects.select_for_update().get(pk=slot_id)
    rows = Booking.objects.filter(timeslot_id=slot_id, status__in=TAKES_PLACE).count()
    if slot.taken == rows:
        return None
    Timeslot.objects.filter(pk=slot_id).update(
        taken=rows, max_bookings=max(rows, slot.max_bookings)
    )
    return WrongCounter(slot_id, slot.taken, rows)
