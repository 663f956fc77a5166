"""`/resources/{slug}/file` and `/open`: handed out after the check alone, and written down."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_safe

from access.decisions import Decision
from access.handing_out import GONE, NO_STORE, hand_out_file, is_for_a_part
from access.models import Resource
from access.queries import check_user_access
from access.refusing import refuse
from access.services.log import log_access
from access.states import ResourceKind
from accounts.authentication import address_of
from common.errors import NotFound
from common.http import Request


@require_safe
def file(request: Request, slug: str) -> HttpResponseBase:
    """The file, to who may have it; anybody else learns no more than the resource's page tells."""
    resource, decision = _decide(request, slug, ResourceKind.FILE)
    if not decision.allowed:
        return _refused(request, resource, decision)
    return hand_out_file(resource, request)


@require_safe
def open_link(request: Request, slug: str) -> HttpResponseBase:
    """Lead to where the link leads; its address stands in no page of ours."""
    resource, decision = _decide(request, slug, ResourceKind.LINK)
    if not decision.allowed:
        return _refused(request, resource, decision)
    address = resource.target
    if not address:
        raise NotFound(GONE)
    response = HttpResponseRedirect(address)
    response["Cache-Control"] = NO_STORE
    response["Referrer-Policy"] = "no-referrer"
    return response


def _decide(request: Request, slug: str, kind: str) -> tuple[Resource, Decision]:
    resource = Resource.objects.select_related("event").filter(slug=slug, kind=kind).first()
    if resource is None:
        raise NotFound("There is no such page. Here is what there is.")
    decision = check_user_access(request.user, resource, request.at)
    log_access(
        user_id=request.user.pk,
        address=address_of(request),
        resource=resource,
        decision=decision,
        at=request.at,
        is_part=kind == ResourceKind.FILE and is_for_a_part(request),
    )
    return resource, decision


def _refused(request: Request, resource: Resource, decision: Decision) -> HttpResponse:
    if not request.user.is_authenticated:
        # Back to its page, which shows what it is before it begins.
        return redirect_to_login(resource.get_absolute_url())
    return refuse(request, resource, decision)
