"""So many of something in so long a time, counted in the cache."""

import math
from datetime import datetime
from hashlib import sha256

from django.core.cache import cache

from common.errors import Throttled


def count_one(what: str, *, by: str, most: int, seconds: int, at: datetime) -> None:
    """Count one `what` by `by`; more than `most` within `seconds` of the first are refused.

    Raises Throttled with `retryAfter`, the seconds until counting begins anew.
    """
    key = f"{what}:{sha256(by.encode()).hexdigest()}"
    if cache.add(key, 1, seconds):
        cache.set(f"{key}:since", at.timestamp(), seconds)
        return
    try:
        counted = cache.incr(key)
    except ValueError:
        # Its time ended between the two questions: this is the first of the next.
        cache.add(key, 1, seconds)
        return
    if counted > most:
        waited = at.timestamp() - cache.get(f"{key}:since", at.timestamp())
        raise Throttled(details={"retryAfter": max(1, math.ceil(seconds - waited))})
