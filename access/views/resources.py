"""`/resources`: what there is to open, and by which keys; `/resources/{slug}`: one of them."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from access import markdown
from access.models import Resource
from access.queries import check_user_access
from access.refusing import UNKNOWN, refuse
from access.shelf import closing_countdown, shown, shown_all
from access.states import ResourceKind
from common.errors import NotFound
from common.http import Request

RESOURCES_A_PAGE = 24


@never_cache
@require_safe
def resources(request: Request) -> HttpResponse:
    """All of them by title: what is open to who asks, and what would open the rest."""
    # What nothing opens is being prepared.
    found = Resource.objects.offered().openable().select_related("plan", "room", "event")
    page = Paginator(found, RESOURCES_A_PAGE).get_page(request.GET.get("page"))
    rows = shown_all(request.user, page, at=request.at)
    return render(
        request,
        "access/resources.html",
        {
            "open": [each for each in rows if each.is_open],
            "closed": [each for each in rows if not each.is_open],
            "page": page,
        },
    )


@never_cache
@require_safe
def resource(request: Request, slug: str) -> HttpResponse:
    """Title and summary are for everybody, the rest for who may come in."""
    found = Resource.objects.select_related("plan", "room", "event").filter(slug=slug).first()
    if found is None:
        raise NotFound(UNKNOWN)
    decision = check_user_access(request.user, found, request.at)
    if not decision.allowed:
        return refuse(request, found, decision)
    return render(
        request,
        "access/resource.html",
        {
            "shown": shown(found, decision, at=request.at),
            "countdown": closing_countdown(decision, at=request.at),
            **_content(found),
        },
    )


def _content(found: Resource) -> dict[str, Any]:
    """What the page has to show besides its title, by its kind."""
    content: dict[str, Any] = {"html": "", "file_name": "", "file_size": 0, "is_ready": True}
    match found.kind:
        case ResourceKind.FILE:
            content |= _file_facts(found)
        case ResourceKind.LINK:
            content["is_ready"] = bool(found.target)
    if found.body:
        content["html"] = markdown.rendered(found.body)
    return content


def _file_facts(found: Resource) -> dict[str, Any]:
    if not found.file:
        return {"is_ready": False}
    try:
        size = found.file.size
    except OSError:
        # Gone from the disk: the page says so rather than to lead to an error.
        return {"is_ready": False}
    return {"file_name": found.file_name or found.title, "file_size": size}
