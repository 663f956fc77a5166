"""Purchases and refunds against the double of Stripe, from our side of the wire."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import cancel_booking
from bookings.states import PaymentStatus
from notifications.models import OutgoingMail
from payments import courier
from payments.courier import take_event
from payments.differences import Moment
from payments.errors import GatewayRefused
from payments.gateways import gateway
from payments.models import Payment, PaymentAttempt, Refund, WebhookEvent
from payments.services import store_event
from payments.states import AttemptState, ClosedBecause, EventState, PaymentState, RefundState
from payments.tasks import ask_refunds, expire_attempts, lapse_holds, send_refunds
from payments.verify import Tally, check_money
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.world import NOW, START, MakeBooking, MakeUser
from tests.money.magazine import Magazine, subscribe
from tests.stripe_double import StripeDouble
from tests.stripe_double.webhooks import sign

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = Decimal("80.00")


@pytest.fixture(autouse=True)
def shop(stripe_double: StripeDouble, settings: Settings) -> Iterator[StripeDouble]:
    settings.PAYMENT_PROVIDER = "stripe"
    gateway.cache_clear()
    with time_machine.travel(NOW, tick=False):
        yield stripe_double
    gateway.cache_clear()


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    return make_booking()


def pay_path(booking: Booking) -> str:
    assert booking.payment is not None
    return f"/pay/{booking.payment.token}"


def opened(booking: Booking) -> str:
    """Stripe's number of the page that the purchase leads to."""
    assert booking.payment is not None
    courier.open_session(booking.payment.pk, at=timezone.now())
    session_id = PaymentAttempt.objects.latest("pk").session_id
    assert session_id is not None
    return session_id


def paid(booking: Booking, shop: StripeDouble) -> Booking:
    shop.books.pay(opened(booking))
    courier.ask(PaymentAttempt.objects.latest("pk").pk, at=timezone.now())
    booking.refresh_from_db()
    return booking


def cancelled(booking: Booking, shop: StripeDouble) -> Refund:
    cancel_booking(booking_id=paid(booking, shop).pk, by=booking.user, at=NOW)
    return Refund.objects.get()


def calls(shop: StripeDouble, kind: str) -> int:
    return sum(request["kind"] == kind for request in shop.requests)


# --- The way there and back -----------------------------------------------------------------


def test_the_page_of_stripe_and_back_again(
    visit: MakeVisitor, shop: StripeDouble, booking: Booking, customer: User
) -> None:
    visitor = visit(customer)

    there = visitor.get(pay_path(booking))
    session_id = PaymentAttempt.objects.get().session_id
    assert (there.status, there.location) == (303, f"{shop.url}/c/pay/{session_id}")
    assert session_id is not None
    shop.books.pay(session_id)
    back = visitor.get(f"{pay_path(booking)}/return")

    assert visitor.follow(back).h1 == "You are booked"
    assert PaymentAttempt.objects.get().provider_payment_id.startswith("pi_")
    assert calls(shop, "session.create") == 1


def test_a_return_without_paying_says_so_and_leads_to_the_same_page(
    visit: MakeVisitor, shop: StripeDouble, booking: Booking, customer: User
) -> None:
    visitor = visit(customer)
    there = visitor.get(pay_path(booking))
    shop.books.decline(opened(booking))

    page = visitor.get_address(f"{pay_path(booking)}/return")

    assert (page.status, page.h1) == (200, "This isn't paid yet")
    assert "To be paid by 10:15 (Berlin)." in page.text
    assert page.href("Pay 80.00 USD") == pay_path(booking)
    assert page.href("See your booking") == booking.get_absolute_url()
    assert visitor.get(pay_path(booking)).location == there.location
    # Somebody who isn't signed in is told no other thing.
    assert visit().get_address(f"{pay_path(booking)}/return").h1 == "This isn't paid yet"


def test_what_the_bank_still_settles_looks_again_by_itself(
    visit: MakeVisitor, shop: StripeDouble, booking: Booking, customer: User
) -> None:
    session_id = opened(booking)
    shop.books.pay_later(session_id)
    visitor = visit(customer)

    page = visitor.get_address(f"{pay_path(booking)}/return")

    assert page.h1 == "Your payment is being processed"
    payment = Payment.objects.get()
    assert (payment.status, payment.expires_at) == (PaymentState.PROCESSING, START)
    refresh = f'<meta http-equiv="refresh" content="3;url=/pay/{payment.token}/return?look=1">'
    assert refresh in page.response.content.decode()
    later = visitor.get_address(f"{pay_path(booking)}/return?look=9")
    assert f'content="48;url=/pay/{payment.token}/return?look=4"' in later.response.content.decode()
    assert visitor.get_address(pay_path(booking)).h1 == "Your payment is being processed"

    shop.books.settle(session_id, succeeded=True)

    assert visitor.follow(visitor.get(f"{pay_path(booking)}/return")).h1 == "You are booked"


