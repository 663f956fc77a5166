"""A ticket as pictures and paper: QR codes and the PDF of an order."""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import qrcode
import qrcode.image.svg
from qrcode.constants import ERROR_CORRECT_M
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A5
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tickets.codes import in_groups
from tickets.typefaces import REGULAR, begin_document
from tickets.typesetting import Paragraph, set_text, tidy

MARGIN: Final = 34
WIDTH: Final = A5[0] - 2 * MARGIN
# Beside the site's name: '7 of 10'.
COUNT_ROOM: Final = 60
QR_SIZE: Final = 220
# 46 mm: read from a hand's length away. Smaller only when everything else is as long as can be.
SMALLEST_QR: Final = 130
# Between the picture and the name: the code in letters.
CODE_ROOM: Final = 40
INK: Final = HexColor("#1b2530")
SOFT: Final = HexColor("#525e6b")
LINE: Final = HexColor("#d9d2c3")
# A fixed mask: which one only matters to the eye, and trying all eight takes three times as long.
MASK: Final = 3

_PRINTING: Final = threading.Lock()


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


@dataclass(frozen=True)
class _Words:
    site: Paragraph
    event: Paragraph
    when: Paragraph
    where: Paragraph
    holder: Paragraph


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
    # reportlab's fonts keep a place where they read: two documents at once would mix them up.
    with _PRINTING:
        begin_document()
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A5, invariant=1)
        canvas.setTitle(tidy(f"Tickets for {order.event}"))
        canvas.setAuthor(tidy(order.site))
        words = _set_words(order)
        for number, ticket in enumerate(order.tickets, start=1):
            _draw_page(canvas, words, ticket, f"{number} of {len(order.tickets)}")
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


def _set_words(order: PrintedOrder) -> _Words:
    """What every page of the order says, set once."""
    return _Words(
        site=set_text(order.site, size=9, width=WIDTH - COUNT_ROOM, lines=1),
        event=set_text(order.event, size=20, width=WIDTH, lines=4, is_bold=True),
        when=set_text(order.when, size=11, width=WIDTH, lines=2),
        where=set_text(order.where, size=11, width=WIDTH, lines=4),
        holder=set_text(order.holder, size=12, width=WIDTH, lines=3, is_bold=True),
    )


def _draw_page(canvas: Canvas, words: _Words, ticket: PrintedTicket, count: str) -> None:
    width, height = A5
    y = height - MARGIN - 8
    words.site.draw(canvas, MARGIN, y, SOFT)
    canvas.setFont(REGULAR, 9)
    canvas.drawRightString(width - MARGIN, y, count)
    y = words.event.draw(canvas, MARGIN, y - 34, INK)
    y = words.when.draw(canvas, MARGIN, y - 4, INK)
    y = words.where.draw(canvas, MARGIN, y, SOFT)

    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(1)
    canvas.setDash(3, 3)
    canvas.line(MARGIN, y - 2, width - MARGIN, y - 2)
    canvas.setDash()

    # The marks keep the price at its end, whichever way the label runs.
    mark = "\N{LEFT-TO-RIGHT MARK}"
    label = f"{mark}{ticket.label}{mark} · {ticket.price}"
    kind = set_text(label, size=10, width=WIDTH, lines=2)
    top = y - 14
    below = CODE_ROOM + words.holder.height + kind.height
    size = max(min(QR_SIZE, top - below - MARGIN), SMALLEST_QR)
    left = (width - size) / 2
    image = ImageReader(io.BytesIO(qr_png(ticket.code, box_size=8)))
    canvas.drawImage(image, left, top - size, size, size)
    canvas.setFillColor(INK)
    canvas.setFont(REGULAR, 11)
    canvas.drawCentredString(width / 2, top - size - 10, in_groups(ticket.code))
    y = words.holder.draw(canvas, MARGIN, top - size - CODE_ROOM, INK)
    kind.draw(canvas, MARGIN, y, SOFT)
