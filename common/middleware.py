"""Small request-wide things: the clock, the admin's content policy, refusals on pages."""

import logging
from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeout

from common.errors import Away, DomainError

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponseBase]

# django-unfold (Alpine, inline styles) can't run under the strict policy of the customers' pages.
ADMIN_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
}


class ClockMiddleware:
    """Read the clock once a request, as `request.at`; everything below is handed this instant."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.at = timezone.now()  # type: ignore[attr-defined]  # see common.http.Request
        response = self.get_response(request)
        is_admin = request.path == "/admin" or request.path.startswith("/admin/")
        # A page that has said what it needs (the scanner) isn't given more.
        if is_admin and not hasattr(response, "_csp_update"):
            response._csp_update = ADMIN_POLICY  # type: ignore[attr-defined]
        return response


class DomainErrorMiddleware:
    """A refusal that a page's view did not catch becomes a page that says what happened."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RedisConnectionError | RedisTimeout):
            # Sign-in counts its tries in the cache: without it nobody is let in, and told so.
            logger.error("the cache doesn't answer: %s", error)
            error = Away()
        if not isinstance(error, DomainError):
            return None
        response = render(request, "refused.html", {"error": error}, status=error.status)
        if seconds := error.details.get("retryAfter"):
            response["Retry-After"] = str(seconds)
        return response
