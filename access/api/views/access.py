"""May I come in? Asked by programs before they show something."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from access.api.parameters import SLUG
from access.api.serializers.decisions import DecisionSerializer
from access.guards import UNKNOWN, resource_of
from access.models import Resource
from access.queries import check_user_access, decide_all
from common.api.serializers import Serializer
from common.api.views import ApiViewSet
from common.errors import NotFound

MOST: Final = 50


class AccessQuerySerializer(Serializer):
    """Which resources."""

    resources = serializers.CharField(
        max_length=MOST * 81, help_text=f"Slugs, by comma; at most {MOST}."
    )

    def validate_resources(self, value: str) -> list[str]:
        slugs = list(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
        if not slugs:
            raise serializers.ValidationError("Name one resource at least.", code="required")
        if len(slugs) > MOST:
            raise serializers.ValidationError(f"Ask for at most {MOST} at once.", code="max_length")
        return slugs


class NamedDecisionSerializer(DecisionSerializer):
    """The decision about one of several."""

    resource = serializers.CharField(help_text="Its slug.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        resource, decision = instance
        written = DecisionSerializer().to_representation(decision)
        return {"resource": resource.slug, **written}


class AccessViewSet(ApiViewSet):
    """The decision, allowed or not: being refused is an answer here, not an error."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="checkAccess",
        summary="May I open this?",
        parameters=[SLUG],
        responses=DecisionSerializer,
    )
    def retrieve(self, request: Request, slug: str) -> Response:
        """Whoever isn't signed in may open what is public. What isn't announced yet is a 404."""
        resource = resource_of(slug)
        decision = check_user_access(request.user, resource, self.at)
        if not (decision.allowed or resource.is_offered):
            raise NotFound(UNKNOWN)
        return Response(self.written(decision, DecisionSerializer))

    @extend_schema(
        operation_id="checkAccessToSeveral",
        summary="Which of these may I open?",
        parameters=[AccessQuerySerializer],
        responses=NamedDecisionSerializer(many=True),
    )
    def several(self, request: Request) -> Response:
        """In the order in which they are named; a slug that isn't known is a 404."""
        slugs = self.read_query(AccessQuerySerializer)["resources"]
        found = Resource.objects.select_related("event").filter(slug__in=slugs)
        known = {resource.slug: resource for resource in found}
        wanted = [known[slug] for slug in slugs if slug in known]
        decisions = decide_all(request.user, wanted, self.at)
        told = {
            resource.slug: (resource, decision)
            for resource, decision in zip(wanted, decisions, strict=True)
            if decision.allowed or resource.is_offered
        }
        if unknown := [slug for slug in slugs if slug not in told]:
            raise NotFound(f"There is no resource '{unknown[0]}'.")
        pairs = [told[slug] for slug in slugs]
        return Response(self.written(pairs, NamedDecisionSerializer, many=True))
