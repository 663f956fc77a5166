"""Letting people in by name on the staff's list, and what was scanned on their pages."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from accounts.models import User
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.door import DURING, MakeTicket, make_link, scan
from tests.infrastructure.pages import Page, Visitor
from tests.infrastructure.staff import cost
from tests.infrastructure.world import MakeUser
from tickets.models import Event, Ticket, TicketScan
from tickets.services import undo_scan
from tickets.states import EntryMode

TICKETS = "/admin/tickets/ticket/"


@pytest.fixture(autouse=True)
def during(db: None) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(DURING, tick=False) as traveller:
        yield traveller


def buttons(page: Page) -> list[str]:
    """Where the buttons of the rows are sent."""
    return [tag["formaction"] for tag in page.tags("button", "formaction")]


def press(visitor: Visitor, page: Page, address: str) -> Page:
    return visitor.follow(visitor.post(address))


def the_list(visitor: Visitor, event: Event, **query: str) -> Page:
    return visitor.get(TICKETS, event=str(event.pk), **query)


def test_somebody_is_found_by_name_and_let_in_once(
    event: Event, make_ticket: MakeTicket, make_user: MakeUser, front_desk: User
) -> None:
    ada = make_ticket()
    bob = make_ticket(user=make_user("bob@example.com", name="Bob Bell"))
    visitor = Visitor(front_desk)

    listed = the_list(visitor, event, q="bell")
    [address] = buttons(listed)
    done = press(visitor, listed, address)

    # Back to the same search, with the word for it.
    assert (done.path, done.response.request["QUERY_STRING"]) == (
        TICKETS,
        f"event={event.pk}&q=bell",
    )
    assert "Bob Bell is in." in done.text
    assert "inside" in done.text
    assert buttons(done) == []
    bob.refresh_from_db()
    assert (bob.status, bob.is_inside) == ("used", True)
    stored = TicketScan.objects.get()
    assert (stored.ticket, stored.scanner_user, stored.event) == (bob, front_desk, event)
    assert (stored.scan_location, stored.accepted) == ("Staff list", True)

    # The same button once more is the same scan, another one a second scan.
    again = press(visitor, listed, address)
    assert "Bob Bell is in." in again.text
    assert TicketScan.objects.count() == 1
    second = press(visitor, listed, address.split("?")[0])
    assert "not let through: Ticket is used (in since Sat 18 Jul 2026, 20:30" in second.text
    assert TicketScan.objects.count() == 2
    ada.refresh_from_db()
    assert ada.status == "active"


def test_out_and_in_again_where_that_is_possible(
    event: Event, make_ticket: MakeTicket, front_desk: User
) -> None:
    make_ticket()
    Event.objects.update(entry_mode=EntryMode.MULTI)
    visitor = Visitor(front_desk)

    for way in ("check_in", "check_out", "check_in"):
        listed = the_list(visitor, event)
        [address] = buttons(listed)
        assert f"/scan/{way}/" in address
        press(visitor, listed, address)

    assert [found.accepted for found in TicketScan.objects.all()] == [True] * 3


def test_who_is_inside_can_be_listed(
    event: Event, make_ticket: MakeTicket, make_user: MakeUser, front_desk: User
) -> None:
    inside = make_ticket()
    left = make_ticket(user=make_user("bob@example.com", name="Bob Bell"))
    make_ticket(user=make_user("cyd@example.com", name="Cyd Clark"))
    for ticket in (inside, left):
        scan(ticket)
    scan(left, "check_out")
    visitor = Visitor(front_desk)

    def names(door: str) -> set[str]:
        text = the_list(visitor, event, door=door).text
        return {name for name in ("Ada Lovelace", "Bob Bell", "Cyd Clark") if name in text}

    assert names("inside") == {"Ada Lovelace"}
    assert names("in") == {"Ada Lovelace", "Bob Bell"}
    assert names("not") == {"Cyd Clark"}
    assert the_list(visitor, event).has_link("Inside now")


def test_no_button_that_would_be_refused(
    during: time_machine.Traveller, event: Event, make_ticket: MakeTicket, front_desk: User
) -> None:
    make_ticket(status="cancelled")
    early = make_ticket()
    visitor = Visitor(front_desk)

    assert len(buttons(the_list(visitor, event))) == 1
    during.move_to(early.valid_from - timedelta(seconds=1))
    assert buttons(the_list(visitor, event)) == []
    # The list of everybody's tickets for everything is no door.
    during.move_to(DURING)
    assert buttons(visitor.get(TICKETS)) == []


@pytest.mark.parametrize("who", ["customer", "scanner", "bare"])
def test_who_may_not_let_in_by_name(
    request: pytest.FixtureRequest, make_user: MakeUser, ticket: Ticket, who: str
) -> None:
    """Scanners see no list: it has addresses and prices."""
    found = scan(ticket)
    user = (
        make_user("bare@example.com", is_staff=True)
        if who == "bare"
        else request.getfixturevalue(who)
    )
    visitor = Visitor(user)
    visitor.get("/account")

    with nothing_changes():
        for path in (f"{TICKETS}{ticket.pk}/scan/check_in/", f"{TICKETS}scans/{found.pk}/undo/"):
            assert visitor.post(path).status in {302, 403}


def test_only_a_post_lets_in(ticket: Ticket, front_desk: User) -> None:
    visitor = Visitor(front_desk)

    with nothing_changes():
        assert visitor.get(f"{TICKETS}{ticket.pk}/scan/check_in/").status == 405
        forged = visitor.client.post(f"{TICKETS}{ticket.pk}/scan/check_in/")
        assert forged.status_code == 403
        visitor.get(TICKETS)
        assert visitor.post(f"{TICKETS}{ticket.pk}/scan/access/").status == 404
        assert visitor.post(f"{TICKETS}999999/scan/check_in/").status == 404


def test_back_leads_nowhere_else(ticket: Ticket, front_desk: User) -> None:
    visitor = Visitor(front_desk)
    visitor.get(TICKETS)

    answer = visitor.post(f"{TICKETS}{ticket.pk}/scan/check_in/?back=https://evil.example/")

    assert answer.location == f"{TICKETS}{ticket.pk}/change/"


def test_the_history_stands_on_ticket_order_and_event(
    event: Event, ticket: Ticket, front_desk: User, manager: User
) -> None:
    link, _ = make_link(event, manager)
    first = scan(ticket, link=link)
    undo_scan(scan_id=first.pk, by=front_desk, at=DURING)
    scan(ticket, by=front_desk, location="East")
    scan(ticket, by=front_desk, location="West")
    scan("nothing", by=front_desk, event_id=event.pk)
    visitor = Visitor(front_desk)

    pages = [
        visitor.get(f"{TICKETS}{ticket.pk}/change/"),
        visitor.get(f"/admin/tickets/ticketorder/{ticket.order_id}/change/"),
        visitor.get(f"/admin/tickets/event/{event.pk}/change/"),
    ]

    for page in pages:
        assert page.status == 200
        assert "undone at 20:30 by Dora Desk" in page.text
        assert "link for Main gate" in page.text
        assert "let through East Dora Desk" in page.text
        assert "refused: Ticket is used West Dora Desk" in page.text
        # Only the scan that stands.
        assert len(page.forms_with("Undo")) == 1
    assert "unknown code" in pages[2].text
    assert "1 inside, 1 of 1 have come." in pages[2].text


@pytest.mark.parametrize("page", ["ticket", "ticketorder", "event"])
def test_a_scan_is_undone_where_it_stands(ticket: Ticket, front_desk: User, page: str) -> None:
    scan(ticket, by=front_desk)
    pk = {"ticket": ticket.pk, "ticketorder": ticket.order_id, "event": ticket.event_id}[page]
    address = f"/admin/tickets/{page}/{pk}/change/"
    visitor = Visitor(front_desk)

    done = visitor.follow(visitor.send(visitor.get(address), "Undo"))

    assert done.path == address
    assert f"The scan of Ticket {ticket.pk} is undone." in done.text
    ticket.refresh_from_db()
    assert (ticket.status, ticket.is_inside, ticket.check_in_time) == ("active", False, None)


def test_too_late_to_undo(during: time_machine.Traveller, ticket: Ticket, front_desk: User) -> None:
    found = scan(ticket, by=front_desk)
    visitor = Visitor(front_desk)
    page = visitor.get(f"{TICKETS}{ticket.pk}/change/")
    during.move_to(DURING + timedelta(minutes=15, seconds=1))

    done = visitor.follow(visitor.send(page, "Undo"))

    assert "can be undone for 15 minutes" in done.text
    found.refresh_from_db()
    assert not found.is_undone
    assert done.forms_with("Undo") == []


def test_somebody_is_let_in_on_the_ticket_s_own_page(ticket: Ticket, front_desk: User) -> None:
    visitor = Visitor(front_desk)
    page = visitor.get(f"{TICKETS}{ticket.pk}/change/")

    done = visitor.follow(visitor.send(page, "Check in"))

    assert "Ada Lovelace is in." in done.text
    assert done.forms_with("Check in") == []


def test_what_the_list_and_the_pages_cost(
    event: Event, make_ticket: MakeTicket, front_desk: User
) -> None:
    visitor = Visitor(front_desk)
    ticket = make_ticket()
    paths = [
        f"{TICKETS}?event={event.pk}",
        f"{TICKETS}{ticket.pk}/change/",
        f"/admin/tickets/event/{event.pk}/change/",
    ]

    costs = []
    for _ in range(2):
        for _ in range(3):
            scan(ticket, by=front_desk)
            scan(make_ticket(), by=front_desk)
        for path in paths:
            cost(visitor, path)
        costs.append([cost(visitor, path) for path in paths])

    assert costs[0] == costs[1]
