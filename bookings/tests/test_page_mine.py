"""`/bookings`, `/bookings/{id}`, its calendar file and its cancel page."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import cancel_booking, cancel_by_staff, set_status
from bookings.states import BookingStatus
from payments import courier
from payments.models import Payment, Refund
from payments.services import lapse
from payments.states import PaymentState, RefundState
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeSlot,
    book_slot,
    pay,
    pay_at_provider,
)

CONFIRMED = BookingStatus.CONFIRMED
MINE = "/bookings"


def open_booking(visitor: Visitor, booking: Booking) -> Page:
    return visitor.get(f"/bookings/{booking.pk}")


def rooms_of(page: Page) -> list[str]:
    """The cards of the list, by the booking that each leads to."""
    return [href for words, href in page.links if words == "Dr Weber"]


# --- The list -------------------------------------------------------------------------------


def test_the_list_is_for_who_is_signed_in(visit: MakeVisitor) -> None:
    assert visit().get(MINE).location == "/accounts/login/?next=/bookings"


def test_tabs_hold_what_they_say_in_the_order_of_need(
    visit: MakeVisitor, customer: User, stranger: User, make_booking: MakeBooking
) -> None:
    later = make_booking(status=CONFIRMED, starts_at=START + timedelta(days=1))
    soon = make_booking(status=CONFIRMED, starts_at=START)
    held = make_booking(starts_at=START + timedelta(days=2))
    gone = make_booking(starts_at=START + timedelta(days=3))
    cancel_booking(booking_id=gone.pk, by=customer, at=NOW)
    make_booking(user=stranger, starts_at=START + timedelta(days=4))
    visitor = visit(customer)

    upcoming, pending, past = (
        visitor.get(MINE),
        visitor.get(MINE, tab="pending"),
        visitor.get(MINE, tab="past"),
    )

    assert rooms_of(upcoming) == [f"/bookings/{soon.pk}", f"/bookings/{later.pk}"]
    assert rooms_of(pending) == [f"/bookings/{held.pk}"]
    assert rooms_of(past) == [f"/bookings/{gone.pk}"]
    for page in (upcoming, pending, past):
        assert page.h1 == "My bookings"
        assert "Upcoming 2 Pending 1 Past 1" in page.text
    assert visitor.get(MINE, tab="nonsense").text == upcoming.text


def test_cards_say_what_matters_and_offer_what_is_possible(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    held = make_booking(starts_at=START)
    make_booking(status=CONFIRMED, starts_at=START + timedelta(days=1))
    gone = make_booking(starts_at=START + timedelta(days=2))
    cancel_booking(booking_id=gone.pk, by=customer, at=NOW)
    visitor = visit(customer)

    pending = visitor.get(MINE, tab="pending")
    assert held.payment is not None
    assert "Thu 9 Jul Dr Weber 11:00–11:30 (Berlin) 80.00 USD Held" in pending.text
    assert pending.href("Pay 80.00 USD") == f"/pay/{held.payment.token}"
    assert pending.href("Give it up") == f"/bookings/{held.pk}/cancel"

    upcoming = visitor.get(MINE)
    assert "Confirmed" in upcoming.text
    assert upcoming.has_link("Cancel")
    assert not upcoming.has_link("Book again")

    past = visitor.get(MINE, tab="past")
    assert "Given up" in past.text
    assert past.href("Book again") == f"/bookings/new?room={gone.room_id}"
    assert not past.has_link("Cancel")


@pytest.mark.parametrize("tab", ["upcoming", "pending", "past"])
def test_an_empty_tab_has_one_way_on(visit: MakeVisitor, customer: User, tab: str) -> None:
    page = visit(customer).get(MINE, tab=tab)

    assert "/bookings/new" in [href for words, href in page.links if words == "Book a time"]
    assert (
        page.title
        == {
            "upcoming": "Upcoming · My bookings · Booking & Tickets",
            "pending": "Pending · My bookings · Booking & Tickets",
            "past": "Past · My bookings · Booking & Tickets",
        }[tab]
    )


def test_thirty_bookings_take_as_many_queries_as_one_and_have_pages(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert visitor.get(MINE).status == 200
        return len(counted)

    visitor = visit(customer)
    make_booking(status=CONFIRMED)
    with_one = queries()
    for day in range(1, 30):
        make_booking(price=0, starts_at=START + timedelta(days=day))

    assert queries() == with_one
    assert visitor.get(MINE).href("Next") == "?tab=upcoming&page=2"
    assert len(rooms_of(visitor.get(MINE, page=2))) == 10


# --- One booking ----------------------------------------------------------------------------


def test_somebody_else_s_booking_isn_t_there_for_staff_either(
    visit: MakeVisitor, stranger: User, manager: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)

    with nothing_changes():
        for other in (stranger, manager):
            visitor = visit(other)
            assert open_booking(visitor, booking).status == 404
            assert visitor.get(f"/bookings/{booking.pk}.ics").status == 404
            assert visitor.get(f"/bookings/{booking.pk}/cancel").status == 404
            visitor.get("/accounts/email/")
            sent = visitor.post(f"/bookings/{booking.pk}/cancel", expected_refund="80.00")
            assert sent.status == 404


def test_anonymous_people_sign_in_first_and_come_back(
    visit: MakeVisitor, make_booking: MakeBooking
) -> None:
    booking = make_booking()

    assert open_booking(visit(), booking).location == (
        f"/accounts/login/?next=/bookings/{booking.pk}"
    )
    assert visit().get("/bookings/" + "9" * 30).status in {302, 404}


def test_unknown_numbers_are_404(visit: MakeVisitor, customer: User) -> None:
    for number in ("987654", "9" * 30):
        assert visit(customer).get(f"/bookings/{number}").status == 404


def test_a_held_one_says_until_when_and_offers_to_pay_or_give_up(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()

    page = open_booking(visit(customer), booking)

    assert booking.payment is not None
    assert page.h1 == "Your time is held until 10:15 (Berlin)"
    assert "To be paid by 10:15 (Berlin)." in page.text
    [countdown] = page.tags("div", "data-countdown")
    assert countdown["data-until"] == "2026-07-02T08:15:00+00:00"
    assert page.href("Pay 80.00 USD") == f"/pay/{booking.payment.token}"
    assert page.href("Give it up") == f"/bookings/{booking.pk}/cancel"
    assert not page.has_link("Add to calendar")
    assert "If you cancel" not in page.text


def test_a_confirmed_one_has_the_facts_the_calendar_and_the_exact_refund(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED, notes="Ring twice.")

    page = open_booking(visit(customer), booking)

    assert page.h1 == "You are booked"
    assert "See you Thu 9 July, 11:00." in page.text
    assert "When Thu 9 July, 11:00–11:30 (Berlin)" in page.text
    assert "Price 80.00 USD, paid" in page.text
    assert "Notes Ring twice." in page.text
    assert page.href("Add to calendar") == f"/bookings/{booking.pk}.ics"
    assert "80.00 USD back now until Wed 8 July, 11:00" in page.text
    assert "40.00 USD back until Thu 9 July, 05:00" in page.text
    assert "All of it, 80.00 USD, comes back to you, the way you paid." in page.text
    assert page.href("Cancel this booking") == f"/bookings/{booking.pk}/cancel"


def test_a_booking_free_of_charge_speaks_of_no_money(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    page = open_booking(visit(customer), make_booking(price=0))

    assert page.h1 == "You are booked"
    assert "Price Free" in page.text
    assert "USD" not in page.text
    assert page.has_link("Cancel this booking")


def test_payment_due_at_the_desk_says_so(
    visit: MakeVisitor, customer: User, manager: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    set_status(booking_id=booking.pk, status=CONFIRMED, by=manager, at=NOW)

    page = open_booking(visit(customer), booking)

    assert "Please pay 80.00 USD at the desk." in page.text
    assert "Price 80.00 USD, to be paid at the desk" in page.text
    assert "Nothing was paid, so nothing comes back." in page.text
    assert "80.00 USD back" not in page.text


def test_one_that_is_being_processed_can_neither_be_paid_nor_cancelled(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    Payment.objects.update(status=PaymentState.PROCESSING)
    visitor = visit(customer)

    page = open_booking(visitor, booking)

    assert page.h1 == "Your payment is being processed"
    assert not page.has_link("Pay 80.00 USD")
    assert not page.has_link("Give it up")
    assert visitor.get(f"/bookings/{booking.pk}/cancel").location == f"/bookings/{booking.pk}"


def test_a_hold_whose_time_is_over_is_released_by_who_looks(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(at=NOW - timedelta(minutes=15))

    page = open_booking(visit(customer), booking)

    assert page.h1 == "The time to pay ran out"
    assert "The place was given back. Nothing was charged." in page.text
    assert page.href("Book again") == f"/bookings/new?room={booking.room_id}"
    assert Timeslot.objects.get().taken == 0


def test_while_the_provider_s_word_is_awaited_nothing_is_promised(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(at=NOW - timedelta(minutes=15))
    assert booking.payment is not None
    courier.open_session(booking.payment.pk, at=NOW - timedelta(minutes=10))
    visitor = visit(customer)

    page = open_booking(visitor, booking)
    assert page.h1 == "The time to pay ran out"
    assert "We are making sure that nothing was charged" in page.text
    assert page.has_link("Book again")
    assert not page.has_link("Give it up")
    assert Timeslot.objects.get().taken == 1


def test_a_cancelled_one_says_what_comes_back_and_how_it_stands(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    visitor = visit(customer)

    page = open_booking(visitor, booking)
    assert page.h1 == "Your booking is cancelled"
    assert "80.00 USD is on its way back to you, the way you paid." in page.text
    assert page.has_link("Book again")
    assert not page.has_link("Add to calendar")

    courier.send_refund(Refund.objects.get().pk, at=NOW)
    assert "80.00 USD went back on Thu 2 July" in open_booking(visitor, booking).text

    Refund.objects.update(status=RefundState.FAILED)
    page = open_booking(visitor, booking)
    assert "Paying back 80.00 USD didn't work at first. Our desk is looking into it" in page.text


def test_a_failed_refund_made_good_is_no_news(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    Refund.objects.update(status=RefundState.FAILED)
    failed = Refund.objects.get()
    Refund.objects.create(
        payment=failed.payment, attempt=failed.attempt, amount=failed.amount,
        currency="USD", reason="again",
    )  # fmt: skip

    page = open_booking(visit(customer), booking)

    assert "80.00 USD is on its way back" in page.text
    assert "didn't work" not in page.text


def test_cancelled_too_late_says_that_nothing_comes_back(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED, starts_at=NOW + timedelta(hours=5))
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    page = open_booking(visit(customer), booking)

    assert "By the refund terms of this booking nothing comes back." in page.text


def test_cancelled_by_staff_and_given_up_say_so(
    visit: MakeVisitor, customer: User, manager: User, make_booking: MakeBooking
) -> None:
    by_staff = make_booking(status=CONFIRMED)
    cancel_by_staff(booking_id=by_staff.pk, by=manager, at=NOW)
    given_up = make_booking(starts_at=START + timedelta(days=1))
    cancel_booking(booking_id=given_up.pk, by=customer, at=NOW)
    visitor = visit(customer)

    assert open_booking(visitor, by_staff).h1 == "We had to cancel your booking"
    page = open_booking(visitor, given_up)
    assert page.h1 == "You gave this time up"
    assert "Nothing was charged." in page.text


def test_late_money_that_goes_back_is_told(
    visit: MakeVisitor, customer: User, stranger: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal(80))
    booking = book_slot(slot, customer, at=NOW - timedelta(hours=1))
    attempt = pay_at_provider(booking, at=NOW - timedelta(minutes=50))
    assert booking.payment is not None
    assert lapse(payment_id=booking.payment.pk, at=NOW - timedelta(minutes=40))
    book_slot(slot, stranger, at=NOW - timedelta(minutes=30), notes="")
    courier.ask(attempt.pk, at=NOW - timedelta(minutes=20))

    page = open_booking(visit(customer), booking)

    assert page.h1 == "The time to pay ran out"
    assert "Your money came after that, so all of it goes back to you." in page.text
    assert "80.00 USD is on its way back" in page.text
    assert "Nothing was charged" not in page.text


@pytest.mark.parametrize(
    ("after", "status", "h1"),
    [
        (timedelta(minutes=10), "confirmed", "Your time has begun"),
        (timedelta(minutes=31), "confirmed", "This visit is over"),
        (timedelta(hours=2), "completed", "This visit is over"),
        (timedelta(hours=2), "no_show", "We missed you"),
    ],
)
def test_once_it_has_begun_it_can_t_be_cancelled(
    visit: MakeVisitor,
    customer: User,
    make_booking: MakeBooking,
    after: timedelta,
    status: str,
    h1: str,
) -> None:
    booking = make_booking(status=CONFIRMED)
    Booking.objects.update(status=status)
    visitor = visit(customer)

    with time_machine.travel(START + after, tick=False):
        page = open_booking(visitor, booking)
        assert page.h1 == h1
        assert not page.has_link("Cancel this booking")
        assert visitor.get(f"/bookings/{booking.pk}/cancel").status == 303


def test_what_happened_is_told_in_order(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    pay(booking, at=NOW + timedelta(minutes=3))
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW + timedelta(minutes=5))

    page = open_booking(visit(customer), booking)

    assert (
        "What happened Held for you Thu 2 July, 10:00 Paid and confirmed Thu 2 July, 10:03 "
        "Cancelled Thu 2 July, 10:05"
    ) in page.text


# --- Its calendar file ----------------------------------------------------------------------


def test_the_calendar_file_is_the_event_as_it_stands(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)

    response = visit(customer).client.get(f"/bookings/{booking.pk}.ics")

    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert response["Content-Disposition"] == f'attachment; filename="booking-{booking.pk}.ics"'
    calendar = Calendar.from_ical(response.content)
    [event] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "PUBLISH"
    assert str(event["UID"]).startswith(str(booking.uid))
    assert event["DTSTART"].to_ical() == b"20260709T090000Z"
    assert event["DTEND"].to_ical() == b"20260709T093000Z"
    assert event["SEQUENCE"] == 0


@pytest.mark.parametrize("state", ["held", "cancelled", "over"])
def test_there_is_no_calendar_file_for_what_isn_t_coming(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking, state: str
) -> None:
    booking = make_booking(status=BookingStatus.PENDING if state == "held" else CONFIRMED)
    if state == "cancelled":
        cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    at = START + timedelta(hours=1) if state == "over" else NOW
    visitor = visit(customer)

    with time_machine.travel(at, tick=False):
        assert visitor.get(f"/bookings/{booking.pk}.ics").status == 404


# --- Cancelling -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notice", "sentence", "button", "refunds"),
    [
        pytest.param(
            timedelta(hours=24),
            "All of it, 80.00 USD, comes back to you, the way you paid.",
            "Cancel and get 80.00 USD back",
            [Decimal("80.00")],
            id="all",
        ),
        pytest.param(
            timedelta(hours=6),
            "40.00 USD of the 80.00 USD comes back to you, the way you paid.",
            "Cancel and get 40.00 USD back",
            [Decimal("40.00")],
            id="half",
        ),
        pytest.param(
            timedelta(hours=5),
            "Nothing of the 80.00 USD comes back: there is too little time left.",
            "Cancel the booking",
            [],
            id="nothing",
        ),
    ],
)
def test_the_exact_amount_is_said_before_the_click_and_comes_back_after_it(
    visit: MakeVisitor,
    customer: User,
    make_booking: MakeBooking,
    notice: timedelta,
    sentence: str,
    button: str,
    refunds: list[Decimal],
) -> None:
    booking = make_booking(status=CONFIRMED)
    visitor = visit(customer)

    with time_machine.travel(START - notice, tick=False):
        page = visitor.get(f"/bookings/{booking.pk}/cancel")
        assert page.h1 == "Cancel this booking?"
        assert sentence in page.text
        answer = visitor.send(page, button, reason="A cold.")

    assert (answer.status, answer.location) == (303, f"/bookings/{booking.pk}")
    assert list(Refund.objects.values_list("amount", flat=True)) == refunds
    assert booking.history.latest("pk").reason == "A cold."


def test_the_booking_s_own_page_can_cancel_by_its_dialog(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)
    visitor = visit(customer)

    visitor.send(open_booking(visitor, booking), "Cancel and get 80.00 USD back")

    assert Booking.objects.get().is_cancelled


def test_an_amount_that_changed_meanwhile_is_asked_again(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)
    visitor = visit(customer)
    with time_machine.travel(START - timedelta(hours=24), tick=False):
        page = visitor.get(f"/bookings/{booking.pk}/cancel")

    with time_machine.travel(START - timedelta(hours=24) + timedelta(seconds=1), tick=False):
        with nothing_changes():
            again = visitor.send(page, "Cancel and get 80.00 USD back")
        assert again.status == 409
        assert "What comes back has changed meanwhile." in again.text
        answer = visitor.send(again, "Cancel and get 40.00 USD back")

    assert answer.status == 303
    assert Refund.objects.get().amount == Decimal("40.00")


@pytest.mark.parametrize(
    ("notice", "button"),
    [
        pytest.param(timedelta(days=7), "Cancel and get 80.00 USD back", id="all-comes-back"),
        # What the hold's question said too: 0.
        pytest.param(timedelta(hours=5), "Cancel the booking", id="nothing-comes-back"),
    ],
)
def test_paid_while_giving_up_is_asked_again_as_a_cancel(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking, notice: timedelta, button: str
) -> None:
    booking = make_booking(starts_at=NOW + notice)
    visitor = visit(customer)
    page = visitor.get(f"/bookings/{booking.pk}/cancel")
    assert page.h1 == "Give up this time?"
    pay(booking)

    with nothing_changes():
        again = visitor.send(page, "Give it up")

    assert (again.status, again.h1) == (409, "Cancel this booking?")
    assert "It has been paid meanwhile." in again.text
    assert again.forms_with(button)


def test_giving_up_frees_the_place(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking()
    visitor = visit(customer)

    answer = visitor.send(open_booking(visitor, booking), "Give it up")

    assert visitor.follow(answer).h1 == "You gave this time up"
    assert Timeslot.objects.get().taken == 0


def test_cancelling_twice_is_once(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED)
    visitor = visit(customer)
    page = visitor.get(f"/bookings/{booking.pk}/cancel")

    first = visitor.send(page, "Cancel and get 80.00 USD back")
    with nothing_changes():
        second = visitor.send(page, "Cancel and get 80.00 USD back")

    assert first.location == second.location == f"/bookings/{booking.pk}"
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("amount", ["", "-1", "NaN", "1e999", "80.001", "all of it"])
def test_a_garbled_amount_cancels_nothing(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking, amount: str
) -> None:
    booking = make_booking(status=CONFIRMED)
    visitor = visit(customer)
    page = visitor.get(f"/bookings/{booking.pk}/cancel")

    with nothing_changes():
        again = visitor.send(page, "Cancel and get 80.00 USD back", expected_refund=amount)

    assert (again.status, again.h1) == (400, "Cancel this booking?")
