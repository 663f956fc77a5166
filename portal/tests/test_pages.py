"""The front page, one's account, and the small addresses that every site has."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from bookings.states import BookingStatus
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import START, MakeBooking, MakeRoom, MakeSlot

# --- The front page -------------------------------------------------------------------------


def test_it_says_what_can_be_booked_and_what_is_free_next(
    visit: MakeVisitor, make_room: MakeRoom, make_slot: MakeSlot
) -> None:
    slot = make_slot(room=make_room(name="Dr Weber"), start=START)
    make_slot(
        room=make_room(name="Atlas", room_type="meeting", timezone="America/New_York"),
        start=START - timedelta(days=1),
        price=Decimal(0),
    )
    make_room(name="Attic", room_type="office", is_active=False)

    page = visit().get("/")

    assert (page.status, page.h1) == (200, "Book a meeting room or a treatment")
    assert page.href("Book a time") == "/bookings/new"
    assert page.href("Dr Weber") == (
        f"/bookings/new?room={slot.room_id}&month=2026-07&day=2026-07-09&slot={slot.pk}"
    )
    assert "Atlas Wed 8 July, 05:00 (New York) Free for 30 minutes" in page.text
    assert "Dr Weber Thu 9 July, 11:00 (Berlin) 45.00 USD for 30 minutes" in page.text
    assert page.text.index("Atlas") < page.text.index("Dr Weber")
    assert "Next for you" not in page.text


def test_an_empty_house_says_so(visit: MakeVisitor) -> None:
    page = visit().get("/")

    assert (page.status, page.h1) == (200, "Nothing can be booked at present")


def test_what_waits_for_payment_comes_first_then_what_is_next(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    visitor = visit(customer)
    assert "Next for you" not in visitor.get("/").text

    make_booking(status=BookingStatus.CONFIRMED, starts_at=START + timedelta(days=1))
    soon = make_booking(status=BookingStatus.CONFIRMED, starts_at=START)
    page = visitor.get("/")
    assert "Next for you" in page.text
    assert page.href("See the details") == f"/bookings/{soon.pk}"

    held = make_booking(starts_at=START + timedelta(days=2))
    page = visitor.get("/")
    assert held.payment is not None
    assert "Waiting for you" in page.text
    assert page.href("Pay 80.00 USD") == f"/pay/{held.payment.token}"


def test_the_front_page_takes_as_many_queries_for_thirty_rooms_as_for_one(
    visit: MakeVisitor, customer: User, make_room: MakeRoom, make_booking: MakeBooking
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert visitor.get("/").status == 200
        return len(counted)

    visitor = visit(customer)
    make_booking(status=BookingStatus.CONFIRMED)
    make_booking(price=0, starts_at=START + timedelta(hours=1))
    with_one = queries()
    for number in range(29):
        make_room(name=f"Room {number}")
        make_booking(price=0, starts_at=START + timedelta(days=number, hours=2))

    assert queries() == with_one


# --- The account ----------------------------------------------------------------------------


def test_the_account_is_for_who_is_signed_in(visit: MakeVisitor) -> None:
    assert visit().get("/account").location == "/accounts/login/?next=/account"


def test_one_s_name_can_be_changed_and_emptied(visit: MakeVisitor, customer: User) -> None:
    visitor = visit(customer)
    page = visitor.get("/account")
    assert (page.h1, page.form("Save").fields["name"]) == ("Account", "Ada Lovelace")

    saved = visitor.follow(visitor.send(page, "Save", name="  Ada King "))
    customer.refresh_from_db()
    assert customer.name == "Ada King"
    assert "Your name is saved." in saved.text

    visitor.send(saved, "Save", name="")
    customer.refresh_from_db()
    assert customer.name == ""


def test_too_long_a_name_is_said_at_its_field(visit: MakeVisitor, customer: User) -> None:
    visitor = visit(customer)

    answer = visitor.send(visitor.get("/account"), "Save", name="x" * 151)

    assert answer.status == 400
    assert "Something needs another look" in answer.text
    customer.refresh_from_db()
    assert customer.name == "Ada Lovelace"


def test_the_account_leads_to_everything_about_it_once(visit: MakeVisitor, customer: User) -> None:
    page = visit(customer).get("/account")

    ways = [href for words, href in page.links]
    for way in ("/accounts/email/", "/accounts/password/change/", "/accounts/2fa/"):
        assert ways.count(way) == 1
    assert "/bookings" in ways


def test_signing_out_is_a_form(visit: MakeVisitor, customer: User) -> None:
    visitor = visit(customer)
    page = visitor.get("/account")

    # The header's two menus have one each too.
    forms = page.forms_with("Sign out")
    assert {(form.method, form.action) for form in forms} == {("post", "/accounts/logout/")}
    visitor.post(forms[0].action)

    assert visitor.get("/account").status == 302


# --- Small addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accent", "rule"),
    [
        ("#0f6b6b", ":root { --accent: #0f6b6b; }\n"),
        ("rebeccapurple", ":root { --accent: rebeccapurple; }\n"),
        ("oklch(0.5 0.1 200)", ":root { --accent: oklch(0.5 0.1 200); }\n"),
        ("red; } body { display: none", ""),
        ("#12", ""),
        ("", ""),
    ],
)
def test_the_house_s_colour_is_a_style_sheet(
    visit: MakeVisitor, settings: Settings, accent: str, rule: str
) -> None:
    settings.BRAND_ACCENT = accent

    response = visit().client.get("/brand.css")

    assert response.content.decode() == rule
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=300"


def test_the_style_guide_is_the_demo_s_alone(visit: MakeVisitor, settings: Settings) -> None:
    settings.IS_DEMO = False
    assert visit().get("/demo/styleguide").status == 404

    settings.IS_DEMO = True
    assert visit().get("/demo/styleguide").h1 == "Style guide"


def test_a_browser_that_looks_for_its_icon_finds_it(visit: MakeVisitor) -> None:
    assert visit().get("/favicon.ico").location == "/static/img/favicon.svg"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/bookings/", "/bookings"),
        ("/bookings/new/?room=1&day=2026-07-09", "/bookings/new?room=1&day=2026-07-09"),
        ("/bookings/7/cancel/", "/bookings/7/cancel"),
        ("/account/", "/account"),
        ("/demo/mails/", "/demo/mails"),
        # The account pages are the other way round.
        ("/accounts/login?next=/bookings", "/accounts/login/?next=/bookings"),
        ("/accounts/password/reset", "/accounts/password/reset/"),
    ],
)
def test_an_address_typed_with_a_slash_too_many_or_too_few_leads_to_the_right_one(
    visit: MakeVisitor, typed: str, meant: str
) -> None:
    answer = visit().get_address(typed)

    assert (answer.status, answer.location) == (301, meant)


def test_other_addresses_with_a_slash_are_left_alone(visit: MakeVisitor) -> None:
    assert visit().get("/accounts/login/").status == 200
    assert visit().get("/nothing/").status == 404
    assert visit().get("/accounts/nothing").status == 404
