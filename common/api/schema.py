"""The OpenAPI document: every operation names the refusals it can answer with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from drf_spectacular.openapi import AutoSchema as StandardAutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from common.api.permissions import HasRole
from common.api.serializers import IdField, Serializer

IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=False,
    description="Any text of up to 200 characters, fresh for each thing that is wanted. A repeat "
    "with the same key and body within 24 hours does nothing and gets the same answer.",
)
IDEMPOTENCY_CODES: Final = ("idempotency_in_progress", "idempotency_key_reused")

SAID: Final = {
    400: "Something in the request isn't right; `attr` names it.",
    401: "Not signed in.",
    403: "Not allowed: by role, or for want of the CSRF token beside a session cookie.",
    404: "Not there, or somebody else's.",
    409: "The world has moved on.",
    415: "The body isn't `application/json`.",
    429: "Too many in too short a time; `Retry-After` says how long to wait.",
    503: "`busy`: very many at once; `Retry-After` says how long to wait.",
}


class ErrorSerializer(Serializer):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="Stable; made for programs.")
    detail = serializers.CharField(help_text="Made for people; may change.")
    attr = serializers.CharField(allow_null=True, help_text="The field or parameter at fault.")
    alternatives = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="With `slot_taken`: up to three timeslots of the room that are free.",
    )
    places_left = serializers.IntegerField(required=False)
    retry_after = serializers.IntegerField(required=False, help_text="Seconds.")


class ErrorsSerializer(Serializer):
    """Every refusal has this shape."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    # DRF takes declared fields out of the class, so its own `errors` stays what it is.
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]


class AutoSchema(StandardAutoSchema):
    """The house's schema.

    Tags are the first word behind /api/v1. A view's `refusals` names, by action and status, the
    codes of its own; what follows from permissions, body and parameters is added by itself.
    """

    def get_tags(self) -> list[str]:
        words = [word for word in self.path.split("/") if word and not word.startswith("{")]
        rest = words[2:] if words[:2] == ["api", "v1"] else words
        if rest[:1] == ["admin"]:
            return ["admin " + rest[1]] if len(rest) > 1 else ["admin"]
        return rest[:1]

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for body in bodies.values():
            body["description"] = body["description"] or "Done."
        own = self._own_refusals()
        # What a view has described itself stays as it is.
        for status in sorted({*self._implied(), *own} - {int(status) for status in bodies}):
            said = SAID[status]
            if codes := own.get(status):
                said += f" Codes: {', '.join(f'`{code}`' for code in codes)}."
            bodies[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                OpenApiResponse(ErrorsSerializer, description=said), str(status)
            )
        return bodies

    def _own_refusals(self) -> Mapping[int, Sequence[str]]:
        found: Mapping[int, Sequence[str]] = getattr(self.view, "refusals", {}).get(
            getattr(self.view, "action", ""), {}
        )
        return found

    def _implied(self) -> Iterator[int]:
        permissions = [type(permission) for permission in self.view.get_permissions()]
        is_open = permissions == [AllowAny]
        changes = self.method not in {"GET", "HEAD"}
        body = self._body()
        parameters = {parameter["in"] for parameter in self._get_parameters()}
        if body is not None or parameters & {"query", "header"}:
            yield 400
        if not is_open:
            yield 401
        if HasRole in permissions or (changes and not is_open):
            yield 403
        names_a_row = body is not None and any(
            isinstance(field, IdField) for field in body.get_fields().values()
        )
        if "path" in parameters or self._is_list_view() or names_a_row:
            yield 404
        if body is not None:
            yield 415
        if changes:
            yield 503

    def _body(self) -> serializers.Serializer[Any] | None:
        body = self.get_request_serializer() if self.method in {"POST", "PUT", "PATCH"} else None
        if isinstance(body, type) and issubclass(body, serializers.Serializer):
            return body()
        return body if isinstance(body, serializers.Serializer) else None
