"""The personal calendar, and the way out of reminders."""

from collections.abc import Iterator
from datetime import timedelta

import icalendar
import pytest
import time_machine
import vobject
from django.test import Client

from accounts.models import User
from accounts.opting_out import opt_out_url
from accounts.services import close_calendar, open_calendar
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from tests.infrastructure.events import buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW, START, MakeBooking
from tickets.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def path_of(user: User) -> str:
    return f"/calendar/{user.calendar_token}.ics"


@pytest.fixture
def owner(customer: User) -> User:
    return open_calendar(user_id=customer.pk)


def names(content: bytes) -> list[str]:
    """What two readers that share no code find, in order."""
    ours = [str(event["summary"]) for event in icalendar.Calendar.from_ical(content).walk("VEVENT")]
    theirs = vobject.readOne(content.decode())
    assert [event.summary.value for event in getattr(theirs, "vevent_list", [])] == ours
    return ours


def test_it_shows_bookings_and_tickets_as_they_are_now(
    client: Client,
    owner: User,
    make_booking: MakeBooking,
    event: Event,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, price=80, user=owner)
    make_booking(price=80, user=owner, starts_at=START + timedelta(hours=3))
    pay_order(buy(event, owner))

    first = client.get(path_of(owner))
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert names(first.content) == ["Dr Weber (Booking & Tickets)", "Summer concert"]

    cancel_booking(booking_id=booking.pk, by=owner, at=NOW)
    assert names(client.get(path_of(owner)).content) == ["Summer concert"]


def test_unchanged_is_304_and_changed_is_not(
    client: Client, owner: User, make_booking: MakeBooking
) -> None:
    booking: Booking = make_booking(status=BookingStatus.CONFIRMED, price=80, user=owner)
    assert names(client.get(path_of(owner)).content)
    etag = client.get(path_of(owner))["ETag"]

    again = client.get(path_of(owner), headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")

    cancel_booking(booking_id=booking.pk, by=owner, at=NOW)
    assert client.get(path_of(owner), headers={"If-None-Match": etag}).status_code == 200


def test_a_revoked_or_guessed_address_shows_nothing(client: Client, owner: User) -> None:
    old = path_of(owner)
    new = path_of(open_calendar(user_id=owner.pk))
    assert [client.get(path).status_code for path in (old, new)] == [404, 200]

    close_calendar(user_id=owner.pk)
    for path in (new, "/calendar/None.ics", "/calendar/x.ics"):
        assert client.get(path).status_code == 404


def test_somebody_elses_things_are_not_in_it(
    client: Client, owner: User, stranger: User, make_booking: MakeBooking
) -> None:
    make_booking(status=BookingStatus.CONFIRMED, price=80, user=stranger)

    assert names(client.get(path_of(owner)).content) == []


def test_the_account_page_makes_renews_and_ends_the_address(
    visit: MakeVisitor, customer: User
) -> None:
    browser = visit(customer)
    page = browser.follow(browser.send(browser.get("/account"), "Make an address"))
    customer.refresh_from_db()
    first = customer.calendar_token
    assert first
    assert page.href("Open in my calendar").endswith(f"/calendar/{first}.ics")
    assert page.href("Open in my calendar").startswith("webcal://")

    page = browser.follow(browser.send(page, "New address"))
    customer.refresh_from_db()
    assert customer.calendar_token not in {first, None}

    browser.send(page, "End this address")
    customer.refresh_from_db()
    assert customer.calendar_token is None


def test_looking_at_the_link_changes_nothing_and_one_click_ends_them(
    client: Client, customer: User
) -> None:
    path = opt_out_url(customer.pk).removeprefix("http://127.0.0.1:8000")

    assert client.get(path).status_code == 200
    customer.refresh_from_db()
    assert customer.wants_reminders

    # As a mail program does it: no cookie, no token of ours.
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    customer.refresh_from_db()
    assert not customer.wants_reminders


def test_a_forged_link_is_not_found(client: Client, customer: User) -> None:
    path = opt_out_url(customer.pk).removeprefix("http://127.0.0.1:8000")

    assert client.post(path[:-2]).status_code == 404
    customer.refresh_from_db()
    assert customer.wants_reminders
