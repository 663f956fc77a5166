"""Tickets at the door, and the links by which they are scanned."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from tests.infrastructure.api import Api
from tests.infrastructure.events import EVENT_END, EVENT_START, buy, pay_order
from tests.infrastructure.world import NOW
from tickets.models import Event, ScannerLink, Ticket, TicketScan
from tickets.services import make_scanner_link, scan_ticket
from tickets.states import ScanType

# The event is on.
DURING = EVENT_START + timedelta(minutes=30)

MakeTicket = Callable[..., Ticket]


@pytest.fixture
def make_ticket(event: Event, customer: User) -> MakeTicket:
    """A paid ticket; other fields than the purchase gives are written into its row."""

    def make(*, event: Event = event, user: User = customer, **fields: Any) -> Ticket:
        [ticket] = pay_order(buy(event, user)).tickets.all()
        if fields:
            Ticket.objects.filter(pk=ticket.pk).update(**fields)
            ticket.refresh_from_db()
        found: Ticket = ticket
        return found

    return make


@pytest.fixture
def ticket(make_ticket: MakeTicket) -> Ticket:
    return make_ticket()


def make_link(event: Event, by: User, **fields: Any) -> tuple[ScannerLink, str]:
    """A link for the main gate that works until a day after the event, and its token."""
    wanted: dict[str, Any] = {
        "gate": "Main gate",
        "expires_at": EVENT_END + timedelta(days=1),
        "at": NOW,
    } | fields
    return make_scanner_link(event_id=event.pk, by=by, **wanted)


@pytest.fixture
def link(event: Event, manager: User) -> ScannerLink:
    return make_link(event, manager)[0]


@pytest.fixture
def token(event: Event, manager: User) -> str:
    """Of a link of its own."""
    return make_link(event, manager)[1]


class LinkApi(Api):
    """A borrowed phone at the API."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.client.defaults["HTTP_AUTHORIZATION"] = f"Scanner {token}"


def scan(ticket: Ticket | str, scan_type: str = "check_in", **fields: Any) -> TicketScan:
    """Scan a ticket, or any code, while the event is on."""
    code = ticket if isinstance(ticket, str) else ticket.ticket_code
    wanted: dict[str, Any] = {"at": DURING} | fields
    return scan_ticket(code=code, scan_type=ScanType(scan_type), **wanted)
