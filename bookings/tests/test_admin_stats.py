"""The page of figures: what it shows, to whom, at what cost, and nonsense in its address."""

import pytest

from accounts.models import User
from bookings.states import BookingStatus
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import cost
from tests.infrastructure.world import MakeBooking, MakeUser

STATS = "/admin/bookings/booking/stats/"


def test_the_month_in_figures(visit: MakeVisitor, make_booking: MakeBooking, manager: User) -> None:
    make_booking(status=BookingStatus.CONFIRMED)

    page = visit(manager).get(STATS)

    for words in (
        "Bookings 1 1 confirmed",
        "Revenue, net 80.00 USD 80.00 USD taken in, 0.00 USD given back",
        "Occupancy 100 % 1 of 1 places taken",
        "Thu 9 Jul 2026 1",
    ):
        assert words in page.text
    assert "By day" in page.text
    crumb = page.response.content.decode().partition("staff-crumb is-last")[2]
    assert crumb.partition("</span>")[0].split() == ['">', "Figures"]


def test_another_period_and_one_room(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    visitor = visit(manager)

    year = visitor.get_address(STATS + visitor.get(STATS).href("This year"))
    other = visitor.get(STATS, since="2026-07-01", until="2026-07-05", room=str(booking.room_id))

    assert "July 2026 1" in year.text
    assert "none in these days" in other.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "2026-07-09", "until": "2026-07-01"}, "lies before the first"),
        ({"since": "2020-07-09", "until": "2026-07-01"}, "At most two years"),
        ({"since": "soon"}, "Enter a valid date"),
        ({"since": "0001-01-01", "until": "0001-01-05"}, "A day lies between"),
        ({"since": "9999-12-31"}, "A day lies between"),
        ({"room": "x"}, "Select a valid choice"),
        ({"until": "2026-01-05"}, "By day"),
        ({"since": "2026-12-24"}, "Thu 24 Dec 2026"),
    ],
)
def test_nonsense_is_borne(
    visit: MakeVisitor, manager: User, query: dict[str, str], words: str
) -> None:
    page = visit(manager).get(STATS, **query)

    assert page.status == 200
    assert words in page.text


@pytest.mark.parametrize(
    ("who", "status"), [("customer", 302), ("scanner", 403), ("front_desk", 403), ("manager", 200)]
)
def test_who_sees_figures(
    request: pytest.FixtureRequest, visit: MakeVisitor, who: str, status: int
) -> None:
    assert visit(request.getfixturevalue(who)).get(STATS).status == status


def test_the_page_costs_the_same_however_much_there_is(
    visit: MakeVisitor, make_booking: MakeBooking, make_user: MakeUser, manager: User
) -> None:
    visitor = visit(manager)
    make_booking()
    cost(visitor, STATS)
    few = cost(visitor, STATS)
    for number in range(29):
        make_booking(user=make_user(f"{number}@example.com"))

    assert cost(visitor, STATS) == few
