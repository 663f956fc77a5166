"""What a service says when it can't do what was asked.

Services raise these; the API's exception handler and the pages' middleware turn them into an
answer. `message` is worded for the person who reads it.
"""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """The request was understood and refused.

    `code` is stable and documented, `status` the HTTP status it becomes, `details` goes beside the
    message in an API answer, `attr` names the field that is at fault.
    """

    code = "conflict"
    status = 409
    message = "That isn't possible any more."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
        attr: str | None = None,
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.status = status or self.status
        self.details = dict(details or {})
        self.attr = attr
        super().__init__(self.message)


class NotFound(DomainError):
    """There is no such thing, or it is somebody else's: the answer doesn't tell which."""

    code = "not_found"
    status = 404
    message = "There is nothing here under this number."


class PermissionRefused(DomainError):
    code = "permission_denied"
    status = 403
    message = "Your account isn't allowed to do this."


class InvalidInput(DomainError):
    code = "invalid"
    status = 400
    message = "Something in this request isn't right."


class InvalidTransition(DomainError):
    code = "invalid_transition"
    message = "This can't be done in its present state."


class Throttled(DomainError):
    """Too many in too short a time; `details['retryAfter']` is in seconds."""

    code = "throttled"
    status = 429
    message = "That was a lot in a short time. Please wait a little and try again."


class Away(DomainError):
    """A server that we need (the cache) doesn't answer; nothing was done."""

    code = "busy"
    status = 503
    message = "Something behind this page doesn't answer right now. Please try again in a minute."

    def __init__(self) -> None:
        super().__init__(details={"retryAfter": 30})


class Busy(DomainError):
    """The database could not give us its locks in time; trying again will do."""

    code = "busy"
    status = 503
    message = "Very many people are here right now. Please try again in a moment."

    def __init__(self, message: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(message, details={"retryAfter": retry_after})
