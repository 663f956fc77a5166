"""Who may be told where an event takes place online."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from tickets.queries import events_open_to


def online_for(person: User | AnonymousUser, event_ids: Iterable[int], at: datetime) -> set[int]:
    """Of these events, those whose online address this person may know."""
    events = set(event_ids)
    if not isinstance(person, User) or not events:
        return set()
    if person.has_perm("tickets.view_event"):
        return events
    return events_open_to(person.pk, events, at=at)
