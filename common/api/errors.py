"""Every refusal in one shape: `{type, errors: [{code, detail, attr, …}]}`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import OperationalError
from django.http import JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from drf_standardized_errors.formatter import ExceptionFormatter as StandardFormatter
from drf_standardized_errors.handler import ExceptionHandler as StandardHandler
from drf_standardized_errors.types import ExceptionHandlerContext
from rest_framework import exceptions
from rest_framework.response import Response

from common.errors import Busy, DomainError
from common.http import Request
from common.service import is_deadlock, is_lock_timeout

Presenter = Callable[[Any, datetime], Any]

_presenters: dict[type, Presenter] = {}


def present(kind: type, presenter: Presenter) -> None:
    """Say how rows of `kind` in a refusal's details (`alternatives`) are written in the API."""
    _presenters[kind] = presenter


class Refusal(exceptions.APIException):
    """A DomainError on its way through the API's exception handler."""

    def __init__(self, error: DomainError) -> None:
        self.error = error
        self.status_code = error.status
        super().__init__(error.message, error.code)


class ExceptionHandler(StandardHandler):
    """Turns a DomainError into its answer, with `Retry-After` where it says so."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            return Refusal(exc)
        if isinstance(exc, BadRequest | SuspiciousOperation | MultiPartParserError):
            # Django's own words for a body that can't be read; DRF would call it a 500.
            return exceptions.ParseError("The request can't be read.")
        if isinstance(exc, OperationalError) and (is_lock_timeout(exc) or is_deadlock(exc)):
            return Refusal(Busy())
        return super().convert_known_exceptions(exc)

    def get_response(self, exc: exceptions.APIException, data: Any) -> Response:
        response = super().get_response(exc, data)
        if isinstance(exc, Refusal) and (seconds := exc.error.details.get("retryAfter")):
            response["Retry-After"] = str(seconds)
        return response

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        # Busy is an answer, not a fault: it must not look like one in the log.
        if not isinstance(exc, Refusal):
            super().report_exception(exc, response)


def _moment_of(context: ExceptionHandlerContext) -> datetime:
    request = context["request"]
    assert request is not None
    at: datetime = request._request.at  # type: ignore[attr-defined]  # see common.http.Request
    return at


class ExceptionFormatter(StandardFormatter):
    """Adds a refusal's details (alternatives, placesLeft) to its one error."""

    def run(self) -> Any:
        if isinstance(self.exc, Refusal):
            return refusal_body(self.exc.error, at=_moment_of(self.context))
        return super().run()


def refusal_body(error: DomainError, *, at: datetime) -> dict[str, Any]:
    """The answer's body for a DomainError."""
    details = {name: _presented(value, at) for name, value in error.details.items()}
    kind = "validation_error" if error.status == 400 else "client_error"
    if error.status >= 500:
        kind = "server_error"
    return {
        "type": kind,
        "errors": [{"code": error.code, "detail": error.message, "attr": error.attr} | details],
    }


def _presented(value: Any, at: datetime) -> Any:
    if isinstance(value, list):
        return [_presented(item, at) for item in value]
    presenter = _presenters.get(type(value))
    return presenter(value, at) if presenter else value


def refusal_response(error: DomainError, *, at: datetime) -> JsonResponse:
    """The same answer outside DRF: for what is stored under an Idempotency-Key and for /pay."""
    response = JsonResponse(refusal_body(error, at=at), status=error.status)
    if seconds := error.details.get("retryAfter"):
        response["Retry-After"] = str(seconds)
    return response


# Nothing is done here, and Django's own answer to a missing token would be a page.
@csrf_exempt
def api_not_found(request: Request, *args: object, **kwargs: object) -> JsonResponse:
    """An unknown address under /api/ answers in the API's own shape."""
    return refusal_response(
        DomainError("There is nothing at this address.", code="not_found", status=404),
        at=request.at,
    )
