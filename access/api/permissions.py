"""Addresses of the API behind a resource."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from access.errors import NoAccess
from access.guards import UNKNOWN, decision_for, resource_of
from common.errors import NotFound


class HasAccess(BasePermission):
    """Lets in for whom the view's resource opens: `access_resource` is its slug.

    Whoever isn't signed in gets 401, whoever is refused 403 `no_access` with `wouldGrant`; 404
    while even its title is a secret. A view that names no resource is a mistake of ours and ends
    in an error, not in an open door.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        slug: str = view.access_resource  # type: ignore[attr-defined]
        # Asking for the person first tells Django's own request of one who came by a token.
        is_known = request.user.is_authenticated
        resource = resource_of(slug)
        decision = decision_for(request._request, resource)
        if decision.allowed:
            return True
        if not resource.is_offered:
            raise NotFound(UNKNOWN)
        if not is_known:
            raise NotAuthenticated
        raise NoAccess(decision)
