"""An API answer under the request's Idempotency-Key."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as ApiRequest

from common import http
from common.api.errors import refusal_response
from common.idempotency import once


@dataclass(frozen=True)
class Answer:
    """What a creating request is answered with; `data` is what a serializer gives."""

    data: Any
    status: int = 201
    location: str = ""

    def rendered(self) -> HttpResponse:
        response = HttpResponse(
            JSONRenderer().render(self.data), status=self.status, content_type="application/json"
        )
        if self.location:
            response["Location"] = self.location
        return response


def answer_once(request: ApiRequest, work: Callable[[], Answer]) -> HttpResponse:
    """Do `work` and answer; a repeat with the same key gets the same bytes and nothing is done.

    The body counts as the same when it says the same, however it is spaced. Raises DomainError as
    common.idempotency.once does.
    """
    plain = cast("http.Request", request._request)
    return once(
        plain,
        key=request.headers.get("Idempotency-Key", "").strip(),
        body=json.dumps(request.data, sort_keys=True, default=str).encode(),
        work=lambda: work().rendered(),
        refuse=lambda error: refusal_response(error, at=plain.at),
    )
