"""What is said when a form comes without the token that its page was given, or with an old one."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme


def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Nothing was done; the way back leads to the page of the form, as it is by now.

    Mostly the form was sent twice, or its page was open while one signed in elsewhere.
    """
    return render(request, "403_csrf.html", {"back": _page_of_the_form(request)}, status=403)


def _page_of_the_form(request: HttpRequest) -> str:
    """From where it was sent, when that is a page of ours; else the address that it was sent to."""
    sent_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        sent_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not (sent_from and is_ours):
        return request.get_full_path()
    parts = urlsplit(sent_from)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
