"""Pictures of rooms: what staff send is never kept as it came.

Its pixels are read and written anew as WebP in two widths, without whatever else the file carried
(where it was taken, by whom, with what); the name says nothing. Pages know a picture by its
address, `Room.image_url`; one of ours begins with /media/rooms/.
"""

import re
import secrets
from contextlib import suppress
from io import BytesIO
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

from common.errors import InvalidInput

FORMATS: Final = ("JPEG", "PNG", "WEBP")
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
LEAST_SIDE: Final = 200
# The file's ending and its width: for the page, and for small places.
SIZES: Final = {"": 1280, "-small": 640}
QUALITY: Final = 82
FOLDER: Final = "rooms"
NAME: Final = re.compile(r"[A-Za-z0-9_-]{22}(-small)?\.webp")

Encoded = dict[str, bytes]


def encode(file: Any) -> Encoded:
    """The picture in our sizes, by the ending of each. Raises InvalidInput, in words."""
    if file.size > MOST_BYTES:
        raise InvalidInput("A picture has at most 8 MB.", attr="imageUrl")
    file.seek(0)
    try:
        with Image.open(file, formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise InvalidInput("A picture has at most 40 megapixels.", attr="imageUrl")
            if min(width, height) < LEAST_SIDE:
                raise InvalidInput(
                    f"This picture is too small: {LEAST_SIDE} pixels each way at least.",
                    attr="imageUrl",
                )
            upright = ImageOps.exif_transpose(picture)
            whole = _on_white(upright)
    except UnidentifiedImageError:
        raise InvalidInput("This isn't a JPEG, PNG or WebP picture.", attr="imageUrl") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InvalidInput("This picture is damaged and can't be read.", attr="imageUrl") from None
    return {ending: _webp(whole, width) for ending, width in SIZES.items()}


def keep(encoded: Encoded) -> str:
    """Write the files; the address of the large one."""
    name = secrets.token_urlsafe(16)
    for ending, content in encoded.items():
        default_storage.save(f"{FOLDER}/{name}{ending}.webp", ContentFile(content))
    return f"{settings.MEDIA_URL}{FOLDER}/{name}.webp"


def discard(address: str) -> None:
    """Remove the files of one of our pictures; other addresses and missing files are left."""
    name = address.removeprefix(f"{settings.MEDIA_URL}{FOLDER}/")
    if name == address or not NAME.fullmatch(name):
        return
    stem = name.removesuffix(".webp")
    for ending in SIZES:
        with suppress(FileNotFoundError):
            default_storage.delete(f"{FOLDER}/{stem}{ending}.webp")


def is_ours(address: str) -> bool:
    return bool(NAME.fullmatch(address.removeprefix(f"{settings.MEDIA_URL}{FOLDER}/")))


def small(address: str) -> str:
    """The small one of our pictures, for lists; other addresses as they are."""
    return f"{address.removesuffix('.webp')}-small.webp" if is_ours(address) else address


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, which would be black on some screens and white on others."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer)
    return ground


def _webp(picture: Image.Image, width: int) -> bytes:
    sized = picture
    if picture.width > width:
        height = max(round(picture.height * width / picture.width), 1)
        sized = picture.resize((width, height), Image.Resampling.LANCZOS)
    written = BytesIO()
    # Neither exif nor a colour profile is handed on: a copy begins without them.
    clean = Image.new("RGB", sized.size)
    clean.paste(sized)
    clean.save(written, "WEBP", quality=QUALITY, method=4)
    return written.getvalue()
