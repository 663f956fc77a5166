"""Money that a cardholder's bank has taken back: it isn't ours to give a second time."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import cancel_booking, cancel_by_staff
from bookings.states import BookingStatus
from bookings.statistics import booking_statistics
from common.errors import InvalidInput
from notifications.models import OutgoingMail
from notifications.rendering import render_mail
from payments import courier
from payments.differences import Moment
from payments.errors import PaymentDisputed
from payments.gateways.base import ProviderDispute
from payments.models import Dispute, Payment, PaymentAttempt, Refund
from payments.refund_words import AT_YOUR_BANK
from payments.services import (
    apply_dispute,
    note_refund_failed,
    refund_by_staff,
    request_refund,
    retry_refund,
)
from payments.states import RefundState
from payments.verify import look_again
from tests.infrastructure.api import Api, nothing_changes, refused
from tests.infrastructure.events import buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import tick
from tests.infrastructure.world import NOW, MakeBooking
from tests.money.moody import MoodyGateway
from tickets.models import Event, Ticket
from tickets.services import cancel_ticket

pytestmark = pytest.mark.django_db

EIGHTY = Decimal("80.00")
LATER = NOW + timedelta(hours=1)
HELD = "The cardholder's bank has taken this money back because of a dispute"


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    """Paid with 80.00 USD."""
    return make_booking(status=BookingStatus.CONFIRMED)


@pytest.fixture
def paid(booking: Booking) -> Payment:
    assert booking.payment is not None
    return booking.payment


def dispute(
    payment: Payment,
    status: str = "needs_response",
    *,
    amount: Decimal = EIGHTY,
    withdrawn: Decimal | None = None,
    told_at: datetime = NOW,
    number: str = "dp_1",
) -> None:
    """What the provider tells of it."""
    attempt = payment.attempts.exclude(provider_payment_id="").get()
    is_ours = status in {"won", "warning_needs_response"}
    told = ProviderDispute(
        id=number,
        status=status,
        reason="fraudulent",
        amount=amount,
        currency=attempt.currency,
        provider_payment_id=attempt.provider_payment_id,
        withdrawn=(Decimal(0) if is_ours else amount) if withdrawn is None else withdrawn,
        is_closed=status in {"won", "lost"},
        created_at=NOW,
    )
    assert apply_dispute(told, told_at=told_at, at=told_at)


def refundable(payment: Payment) -> Decimal:
    return Payment.objects.get(pk=payment.pk).refundable


def give(payment: Payment, amount: str, by: User) -> Decimal:
    return refund_by_staff(
        payment_id=payment.pk, amount=Decimal(amount), by=by, at=NOW, reason="cold"
    )


def differences(payment: Payment) -> list[tuple[str, bool]]:
    found = look_again(payment.pk, now=Moment(at=NOW))
    return [(each.kind, each.is_repairable) for each in found]


def flags(payment: Payment) -> list[str]:
    return Payment.objects.get(pk=payment.pk).attention.splitlines()


def mails_to_staff() -> list[str]:
    mails = OutgoingMail.objects.filter(kind="staff_money").order_by("pk")
    return [mail.context["title"] for mail in mails]


# --- What can go back -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "left"),
    [
        pytest.param("needs_response", "0", id="open"),
        pytest.param("lost", "0", id="lost"),
        pytest.param("won", "80", id="won"),
        pytest.param("warning_needs_response", "80", id="a-mere-question"),
    ],
)
def test_what_a_bank_has_taken_can_not_go_back(paid: Payment, status: str, left: str) -> None:
    dispute(paid, status)

    assert refundable(paid) == Decimal(left)
    assert differences(paid) == []


def test_a_dispute_that_is_won_gives_it_free_again(paid: Payment, manager: User) -> None:
    dispute(paid)
    dispute(paid, "won", told_at=LATER)

    assert give(paid, "80", manager) == EIGHTY


def test_two_disputes_take_no_more_than_was_paid(paid: Payment) -> None:
    dispute(paid, amount=Decimal(50))
    dispute(paid, "lost", amount=Decimal(60), number="dp_2")

    assert (refundable(paid), Payment.objects.get().disputed) == (Decimal(0), EIGHTY)


def test_a_dispute_in_another_currency_takes_all_of_it(paid: Payment) -> None:
    dispute(paid, amount=Decimal(20))
    Dispute.objects.update(currency="EUR")
    attempt = PaymentAttempt.objects.get()

    assert attempt.taken_by_banks == EIGHTY


def test_an_older_end_does_not_overwrite_a_later_one(paid: Payment) -> None:
    """Won on appeal, and the first judgement's event is delivered once more."""
    dispute(paid, "won", told_at=LATER)
    dispute(paid, "lost", told_at=NOW)

    assert (Dispute.objects.get().status, refundable(paid)) == ("won", EIGHTY)


