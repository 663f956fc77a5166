"""Lists: `{count, next, previous, results}`, `?page=`, `?pageSize=`."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class Pagination(PageNumberPagination):
    """25 a page; `pageSize` up to 100, more is capped; a page beyond the end is 404."""

    page_size = 25
    page_size_query_param = "pageSize"
    page_query_description = "Which page, from 1 on."
    page_size_query_description = "Rows a page, 25 unless told; more than 100 is capped."
    max_page_size = 100
    last_page_strings = ()
    invalid_page_message = "There is no such page."

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Raises ValidationError (400) for numbers that aren't, NotFound beyond the end."""
        for name in (self.page_query_param, self.page_size_query_param):
            given = request.query_params.get(name) or "1"
            if not (given.isascii() and given.isdecimal() and given.strip("0")):
                raise ValidationError({name: "This is a whole number from 1 on."})
        return super().paginate_queryset(queryset, request, view)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "description": "Of all pages."},
                "next": address,
                "previous": address,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"]["minimum"] = 1
        return parameters