def test_opening_it_again_after_paying_never_leads_to_the_page_once_more(
    visit: MakeVisitor, shop: StripeDouble, booking: Booking, customer: User
) -> None:
    """The back button, or a second tab, while the webhook is still on its way."""
    visitor = visit(customer)
    visitor.get(pay_path(booking))
    shop.books.pay(opened(booking))

    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        again = visitor.follow(visitor.get(pay_path(booking)))

    assert again.h1 == "You are booked"


def test_another_amount_asks_nobody_to_pay_again(
    visit: MakeVisitor, shop: StripeDouble, booking: Booking, customer: User
) -> None:
    session_id = opened(booking)
    shop.books.pay(session_id)
    shop.books.sessions[session_id]["amount_total"] = 7000
    visitor = visit(customer)

    for path in (f"{pay_path(booking)}/return", pay_path(booking)):
        assert visitor.get_address(path).h1 == "Something about this payment isn't right"

    lapse_at = NOW + timedelta(minutes=20)
    with time_machine.travel(lapse_at, tick=False):
        lapse_holds()
        page = visitor.get_address(pay_path(booking))
    assert page.h1 == "Something about this payment isn't right"
    assert "Nothing was charged" not in page.text


# --- An address that Stripe doesn't take ----------------------------------------------------


@pytest.fixture(params=["payment", "subscription"])
def unmailable(
    request: pytest.FixtureRequest,
    magazine: Magazine,
    make_booking: MakeBooking,
    make_user: MakeUser,
) -> Payment:
    """A purchase in this mode, of somebody whose address is right and refused by Stripe."""
    person = make_user('"ada"@example.com')
    if request.param == "subscription":
        return subscribe(person.pk)
    payment: Payment | None = make_booking(user=person).payment
    assert payment is not None
    return payment


def test_an_address_that_stripe_refuses_is_left_out_and_its_page_asks_for_one(
    shop: StripeDouble, unmailable: Payment
) -> None:
    address = courier.open_session(unmailable.pk, at=NOW)

    [session] = shop.books.sessions.values()
    attempt = PaymentAttempt.objects.get()
    assert (session["url"], session["customer_email"]) == (address, None)
    # What is frozen is what was sent, under a key that is only its own.
    assert (attempt.status, attempt.params["customerEmail"]) == (AttemptState.OPEN, "")
    assert attempt.idempotency_key == session["client_reference_id"]
    assert attempt.idempotency_key.endswith("-without-email")
    assert "Invalid email address" in attempt.last_error
    assert calls(shop, "session.create") == 2

    shop.books.pay(session["id"])
    courier.ask(attempt.pk, at=NOW)

    assert Payment.objects.get().status == PaymentState.PAID


def test_killed_after_it_was_left_out_the_same_session_is_found(
    shop: StripeDouble, unmailable: Payment
) -> None:
    courier.open_session(unmailable.pk, at=NOW)
    [session] = shop.books.sessions.values()
    PaymentAttempt.objects.update(status=AttemptState.NEW, session_id=None, url="")

    courier.open_session(unmailable.pk, at=NOW)

    assert list(shop.books.sessions) == [session["id"]]
    assert PaymentAttempt.objects.get().session_id == session["id"]
    assert calls(shop, "session.create") == 3


def test_another_refusal_is_no_reason_to_leave_the_address_out(
    shop: StripeDouble, booking: Booking
) -> None:
    shop.fail("refuse", kind="session.create", code="email_invalid")

    with pytest.raises(GatewayRefused):
        opened(booking)

    attempt = PaymentAttempt.objects.get()
    assert (attempt.status, attempt.params["customerEmail"]) == (
        AttemptState.EXPIRED,
        booking.user.email,
    )


# --- Money that takes its time --------------------------------------------------------------