def test_of_a_part_that_is_disputed_the_rest_can_go_back(paid: Payment, manager: User) -> None:
    dispute(paid, amount=Decimal(30))

    with pytest.raises(InvalidInput) as refusal:
        give(paid, "50.01", manager)
    assert refusal.value.message == (
        "At most 50.00 USD can go back. The cardholder's bank has taken 30.00 USD by a dispute."
    )
    assert give(paid, "50", manager) == Decimal(50)
    assert differences(paid) == []
    # Fifty went back, and not all: the booking stands as paid.
    assert Booking.objects.get().payment_status == "paid"


# --- Refused before anybody is asked --------------------------------------------------------


@pytest.mark.parametrize("status", ["needs_response", "lost"])
def test_staff_are_told_that_the_bank_has_it(
    visit: MakeVisitor, paid: Payment, manager: User, status: str
) -> None:
    dispute(paid, status)

    with nothing_changes():
        with pytest.raises(PaymentDisputed, match=HELD):
            give(paid, "10", manager)
        answer = Api(manager).post(f"/admin/payments/{paid.pk}/refunds", {"reason": "cold"})
        refused(answer, 409, "disputed")
        question = visit(manager).get(f"/admin/payments/payment/{paid.pk}/give_back/")

    assert (
        "There is nothing left that could go back. "
        "The cardholder's bank has taken 80.00 USD by a dispute." in question.text
    )


def test_a_failed_refund_is_not_tried_again_while_the_bank_has_it(
    paid: Payment, manager: User
) -> None:
    give(paid, "80", manager)
    refund = Refund.objects.get()
    Refund.objects.update(status=RefundState.SENDING)
    note_refund_failed(refund_id=refund.pk, error="No such card.", at=NOW)
    dispute(paid)

    with nothing_changes():
        with pytest.raises(PaymentDisputed, match=HELD):
            retry_refund(refund_id=refund.pk, by=manager, at=NOW)
        answer = Api(manager).post(f"/admin/refunds/{refund.pk}/retry")
        refused(answer, 409, "disputed")
    # Nothing is owed: the customer has it from the bank.
    assert differences(paid) == []

    dispute(paid, "won", told_at=LATER)

    assert differences(paid) == [("refund_failed", False)]
    assert retry_refund(refund_id=refund.pk, by=manager, at=NOW).amount == EIGHTY


def test_the_payment_s_page_says_where_the_money_is(
    visit: MakeVisitor, paid: Payment, manager: User
) -> None:
    visitor = visit(manager)
    page = f"/admin/payments/payment/{paid.pk}/change/"
    assert "Disputed at the bank" not in visitor.get(page).text

    for status, said in (
        ("needs_response", "needs response. The bank has taken 80.00 USD until it is decided."),
        ("lost", "lost. The bank keeps 80.00 USD for good."),
        ("won", "won. The money is with us."),
    ):
        dispute(paid, status, told_at=LATER)
        shown = visitor.get(page)
        assert f"Disputed at the bank 80.00 USD, fraudulent, {said}" in shown.text
        assert shown.has_link("Give money back") is (status == "won")


# --- Cancelled while disputed ---------------------------------------------------------------


