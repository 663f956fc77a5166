"""The link of an online event or a room, as a resource for whoever may be there."""

from datetime import datetime

from django.utils.text import slugify

from access.models import Resource
from access.services.resources import remove, save_resource
from access.states import ResourceKind
from bookings.models import Room
from common.errors import InvalidInput
from common.service import service
from tickets.models import Event


def made_for(of: Event | Room) -> str:
    """How the resource of a meeting remembers whose it is: 'event:7', 'room:5'."""
    return f"{'event' if isinstance(of, Event) else 'room'}:{of.pk}"


def link_of(of: Event | Room) -> Resource | None:
    """The resource that was made of its link, if one was."""
    return Resource.objects.filter(made_for=made_for(of)).first() if of.pk else None


@service
def offer_event_link(*, event: Event, at: datetime) -> Resource:
    """Open the event's online address to ticket holders while their tickets are valid.

    The address stays the event's own: changed there, it is changed here. Raises InvalidInput.
    """
    if not event.is_online:
        raise InvalidInput("Only an event that takes place online has a link.", attr="isOnline")
    return _offer(event, title=f"{event.name}: join online", url="", at=at)


@service
def offer_room_link(*, room: Room, url: str, at: datetime) -> Resource:
    """Open this address to whoever has booked the room, while their time lasts.

    Raises InvalidInput.
    """
    return _offer(room, title=f"{room.name}: join online", url=url, at=at)


@service
def withdraw_link(*, of: Event | Room) -> bool:
    """No longer a resource; what the log says of it stays. False when it wasn't one.

    Staff may have made a file of it meanwhile: that goes too.
    """
    found = Resource.objects.select_for_update().filter(made_for=made_for(of)).first()
    if found is None:
        return False
    remove(found)
    return True


def _offer(of: Event | Room, *, title: str, url: str, at: datetime) -> Resource:
    found = Resource.objects.filter(made_for=made_for(of)).first()
    keys = {"event": of} if isinstance(of, Event) else {"room": of}
    changes = {"kind": ResourceKind.LINK, "url": url, **keys}
    if found is not None:
        # Its title, summary and address may have been written anew since.
        return save_resource(resource_id=found.pk, changes=changes, at=at)
    name = slugify(of.name)[:50].strip("-") or "meeting"
    slug = f"{name}-online-{made_for(of).replace(':', '-')}"
    new = {"slug": slug, "title": title[:150], "made_for": made_for(of)}
    return save_resource(changes=changes | new, at=at)
