"""Calendar days as each room's own clock counts them, asked of the database."""

from datetime import date
from functools import reduce
from operator import or_

from django.db.models import Q

from bookings.models import Room
from common import clock


def on_local_days(instant: str, zone: str, first: date | None, last: date | None) -> Q:
    """`instant` lies on a calendar day from `first` to `last`, as the row's own `zone` counts.

    Both ends are included; None is no bound. One query for the zones there are.
    """
    if first is None and last is None:
        return Q()
    zones = Room.objects.order_by().values_list("timezone", flat=True).distinct()
    return reduce(or_, (_in_zone(name, instant, zone, first, last) for name in zones), Q(pk__in=[]))


def _in_zone(name: str, instant: str, zone: str, first: date | None, last: date | None) -> Q:
    days = Q(**{zone: name})
    if first is not None:
        days &= Q(**{f"{instant}__gte": clock.day_bounds(first, name)[0]})
    if last is not None:
        days &= Q(**{f"{instant}__lt": clock.day_bounds(last, name)[1]})
    return days