@pytest.mark.parametrize("status", ["needs_response", "lost"])
def test_a_cancel_frees_the_place_and_sends_nothing_twice(
    paid: Payment, customer: User, manager: User, status: str
) -> None:
    dispute(paid, status)
    OutgoingMail.objects.all().delete()

    cancel_booking(booking_id=Booking.objects.get().pk, by=customer, at=NOW)

    booking = Booking.objects.get()
    assert (booking.status, booking.refund_percent, booking.payment_status) == (
        "cancelled",
        100,
        "paid",
    )
    assert Timeslot.objects.get().taken == 0
    assert Refund.objects.count() == 0
    said = (
        "Not sent back: 80.00 USD (cancelled). The cardholder's bank has taken that by a dispute."
    )
    assert said in flags(paid)
    assert mails_to_staff() == ["Money that isn't sent back"]
    _, text, html = told("booking_cancelled")
    assert AT_YOUR_BANK in text
    assert AT_YOUR_BANK.replace("'", "&#x27;") in html
    assert "refund terms" not in text + html
    assert differences(paid) == []


def test_won_after_a_cancel_the_money_is_owed_and_a_person_gives_it_back(
    paid: Payment, customer: User, manager: User
) -> None:
    dispute(paid)
    cancel_booking(booking_id=Booking.objects.get().pk, by=customer, at=NOW)
    dispute(paid, "won", told_at=LATER)
    assert differences(paid) == [("empty_handed", False)]

    give(paid, "80", manager)
    Refund.objects.update(status=RefundState.SUCCEEDED)

    assert differences(paid) == []
    assert Booking.objects.get().payment_status == "refunded"


def test_of_a_part_that_is_disputed_a_cancel_sends_the_rest(
    paid: Payment, customer: User, manager: User
) -> None:
    dispute(paid, amount=Decimal(30))

    cancel_booking(booking_id=Booking.objects.get().pk, by=customer, at=NOW)

    assert Refund.objects.get().amount == Decimal(50)
    assert mails_to_staff() == ["A payment is disputed", "Money that isn't sent back"]


def test_who_gets_nothing_back_anyway_bothers_nobody(
    paid: Payment, customer: User, manager: User
) -> None:
    dispute(paid)
    OutgoingMail.objects.all().delete()

    cancel_by_staff(booking_id=Booking.objects.get().pk, by=manager, at=NOW, refund="none")

    assert mails_to_staff() == []


def test_the_customer_is_told_before_the_click_why_nothing_comes_back(
    visit: MakeVisitor, paid: Payment, booking: Booking, customer: User
) -> None:
    dispute(paid)
    visitor = visit(customer)

    question = visitor.get(f"{booking.get_absolute_url()}/cancel")
    assert AT_YOUR_BANK in question.text
    assert "too little time" not in question.text
    # The time line of the terms would promise what nobody gives.
    assert "80.00 USD" not in question.text
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)

    assert AT_YOUR_BANK in visitor.get(booking.get_absolute_url()).text


def test_whose_tickets_are_disputed_is_told_before_the_click_what_comes_back(
    visit: MakeVisitor, event: Event, customer: User
) -> None:
    order = pay_order(buy(event, customer, 2))
    assert order.payment is not None
    visitor, path = visit(customer), f"/tickets/{order.tickets.earliest('pk').pk}/cancel"
    assert visitor.get(path).tags("ol", "aria-label")

    dispute(order.payment, amount=Decimal(30))

    question = visitor.get(path)
    assert "10.00 USD" in question.text
    assert question.tags("ol", "aria-label") == []


def test_staff_are_told_before_the_click_why_nothing_comes_back(
    visit: MakeVisitor, event: Event, paid: Payment, customer: User, manager: User
) -> None:
    order = pay_order(buy(event, customer))
    assert order.payment is not None
    for payment in (paid, order.payment):
        dispute(payment, amount=payment.amount, number=f"dp_{payment.pk}")
    visitor = visit(manager)

    booked = visitor.get(f"/admin/bookings/booking/{Booking.objects.get().pk}/cancel/")
    bought = tick(visitor, "/admin/tickets/ticket/", "take_back_selected", [order.tickets.get().pk])

    said = "Nothing comes back. The cardholder's bank has taken {} USD by a dispute."
    assert said.format("80.00") in booked.text
    assert said.format("20.00") in bought.text


