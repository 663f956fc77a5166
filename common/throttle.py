"""So many of something in so long a time.

Counted in the database, which all processes share; the cache of one web process knows nothing of
the other's, unless there is a Redis.
"""

import math
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import F

from common.errors import Throttled
from common.models import Count


def count_one(what: str, *, by: str, most: int, seconds: int, at: datetime) -> None:
    """Count one `what` by `by`; more than `most` within `seconds` of the first are refused.

    Nothing is written for what is refused. Raises Throttled with `retryAfter`, the seconds until
    counting begins anew.
    """
    # A digest: nobody's address is kept.
    key = sha256(f"{what}:{by}".encode()).hexdigest()
    ended = at - timedelta(seconds=seconds)
    running = Count.objects.filter(key=key, since__gt=ended)
    since = running.values_list("since", flat=True).first()
    if since is None and _begin(key, ended=ended, at=at):
        return
    if not running.filter(count__lt=most).update(count=F("count") + 1):
        waited = (at - (since or at)).total_seconds()
        raise Throttled(details={"retryAfter": max(1, math.ceil(seconds - waited))})


def _begin(key: str, *, ended: datetime, at: datetime) -> bool:
    """Begin anew; False when somebody else just has."""
    if Count.objects.filter(key=key, since__lte=ended).update(since=at, count=1):
        return True
    try:
        with transaction.atomic():
            Count.objects.create(key=key, since=at, count=1)
    except IntegrityError:
        return False
    return True
