"""The demo's mailbox: every mail of the site, for everybody, so that codes can be read.

It exists in the demo alone, where no mail is real. A program reads the same with `?format=json`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.http import Request
from notifications.models import MailAttachment, OutgoingMail
from notifications.preview import SANDBOX, download, preview

View = Callable[..., HttpResponse]

PAGE_SIZE: Final = 25
REFRESH_SECONDS: Final = 2


def demo_only(view: View) -> View:
    """Answer 404 outside the demo, to reading requests only, and never from a cache."""

    @require_safe
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.DJANGO_ENV != "demo":
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@demo_only
def demo_mails(request: Request) -> HttpResponse:
    """All mails, newest first; `?to=` finds part of an address."""
    wanted = request.GET.get("to", "").strip()
    mails = OutgoingMail.objects.order_by("-created_at", "-pk")
    if wanted:
        mails = mails.filter(to__icontains=wanted)
    pages = Paginator(mails, PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    if _wants_json(request):
        return JsonResponse(_page_as_json(request, page))
    facts = {"page": page, "to": wanted, "query": f"{urlencode({'to': wanted})}&" if wanted else ""}
    response = render(request, "notifications/demo_mails.html", facts)
    # Without a script: the page looks again by itself while a mail is under way.
    if page.number == 1 and any(mail.is_imminent(request.at) for mail in page):
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


@demo_only
def demo_mail(request: Request, mail_id: int) -> HttpResponse:
    """One mail: its HTML in a sandbox, its text, its files."""
    mail = get_object_or_404(OutgoingMail, pk=mail_id)
    if _wants_json(request):
        return JsonResponse(_as_json(request, mail))
    files = mail.attachments.listed()
    facts = {"mail": mail, "files": files, "sandbox": SANDBOX}
    response = render(request, "notifications/demo_mail.html", facts)
    if mail.is_imminent(request.at):
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


@demo_only
def demo_mail_body(request: HttpRequest, mail_id: int) -> HttpResponse:
    """What the iframe of `demo_mail` shows."""
    return preview(get_object_or_404(OutgoingMail, pk=mail_id))


@demo_only
def demo_mail_attachment(request: HttpRequest, mail_id: int, attachment_id: int) -> HttpResponse:
    return download(get_object_or_404(MailAttachment, pk=attachment_id, mail_id=mail_id))


def _wants_json(request: HttpRequest) -> bool:
    return request.GET.get("format") == "json"


def _page_as_json(request: HttpRequest, page: Page[OutgoingMail]) -> dict[str, Any]:
    """The list in the API's own shape."""

    def address(number: int) -> str:
        query = request.GET.copy()
        query["page"] = str(number)
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    return {
        "count": page.paginator.count,
        "next": address(page.next_page_number()) if page.has_next() else None,
        "previous": address(page.previous_page_number()) if page.has_previous() else None,
        "results": [_as_json(request, mail) for mail in page],
    }


def _as_json(request: HttpRequest, mail: OutgoingMail) -> dict[str, Any]:
    detail = reverse("notifications:demo_mail", args=[mail.pk])
    return {
        "id": mail.pk,
        "kind": mail.kind,
        "to": mail.to,
        "state": mail.state,
        "subject": mail.subject,
        "text": mail.text,
        "code": mail.code or None,
        "lastError": mail.last_error,
        "createdAt": mail.created_at.isoformat(),
        "sentAt": mail.sent_at and mail.sent_at.isoformat(),
        "url": request.build_absolute_uri(detail),
    }