def test_a_ticket_of_a_disputed_order_is_given_back_without_money(
    event: Event, customer: User, manager: User
) -> None:
    order = pay_order(buy(event, customer, 3))
    assert order.payment is not None
    dispute(order.payment, amount=Decimal(50))
    first, second, _ = order.tickets.order_by("pk")

    for ticket in (first, second):
        cancel_ticket(ticket_id=ticket.pk, by=customer, at=NOW)

    assert list(Ticket.objects.order_by("pk").values_list("status", "refund_amount")) == [
        ("refunded", Decimal(10)),
        ("cancelled", Decimal(0)),
        ("active", None),
    ]
    assert Refund.objects.get().amount == Decimal(10)
    assert Event.objects.get().current_participants == 1
    assert AT_YOUR_BANK in told("tickets_cancelled")[1]
    assert differences(order.payment) == []


# --- The figures ----------------------------------------------------------------------------


def test_what_banks_have_taken_is_no_revenue(
    paid: Payment, event: Event, customer: User, manager: User, visit: MakeVisitor
) -> None:
    order = pay_order(buy(event, customer, 2))
    assert order.payment is not None
    PaymentAttempt.objects.update(paid_at=NOW)
    give(paid, "10", manager)
    dispute(paid, "lost", amount=Decimal(30))
    dispute(order.payment, amount=Decimal(20), number="dp_2")

    figures = booking_statistics(since=NOW.date(), until=NOW.date())["revenue"]
    told = visit(manager).get(f"/admin/tickets/event/{event.pk}/statistics/").text

    assert figures == {
        "captured": EIGHTY,
        "refunded": Decimal(10),
        "disputed": Decimal(30),
        "net": Decimal(40),
    }
    assert all(words in told for words in ("40.00 USD", "Disputed at banks", "20.00 USD"))
    assert (
        "20.00 USD go back" in visit(manager).get(f"/admin/tickets/event/{event.pk}/cancel/").text
    )


def test_where_no_bank_took_anything_nothing_is_said_of_it(
    event: Event, customer: User, manager: User, visit: MakeVisitor
) -> None:
    pay_order(buy(event, customer))

    assert "Disputed" not in visit(manager).get(f"/admin/tickets/event/{event.pk}/statistics/").text


def test_a_count_that_disagrees_with_the_disputes_is_found(paid: Payment) -> None:
    dispute(paid)
    PaymentAttempt.objects.update(disputed=Decimal(0))

    assert differences(paid) == [("disputed_differs", False)]


def told(kind: str) -> tuple[str, str, str]:
    mail = OutgoingMail.objects.filter(kind=kind).latest("pk")
    return render_mail(mail.kind, mail.context)


# --- Asked for before the dispute was known -------------------------------------------------


@pytest.fixture
def under_way(
    transactional_db: None, moody: type[MoodyGateway], make_booking: MakeBooking
) -> Refund:
    """Eighty asked back, not sent yet."""
    payment = make_booking(status=BookingStatus.CONFIRMED).payment
    assert payment is not None
    request_refund(payment, amount=EIGHTY, reason="cancelled", at=NOW)
    refund: Refund = Refund.objects.get()
    return refund


@pytest.mark.django_db(transaction=True)
def test_it_is_not_sent_and_the_provider_not_asked(
    under_way: Refund, moody: type[MoodyGateway]
) -> None:
    dispute(under_way.payment)
    moody.calls.clear()

    assert not courier.send_refund(under_way.pk, at=NOW)

    under_way.refresh_from_db()
    assert (under_way.status, moody.calls) == (RefundState.FAILED, [])
    assert any(HELD in line for line in flags(under_way.payment))
    assert differences(under_way.payment) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("mood", "status"), [("cut", RefundState.SUCCEEDED), ("down", RefundState.FAILED)]
)
def test_one_that_may_have_gone_out_is_looked_for_first(
    under_way: Refund, moody: type[MoodyGateway], mood: str, status: RefundState
) -> None:
    """Its answer was lost: either it went out before the dispute, or it never will."""
    moody.moods = [mood]
    assert not courier.send_refund(under_way.pk, at=NOW)
    dispute(under_way.payment)

    courier.send_refund(under_way.pk, at=LATER)

    under_way.refresh_from_db()
    assert under_way.status == status
    assert moody.calls.count("refund") == 1
