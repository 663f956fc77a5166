"""What every view of the API is made of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from common import http
from common.api.writing import write
from common.errors import NotFound

M = TypeVar("M", bound=Model)


class JsonAlways(DefaultContentNegotiation):
    """JSON, whatever `Accept` says: there is nothing else, and a 406 would help nobody."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


class ApiViewSet(GenericViewSet[Any]):
    """A thin face on services and queries: read the input, call one of them, write the answer."""

    content_negotiation_class = JsonAlways

    # No OPTIONS, which would describe the serializers: the OpenAPI document does that.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    # By action and status: the codes of its refusals, for the OpenAPI document.
    refusals: ClassVar[Mapping[str, Mapping[int, Sequence[str]]]] = {}

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        # What is free changes by the second, and what is somebody's is theirs alone.
        answer["Cache-Control"] = "no-store"
        return answer

    @property
    def at(self) -> datetime:
        """The moment of this request, read once."""
        return cast("http.Request", self.request._request).at

    def read_body(
        self, serializer_class: type[BaseSerializer[Any]], *, partial: bool = False
    ) -> dict[str, Any]:
        """The body as plain values, by their inside names. Raises ValidationError (400)."""
        serializer = serializer_class(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def read_query(self, serializer_class: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The query parameters as plain values; an empty one counts as left out.

        Raises ValidationError (400).
        """
        # A plain dict: of a QueryDict DRF would take a missing box for an unticked one. A form of
        # filters sends those too that nobody has filled in.
        given = self.request.query_params.items()
        serializer = serializer_class(data={name: value for name, value in given if value != ""})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def find(self, rows: QuerySet[M], pk: int) -> M:
        """The row among these. Raises NotFound."""
        row = rows.filter(pk=pk).first()
        if row is None:
            raise NotFound
        return row

    def page(
        self,
        rows: QuerySet[Any],
        serializer_class: type[BaseSerializer[Any]],
    ) -> Response:
        """One page of these rows."""
        shown = self.paginate_queryset(rows)
        assert shown is not None
        return self.get_paginated_response(self.written(shown, serializer_class, many=True))

    def written(
        self, value: Any, serializer_class: type[BaseSerializer[Any]], *, many: bool = False
    ) -> Any:
        """The outside form of a row, or of many."""
        context = self.context_for(value if many else [value])
        return write(value, serializer_class, context=context, many=many)

    def context_for(self, rows: Sequence[Any]) -> dict[str, Any]:
        """What the serializers need to know beyond the rows themselves."""
        return {"at": self.at}
