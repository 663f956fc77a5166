"""Stripe's way to say no."""

from typing import Any


class Refusal(Exception):
    """An error answer in Stripe's shape."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        param: str = "",
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": type}
        if code:
            self.error["code"] = code
        if param:
            self.error["param"] = param

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error}


class InvalidParameters(Refusal):
    """The parameters themselves are wrong: Stripe remembers no result under the key."""


def no_such(kind: str, wanted: str, *, param: str = "id") -> Refusal:
    return Refusal(f"No such {kind}: '{wanted}'", code="resource_missing", param=param, status=404)
