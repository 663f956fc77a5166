"""The scanner's pages as the server gives them: to whom, under which policy, without a script."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.door import DURING, MakeTicket, make_link, scan
from tests.infrastructure.events import MakeEvent
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import cost, post
from tests.infrastructure.world import NOW
from tickets.codes import in_groups
from tickets.door_choice import gates_known
from tickets.models import Event, Ticket, TicketScan
from tickets.services import undo_scan
from tickets.states import EventStatus


def soon(event: Event) -> Event:
    """Its doors are open now."""
    Event.objects.filter(pk=event.pk).update(start_date=NOW, end_date=NOW + timedelta(hours=3))
    Ticket.objects.filter(event=event).update(
        valid_from=NOW - timedelta(hours=1), valid_until=NOW + timedelta(hours=3)
    )
    event.refresh_from_db()
    return event


@pytest.mark.parametrize("path", ["/admin/scanner", "/admin/events/{event}/door"])
def test_only_who_scans_sees_the_door(
    visit: MakeVisitor,
    event: Event,
    customer: User,
    scanner: User,
    front_desk: User,
    manager: User,
    path: str,
) -> None:
    bare = User.objects.create_user("bare@example.com", "x", is_staff=True)
    address = path.format(event=event.pk)

    statuses = [
        visit(person).get(address).status for person in (bare, scanner, front_desk, manager)
    ]

    assert statuses == [403, 200, 200, 200]
    for stranger in (visit(), visit(customer)):
        away = stranger.get(address)
        assert (away.status, away.location.partition("?")[0]) == (302, "/admin/login/")


def test_the_scanner_s_policy_lets_webassembly_run_and_no_eval(
    visit: MakeVisitor, event: Event, scanner: User
) -> None:
    staff = visit(scanner)

    policies = [
        staff.client.get(path)["Content-Security-Policy"]
        for path in ("/admin/scanner", f"/admin/scanner?event={event.pk}", "/scan", "/admin/")
    ]

    for policy in policies[:3]:
        # The library writes the directives in no fixed order, so the one that matters is taken out.
        directives = [directive.strip() for directive in policy.split(";")]
        assert "script-src 'self' 'wasm-unsafe-eval'" in directives
        assert "'unsafe-eval'" not in policy
        assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" in policies[3]
    assert "wasm" not in visit().client.get("/")["Content-Security-Policy"]


def test_a_borrowed_phone_s_page_is_for_everybody_and_tells_nothing(event: Event) -> None:
    answer = Client().get("/scan")

    assert answer.status_code == 200
    assert event.name not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "sessionid" not in answer.cookies


def test_doors_near_in_time_are_offered_those_that_are_on_first(
    visit: MakeVisitor, make_event: MakeEvent, scanner: User
) -> None:
    hours, days = timedelta(hours=1), timedelta(days=1)
    for name, start, status in (
        ("Tomorrow", NOW + days, "published"),
        ("On now", NOW - hours, "published"),
        ("This morning", NOW - 8 * hours, "completed"),
        ("Last week", NOW - 7 * days, "completed"),
        ("In three weeks", NOW + 21 * days, "published"),
        ("Called off", NOW + days, "cancelled"),
        ("Draft", NOW + days, "draft"),
    ):
        make_event(name=name, start_date=start, status=status)

    page = visit(scanner).get("/admin/scanner")

    names = ["On now", "This morning", "Tomorrow"]
    for name in ("Last week", "In three weeks", "Called off", "Draft"):
        assert name not in page.text
    places = [page.response.content.decode().index(f"<strong>{name}") for name in names]
    assert places == sorted(places)


def test_without_any_door_it_says_so(visit: MakeVisitor, scanner: User) -> None:
    assert "No event has its doors open" in visit(scanner).get("/admin/scanner").text


@pytest.mark.parametrize("named", ["0", "999", "x", "1234567890123", "-1", "½"])
def test_an_event_that_is_not_there_is_not_found(
    visit: MakeVisitor, event: Event, scanner: User, named: str
) -> None:
    assert visit(scanner).get(f"/admin/scanner?event={named}").status == 404


def test_a_draft_has_no_door(visit: MakeVisitor, make_event: MakeEvent, scanner: User) -> None:
    draft = make_event(status=EventStatus.DRAFT)
    staff = visit(scanner)

    assert staff.get(f"/admin/scanner?event={draft.pk}").status == 404
    assert staff.get(f"/admin/events/{draft.pk}/door").status == 404


def test_known_gates_are_those_of_links_and_late_scans(
    event: Event, make_event: MakeEvent, make_ticket: MakeTicket, manager: User
) -> None:
    other = make_event(name="Other")
    make_link(event, manager, gate="north")
    make_link(other, manager, gate="Elsewhere")
    scan(make_ticket(), by=manager, event_id=event.pk, location="Main")
    scan(make_ticket(), by=manager, event_id=event.pk)

    assert gates_known([event.pk]) == ["Main", "north"]


def test_a_typed_code_is_checked_by_a_plain_form(
    visit: MakeVisitor, ticket: Ticket, scanner: User
) -> None:
    event = soon(ticket.event)
    staff = visit(scanner)
    form = staff.get(f"/admin/scanner?event={event.pk}&gate=Gate+B").form("Check")
    sent = {**form.fields, "type": "check_in", "code": in_groups(ticket.ticket_code).lower()}

    first = post(staff, form.action, sent)
    reloaded = post(staff, form.action, sent)

    # Sent again, it is the same scan.
    for page in (first, reloaded):
        assert "IN Ada Lovelace Standard" in page.text
        assert "ALREADY" not in page.text
    stored = TicketScan.objects.get()
    assert (stored.accepted, stored.scan_location, stored.scanner_user) == (True, "Gate B", scanner)
    assert str(stored.scan_id) == form.fields["scan_id"]
    again = post(staff, form.action, sent | {"scan_id": str(uuid4())})
    assert "ALREADY IN 10:00, Gate B Ada Lovelace" in again.text


def test_an_old_form_with_another_code_checks_nothing(
    visit: MakeVisitor, make_ticket: MakeTicket, scanner: User
) -> None:
    first, second = make_ticket(), make_ticket()
    event = soon(first.event)
    staff = visit(scanner)
    form = staff.get(f"/admin/scanner?event={event.pk}").form("Check")
    sent = {**form.fields, "type": "check_in", "code": first.ticket_code}
    post(staff, form.action, sent)

    with nothing_changes():
        page = post(staff, form.action, sent | {"code": second.ticket_code})

    assert "Not checked: please enter the code again" in page.text


def test_a_form_without_the_csrf_token_is_refused(
    visit: MakeVisitor, ticket: Ticket, scanner: User
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(scanner)

    with nothing_changes():
        answer = client.post(
            f"/admin/scanner?event={ticket.event_id}", {"code": ticket.ticket_code}
        )

    assert answer.status_code == 403


def test_the_figures_cost_the_same_however_many_came(
    visit: MakeVisitor, event: Event, make_ticket: MakeTicket, manager: User
) -> None:
    staff = visit(manager)
    path = f"/admin/events/{event.pk}/door?part=figures"
    scan(make_ticket(), by=manager, event_id=event.pk)
    few = cost(staff, path)
    for number in range(7):
        scan(make_ticket(), by=manager, event_id=event.pk, location=f"Gate {number % 4}")

    assert cost(staff, path) == few


def test_the_figures_tell_what_happened(
    visit: MakeVisitor, make_ticket: MakeTicket, make_event: MakeEvent, scanner: User
) -> None:
    tickets = [make_ticket() for _ in range(3)]
    event = soon(tickets[0].event)
    stranger = make_ticket(event=make_event(name="Other"))
    at = NOW - timedelta(minutes=5)
    shown: list[Ticket | str] = [tickets[0], tickets[1], tickets[0], stranger, "nothing"]
    for number, one in enumerate(shown):
        moment = at + timedelta(seconds=number)
        scan(one, by=scanner, event_id=event.pk, location="Gate A", at=moment)
    scan(tickets[1], "check_out", by=scanner, event_id=event.pk, location="Gate B", at=NOW)

    page = visit(scanner).get(f"/admin/events/{event.pk}/door")

    assert "Inside now 1" in page.text
    assert "Expected 3 Have come 2 Still to come 1" in page.text
    assert "67 % have come" in page.text
    assert "2 in the last hour, at most 2 a minute" in page.text
    assert "Gate A 2 in 3 refused · last scan 09:55" in page.text
    assert "Gate B 0 in 1 out · 0 refused · last scan 10:00" in page.text
    for refusal in ("Already in 1", "Unknown code 1", "Wrong event 1"):
        assert refusal in page.text
    assert "20.00" not in page.text
    assert "ada@example.com" not in page.text


@pytest.mark.parametrize(
    ("start", "status", "words"),
    [
        pytest.param(
            NOW + timedelta(hours=4), "published", "Doors open today, 13:00.", id="before"
        ),
        pytest.param(
            NOW + timedelta(days=4), "published", "Doors open Mon 6 July, 09:00.", id="days"
        ),
        pytest.param(NOW - timedelta(days=4), "completed", "The event has ended", id="after"),
        pytest.param(NOW, "cancelled", "This event is cancelled", id="cancelled"),
    ],
)
def test_the_figures_say_when_nobody_comes_in(
    visit: MakeVisitor,
    make_event: MakeEvent,
    scanner: User,
    start: object,
    status: str,
    words: str,
) -> None:
    event = make_event(start_date=start, status=status)

    page = visit(scanner).get(f"/admin/events/{event.pk}/door")

    assert words in page.text
    assert "Nobody was scanned here yet." in page.text


def test_a_scan_that_was_undone_is_shown_as_such(
    visit: MakeVisitor, ticket: Ticket, scanner: User
) -> None:
    done = scan(ticket, by=scanner, event_id=ticket.event_id)
    undo_scan(scan_id=done.pk, by=scanner, at=DURING)

    page = visit(scanner).get(f"/admin/events/{ticket.event_id}/door")

    assert "Undone" in page.text
    assert "Inside now 0" in page.text
