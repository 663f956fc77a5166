"""Pictures of rooms, also where no other server stands before this one."""

from typing import Final

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from bookings.pictures import FOLDER, NAME

A_YEAR: Final = 31_536_000


@require_safe
def room_picture(request: HttpRequest, name: str) -> FileResponse:
    """A file that we wrote ourselves; its name is never used again, so it may be kept for long."""
    if not NAME.fullmatch(name):
        raise Http404("There is no such picture.")
    try:
        file = default_storage.open(f"{FOLDER}/{name}")
    except FileNotFoundError:
        raise Http404("There is no such picture.") from None
    response = FileResponse(file, content_type="image/webp")
    response["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
