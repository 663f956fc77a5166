"""A private file on its way to somebody who may have it."""

import logging
import mimetypes
import re
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from whitenoise.responders import SlicedFile

from access.models import Resource
from common.errors import NotFound

logger = logging.getLogger(__name__)

# What a browser may do with somebody else's file, should it show it in spite of all.
SANDBOX: Final = "default-src 'none'; sandbox"
NO_STORE: Final = "private, no-store"
GONE: Final = "It is open to you, but nothing has been put here. Please look in again soon."


# One range of bytes. Several at once are answered by the whole, as a server may.
RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def is_for_a_part(request: HttpRequest) -> bool:
    """Whoever seeks in a film or goes on with a download asks for one part after the other."""
    return "Range" in request.headers


def hand_out_file(resource: Resource, request: HttpRequest) -> HttpResponseBase:
    """The file as a download, by the web server where it can. Raises NotFound when it is gone."""
    stored = resource.file.name
    if not stored:
        raise NotFound(GONE)
    name = resource.file_name or stored.rsplit("/", 1)[-1]
    response: HttpResponseBase
    if settings.X_ACCEL_PREFIX:
        response = HttpResponse()
        response["X-Accel-Redirect"] = f"{settings.X_ACCEL_PREFIX.rstrip('/')}/{quote(stored)}"
    else:
        try:
            response = _streamed(resource.file, request)
        except FileNotFoundError:
            logger.error("the file of resource %s is missing: %s", resource.pk, stored)  # noqa: TRY400
            raise NotFound(GONE) from None
    response["Content-Type"] = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = NO_STORE
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    return response


def _streamed(file: FieldFile, request: HttpRequest) -> HttpResponseBase:
    """The whole, or the part that was asked for of the very same file."""
    size = file.size
    # No two files have one name, and nobody shall learn it.
    etag = f'"{sha256(str(file.name).encode()).hexdigest()[:32]}"'
    part = None
    if request.method == "GET" and request.headers.get("If-Range", etag) == etag:
        part = part_of(size, request.headers.get("Range", ""))
    response: HttpResponseBase
    if part is None:
        response = FileResponse(file.open("rb"))
    elif not part:
        response = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        response["Content-Range"] = f"bytes */{size}"
    else:
        sliced = SlicedFile(file.open("rb"), part[0], part[-1])
        response = FileResponse(sliced, status=HTTPStatus.PARTIAL_CONTENT)
        response["Content-Range"] = f"bytes {part[0]}-{part[-1]}/{size}"
        response["Content-Length"] = str(len(part))
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response


def part_of(size: int, header: str) -> range | None:
    """Which bytes a `Range` asks for: None for all of them, an empty range for none there are."""
    asked = RANGE.fullmatch(header.strip())
    if asked is None:
        return None
    first, last = asked.groups()
    if first:
        # Backwards is no range at all.
        is_range = not last or int(first) <= int(last)
        return range(int(first), min(int(last) + 1, size) if last else size) if is_range else None
    # The last so many.
    return range(max(size - int(last), 0), size) if last else None
