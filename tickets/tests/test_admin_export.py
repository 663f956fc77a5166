"""Tickets as a file: what is in it, who may have it, and that a name can't become a formula."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from accounts.models import User
from tests.infrastructure.events import MakeEvent, buy, pay_order
from tests.infrastructure.pages import MakeVisitor, Visitor
from tests.infrastructure.world import NOW, MakeUser
from tickets.admin.export import COLUMNS, harmless
from tickets.models import Event, Ticket
from tickets.services import cancel_ticket

EXPORT = "/admin/tickets/ticket/export"


def fetch(visitor: Visitor, file_format: str, **query: Any) -> list[list[Any]]:
    """The rows of the file, without its head."""
    answer = visitor.client.get(f"{EXPORT}/{file_format}/", query)
    assert answer.status_code == 200
    content = b"".join(answer) if answer.streaming else answer.content
    rows: list[list[Any]]
    if file_format == "csv":
        rows = list(csv.reader(StringIO(content.decode("utf-8-sig"))))
    else:
        sheet = load_workbook(BytesIO(content)).active
        assert sheet is not None
        rows = [["" if cell is None else cell for cell in row] for row in sheet.values]
    assert rows[0] == list(COLUMNS)
    return rows[1:]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_file_holds_the_list_as_it_is_searched_and_filtered(
    visit: MakeVisitor,
    event: Event,
    make_event: MakeEvent,
    customer: User,
    stranger: User,
    front_desk: User,
    file_format: str,
) -> None:
    ticket = pay_order(buy(event, customer)).tickets.get()
    given_back = pay_order(buy(event, stranger)).tickets.get()
    cancel_ticket(ticket_id=given_back.pk, by=stranger, at=NOW)
    pay_order(buy(make_event(name="Elsewhere"), customer))
    visitor = visit(front_desk)

    assert len(fetch(visitor, file_format)) == 3
    assert len(fetch(visitor, file_format, event=event.pk)) == 2
    assert len(fetch(visitor, file_format, event=event.pk, status="refunded")) == 1
    [row] = fetch(visitor, file_format, event=event.pk, q="lovelace")

    assert [str(value) for value in row] == [
        str(ticket.pk),
        ticket.ticket_code,
        "Ada Lovelace",
        "ada@example.com",
        "Summer concert",
        "2026-07-18 20:00",
        "Europe/Berlin",
        "Standard",
        "Valid",
        "",
        "20.00" if file_format == "csv" else "20",
        "USD",
        "0",
        str(ticket.order_id),
        "2026-07-02 10:00",
    ]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "name",
    ['=HYPERLINK("http://evil.example","x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "  =1+1"],
)
def test_a_name_never_becomes_a_formula(
    visit: MakeVisitor,
    event: Event,
    make_user: MakeUser,
    front_desk: User,
    file_format: str,
    name: str,
) -> None:
    pay_order(buy(event, make_user("x@example.com", name=name)))
    answer = visit(front_desk).client.get(f"{EXPORT}/{file_format}/")
    content = b"".join(answer) if answer.streaming else answer.content

    if file_format == "xlsx":
        sheet = load_workbook(BytesIO(content)).active
        assert sheet is not None
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
        assert sheet.cell(row=2, column=3).value == f"'{name}"
    else:
        rows = list(csv.reader(StringIO(content.decode("utf-8-sig"))))
        assert rows[1][2] == f"'{name}"


@pytest.mark.parametrize(
    ("value", "written"),
    [("Ada", "Ada"), (-5, -5), (Decimal("-5.00"), Decimal("-5.00")), ("a=b", "a=b"), ("", "")],
)
def test_numbers_and_plain_words_stay_what_they_are(value: object, written: object) -> None:
    assert harmless(value) == written


def test_signs_that_no_spreadsheet_can_hold_are_left_out() -> None:
    assert harmless("Ada\x00\x0b Lovelace") == "Ada Lovelace"


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_may_have_the_file(
    request: pytest.FixtureRequest, visit: MakeVisitor, who: str, status: int, file_format: str
) -> None:
    visitor = visit(request.getfixturevalue(who))

    assert visitor.client.get(f"{EXPORT}/{file_format}/").status_code == status


def test_a_file_of_many_rows_costs_no_more_queries(
    visit: MakeVisitor, event: Event, make_user: MakeUser, front_desk: User
) -> None:
    visitor = visit(front_desk)

    def count(number: int) -> int:
        for _ in range(number):
            pay_order(buy(event, make_user(f"person{User.objects.count()}@example.com")))
        with CaptureQueriesContext(connection) as queries:
            fetch(visitor, "csv")
        return len(queries)

    assert count(1) == count(29) <= 12


@pytest.mark.parametrize(
    ("address", "status"),
    [("exe/", 404), ("csv/?event=nonsense&status=x", 200), ("csv/?nonsense=x", 404)],
)
def test_nonsense_is_no_fault_of_ours(
    visit: MakeVisitor, front_desk: User, address: str, status: int
) -> None:
    assert visit(front_desk).client.get(f"{EXPORT}/{address}").status_code == status


def test_the_file_is_named_and_kept_nowhere(
    visit: MakeVisitor, event: Event, front_desk: User
) -> None:
    answer = visit(front_desk).client.get(f"{EXPORT}/xlsx/", {"event": event.pk})

    assert answer["Content-Disposition"] == (
        f'attachment; filename="tickets-{event.pk}-2026-07-02.xlsx"'
    )
    assert "no-store" in answer["Cache-Control"]


def test_a_ticket_past_its_time_is_expired_in_the_file_too(
    visit: MakeVisitor, make_event: MakeEvent, customer: User, front_desk: User
) -> None:
    event = make_event(start_date=NOW - timedelta(hours=5))
    before = NOW - timedelta(days=1)
    pay_order(buy(event, customer, at=before), at=before)

    [row] = fetch(visit(front_desk), "csv")

    assert row[COLUMNS.index("Status")] == "Expired"
    assert Ticket.objects.get().status == "active"
