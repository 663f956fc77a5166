"""Money at the desk and refunds tried again: the question, the deed, every refusal."""

from decimal import Decimal

import pytest

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking, cancel_by_staff, set_status
from bookings.states import BookingStatus
from common.errors import InvalidInput, InvalidTransition, NotFound, PermissionRefused
from notifications.models import OutgoingMail
from payments import courier
from payments.differences import Moment
from payments.gateways.base import ProviderRefund, RefundStatus
from payments.models import Payment, PaymentAttempt, Refund
from payments.services import (
    apply_refund,
    note_refund_failed,
    note_seen,
    retry_refund,
    take_desk_payment,
)
from payments.states import DeskMethod, PaymentState, RefundState
from payments.verify import look_again
from tests.infrastructure.events import buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer
from tests.infrastructure.world import NOW, MakeBooking
from tickets.models import Event
from tickets.services import cancel_ticket
from tickets.states import EventStatus

PAYMENT = "/admin/payments/payment/{}/{}/"
REFUND = "/admin/payments/refund/{}/{}/"


def ledger() -> list[object]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Payment, PaymentAttempt, Refund, Booking, OutgoingMail)
    ]


@pytest.fixture
def due(make_booking: MakeBooking, front_desk: User) -> Payment:
    """A confirmed booking that is to be paid at the desk."""
    booking = make_booking()
    set_status(booking_id=booking.pk, status=BookingStatus.CONFIRMED, by=front_desk, at=NOW)
    payment: Payment = Payment.objects.get()
    return payment


@pytest.fixture
def by_hand(due: Payment, front_desk: User) -> Refund:
    """Paid in cash and cancelled: money that somebody has to hand back."""
    take_desk_payment(payment_id=due.pk, method=DeskMethod.CASH, by=front_desk, at=NOW)
    cancel_by_staff(booking_id=Booking.objects.get().pk, by=front_desk, at=NOW)
    refund: Refund = Refund.objects.get()
    return refund


@pytest.fixture
def failed(make_booking: MakeBooking) -> Refund:
    """Paid online and cancelled, and the provider refused to pay back."""
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW, reason="ill")
    return fail(Refund.objects.get())


def fail(refund: Refund) -> Refund:
    Refund.objects.filter(pk=refund.pk).update(status=RefundState.SENDING)
    note_refund_failed(refund_id=refund.pk, error="No such card.", at=NOW)
    refund.refresh_from_db()
    return refund


# --- At the desk ----------------------------------------------------------------------------


def test_the_desk_takes_the_exact_amount(
    visit: MakeVisitor, due: Payment, front_desk: User
) -> None:
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(due.pk, "take_money"))
    assert "Take exactly 80.00 USD." in question.text

    done = answer(visitor, question, "80.00 USD received", method="card", receipt="T-77")

    assert "80.00 USD paid at the desk (card terminal)." in done.text
    assert "Desk, card terminal, receipt T-77, taken by Dora Desk" in done.text
    attempt = PaymentAttempt.objects.get()
    assert (attempt.captured, attempt.taken_by, attempt.paid_at) == (
        Decimal("80.00"),
        front_desk,
        NOW,
    )
    due.refresh_from_db()
    assert due.status == PaymentState.PAID
    assert not done.has_link("point_of_sale Take payment")


def test_a_held_booking_is_paid_at_the_desk(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking()
    visitor = visit(front_desk)

    question = visitor.get(PAYMENT.format(Payment.objects.get().pk, "take_money"))
    answer(visitor, question, "80.00 USD received", method="cash")

    booking.refresh_from_db()
    assert (booking.status, booking.payment_status) == ("confirmed", "paid")


def test_money_is_not_written_down_at_an_amount_that_has_changed(
    visit: MakeVisitor, due: Payment, front_desk: User
) -> None:
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(due.pk, "take_money"))
    Payment.objects.update(amount=Decimal("60.00"))
    before = ledger()

    done = answer(visitor, question, "80.00 USD received", method="cash")

    assert "What is due has changed meanwhile." in done.text
    assert ledger() == before


def test_no_money_is_taken_for_what_can_t_be_given_any_more(
    visit: MakeVisitor, event: Event, customer: User, front_desk: User
) -> None:
    payment = buy(event, customer).payment
    assert payment is not None
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(payment.pk, "take_money"))
    Event.objects.update(status=EventStatus.CANCELLED)
    before = ledger()

    done = answer(visitor, question, "20.00 USD received", method="cash")

    assert "Don't take the money: the event was cancelled." in done.text
    assert ledger() == before


@pytest.mark.parametrize("fields", [{"method": "gold"}, {"shown": "much"}, {"method": ""}])
def test_nonsense_takes_no_money(
    visit: MakeVisitor, due: Payment, front_desk: User, fields: dict[str, str]
) -> None:
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(due.pk, "take_money"))
    before = ledger()

    answer(visitor, question, "80.00 USD received", **{"method": "cash", **fields})

    assert ledger() == before


