"""May this person open this resource? Facts are gathered, `access.rules` decides."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from access import decisions
from access.decisions import (
    BookingHint,
    Decision,
    ForSale,
    SubscriptionHint,
    TicketHint,
    WouldGrant,
    either,
)
from access.hints import Ways, own_hints
from access.keys import keys_of
from access.models import Resource
from access.rules import BookingKey, Key, Lock, TicketKey, fitting, opening
from access.states import GrantedBy, SubscriptionStatus
from accounts.models import User
from common import clock

Person = User | AnonymousUser

PUBLIC: Final = Decision(
    allowed=True, code="public", granted_by=GrantedBy.PUBLIC, reason="Open to everybody."
)
STAFF: Final = Decision(
    allowed=True, code="staff", granted_by=GrantedBy.STAFF, reason="Open to you as staff."
)
# Who may change resources may see them all.
STAFF_PERMISSION: Final = "access.change_resource"


def check_user_access(
    user: Person, resource: Resource, at: datetime, *, with_hints: bool = True
) -> Decision:
    """Whether `user` may open `resource` at that moment.

    One query for a customer, none for strangers and for what is public. Who is refused is told
    what would open it, which takes at most three more; `with_hints=False` spares them.
    """
    [decision] = decide_all(user, [resource], at, with_hints=with_hints)
    return decision


def decide_all(
    user: Person, resources: Iterable[Resource], at: datetime, *, with_hints: bool = True
) -> list[Decision]:
    """A decision for each of these resources, in their order: four queries, however many."""
    wanted = list(resources)
    if _is_staff(user):
        return [PUBLIC if resource.is_public else STAFF for resource in wanted]
    keys: list[Key] = []
    ranks: dict[int, int] = {}
    if isinstance(user, User) and user.is_active:
        locked = [resource for resource in wanted if not resource.is_public]
        keys, ranks = keys_of(user.pk, locked, at=at)
    held = [fitting(_lock(resource, ranks), keys) for resource in wanted]
    found = [
        PUBLIC if resource.is_public else _let_in(opening(own, at))
        for resource, own in zip(wanted, held, strict=True)
    ]
    refused = [resource for resource, let_in in zip(wanted, found, strict=True) if not let_in]
    ways = Ways(refused if with_hints else [], at=at)
    return [
        let_in or _refusal(user, resource, own, ways, at)
        for resource, own, let_in in zip(wanted, held, found, strict=True)
    ]


def _is_staff(user: Person) -> bool:
    # In this order: a customer's permissions would be two queries for a sure no.
    return user.is_active and user.is_staff and user.has_perm(STAFF_PERMISSION)


def _lock(resource: Resource, ranks: dict[int, int]) -> Lock:
    return Lock(
        rank=None if resource.plan_id is None else ranks.get(resource.plan_id),
        room_id=resource.room_id,
        event_id=resource.event_id,
    )


def _let_in(key: Key | None) -> Decision | None:
    if key is None:
        return None
    return Decision(
        allowed=True,
        code=key.granted_by,
        granted_by=key.granted_by,
        until=key.closes_at,
        reason=_said_key(key),
    )


def _said_key(key: Key) -> str:
    if isinstance(key, BookingKey):
        return f"Open to you until {clock.say_moment(key.closes_at, key.timezone)}: your booking."
    if isinstance(key, TicketKey):
        return f"Open to you until {clock.say_moment(key.closes_at, key.timezone)}: your ticket."
    said = f"Open to you with {key.plan_name}"
    if key.status == SubscriptionStatus.CANCELLED and key.closes_at is not None:
        return f"{said} until {clock.say_date(key.closes_at, settings.TIME_ZONE)}."
    return f"{said}."


def _refusal(
    user: Person, resource: Resource, own: list[Key], ways: Ways, at: datetime
) -> Decision:
    """No, why not, and what would change that."""
    if not resource.has_rule:
        return Decision(
            allowed=False, code=decisions.CLOSED, reason="This isn't open to anybody right now."
        )
    mine = own_hints(own, at=at)
    others = ways.of(resource, besides=mine)
    code, reason = _why_not(user, own, mine, others)
    return Decision(allowed=False, code=code, reason=reason, would_grant=(*mine, *others))


def _why_not(
    user: Person, own: list[Key], mine: list[WouldGrant], others: list[ForSale]
) -> tuple[str, str]:
    for hint in mine:
        if isinstance(hint, BookingHint | TicketHint):
            return decisions.NOT_YET, hint.text
    for hint in mine:
        if isinstance(hint, SubscriptionHint):
            return (decisions.UNPAID if hint.is_unpaid else decisions.ENDED), hint.text
    if any(isinstance(key, TicketKey) for key in own):
        return decisions.LEFT, "Your ticket was used to go in, and you have left since."
    needs = either([hint.needs for hint in others])
    if not user.is_authenticated:
        return decisions.SIGNED_OUT, (
            f"Sign in: this is open with {needs}."
            if needs
            else "Sign in to see whether this is open to you."
        )
    if not needs:
        return decisions.NO_RIGHT, "This isn't open to you right now."
    return decisions.NO_RIGHT, f"This is open with {needs}."
