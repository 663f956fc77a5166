"""How the bookings of some days went: how many, what they brought in, how full the rooms were.

For whoever has `bookings.view_reports`.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Final, TypedDict

from django.conf import settings
from django.db.models import Case, Count, F, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from bookings.days import on_local_days
from bookings.models import Booking, Timeslot
from bookings.states import BookingStatus
from payments.models import ZERO
from payments.states import PaymentState, RefundState

COUNTS_AS_REFUNDED: Final = [state for state in RefundState if state != RefundState.FAILED]


class Revenue(TypedDict):
    """`net` is captured − refunded; `due` is confirmed and still to be paid at the desk."""

    currency: str
    captured: Decimal
    refunded: Decimal
    net: Decimal
    due: Decimal


class Occupancy(TypedDict):
    """`rate` is taken / places, from 0 to 1; None when there are no places."""

    places: int
    taken: int
    rate: Decimal | None


class Statistics(TypedDict):
    total: int
    by_status: dict[str, int]
    revenue: Revenue
    occupancy: Occupancy


def booking_statistics(
    *, since: date | None = None, until: date | None = None, room_id: int | None = None
) -> Statistics:
    """The bookings whose timeslot begins on a day from `since` to `until`, both included.

    A day is that of the room's own zone; without `room_id` all rooms count. Money is what the
    ledger says of these bookings, whenever it came and went; a refund counts from its request on,
    unless it failed. As many queries for a thousand bookings as for one.
    """
    slots: QuerySet[Timeslot] = Timeslot.objects.filter(
        on_local_days("start_time", "room__timezone", since, until)
    )
    bookings: QuerySet[Booking] = Booking.objects.filter(
        on_local_days("timeslot__start_time", "room__timezone", since, until)
    )
    if room_id is not None:
        slots = slots.filter(room_id=room_id)
        bookings = bookings.filter(room_id=room_id)
    by_status = _by_status(bookings)
    return {
        "total": sum(by_status.values()),
        "by_status": by_status,
        "revenue": _revenue(bookings),
        "occupancy": _occupancy(slots),
    }


def _by_status(bookings: QuerySet[Booking]) -> dict[str, int]:
    """Every status, those too that no booking has."""
    counted = dict(bookings.order_by().values_list("status").annotate(Count("pk")))
    return {status: counted.get(status, 0) for status in BookingStatus.values}


def _revenue(bookings: QuerySet[Booking]) -> Revenue:
    paid = bookings.filter(payment__currency=settings.CURRENCY)
    captured = _sum(paid, "payment__attempts__captured")
    refunded = _sum(
        paid.filter(payment__refunds__status__in=COUNTS_AS_REFUNDED), "payment__refunds__amount"
    )
    return {
        "currency": settings.CURRENCY,
        "captured": captured,
        "refunded": refunded,
        "net": captured - refunded,
        "due": _sum(paid.filter(payment__status=PaymentState.DUE), "payment__amount"),
    }


def _sum(rows: QuerySet[Any], what: str) -> Decimal:
    total: Decimal = rows.aggregate(total=Coalesce(Sum(what), ZERO))["total"]
    return total


def _occupancy(slots: QuerySet[Timeslot]) -> Occupancy:
    # Of a closed timeslot only those places count that somebody has all the same.
    counted = slots.aggregate(
        places=Coalesce(
            Sum(Case(When(is_blocked=True, then=F("taken")), default=F("max_bookings"))), 0
        ),
        taken=Coalesce(Sum("taken"), 0),
    )
    places, taken = counted["places"], counted["taken"]
    rate = (Decimal(taken) / places).quantize(Decimal("0.0001")) if places else None
    return {"places": places, "taken": taken, "rate": rate}
