"""Who asks: the session cookie (with CSRF) or allauth's headless session token."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.stages import EmailVerificationStage
from allauth.headless import app_settings
from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from allauth.headless.internal import sessionkit
from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request as ApiRequest

from accounts.models import User


class SessionTokens(SessionTokenStrategy):
    """allauth's own tokens, found by one question instead of two: is it there, what is in it."""

    def lookup_session(self, session_token: str) -> SessionBase | None:
        found: SessionBase | None = sessionkit.lookup_session(session_token)
        return found


class SessionTokenAuthentication(XSessionTokenAuthentication):
    """`Authorization: Bearer …` or `X-Session-Token: …`, as `/_allauth/app/v1` hands it out."""

    def get_session_token(self, request: HttpRequest) -> str | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        found: str | None = super().get_session_token(request)
        return found

    def authenticate_header(self, request: HttpRequest) -> str:
        return "Bearer"


class CookieAuthentication(SessionAuthentication):
    """The browser's session; unsafe methods need the CSRF token."""


class SessionTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.SessionTokenAuthentication"
    name = ["bearer", "sessionToken"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        # One or the other, not both at once.
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "header", "name": "X-Session-Token"},
        ]


class CookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.CookieAuthentication"
    name = "cookie"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def awaits_verification(request: ApiRequest) -> bool:
    """Signed up or signed in so far that only the code mailed to the address is missing."""
    token = SessionTokenAuthentication().get_session_token(request._request)
    session = (
        app_settings.TOKEN_STRATEGY.lookup_session(token) if token else request._request.session
    )
    login = session.get(LOGIN_SESSION_KEY) if session is not None else None
    if not isinstance(login, dict):
        return False
    stages = login.get("state", {}).get("stages", {})
    return bool(stages.get("current") == EmailVerificationStage.key)


def signed_in(request: ApiRequest) -> User:
    """The person who asks, where the permissions have let in nobody else."""
    assert isinstance(request.user, User)
    return request.user


def address_of(request: ApiRequest | HttpRequest) -> str:
    """The client's network address; what a proxy says of it counts as ALLAUTH_TRUSTED_* allow."""
    asked = request._request if isinstance(request, ApiRequest) else request
    try:
        address: str = get_adapter().get_client_ip(asked)
    except PermissionDenied:
        # None is known, as behind a socket file: all who come that way count as one.
        return ""
    return address
