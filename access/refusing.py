"""The friendly page of a refusal: why not, and every way to a yes as a button."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from access.decisions import Decision, WouldGrant
from access.models import Resource
from access.shelf import opening_countdown
from accounts.models import User
from common.errors import NotFound
from common.http import Request

UNKNOWN = "There is no such page. Here is what there is."
ICONS = {
    "plan": "layers",
    "room": "calendar-plus",
    "event": "ticket",
    "booking": "calendar-check",
    "ticket": "ticket",
    "subscription": "card",
}


@dataclass(frozen=True)
class GrantingWay:
    """One thing that would open the door, as a button with a line beside it."""

    label: str
    text: str
    href: str
    icon: str


def refuse(
    request: Request, resource: Resource, decision: Decision, *, back_to: str = ""
) -> HttpResponse:
    """403 with the ways to a yes; who isn't signed in is asked to, and comes back (`back_to`).

    Raises NotFound where even the title is a secret yet.
    """
    if not resource.is_offered:
        raise NotFound(UNKNOWN)
    here = back_to or resource.get_absolute_url()
    is_known = isinstance(request.user, User)
    return render(
        request,
        "access/refused.html",
        {
            "resource": resource,
            "reason": decision.reason,
            "ways": [_way(each, decision) for each in decision.would_grant],
            "countdown": opening_countdown(decision, at=request.at),
            "is_known": is_known,
            "sign_in": f"{reverse('account_login')}?{urlencode({'next': here})}",
            "sign_up": f"{reverse('account_signup')}?{urlencode({'next': here})}",
        },
        status=403,
    )


def _way(hint: WouldGrant, decision: Decision) -> GrantingWay:
    # What the page has said above already isn't said again.
    text = "You have it already." if hint.text == decision.reason else hint.text
    return GrantingWay(label=hint.label, text=text, href=hint.url, icon=ICONS[hint.kind])
