"""Who may be told where an event takes place online."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from tickets.models import Event
from tickets.queries import events_open_to


def online_for(person: User | AnonymousUser, events: Iterable[Event], at: datetime) -> set[int]:
    """Of these events, those that have an online address which this person may know."""
    secret = {event.pk for event in events if event.online_url}
    # Mostly there is nothing to tell, and so nothing to ask the database for.
    if not isinstance(person, User) or not secret:
        return set()
    if person.has_perm("tickets.view_event"):
        return secret
    return events_open_to(person.pk, secret, at=at)
