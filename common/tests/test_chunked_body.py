"""A body without a length, as some programs send it, is read like any other."""

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest

from config.wsgi import MeasuredBody


def sent(body: bytes, **environ: Any) -> WSGIRequest:
    """The request that Django makes of it."""
    seen: list[WSGIRequest] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(WSGIRequest(environ))
        return []

    given = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/bookings",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(body),
    }
    MeasuredBody(application)(given | environ, lambda *_: None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, chunked"])
def test_a_chunked_body_arrives_whole(coding: str) -> None:
    request = sent(
        b'{"roomId": 5}', HTTP_TRANSFER_ENCODING=coding, **{"wsgi.input_terminated": True}
    )

    assert request.body == b'{"roomId": 5}'


def test_a_chunked_body_without_end_is_cut_where_django_refuses_it() -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert limit is not None

    request = sent(
        b"x" * (limit + 1000),
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input_terminated": True},
    )

    assert request.META["CONTENT_LENGTH"] == str(limit + 1)


def test_a_stream_that_nobody_ends_is_left_alone() -> None:
    assert sent(b"x", HTTP_TRANSFER_ENCODING="chunked").body == b""


def test_a_measured_body_is_left_alone() -> None:
    assert sent(b"abc", CONTENT_LENGTH="2").body == b"ab"
