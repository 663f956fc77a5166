"""The rows are compared with the URLconf, so an address without a row fails.

What lies under /accounts/ is allauth's; what lies under /admin/ is tested beside the admin.
"""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.permission_matrix.people import V1
from tests.permission_matrix.rows import ROWS

ELSEWHERE = ("accounts/", "_allauth/", "admin")
# They know nobody: files, probes, the demo's mailbox (not there outside the demo), redirects.
FOR_ANYBODY = {
    "brand.css",
    "favicon.ico",
    "demo/styleguide",
    "healthz",
    "readyz",
    "demo/mails",
    "demo/mails/<int:mail_id>",
    "demo/mails/<int:mail_id>/body",
    "demo/mails/<int:mail_id>/attachments/<int:attachment_id>",
    "demo/checkout/<str:session_id>",
    "demo/subscriptions/<str:number>",
    "media/rooms/<str:name>",
    "scan",
    # Whoever knows the secret address; tried in portal/tests/test_calendar.py.
    "calendar/<str:token>.ics",
    "reminders/off/<str:token>",
    r"^(?P<path>(?:account|bookings|events|tickets|plans|subscriptions|resources|pay|demo)"
    r"(?:/.*)?)/$",
    r"^(?P<path>accounts/[a-z0-9/-]*[a-z0-9])$",
    "^api/",
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def known_endpoints() -> dict[str, set[str]]:
    """Our addresses and the methods of each, as far as the view tells: a viewset does."""
    found: dict[str, set[str]] = {}
    for route, view in routes(get_resolver().url_patterns):
        if not route.startswith(ELSEWHERE):
            actions = getattr(view, "actions", None) or {}
            methods = {method.upper() for method in actions} & METHODS
            found.setdefault(route, set()).update(methods)
    return found


def test_every_address_has_a_row() -> None:
    assert {row.route for row in ROWS} | FOR_ANYBODY == set(known_endpoints())
    assert not {row.route for row in ROWS} & FOR_ANYBODY


def test_every_method_of_the_api_has_a_row() -> None:
    told = {(method, route) for route, methods in known_endpoints().items() for method in methods}
    rows = {(row.method, row.route) for row in ROWS if row.route.startswith(V1)}
    # Plain views, which don't tell their methods.
    untold = {("GET", V1 + "schema"), ("POST", V1 + "webhooks/stripe")}

    assert rows - untold == told
