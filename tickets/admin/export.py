"""Tickets as a file for a spreadsheet; whatever people typed stays words there."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from common import clock
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet

FORMATS: Final = ("csv", "xlsx")
AT_ONCE: Final = 1_000
# A cell that begins like this is a formula to a spreadsheet: a name could fetch or send things.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS: Final = (
    "Ticket",
    "Code",
    "Name",
    "E-mail",
    "Event",
    "Starts",
    "Time zone",
    "Type",
    "Status",
    "Came in",
    "Price",
    "Currency",
    "Given back",
    "Order",
    "Bought",
)


def exported(
    tickets: TicketQuerySet, file_format: str, *, name: str, at: datetime
) -> HttpResponseBase:
    """The answer with the file, as of `at`. Times are by the clock of each event."""
    writers: dict[str, Callable[[Iterator[list[Any]]], HttpResponseBase]] = {
        "csv": _csv,
        "xlsx": _xlsx,
    }
    answer = writers[file_format](_rows(tickets, at))
    answer["Content-Disposition"] = f'attachment; filename="{name}-{at:%Y-%m-%d}.{file_format}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def harmless(value: object) -> object:
    """Words that a spreadsheet would run get an apostrophe before them; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    clean: str = ILLEGAL_CHARACTERS_RE.sub("", value)
    # Blanks before the sign don't keep every spreadsheet from reading a formula.
    return f"'{clean}" if clean.lstrip(" ").startswith(FORMULA_STARTS) else clean


def _rows(tickets: TicketQuerySet, at: datetime) -> Iterator[list[Any]]:
    yield list(COLUMNS)
    for ticket in tickets.iterator(chunk_size=AT_ONCE):
        yield [harmless(value) for value in _row(ticket, at)]


def _row(ticket: Ticket, at: datetime) -> list[object]:
    event = ticket.event
    return [
        ticket.pk,
        ticket.ticket_code,
        ticket.user.name,
        ticket.user.email,
        event.name,
        _moment(event.start_date, event.timezone),
        event.timezone,
        ticket.order.label,
        ticket.label_at(at),
        _moment(ticket.check_in_time, event.timezone),
        ticket.price_paid,
        ticket.order.currency,
        ticket.refund_amount or 0,
        ticket.order_id,
        _moment(ticket.created_at, event.timezone),
    ]


def _moment(at: datetime | None, zone: str) -> str:
    """'2027-07-08 19:30', which sorts as it reads."""
    return f"{at.astimezone(clock.zone(zone)):%Y-%m-%d %H:%M}" if at else ""


class _Echo:
    """What csv writes to: gives each line back."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterator[list[Any]]) -> HttpResponseBase:
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        # Spreadsheets take a file without this mark for one in an old national encoding.
        yield "\ufeff"
        for row in rows:
            yield writer.writerow(row)

    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")


def _xlsx(rows: Iterator[list[Any]]) -> HttpResponseBase:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Tickets")
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append(row)
    file = BytesIO()
    book.save(file)
    return HttpResponse(
        file.getvalue(),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
