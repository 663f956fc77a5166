"""What there is to open, and what is in it for who may come in."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from access.api.parameters import SLUG
from access.api.serializers.resources import OpenResourceSerializer, ResourceSerializer
from access.decisions import Decision
from access.errors import NoAccess
from access.handing_out import hand_out_file, is_for_a_part
from access.models import Resource
from access.queries import check_user_access, decide_all
from access.services.log import log_access
from access.states import ResourceKind
from accounts.authentication import address_of
from common.api.views import ApiViewSet
from common.errors import NotFound

UNKNOWN = "There is no such resource."
REFUSED = {401: ("not_authenticated",), 403: ("no_access",), 429: ("throttled",)}


class ResourceViewSet(ApiViewSet):
    """Title and summary are for everybody, the rest for who may come in."""

    permission_classes = [AllowAny]
    refusals = {"retrieve": REFUSED, "file": REFUSED}

    @extend_schema(
        operation_id="listResources",
        summary="List what there is to open",
        responses=ResourceSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """By title, each with whether it is open, and what would open it."""
        # What nothing opens is being prepared.
        return self.page(Resource.objects.offered().openable(), ResourceSerializer)

    @extend_schema(
        operation_id="getResource",
        summary="Open a resource",
        parameters=[SLUG],
        responses=OpenResourceSerializer,
    )
    def retrieve(self, request: Request, slug: str) -> Response:
        """What is in it; who may not come in is told what would let them.

        Without a sign-in files and links are asked for 30 times a minute at most, from one address.
        """
        resource, decision = self._admitted(slug)
        written = OpenResourceSerializer(context={"decisions": {resource.pk: decision}})
        return Response(written.to_representation(resource))

    @extend_schema(
        operation_id="getResourceFile",
        summary="Take a resource's file",
        parameters=[SLUG],
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            (206, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The part that `Range` asks for."
            ),
        },
    )
    def file(self, request: Request, slug: str) -> HttpResponseBase:
        """The file itself, under its own name; one `Range` of bytes is answered (206, 416)."""
        resource, _ = self._admitted(slug, kind=ResourceKind.FILE)
        return hand_out_file(resource, request._request)

    def _admitted(self, slug: str, **kind: str) -> tuple[Resource, Decision]:
        """Raises NotFound, NotAuthenticated (401), NoAccess (403).

        NotFound also where even the title is a secret yet, but to who may come in.
        """
        resource = Resource.objects.select_related("event").filter(slug=slug, **kind).first()
        if resource is None:
            raise NotFound(UNKNOWN)
        user = self.request.user
        decision = check_user_access(user, resource, self.at)
        if resource.kind != ResourceKind.PAGE:
            log_access(
                user_id=user.pk,
                address=address_of(self.request),
                resource=resource,
                decision=decision,
                at=self.at,
                is_part=self.action == "file" and is_for_a_part(self.request._request),
            )
        if decision.allowed:
            return resource, decision
        if not resource.is_offered:
            # As its page: not even that there is one may be known yet.
            raise NotFound(UNKNOWN)
        if not user.is_authenticated:
            raise NotAuthenticated
        raise NoAccess(decision)

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        decisions = decide_all(self.request.user, rows, self.at)
        by_id = {row.pk: found for row, found in zip(rows, decisions, strict=True)}
        return super().context_for(rows) | {"decisions": by_id}