def test_money_under_way_holds_the_place_until_the_start_and_then_goes_back(
    shop: StripeDouble, booking: Booking
) -> None:
    session_id = opened(booking)
    shop.books.pay_later(session_id)
    courier.ask(PaymentAttempt.objects.get().pk, at=NOW)

    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert lapse_holds() == 0
    assert Timeslot.objects.get().taken == 1
    with time_machine.travel(START + timedelta(minutes=3), tick=False):
        assert lapse_holds() == 1
        assert (Timeslot.objects.get().taken, Payment.objects.get().closed_because) == (
            0,
            ClosedBecause.LAPSED,
        )
        shop.books.settle(session_id, succeeded=True)
        assert expire_attempts() == 0, "a bank isn't asked every few seconds"
    with time_machine.travel(START + timedelta(minutes=15), tick=False):
        assert expire_attempts() == 1
        assert send_refunds() == 1

    assert PaymentAttempt.objects.get().status == AttemptState.PAID
    assert Refund.objects.get().amount == PRICE
    assert [refund["amount"] for refund in shop.books.refunds.values()] == [8000]
    assert list(OutgoingMail.objects.values_list("kind", flat=True)) == ["money_returned"]


# --- Refunds --------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["error_before", "error_after"])
def test_a_500_that_stripe_repeats_is_got_past_and_the_money_goes_back_once(
    shop: StripeDouble, booking: Booking, fault: str
) -> None:
    """Stripe keeps the 500 under the key, whether it did something or not."""
    refund = cancelled(booking, shop)
    key = refund.idempotency_key
    shop.fail(fault, kind="refund.create")

    for minutes in range(0, 30, 5):
        courier.send_refund(refund.pk, at=NOW + timedelta(minutes=minutes))

    refund.refresh_from_db()
    assert refund.status == RefundState.SUCCEEDED
    assert [each["id"] for each in shop.books.refunds.values()] == [refund.provider_refund_id]
    assert (refund.idempotency_key == key) == (fault == "error_after")
    assert calls(shop, "refund.list") == 1


def test_from_twenty_hours_on_its_books_are_searched_first(
    shop: StripeDouble, booking: Booking
) -> None:
    """The answer was lost, and by now Stripe has forgotten the key."""
    refund = cancelled(booking, shop)
    shop.fail("cut_after", kind="refund.create", times=2)
    assert not courier.send_refund(refund.pk, at=NOW)
    shop.replays.clear()

    assert courier.send_refund(refund.pk, at=NOW + timedelta(hours=20))

    refund.refresh_from_db()
    assert (refund.status, refund.tries) == (RefundState.SUCCEEDED, 2)
    assert [each["id"] for each in shop.books.refunds.values()] == [refund.provider_refund_id]
    assert calls(shop, "refund.list") == 1


def test_before_twenty_hours_the_key_is_trusted(shop: StripeDouble, booking: Booking) -> None:
    refund = cancelled(booking, shop)
    shop.fail("cut_after", kind="refund.create", times=2)
    assert not courier.send_refund(refund.pk, at=NOW)

    assert courier.send_refund(refund.pk, at=NOW + timedelta(hours=19, minutes=59))

    assert calls(shop, "refund.list") == 0
    assert len(shop.books.refunds) == 1


def test_a_no_to_the_second_try_may_be_the_echo_of_the_first_one_s_yes(
    shop: StripeDouble, booking: Booking
) -> None:
    refund = cancelled(booking, shop)
    shop.fail("cut_after", kind="refund.create", times=2)
    courier.send_refund(refund.pk, at=NOW)
    # As after a switch of Stripe's to another data centre: the key is gone too early.
    shop.replays.clear()

    assert courier.send_refund(refund.pk, at=NOW + timedelta(hours=1))

    refund.refresh_from_db()
    assert refund.status == RefundState.SUCCEEDED
    assert len(shop.books.refunds) == 1


def test_a_definite_no_fails_it_where_staff_see_it(shop: StripeDouble, booking: Booking) -> None:
    refund = cancelled(booking, shop)
    shop.fail("refuse", kind="refund.create")

    assert not courier.send_refund(refund.pk, at=NOW)

    refund.refresh_from_db()
    assert refund.status == RefundState.FAILED
    assert "The charge is disputed" in Payment.objects.get().attention
    assert Booking.objects.get().payment_status == PaymentStatus.PAID
    assert shop.books.refunds == {}


def test_a_wrong_key_of_ours_fails_nobody_s_refund(
    shop: StripeDouble, booking: Booking, settings: Settings
) -> None:
    refund = cancelled(booking, shop)
    settings.STRIPE_SECRET_KEY = "sk_test_of_last_year"
    gateway.cache_clear()

    assert not courier.send_refund(refund.pk, at=NOW)
    refund.refresh_from_db()
    assert (refund.status, Payment.objects.get().attention) == (RefundState.REQUESTED, "")
    assert "Invalid API Key" in refund.last_error

    settings.STRIPE_SECRET_KEY = shop.api_key
    gateway.cache_clear()
    assert courier.send_refund(refund.pk, at=NOW + timedelta(minutes=5))


