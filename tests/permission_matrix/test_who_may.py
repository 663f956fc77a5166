"""Who may do what: every address of ours, by method, for each kind of person."""

import pytest

from accounts.models import User
from tests.infrastructure.door import make_link
from tests.permission_matrix.people import PEOPLE, V1, Row
from tests.permission_matrix.rows import ROWS
from tests.permission_matrix.world import World, undone
from tickets.models import Event


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_who_may(world: World, row: Row) -> None:
    answered = {}
    for person in PEOPLE:
        # What one of them may do must not change what the next one finds.
        with undone():
            answered[person] = world.ask(row, person)

    assert answered == dict(zip(PEOPLE, row.statuses, strict=True))


def test_a_scanner_link_is_nobody_but_at_the_door(world: World, manager: User) -> None:
    event = Event.objects.get(pk=world.ids["event"])
    _, token = make_link(event, manager)
    door_of_the_link = {
        ("GET", V1 + "admin/events/<int:pk>/door"): 200,
        ("GET", V1 + "admin/events/<int:pk>/door/counts"): 200,
        ("POST", V1 + "admin/tickets/<str:ticketCode>/scan"): 409,
        # Somebody else's scan.
        ("POST", V1 + "admin/tickets/scans/<int:pk>/undo"): 404,
        ("GET", V1 + "admin/tickets/scanner-link"): 200,
    }

    for row in ROWS:
        with undone():
            answered = world.ask(row, "anonymous", Authorization=f"Scanner {token}")

        anonymous = row.statuses[PEOPLE.index("anonymous")]
        assert answered == door_of_the_link.get((row.method, row.route), anonymous), row
