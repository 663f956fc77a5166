"""Whether a code is valid: always an answer, word for word, and to strangers nothing more."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import User
from tests.infrastructure.api import Api, MakeApi, nothing_changes, refused
from tests.infrastructure.events import (
    DOORS,
    EVENT_END,
    EVENT_START,
    MakeEvent,
    buy,
    pay_order,
)
from tests.infrastructure.world import NOW
from tickets.codes import in_groups
from tickets.models import Event, Ticket
from tickets.services import cancel_event, expire_tickets
from tickets.states import EntryMode


@pytest.fixture
def ticket(event: Event, customer: User) -> Ticket:
    [ticket] = pay_order(buy(event, customer)).tickets.all()
    return ticket


def validate(client: Api, code: str, body: Any = None) -> Any:
    return client.post(f"/tickets/{code}/validate", body)


def verdict(code: str, *, at: Any = EVENT_START, **body: Any) -> dict[str, Any]:
    """What a stranger is told at that moment; asking writes nothing."""
    with time_machine.travel(at, tick=False), nothing_changes():
        answer = validate(Api(), code, body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


VALID = {"valid": True}
EXPIRED = {"valid": False, "reason": "Ticket expired", "code": "expired"}
NOT_YET = {"valid": False, "reason": "Ticket not yet valid", "code": "not_yet_valid"}
DOOR_KNOWS = {"isInside": False, "ticketLabel": "Standard"}
UNKNOWN = {"valid": False, "reason": "Ticket not found", "code": "not_found"}


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (DOORS - timedelta(seconds=1), NOT_YET),
        (DOORS, VALID),
        (EVENT_END, VALID),
        (EVENT_END + timedelta(seconds=1), EXPIRED),
    ],
)
def test_from_the_doors_to_the_end(ticket: Ticket, at: Any, found: dict[str, Any]) -> None:
    assert verdict(ticket.ticket_code, at=at) == found


def test_expired_reads_the_same_after_the_beat(ticket: Ticket) -> None:
    later = EVENT_END + timedelta(hours=1)
    expire_tickets(at=later)

    assert verdict(ticket.ticket_code, at=later) == EXPIRED


@pytest.mark.parametrize(
    ("status", "code"),
    [("used", "already_used"), ("cancelled", "cancelled"), ("refunded", "refunded")],
)
def test_it_says_what_became_of_it(ticket: Ticket, status: str, code: str) -> None:
    Ticket.objects.update(status=status)

    assert verdict(ticket.ticket_code) == {
        "valid": False,
        "reason": f"Ticket is {status}",
        "code": code,
    }


def test_at_another_event_s_door(ticket: Ticket, make_event: MakeEvent) -> None:
    wrong = {"valid": False, "reason": "Ticket is for another event", "code": "wrong_event"}

    assert verdict(ticket.ticket_code, eventId=ticket.event_id) == VALID
    assert verdict(ticket.ticket_code, eventId=None) == VALID
    for other in (make_event().pk, 10**6, 0, 2**63):
        assert verdict(ticket.ticket_code, eventId=other) == wrong


def test_a_cancelled_event_comes_first(ticket: Ticket, manager: User) -> None:
    cancel_event(event_id=ticket.event_id, by=manager, at=NOW)

    assert verdict(ticket.ticket_code) == {
        "valid": False,
        "reason": "Event is cancelled",
        "code": "event_cancelled",
    }


def test_who_is_inside_by_a_multi_entry_ticket_is_valid(ticket: Ticket) -> None:
    Event.objects.update(entry_mode=EntryMode.MULTI)
    Ticket.objects.update(is_inside=True, check_in_time=EVENT_START)

    assert verdict(ticket.ticket_code) == VALID


def test_a_code_may_be_typed_in_groups_and_small(ticket: Ticket) -> None:
    code = in_groups(ticket.ticket_code)

    assert verdict(code.replace(" ", "%20")) == VALID
    assert verdict(code.replace(" ", "-").lower()) == VALID


@pytest.mark.parametrize(
    "code", ["x", "%20", "-", "x" * 3000, "%C3%A9", "%00", "%F0%9D%94%B8", "'"]
)
def test_what_is_no_code_is_not_found(ticket: Ticket, code: str) -> None:
    assert verdict(code) == UNKNOWN


def test_no_body_is_needed_and_a_malformed_one_is_400(api: MakeApi, ticket: Ticket) -> None:
    assert validate(api(), ticket.ticket_code).json() == NOT_YET
    with nothing_changes():
        bodies: list[Any] = [{"eventId": "first"}, {"eventId": [1]}, [], "x"]
        for body in bodies:
            assert validate(api(), ticket.ticket_code, body).status_code == 400


def shown_to(client: Api, ticket: Ticket) -> Any:
    answer = validate(client, ticket.ticket_code)
    assert answer.status_code == 200
    return answer.json().get("ticket")


def test_the_owner_and_staff_are_shown_the_ticket_and_nobody_else(
    api: MakeApi,
    customer: User,
    stranger: User,
    front_desk: User,
    manager: User,
    ticket: Ticket,
) -> None:
    own = api(customer).get(f"/tickets/{ticket.pk}").json()

    assert shown_to(api(customer), ticket) == own
    for user in (front_desk, manager):
        assert shown_to(api(user), ticket) == own | DOOR_KNOWS
    for other in (None, stranger):
        assert shown_to(api(other), ticket) is None


def test_who_may_only_scan_sees_no_prices(
    api: MakeApi, customer: User, scanner: User, ticket: Ticket
) -> None:
    own = api(customer).get(f"/tickets/{ticket.pk}").json()

    assert shown_to(api(scanner), ticket) == own | {
        "event": own["event"] | {"onlineUrl": None},
        **DOOR_KNOWS,
        # Neither is served to them.
        "qrCodeUrl": None,
        "pdfUrl": None,
        "pricePaid": None,
        "paymentId": None,
        "refundAmount": None,
        "refundPercent": None,
        "refundSchedule": [],
    }


def test_the_owner_is_shown_an_invalid_ticket_too(
    api: MakeApi, customer: User, ticket: Ticket
) -> None:
    Ticket.objects.update(status="cancelled")

    found = validate(api(customer), ticket.ticket_code).json()

    assert (found["valid"], found["reason"]) == (False, "Ticket is cancelled")
    assert (found["ticket"]["status"], found["ticket"]["qrCodeUrl"]) == ("cancelled", None)


# --- 30 a minute --------------------------------------------------------------------------------


def ask_often(client: Api, code: str, times: int) -> list[int]:
    return [validate(client, code).status_code for _ in range(times)]


def test_strangers_may_ask_thirty_times_a_minute(
    customer: User, scanner: User, stranger: User, ticket: Ticket, api: MakeApi
) -> None:
    code = ticket.ticket_code
    assert ask_often(api(), code, 15) + ask_often(api(), "unknown", 15) == [200] * 30

    with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
        for client in (Api(), Api(stranger)):
            answer = validate(client, code)
            refused(answer, 429, "throttled")
            assert answer["Retry-After"] == "40"
        # Somebody else's address, the owner and the door aren't held up.
        assert validate(Api(REMOTE_ADDR="192.0.2.7"), code).status_code == 200
        assert validate(Api(customer), code).status_code == 200
        assert validate(Api(scanner), code).status_code == 200
        # A header that anybody can write makes nobody somebody else.
        refused(validate(Api(HTTP_X_FORWARDED_FOR="192.0.2.8"), code), 429, "throttled")
    with time_machine.travel(NOW + timedelta(seconds=60), tick=False):
        assert validate(Api(), code).status_code == 200


def test_who_comes_without_an_address_is_counted_too(api: MakeApi, ticket: Ticket) -> None:
    client = Api(REMOTE_ADDR="")

    assert ask_often(client, ticket.ticket_code, 31) == [200] * 30 + [429]


def test_the_owner_and_the_door_may_ask_as_often_as_they_like(
    api: MakeApi, customer: User, scanner: User, ticket: Ticket
) -> None:
    for user in (customer, scanner):
        assert ask_often(api(user), ticket.ticket_code, 31) == [200] * 31
