"""The way into the staff pages, their menu and their first page."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import RequestFactory

from accounts.models import User
from accounts.roles import FRONT_DESK
from bookings.models import Booking
from bookings.services import cancel_booking, set_status
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from notifications.states import MailState
from payments.models import Payment
from portal.dashboard import navigation
from tests.infrastructure.events import MakeEvent, buy
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.staff import cost
from tests.infrastructure.world import NOW, MakeBooking, MakeUser
from tickets.states import EventStatus

PASSWORD = "correct horse battery"
DESK_MENU = [
    "Today",
    "Bookings",
    "Timeslots",
    "Rooms",
    "Events",
    "Tickets",
    "Orders",
    "Payments",
    "Refunds",
    "Tries to pay",
    "People",
    "Mails",
]


def sign_in(visitor: Visitor, page: Page, email: str) -> Page:
    """Fill in the sign-in form of that page."""
    [form] = [form for form in page.forms if "password" in form.fields]
    fields = form.fields | {"login": email, "password": PASSWORD}
    return visitor.follow(visitor.post(form.action, **fields))


def menu(page: Page) -> list[str]:
    """The words of the menu, without the names of their icons."""
    links = [words for words, href in page.links if href.startswith("/admin/")]
    titles = [*DESK_MENU[:-1], "Groups", "Mails"]
    shown = {words.partition(" ")[2] for words in links}
    return [title for title in titles if title in shown]


# --- The door ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/admin", "/admin/"),
        ("/admin/bookings", "/admin/bookings/booking/"),
        ("/admin/bookings/", "/admin/bookings/booking/"),
        ("/admin/bookings?status=pending", "/admin/bookings/booking/?status=pending"),
        ("/admin/rooms", "/admin/bookings/room/"),
        ("/admin/rooms/", "/admin/bookings/room/"),
        ("/admin/timeslots", "/admin/bookings/timeslot/"),
        ("/admin/timeslots/", "/admin/bookings/timeslot/"),
        ("/admin/events", "/admin/tickets/event/"),
        ("/admin/events/", "/admin/tickets/event/"),
        ("/admin/events?when=coming", "/admin/tickets/event/?when=coming"),
        ("/admin/events/7/tickets", "/admin/tickets/ticket/?event=7"),
        ("/admin/events/7/tickets/?q=ada&event=8", "/admin/tickets/ticket/?q=ada&event=7"),
        ("/admin/password_change/", "/accounts/password/change/"),
    ],
)
def test_the_addresses_that_everybody_knows(
    visit: MakeVisitor, manager: User, path: str, leads_to: str
) -> None:
    assert visit(manager).get_address(path).location == leads_to


def test_staff_sign_in_by_their_address_and_go_on_where_they_were(
    visit: MakeVisitor, front_desk: User
) -> None:
    visitor = visit()

    asked = visitor.follow(visitor.get("/admin/bookings/room/"))
    assert asked.path == "/accounts/login/"
    page = sign_in(visitor, asked, "desk@example.com")

    assert (page.status, page.path) == (200, "/admin/bookings/room/")


def test_a_second_factor_is_asked_for_on_the_way_in(visit: MakeVisitor, manager: User) -> None:
    TOTP.activate(manager, generate_totp_secret())
    visitor = visit()

    page = sign_in(visitor, visitor.follow(visitor.get("/admin/")), "boss@example.com")

    assert page.path == "/accounts/2fa/authenticate/"
    assert visitor.get("/admin/").status == 302


def test_a_new_colleague_proves_the_address_once_and_is_in(
    visit: MakeVisitor, make_user: MakeUser
) -> None:
    make_user("new@example.com", verified=False, is_staff=True, group=FRONT_DESK)
    visitor = visit()

    asked = sign_in(visitor, visitor.follow(visitor.get("/admin/")), "new@example.com")
    assert asked.path == "/accounts/confirm-email/"
    code = re.findall(r"\b\d{6}\b", OutgoingMail.objects.get().context["text"])[0]
    [form] = [form for form in asked.forms if "code" in form.fields]
    page = visitor.follow(visitor.post(form.action, **form.fields | {"code": code}))

    assert (page.status, page.path) == (200, "/admin/")


def test_who_is_no_staff_is_told_so_and_not_sent_round_in_circles(
    visit: MakeVisitor, customer: User
) -> None:
    visitor = visit(customer)

    page = visitor.follow(visitor.get("/admin/bookings/room/"))

    assert (page.status, page.h1) == (403, "This is the staff entrance")
    assert "You are signed in as ada@example.com" in page.text
    assert page.href("Front page") == "/"
    out = visitor.follow(visitor.send(page, "Sign in as somebody else"))
    assert out.path == "/accounts/login/"


def test_an_account_that_was_switched_off_is_out_at_once(visit: MakeVisitor, manager: User) -> None:
    visitor = visit(manager)
    assert visitor.get("/admin/").status == 200

    User.objects.filter(pk=manager.pk).update(is_active=False)

    assert visitor.follow(visitor.get("/admin/")).path == "/accounts/login/"


def test_signing_out_leads_to_the_front_page(visit: MakeVisitor, manager: User) -> None:
    visitor = visit(manager)
    page = visitor.get("/admin/")

    out = visitor.post("/admin/logout/", **page.form("Log out logout").fields)

    assert out.location == "/"
    assert visitor.get("/admin/").status == 302


# --- The menu ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "lines"),
    [
        pytest.param("scanner", ["Today"], id="scanner"),
        pytest.param("front_desk", DESK_MENU, id="front-desk"),
        pytest.param("manager", DESK_MENU, id="manager"),
        pytest.param("superuser", [*DESK_MENU[:-1], "Groups", "Mails"], id="superuser"),
    ],
)
def test_the_menu_holds_what_one_may_open(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    make_user: MakeUser,
    who: str,
    lines: list[str],
) -> None:
    if who == "superuser":
        user: User = make_user("root@example.com", is_staff=True, is_superuser=True)
    else:
        user = request.getfixturevalue(who)
    visitor = visit(user)

    page = visitor.get("/admin/")

    assert menu(page) == lines
    for _words, href in page.links:
        if href.startswith("/admin/"):
            assert visitor.follow(visitor.get_address(href)).status == 200, href


@pytest.mark.parametrize(
    ("path", "here"),
    [
        pytest.param("/admin/", ["/admin/"], id="start"),
        pytest.param("/admin/bookings/booking/", ["/admin/bookings/booking/"], id="a-list"),
        pytest.param("/admin/bookings/room/add/", ["/admin/bookings/room/"], id="below-a-list"),
        pytest.param(
            "/admin/bookings/booking/stats/",
            ["/admin/bookings/booking/stats/"],
            id="below-a-list-with-an-entry-of-its-own",
        ),
        pytest.param("/admin/password_change/", [], id="nowhere-in-the-menu"),
    ],
)
def test_the_menu_marks_where_one_is(
    rf: RequestFactory, admin_user: User, path: str, here: list[str]
) -> None:
    request = rf.get(path)
    request.user = admin_user

    items = [item for group in navigation(request) for item in group["items"]]

    assert [item["link"] for item in items if item["active"]] == here


# --- The first page ----------------------------------------------------------------------------


def test_a_scanner_finds_the_way_to_the_door_and_nothing_else(
    visit: MakeVisitor, scanner: User
) -> None:
    page = visit(scanner).get("/admin/")

    assert "Scan tickets" in page.text
    assert "there is nothing for you to do here yet" not in page.text
    assert "Nobody is booked" not in page.text
    assert "Needs a look" not in page.text


def test_a_scanner_goes_straight_to_a_door(
    visit: MakeVisitor, make_event: MakeEvent, scanner: User, front_desk: User
) -> None:
    """One click to the scanner of that event; whoever sees events finds them among those."""
    soon = make_event(name="Fjord jazz", start_date=NOW + timedelta(days=2))
    now = make_event(name="Late show", start_date=NOW + timedelta(minutes=30), entry_mode="multi")
    make_event(name="Next year", start_date=NOW + timedelta(days=200))

    page = visit(scanner).get("/admin/")

    assert page.href("Scan for Fjord jazz") == f"/admin/scanner?event={soon.pk}"
    doors = [href for words, href in page.links if words == "See the door"]
    assert doors == [f"/admin/events/{event.pk}/door" for event in (now, soon)]
    assert "Open now" in page.text
    assert "Next year" not in page.text
    assert "See the door" not in visit(front_desk).get("/admin/").text


def test_who_may_nothing_finds_a_friendly_word(visit: MakeVisitor, make_user: MakeUser) -> None:
    page = visit(make_user("bare@example.com", name="Sam", is_staff=True)).get("/admin/")

    assert "Hello Sam, there is nothing for you to do here yet." in page.text


def test_the_first_page_shows_the_day(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User, stranger: User
) -> None:
    soon, before = NOW + timedelta(hours=3), NOW - timedelta(days=1)
    today = make_booking(status=BookingStatus.CONFIRMED, starts_at=soon, at=before)
    due = make_booking(starts_at=soon + timedelta(hours=1), at=before, user=stranger)
    set_status(booking_id=due.pk, status=BookingStatus.CONFIRMED, by=front_desk, at=before)
    gone = make_booking(starts_at=soon + timedelta(hours=2), at=before, price=0)
    cancel_booking(booking_id=gone.pk, by=gone.user, at=before)
    make_booking(starts_at=soon + timedelta(days=1), price=Decimal("12.00"))

    page = visit(front_desk).get("/admin/")

    assert page.href("Ada Lovelace") == f"/admin/bookings/booking/{today.pk}/change/"
    assert "13:00–13:30 Berlin Ada Lovelace Dr Weber Confirmed" in page.text
    assert "Eve Stranger Dr Weber Confirmed 80.00 USD due" in page.text
    for card in ("2 today", "1 held, not paid yet", "1 due at the desk", "0 need a look"):
        assert card in page.text, card
    assert "Nothing: money and mails go as they should." in page.text


def test_what_went_wrong_is_on_the_first_page(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    Payment.objects.update(attention="The refund of 80.00 USD failed: No such card.")
    OutgoingMail.objects.update(state=MailState.FAILED, last_error="550 No such user")

    page = visit(manager).get("/admin/")

    assert "2 need a look" in page.text
    assert "The refund of 80.00 USD failed: No such card." in page.text
    assert "550 No such user" in page.text
    mail = OutgoingMail.objects.get()
    assert page.href("Booking confirmed to ada@example.com") == (
        f"/admin/notifications/outgoingmail/{mail.pk}/change/"
    )
    assert booking.payment is not None
    assert page.href(booking.payment.description) == (
        f"/admin/payments/payment/{booking.payment.pk}/change/"
    )


def test_the_first_page_costs_the_same_on_a_busy_day(
    visit: MakeVisitor, make_booking: MakeBooking, make_user: MakeUser, manager: User
) -> None:
    visitor = visit(manager)

    def fill(number: int) -> None:
        for _ in range(number):
            known = Booking.objects.count()
            make_booking(
                price=0,
                starts_at=NOW + timedelta(hours=2),
                user=make_user(f"person{known}@example.com"),
            )

    fill(1)
    one = cost(visitor, "/admin/")
    fill(29)

    assert cost(visitor, "/admin/") == one <= 17


def test_the_first_page_shows_what_is_coming(
    visit: MakeVisitor, make_event: MakeEvent, customer: User, front_desk: User
) -> None:
    event = make_event(name="Fjord jazz", max_participants=10)
    make_event(name="Being planned", status=EventStatus.DRAFT)
    make_event(name="Long gone", start_date=NOW - timedelta(days=3))
    make_event(name="Called off", status=EventStatus.CANCELLED)
    buy(event, customer, 4)

    page = visit(front_desk).get("/admin/")

    assert page.href("Fjord jazz") == f"/admin/tickets/event/{event.pk}/change/"
    assert "Sat 18 July, 20:00 (Berlin) Fjord jazz 0 4 6" in page.text
    assert "Being planned Draft" in page.text
    assert "Long gone" not in page.text
    assert "Called off" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/admin/bookings/booking/?status=nonsense&when=never&room=99999999999999999999&payment=x",
        "/admin/bookings/booking/?user__id__exact=nobody",
        "/admin/bookings/booking/?user__id__exact=99999999999999999999",
        "/admin/bookings/booking/?id__exact=99999999999999999999",
        "/admin/bookings/booking/?q=%00%27%22%25&p=999",
        "/admin/bookings/timeslot/?places=x&room=-1&when=%27",
        "/admin/bookings/timeslot/generate/?room=99999999999999999999",
        "/admin/payments/payment/?look=x&status=y",
        "/admin/accounts/user/?who=99999999999999999999",
        "/admin/bookings/booking/99999999999999999999/change/",
        "/admin/bookings/booking/nonsense/cancel/",
        "/admin/bookings/timeslot/nonsense/block/",
        "/admin/bookings/timeslot/99999999999999999999/change/",
        "/admin/bookings/room/nonsense/delete/",
        "/admin/bookings/room/99999999999999999999/times/",
        "/admin/search/?s=book",
    ],
)
def test_nonsense_in_an_address_is_no_fault_of_ours(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User, path: str
) -> None:
    make_booking()
    visitor = visit(manager)

    assert visitor.follow(visitor.get_address(path)).status in {200, 404}