def test_a_refund_that_the_bank_sends_back_later_is_seen(
    shop: StripeDouble, booking: Booking
) -> None:
    shop.books.has_slow_refunds = True
    refund = cancelled(booking, shop)
    assert courier.send_refund(refund.pk, at=NOW)
    # On its way counts as given.
    assert Payment.objects.get().refundable == 0
    refund.refresh_from_db()

    shop.books.settle_refund(refund.provider_refund_id, succeeded=False, reason="declined")
    ask_refunds(refund.attempt_id)

    refund.refresh_from_db()
    assert (refund.status, refund.last_error) == (RefundState.FAILED, "declined")
    assert Payment.objects.get().attention == f"Refund {refund.pk} of 80.00 USD failed: declined"
    assert Booking.objects.get().payment_status == PaymentStatus.PAID


def test_when_only_the_charge_is_told_its_refunds_are_asked_for(
    shop: StripeDouble, booking: Booking
) -> None:
    paid(booking, shop)
    [charge_id] = shop.books.charges
    shop.books.refund_by_hand(charge_id, amount=3000)
    [told] = [each for each in shop.books.events.values() if each["type"] == "charge.refunded"]
    event = gateway("stripe").read_event(*_signed(told, shop))

    number = store_event(event, provider="stripe", at=NOW)
    take_event(number, at=NOW)
    assert WebhookEvent.objects.get().state == EventState.RECEIVED
    ask_refunds(PaymentAttempt.objects.get().pk)

    assert WebhookEvent.objects.get().state == EventState.DONE
    row = Refund.objects.get()
    assert (row.amount, row.is_made_elsewhere) == (Decimal("30.00"), True)


@pytest.mark.parametrize(
    ("reinstated", "disputed", "left"),
    [pytest.param(0, "80", [], id="lost"), pytest.param(3000, "50", ["30"], id="lost-in-part")],
)
def test_what_is_disputed_there_is_not_asked_for_here(
    shop: StripeDouble, booking: Booking, reinstated: int, disputed: str, left: list[str]
) -> None:
    paid(booking, shop)
    [charge_id] = shop.books.charges
    number = shop.books.dispute(charge_id)["id"]
    hear(shop, "charge.dispute.created")

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    assert send_refunds() == 0
    assert (Booking.objects.get().status, Timeslot.objects.get().taken) == ("cancelled", 0)
    assert (Refund.objects.count(), calls(shop, "refund.create")) == (0, 0)

    shop.books.close_dispute(number, status="lost", reinstated=reinstated)
    hear(shop, "charge.dispute.closed")
    assert Payment.objects.get().disputed == Decimal(disputed)
    # All of it was earned by the cancel: what came back from the bank is owed again.
    at = Moment(at=NOW + timedelta(days=1))
    found = list(check_money(since=None, now=at, tally=Tally()))
    assert [each.difference.kind for each in found] == ["empty_handed"] * len(left)
    assert [each.difference.amount for each in found] == [Decimal(amount) for amount in left]


def test_of_a_part_that_is_disputed_there_the_rest_is_asked_for_and_a_no_is_seen(
    shop: StripeDouble, booking: Booking
) -> None:
    paid(booking, shop)
    [charge_id] = shop.books.charges
    shop.books.dispute(charge_id, amount=3000)
    hear(shop, "charge.dispute.created")

    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    send_refunds()

    refund = Refund.objects.get()
    assert (refund.amount, refund.status) == (Decimal("50.00"), RefundState.FAILED)
    assert "has been charged back" in Payment.objects.get().attention


def hear(shop: StripeDouble, kind: str) -> None:
    """The latest event of this kind arrives."""
    told = [each for each in shop.books.events.values() if each["type"] == kind][-1]
    event = gateway("stripe").read_event(*_signed(told, shop))
    take_event(store_event(event, provider="stripe", at=NOW), at=NOW)
    assert WebhookEvent.objects.get(event_id=event.id).state == EventState.DONE


def _signed(event: dict[str, object], shop: StripeDouble) -> tuple[bytes, str]:
    body = json.dumps(event).encode()
    return body, sign(body, shop.webhook_secret, at=int(time.time()))