def test_nothing_is_taken_twice(visit: MakeVisitor, due: Payment, front_desk: User) -> None:
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(due.pk, "take_money"))
    answer(visitor, question, "80.00 USD received", method="cash")
    before = ledger()

    again = answer(visitor, question, "80.00 USD received", method="cash")

    assert "No money is due here: this payment is paid." in again.text
    assert visitor.get(PAYMENT.format(due.pk, "take_money")).forms_with("80.00 USD received") == []
    assert ledger() == before


def test_the_desk_hands_money_back(visit: MakeVisitor, by_hand: Refund, front_desk: User) -> None:
    booking = f"/admin/bookings/booking/{Booking.objects.get().pk}/change/"
    visitor = visit(front_desk)

    question = visitor.get_address(visitor.get(booking).href("Handed back"))
    done = answer(visitor, question, "80.00 USD handed back", receipt="Q-3")

    assert done.path == booking
    assert "80.00 USD handed back." in done.text
    assert "by Dora Desk, receipt Q-3" in done.text
    by_hand.refresh_from_db()
    assert (by_hand.status, by_hand.done_by, by_hand.done_at) == ("succeeded", front_desk, NOW)


def test_what_the_provider_pays_back_is_not_handed_over(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)
    visitor = visit(front_desk)
    address = REFUND.format(Refund.objects.get().pk, "handed_back")
    before = ledger()

    question = visitor.get(address)
    done = visitor.follow(visitor.post(address, answer="yes", receipt=""))

    assert "Nothing to hand over: it is on its way." in question.text
    assert "This one goes back the way it was paid, by itself." in done.text
    assert ledger() == before


# --- Refunds that failed --------------------------------------------------------------------


def test_a_failed_refund_is_tried_again_and_told(
    visit: MakeVisitor, failed: Refund, front_desk: User
) -> None:
    visitor = visit(front_desk)
    assert "No such card." in visitor.get("/admin/").text

    done = answer(visitor, visitor.get(REFUND.format(failed.pk, "retry")), "Pay back again")

    assert "80.00 USD are on their way back again." in done.text
    fresh = Refund.objects.get(retry_of=failed)
    assert (fresh.amount, fresh.status, fresh.requested_by) == (
        Decimal("80.00"),
        "requested",
        front_desk,
    )
    assert fresh.idempotency_key != failed.idempotency_key
    assert "No such card." not in visitor.get("/admin/").text
    assert Booking.objects.get().payment_status == "refunded"
    assert courier.send_refund(fresh.pk, at=NOW)
    mail = OutgoingMail.objects.get(kind="refund_made_good")
    assert (mail.to, mail.context["amount"]) == ("ada@example.com", "80.00 USD")
    failed.refresh_from_db()
    assert failed.status == RefundState.FAILED


def test_a_failed_refund_is_tried_again_once_and_then_its_follower(
    failed: Refund, front_desk: User
) -> None:
    fresh = retry_refund(refund_id=failed.pk, by=front_desk, at=NOW)
    before = ledger()
    for pk in (failed.pk, fresh.pk):
        with pytest.raises(InvalidTransition):
            retry_refund(refund_id=pk, by=front_desk, at=NOW)
    assert ledger() == before

    fail(fresh)

    assert "No such card." in Payment.objects.get().attention
    assert retry_refund(refund_id=fresh.pk, by=front_desk, at=NOW).amount == Decimal("80.00")
    assert [row.status for row in Refund.objects.order_by("pk")] == [
        "failed",
        "failed",
        "requested",
    ]


def test_only_a_manager_pays_back_another_amount(
    visit: MakeVisitor, failed: Refund, front_desk: User, manager: User
) -> None:
    address = REFUND.format(failed.pk, "retry")
    before = ledger()
    with pytest.raises(PermissionRefused):
        retry_refund(refund_id=failed.pk, by=front_desk, at=NOW, amount=Decimal("10.00"))
    with pytest.raises(InvalidInput):
        retry_refund(refund_id=failed.pk, by=manager, at=NOW, amount=Decimal("0.00"))
    with pytest.raises(NotFound):
        retry_refund(refund_id=10**6, by=manager, at=NOW)
    assert ledger() == before
    assert visit(front_desk).get(address).tags("input", "step") == []

    visitor = visit(manager)
    done = answer(visitor, visitor.get(address), "Pay back again", amount="30.00")

    assert "30.00 USD are on their way back again." in done.text


def test_never_more_goes_back_than_came_in(failed: Refund, manager: User) -> None:
    fresh = retry_refund(refund_id=failed.pk, by=manager, at=NOW, amount=Decimal("500.00"))

    assert fresh.amount == Decimal("80.00")
    assert failed.payment.refundable == 0


# --- Needs a look ---------------------------------------------------------------------------


