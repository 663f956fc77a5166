"""A scanner link as somebody who asks: it may scan at its event's doors, and nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from django.db.models import Q
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import CookieAuthentication, SessionTokenAuthentication
from accounts.models import User
from common.prepared import Prepared
from tickets.models import ScannerLink

if TYPE_CHECKING:
    from common import http

SCHEME: Final = "Scanner"
NOTED_EVERY: Final = timedelta(minutes=1)

_BY_TOKEN: Final = Prepared(
    lambda token_hash: ScannerLink.objects.filter(token_hash=token_hash).order_by(), values=1
)


@dataclass(frozen=True)
class Doorkeeper:
    """Whoever holds a link, where DRF looks for a person."""

    link: ScannerLink
    pk: None = None
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True

    MAY = frozenset({"tickets.scan_ticket", "tickets.door_event"})

    def has_perm(self, name: str, obj: Any = None) -> bool:
        return name in self.MAY


class ScannerLinkAuthentication(BaseAuthentication):
    """`Authorization: Scanner <token>`; only the views of the door name this class.

    401 with a code of its own: `link_unknown`, `link_revoked`, `link_expired`.
    """

    def authenticate(self, request: Request) -> tuple[Doorkeeper, ScannerLink] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        at = cast("http.Request", request._request).at
        link = _BY_TOKEN.find(ScannerLink.hash_of(token.strip()))
        if link is None:
            raise AuthenticationFailed("This scanner link is not known.", code="link_unknown")
        if link.is_revoked:
            raise AuthenticationFailed("This scanner link was switched off.", code="link_revoked")
        if link.has_expired(at):
            raise AuthenticationFailed("This scanner link's time is over.", code="link_expired")
        _note_use(link, at)
        return Doorkeeper(link), link

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def _note_use(link: ScannerLink, at: datetime) -> None:
    """Its last use, to the minute: a busy gate must not write one row at every scan."""
    if link.last_used_at is not None and at - link.last_used_at < NOTED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - NOTED_EVERY)
    ScannerLink.objects.filter(stale, pk=link.pk).update(last_used_at=at)


# In place of the API's own where a link may ask.
AT_THE_DOOR: Final = [
    SessionTokenAuthentication,
    ScannerLinkAuthentication,
    CookieAuthentication,
]


def link_of(request: Request) -> ScannerLink | None:
    """The link by which somebody asks; None for people."""
    return request.user.link if isinstance(request.user, Doorkeeper) else None


def actor_of(request: Request) -> dict[str, Any]:
    """Who asks, as the services of the door want it: `by` a person or `link`."""
    if (link := link_of(request)) is not None:
        return {"link": link}
    assert isinstance(request.user, User)
    return {"by": request.user}


class ScannerLinkScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "tickets.api.authentication.ScannerLinkAuthentication"
    name = "scannerLink"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Scanner <token>`: the token of a scanner link.",
        }
