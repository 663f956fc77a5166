"""Who asked for which file or link, and what the answer was."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from access.decisions import Decision
from access.models import AccessLog, Resource
from common.throttle import count_one

# From one address: each ask of theirs is a line.
MOST_BY_STRANGERS: Final = 30
WITHIN_SECONDS: Final = 60
# A film is fetched in hundreds of parts, and is one line.
PARTS_BELONG_TO: Final = timedelta(hours=1)


def log_access(
    *,
    user_id: int | None,
    address: str,
    resource: Resource,
    decision: Decision,
    at: datetime,
    is_part: bool = False,
) -> None:
    """One line; `user_id` None: nobody was signed in, at that `address`.

    A part of a file that they were let in to within the last hour is no line of its own. Raises
    Throttled for strangers who ask more than MOST_BY_STRANGERS times.
    """
    if is_part and decision.allowed and _is_noted(user_id, resource, at):
        return
    if user_id is None:
        count_one("open", by=address, most=MOST_BY_STRANGERS, seconds=WITHIN_SECONDS, at=at)
    AccessLog.objects.create(
        user_id=user_id,
        resource=resource,
        slug=resource.slug,
        allowed=decision.allowed,
        granted_by=decision.granted_by,
        at=at,
    )


def _is_noted(user_id: int | None, resource: Resource, at: datetime) -> bool:
    lately = AccessLog.objects.filter(resource=resource, at__gt=at - PARTS_BELONG_TO)
    theirs = Q(user=None) if user_id is None else Q(user=user_id)
    return lately.filter(theirs, allowed=True).exists()
