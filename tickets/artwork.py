"""A ticket as pictures and paper: QR codes and the PDF of an order."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import qrcode
import qrcode.image.svg
from qrcode.constants import ERROR_CORRECT_M
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A5
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from tickets.codes import in_groups

FONT: Final = "TicketSans"
BOLD: Final = "TicketSansBold"
FONTS: Final = Path(__file__).resolve().parent / "fonts"
MARGIN: Final = 34
INK: Final = HexColor("#1b2530")
SOFT: Final = HexColor("#525e6b")
LINE: Final = HexColor("#d9d2c3")
# A fixed mask: which one only matters to the eye, and trying all eight takes three times as long.
MASK: Final = 3


@dataclass(frozen=True)
class PrintedTicket:
    """What stands on one page."""

    code: str
    label: str
    price: str


@dataclass(frozen=True)
class PrintedOrder:
    """What stands on every page of an order."""

    event: str
    when: str
    where: str
    holder: str
    site: str
    tickets: Sequence[PrintedTicket]


def qr_png(code: str, *, box_size: int = 10) -> bytes:
    """The code as a PNG on pure white, with the full quiet zone of four modules."""
    out = io.BytesIO()
    _qr(code, box_size).make_image(fill_color="black", back_color="white").save(out, "PNG")
    return out.getvalue()


def qr_svg(code: str) -> bytes:
    """The code as an SVG that scales to any size."""
    out = io.BytesIO()
    _qr(code, 10).make_image(image_factory=qrcode.image.svg.SvgPathFillImage).save(out)
    return out.getvalue()


def order_pdf(order: PrintedOrder) -> bytes:
    """One page (A5) a ticket, with fonts embedded so that every name can be printed."""
    _load_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A5, invariant=1)
    canvas.setTitle(f"Tickets for {order.event}")
    canvas.setAuthor(order.site)
    for number, ticket in enumerate(order.tickets, start=1):
        _draw_page(canvas, order, ticket, f"{number} of {len(order.tickets)}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _qr(code: str, box_size: int) -> Any:
    qr = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, box_size=box_size, border=4, mask_pattern=MASK
    )
    qr.add_data(code)
    qr.make(fit=True)
    return qr


def _load_fonts() -> None:
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(FONT, FONTS / "DejaVuSans.ttf"))
        pdfmetrics.registerFont(TTFont(BOLD, FONTS / "DejaVuSans-Bold.ttf"))


def _draw_page(canvas: Canvas, order: PrintedOrder, ticket: PrintedTicket, count: str) -> None:
    width, height = A5
    y = height - MARGIN - 8
    canvas.setFillColor(SOFT)
    canvas.setFont(FONT, 9)
    canvas.drawString(MARGIN, y, order.site)
    canvas.drawRightString(width - MARGIN, y, count)
    y -= 34
    y = _paragraph(canvas, order.event, BOLD, 20, y, INK)
    y = _paragraph(canvas, order.when, FONT, 11, y - 4, INK)
    y = _paragraph(canvas, order.where, FONT, 11, y, SOFT)

    canvas.setStrokeColor(LINE)
    canvas.setDash(3, 3)
    canvas.line(MARGIN, y - 2, width - MARGIN, y - 2)
    canvas.setDash()

    size = 220
    left = (width - size) / 2
    top = y - 14
    image = ImageReader(io.BytesIO(qr_png(ticket.code, box_size=8)))
    canvas.drawImage(image, left, top - size, size, size)
    canvas.setFillColor(INK)
    canvas.setFont(FONT, 11)
    canvas.drawCentredString(width / 2, top - size - 10, in_groups(ticket.code))
    y = top - size - 40
    y = _paragraph(canvas, order.holder, BOLD, 12, y, INK)
    _paragraph(canvas, f"{ticket.label} · {ticket.price}", FONT, 10, y, SOFT)


def _paragraph(
    canvas: Canvas, text: str, font: str, size: int, y: float, colour: HexColor
) -> float:
    """Draw wrapped lines from `y` down; returns where the next may begin."""
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    for line in simpleSplit(text, font, size, A5[0] - 2 * MARGIN)[:4]:
        canvas.drawString(MARGIN, y, line)
        y -= size * 1.35
    return y
