"""Resources, by staff."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from access.api.serializers.resources import ResourceInputSerializer, StaffResourceSerializer
from access.models import Resource
from access.services.resources import delete_resource, save_resource
from common.api.once import Answer, answer_once
from common.api.parsers import ExactJSONParser
from common.api.permissions import HasRole
from common.api.schema import IDEMPOTENCY_CODES, IDEMPOTENCY_KEY
from common.api.views import ApiViewSet


class StaffResourceViewSet(ApiViewSet):
    """All resources. A body is JSON, or multipart/form-data where it brings a file."""

    permission_classes = [HasRole]
    parser_classes = [ExactJSONParser, MultiPartParser]
    needs = {
        "list": "access.view_resource",
        "retrieve": "access.view_resource",
        "create": "access.add_resource",
        "update": "access.change_resource",
        "partial_update": "access.change_resource",
        "destroy": "access.delete_resource",
    }
    refusals = {"create": {409: IDEMPOTENCY_CODES}}

    @extend_schema(
        operation_id="listStaffResources",
        summary="List all resources",
        responses=StaffResourceSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """All of them, by title; with what is in them."""
        return self.page(Resource.objects.all(), StaffResourceSerializer)

    @extend_schema(
        operation_id="createResource",
        summary="Make a resource",
        parameters=[IDEMPOTENCY_KEY],
        request={
            "application/json": ResourceInputSerializer,
            "multipart/form-data": ResourceInputSerializer,
        },
        responses={201: StaffResourceSerializer},
    )
    def create(self, request: Request) -> HttpResponse:
        """One that names neither plan, room nor event is closed, unless it is public."""
        wanted = self.read_body(ResourceInputSerializer)
        file = wanted.pop("file", None)

        def work() -> Answer:
            made = save_resource(changes=wanted, file=file, at=self.at)
            return Answer(
                self.written(made, StaffResourceSerializer),
                location=reverse("access_api:staff_resource", args=[made.pk]),
            )

        return answer_once(request, work)

    @extend_schema(
        operation_id="getStaffResource",
        summary="Show any resource",
        responses=StaffResourceSerializer,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """One resource, with what is in it."""
        return Response(
            self.written(self.find(Resource.objects.all(), pk), StaffResourceSerializer)
        )

    @extend_schema(
        operation_id="updateResource",
        summary="Change a resource",
        request={
            "application/json": ResourceInputSerializer(partial=True),
            "multipart/form-data": ResourceInputSerializer(partial=True),
        },
        responses=StaffResourceSerializer,
    )
    def update(self, request: Request, pk: int) -> Response:
        """Only what is given is changed; a file takes the place of the former one."""
        self.find(Resource.objects.all(), pk)
        changes: dict[str, Any] = self.read_body(ResourceInputSerializer, partial=True)
        file = changes.pop("file", None)
        saved = save_resource(resource_id=pk, changes=changes, file=file, at=self.at)
        return Response(self.written(saved, StaffResourceSerializer))

    @extend_schema(
        operation_id="patchResource",
        summary="Change a resource",
        request={
            "application/json": ResourceInputSerializer(partial=True),
            "multipart/form-data": ResourceInputSerializer(partial=True),
        },
        responses=StaffResourceSerializer,
    )
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same as PUT."""
        return self.update(request, pk)

    @extend_schema(
        operation_id="deleteResource",
        summary="Remove a resource",
        request=None,
        responses={204: OpenApiResponse(description="Removed, and its file with it.")},
    )
    def destroy(self, request: Request, pk: int) -> Response:
        """What the log says of it stays."""
        delete_resource(resource_id=pk)
        return Response(status=HTTP_204_NO_CONTENT)