def test_what_was_looked_at_leaves_the_list(
    visit: MakeVisitor, failed: Refund, front_desk: User
) -> None:
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(failed.payment_id, "seen"))
    assert f"Refund {failed.pk} of 80.00 USD failed: No such card." in question.text

    answer(visitor, question, "It is settled")

    assert Payment.objects.get().attention == ""
    assert "money and mails go as they should" in visitor.get("/admin/").text
    assert note_seen(payment_id=failed.payment_id) == ""
    with pytest.raises(NotFound):
        note_seen(payment_id=10**6)


def test_two_that_failed_alike_are_two(event: Event, customer: User, front_desk: User) -> None:
    """Two tickets at one price, refused for one reason: the one tried again hides no other."""
    order = pay_order(buy(event, customer, 2))
    payment = order.payment
    assert payment is not None
    for ticket in order.tickets.order_by("pk"):
        cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)
    first, second = (fail(refund) for refund in Refund.objects.order_by("pk"))
    assert flags(payment) == [
        f"Refund {first.pk} of 20.00 USD failed: No such card.",
        f"Refund {second.pk} of 20.00 USD failed: No such card.",
    ]

    retry_refund(refund_id=first.pk, by=front_desk, at=NOW)

    assert flags(payment) == [f"Refund {second.pk} of 20.00 USD failed: No such card."]
    assert differences(payment) == ["refund_failed"]


def test_what_failed_after_the_page_was_opened_still_needs_a_look(
    visit: MakeVisitor, failed: Refund, front_desk: User, manager: User
) -> None:
    """Somebody presses 'It is settled' for what they saw, and no more than that."""
    payment = failed.payment
    visitor = visit(front_desk)
    question = visitor.get(PAYMENT.format(payment.pk, "seen"))
    again = fail(retry_refund(refund_id=failed.pk, by=front_desk, at=NOW))
    newer = f"Refund {again.pk} of 80.00 USD failed: No such card."

    answer(visitor, question, "It is settled")

    assert flags(payment) == [newer]
    assert newer in visitor.get("/admin/").text
    answer(visitor, visitor.get(PAYMENT.format(payment.pk, "seen")), "It is settled")
    assert flags(payment) == []


def test_seen_once_it_is_not_shown_as_new_because_of_another_flag(
    failed: Refund, front_desk: User
) -> None:
    """The other flag asks for its own look; what is owed is named until it is given."""
    payment = failed.payment
    assert differences(payment) == ["refund_failed"]
    note_seen(payment_id=payment.pk)
    assert differences(payment) == ["empty_handed"]

    Payment.objects.get(pk=payment.pk).flag("Refunded at the provider: something else.")

    assert Payment.objects.get(pk=payment.pk).failed_refunds == 0
    assert differences(payment) == ["empty_handed"]


def test_one_that_went_out_after_all_needs_no_look(failed: Refund) -> None:
    """Refused as we heard it, and in the provider's books all the same."""
    attempt = failed.attempt
    went_out = ProviderRefund(
        id="re_late",
        status=RefundStatus.SUCCEEDED,
        amount=failed.amount,
        currency=failed.currency,
        provider_payment_id=attempt.provider_payment_id,
        refund_id=failed.pk,
    )

    assert apply_refund(went_out, at=NOW)

    assert flags(failed.payment) == []
    assert differences(failed.payment) == []


def flags(payment: Payment) -> list[str]:
    return Payment.objects.get(pk=payment.pk).attention.splitlines()


def differences(payment: Payment) -> list[str]:
    return [found.kind for found in look_again(payment.pk, now=Moment(at=NOW))]


# --- Who may --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"), [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)]
)
def test_who_may_handle_money(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    failed: Refund,
    who: str,
    status: int,
) -> None:
    visitor = visit(request.getfixturevalue(who))
    addresses = [
        PAYMENT.format(failed.payment_id, "take_money"),
        PAYMENT.format(failed.payment_id, "seen"),
        REFUND.format(failed.pk, "handed_back"),
        REFUND.format(failed.pk, "retry"),
    ]
    before = ledger()

    assert [visitor.get(address).status for address in addresses] == [status] * 4
    if status != 200:
        for address in addresses:
            forged = visitor.post(address, answer="yes", method="cash", shown="80.00", receipt="")
            assert forged.status in {302, 403}
        assert ledger() == before


@pytest.mark.parametrize("path", [PAYMENT.format(10**6, "seen"), REFUND.format("x", "retry")])
def test_rows_that_are_none_are_not_found(visit: MakeVisitor, manager: User, path: str) -> None:
    assert visit(manager).get(path).status == 404


def test_a_deed_leads_back_within_the_staff_pages_only(
    visit: MakeVisitor, due: Payment, front_desk: User
) -> None:
    visitor = visit(front_desk)
    page = PAYMENT.format(due.pk, "take_money")

    assert visitor.get(page, next="https://evil.example/admin/").has_link("Go back")
    for evil in ("https://evil.example/admin/", "//evil.example", "/accounts/logout/"):
        link = visitor.get(page, next=evil).href("Go back")
        assert link == f"/admin/payments/payment/{due.pk}/change/"
