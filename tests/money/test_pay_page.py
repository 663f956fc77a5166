"""`/pay/{token}` and the demo provider's page: pay, decline, give up, come back later."""

from datetime import timedelta

import pytest
import time_machine
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import cancel_booking, cancel_by_staff, set_status
from bookings.states import BookingStatus
from payments import courier
from payments.models import DemoSession, Payment, PaymentAttempt
from payments.services import lapse
from payments.states import PaymentState
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW, MakeBooking, pay, pay_at_provider
from tests.money.moody import MoodyGateway

HELD = timedelta(minutes=15)
GIVE_UP = "Give up and free the place"


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    """80.00 USD for Thu 9 July, held until 10:15 in Berlin."""
    return make_booking()


def pay_path(booking: Booking) -> str:
    assert booking.payment is not None
    return f"/pay/{booking.payment.token}"


def open_checkout(visitor: Visitor, booking: Booking) -> Page:
    return visitor.follow(visitor.get(pay_path(booking)))


def state_of(booking: Booking) -> tuple[str, str]:
    fresh = Booking.objects.select_related("payment").get(pk=booking.pk)
    assert fresh.payment is not None
    return fresh.status, fresh.payment.status


def test_the_address_leads_to_the_provider_and_back_to_the_booking(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    visitor = visit(customer)

    answer = visitor.get(pay_path(booking))
    assert (answer.status, answer.location) == (
        303,
        f"/demo/checkout/{DemoSession.objects.get().session_id}",
    )
    page = visitor.follow(answer)
    assert page.h1 == "Pay 80.00 USD"
    assert "Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)" in page.text
    assert "To be paid by 10:15 (Berlin)." in page.text

    back = visitor.send(page, "Pay", do="pay")
    assert (back.status, back.location) == (303, f"{pay_path(booking)}/return")
    assert visitor.follow(back).h1 == "You are booked"
    assert state_of(booking) == ("confirmed", "paid")


def test_leaving_and_coming_back_loses_nothing(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    visitor = visit(customer)
    first = visitor.get(pay_path(booking))

    with time_machine.travel(NOW + HELD - timedelta(seconds=1), tick=False):
        again = visitor.get(pay_path(booking))

    assert again.location == first.location
    assert PaymentAttempt.objects.count() == 1


def test_a_declined_card_is_not_the_end(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    visitor = visit(customer)
    page = open_checkout(visitor, booking)

    declined = visitor.follow(visitor.send(page, "Decline", do="decline"))

    assert declined.h1 == "Pay 80.00 USD"
    assert "The card was declined" in declined.text
    assert state_of(booking) == ("pending", "open")
    assert "The card was declined" in open_checkout(visitor, booking).text
    visitor.follow(visitor.send(declined, "Pay", do="pay"))
    assert state_of(booking) == ("confirmed", "paid")


def test_giving_up_at_the_provider_s_page_leads_to_the_booking(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    visitor = visit(customer)
    page = open_checkout(visitor, booking)

    given_up = visitor.follow(visitor.send(page, GIVE_UP))

    assert given_up.h1 == "You gave this time up"
    assert Timeslot.objects.get().taken == 0
    assert state_of(booking) == ("cancelled", "closed")
    over = visitor.get_address(page.path)
    assert over.h1 == "There is nothing to pay here any more"
    assert over.forms_with("Pay") == []


def test_somebody_not_signed_in_can_pay_and_give_up_by_the_address(
    visit: MakeVisitor, booking: Booking, make_booking: MakeBooking
) -> None:
    visitor = visit()
    page = open_checkout(visitor, booking)

    paid = visitor.follow(visitor.send(page, "Pay", do="pay"))

    assert (paid.status, paid.h1) == (200, "This is paid")
    assert paid.href("Sign in to see it") == (
        f"/accounts/login/?next={pay_path(booking).replace('/', '%2F')}"
    )
    other = make_booking(starts_at=booking.timeslot.start_time + timedelta(hours=1))
    given_up = visitor.follow(visitor.send(open_checkout(visitor, other), GIVE_UP))
    assert (given_up.status, given_up.h1) == (409, "You gave this up")


def test_giving_up_what_was_paid_a_moment_ago_changes_nothing(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    visitor = visit(customer)
    page = open_checkout(visitor, booking)
    pay(booking)

    with nothing_changes():
        answer = visitor.follow(visitor.send(page, GIVE_UP))

    assert answer.h1 == "You are booked"


def test_the_owner_of_what_is_paid_is_led_to_it(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    pay(booking)

    assert visit(customer).get(pay_path(booking)).location == f"/bookings/{booking.pk}"
    assert visit().get(pay_path(booking)).h1 == "This is paid"


def test_once_the_hold_is_over_it_says_so(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    visitor = visit(customer)
    checkout = open_checkout(visitor, booking)

    with time_machine.travel(NOW + HELD, tick=False):
        page = visitor.get(pay_path(booking))
        assert (page.status, page.h1) == (409, "The time to pay ran out")
        assert page.href("See your booking") == f"/bookings/{booking.pk}"
        over = visitor.get_address(checkout.path)
        assert over.h1 == "There is nothing to pay here any more"
        assert over.forms_with("Pay") == over.forms_with(GIVE_UP) == []

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert booking.payment is not None
        assert lapse(payment_id=booking.payment.pk, at=NOW + timedelta(hours=1))
        page = visitor.get(pay_path(booking))
        assert (page.status, page.h1) == (409, "The time to pay ran out")


def test_a_hold_that_nobody_opened_is_released_by_who_comes(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    with time_machine.travel(NOW + HELD, tick=False):
        assert visit(customer).get(pay_path(booking)).h1 == "The time to pay ran out"

    assert state_of(booking) == ("cancelled", "closed")
    assert Timeslot.objects.get().taken == 0


def test_cancelled_due_and_processing_say_so(
    visit: MakeVisitor, manager: User, make_booking: MakeBooking, booking: Booking
) -> None:
    visitor = visit()
    later = booking.timeslot.start_time + timedelta(hours=1)
    due = make_booking(starts_at=later)
    set_status(booking_id=due.pk, status=BookingStatus.CONFIRMED, by=manager, at=NOW)
    assert visitor.get(pay_path(due)).h1 == "To be paid at the desk"

    cancel_by_staff(booking_id=booking.pk, by=manager, at=NOW)
    page = visitor.get(pay_path(booking))
    assert (page.status, page.h1) == (409, "This was cancelled")

    slow = make_booking(starts_at=later + timedelta(hours=1))
    Payment.objects.filter(bookings=slow).update(status=PaymentState.PROCESSING)
    page = visitor.get(pay_path(slow))
    assert (page.status, page.h1) == (200, "Your payment is being processed")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mood", ["down", "no"])
def test_a_provider_that_can_t_be_reached_is_told_with_how_long_it_is_held(
    visit: MakeVisitor,
    customer: User,
    booking: Booking,
    moody: type[MoodyGateway],
    mood: str,
) -> None:
    moody.moods = [mood]
    visitor = visit(customer)

    page = visitor.get(pay_path(booking))

    assert (page.status, page.h1) == (503, "The payment page can't be reached right now")
    assert "Your place is still yours. Please try again in a moment." in page.text
    assert "To be paid by 10:15 (Berlin)." in page.text
    assert page.href("Try again") == pay_path(booking)
    assert visitor.get(page.href("Try again")).status == 303


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_doesn_t_answer_on_the_way_back_loses_nothing(
    visit: MakeVisitor, customer: User, booking: Booking, moody: type[MoodyGateway]
) -> None:
    visitor = visit(customer)
    visitor.get(pay_path(booking))
    DemoSession.objects.update(status="paid")
    moody.moods = ["down"]

    page = visitor.get(f"{pay_path(booking)}/return")

    assert (page.status, page.h1) == (503, "We are asking how your payment stands")
    assert visitor.follow(visitor.get(page.href("Look again"))).h1 == "You are booked"


def test_unknown_addresses_are_404(visit: MakeVisitor) -> None:
    for path in ("/pay/nothing", "/pay/nothing/return", "/demo/checkout/nothing"):
        assert visit().get(path).status == 404


@pytest.mark.parametrize("setting", ["IS_PRODUCTION", "PAYMENT_PROVIDER"])
def test_the_demo_s_page_is_the_demo_s_alone(
    visit: MakeVisitor, booking: Booking, settings: Settings, setting: str
) -> None:
    page = open_checkout(visit(), booking)
    setattr(settings, setting, True if setting == "IS_PRODUCTION" else "stripe")

    assert visit().get_address(page.path).status == 404


def test_a_program_is_told_in_json(visit: MakeVisitor, booking: Booking) -> None:
    client = visit().client
    path = pay_path(booking)
    with time_machine.travel(NOW + HELD, tick=False):
        answer = client.get(path, headers={"accept": "application/json"})

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "hold_expired"


def test_money_that_came_too_late_is_told_as_going_back(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    attempt = pay_at_provider(booking)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    courier.ask(attempt.pk, at=NOW)

    page = visit().get(pay_path(booking))
    assert (page.status, page.h1) == (409, "You gave this up")
    assert "all of it goes back to you" in page.text
    assert "Nothing was charged" not in page.text
    answer = visit().client.get(pay_path(booking), headers={"accept": "application/json"})
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert error["code"] == "cancelled"
    assert "all of it goes back to you" in error["detail"]
    # The owner is led to the booking, which tells the rest.
    assert visit(customer).get(pay_path(booking)).location == f"/bookings/{booking.pk}"


def test_late_money_that_still_got_its_place_reads_as_paid(
    visit: MakeVisitor, booking: Booking
) -> None:
    attempt = pay_at_provider(booking)
    assert lapse(payment_id=attempt.payment_id, at=NOW + timedelta(hours=1))
    assert state_of(booking) == ("cancelled", "closed")
    courier.ask(attempt.pk, at=NOW + timedelta(hours=1))

    assert state_of(booking) == ("confirmed", "paid")
    page = visit().get(pay_path(booking))
    assert (page.status, page.h1) == (200, "This is paid")


def test_what_was_paid_and_cancelled_tells_what_went_back(
    visit: MakeVisitor, customer: User, booking: Booking
) -> None:
    pay(booking)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    page = visit().get(pay_path(booking))

    assert (page.status, page.h1) == (200, "This was paid, and money went back")
    assert "80.00 USD were paid, and 80.00 USD of it went back" in page.text
