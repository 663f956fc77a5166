"""What a camera and a reader make of pictures and paper: libraries that share no code with ours."""

import io
from dataclasses import dataclass

import pypdfium2
import zxingcpp
from PIL import Image


@dataclass(frozen=True)
class Sheet:
    """A page of a PDF: the codes that are seen on it, and the text that can be copied from it."""

    codes: list[str]
    text: str


def codes_in(picture: bytes | Image.Image) -> list[str]:
    """What the QR codes of a picture say."""
    image = picture if isinstance(picture, Image.Image) else Image.open(io.BytesIO(picture))
    found = zxingcpp.read_barcodes(image.convert("RGB"))
    return [code.text for code in found if code.format == zxingcpp.BarcodeFormat.QRCode]


def sheets_of(pdf: bytes) -> list[Sheet]:
    """Every page, drawn as a printer would and read as a person would."""
    document = pypdfium2.PdfDocument(pdf)
    return [
        Sheet(
            codes=codes_in(page.render(scale=2).to_pil()),
            text=page.get_textpage().get_text_bounded(),
        )
        for page in document
    ]
