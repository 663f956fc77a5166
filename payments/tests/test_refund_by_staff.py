"""Staff give money back without cancelling: the preview, the deed, the mail, every refusal."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from common.errors import DomainError, InvalidInput, InvalidTransition, NotFound, PermissionRefused
from notifications.models import OutgoingMail
from payments import courier
from payments.emails import build
from payments.errors import RefundChanged
from payments.models import DemoRefund, Payment, PaymentAttempt, Refund
from payments.services import note_refund_failed, refund_by_staff, take_desk_payment
from payments.states import DeskMethod, RefundState
from tests.infrastructure.events import buy, pay_order
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import answer
from tests.infrastructure.world import NOW, START, MakeBooking
from tickets.models import Event, Ticket

PAGE = "/admin/payments/payment/{}/give_back/"


def ledger() -> list[object]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Payment, PaymentAttempt, Refund, Booking, Ticket, OutgoingMail)
    ]


@pytest.fixture
def paid(make_booking: MakeBooking) -> Payment:
    make_booking(status=BookingStatus.CONFIRMED)
    payment: Payment = Payment.objects.get()
    return payment


def give(payment: Payment, amount: str, by: User, **more: object) -> Decimal:
    asked: dict[str, object] = {"reason": "The heating was off.", **more}
    return refund_by_staff(
        payment_id=payment.pk,
        amount=Decimal(amount),
        by=by,
        at=NOW,
        **asked,  # type: ignore[arg-type]
    )


def test_a_part_goes_back_and_the_booking_stands(
    visit: MakeVisitor, paid: Payment, manager: User
) -> None:
    visitor = visit(manager)
    booking = Booking.objects.get()
    question = visitor.follow(visitor.get(f"/admin/bookings/booking/{booking.pk}/give_back/"))
    assert "80.00 USD were paid." in question.text
    assert "At most 80.00 USD can go back." in question.text
    assert question.form("Give it back").fields["amount"] == "80.00"

    done = answer(
        visitor,
        question,
        "Give it back",
        amount="30.00",
        reason="The heating was off.",
        message="Sorry that it was so cold!",
    )

    assert "30.00 USD are on their way back, and the customer is told." in done.text
    assert done.path == f"/admin/bookings/booking/{booking.pk}/change/"
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, refund.requested_by, refund.status) == (
        Decimal("30.00"),
        "The heating was off.",
        manager,
        RefundState.REQUESTED,
    )
    booking.refresh_from_db()
    assert (booking.status, booking.payment_status) == ("confirmed", "paid")
    assert courier.send_refund(refund.pk, at=NOW)
    assert DemoRefund.objects.get().amount == Decimal("30.00")


def test_the_customer_is_told_in_a_mail_of_its_own(paid: Payment, manager: User) -> None:
    give(paid, "30", manager, message="Sorry that it was so cold!")

    mail = build(OutgoingMail.objects.get(kind="refund_given"))
    assert mail.subject == "30.00 USD back to you: Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)"
    assert "we give you 30.00 USD of the 80.00 USD back that you paid for" in mail.text
    assert "Sorry that it was so cold!" in mail.text
    assert "Sorry that it was so cold!" in mail.html
    # The reason is for the records alone.
    assert "heating" not in mail.text + mail.html


def test_all_of_it_reads_refunded_and_the_booking_stands(paid: Payment, manager: User) -> None:
    give(paid, "30", manager)
    assert Booking.objects.get().payment_status == "paid"

    give(paid, "50", manager)

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("confirmed", "refunded")
    assert OutgoingMail.objects.filter(kind="refund_given").count() == 2
    newest = Refund.objects.latest("pk")
    Refund.objects.filter(pk=newest.pk).update(status=RefundState.SENDING)
    note_refund_failed(refund_id=newest.pk, error="No such card.", at=NOW)
    assert Booking.objects.get().payment_status == "paid"


def test_a_later_cancel_gives_back_no_more_than_is_left(paid: Payment, manager: User) -> None:
    give(paid, "30", manager)

    cancel_booking(booking_id=Booking.objects.get().pk, by=paid.user, at=NOW)

    assert sorted(Refund.objects.values_list("amount", flat=True)) == [Decimal(30), Decimal(50)]


def test_cancelled_for_nothing_after_a_part_went_back_it_reads_refunded(
    paid: Payment, manager: User
) -> None:
    give(paid, "30", manager)

    cancel_booking(booking_id=Booking.objects.get().pk, by=paid.user, at=START.replace(hour=8))

    booking = Booking.objects.get()
    assert (booking.status, booking.payment_status) == ("cancelled", "refunded")
    assert Refund.objects.count() == 1


def test_what_was_paid_at_the_desk_is_handed_back_there(
    make_booking: MakeBooking, manager: User
) -> None:
    make_booking()
    payment = Payment.objects.get()
    take_desk_payment(payment_id=payment.pk, method=DeskMethod.CASH, by=manager, at=NOW)

    give(payment, "30", manager)

    assert Refund.objects.get().is_to_hand_over
    mail = build(OutgoingMail.objects.get(kind="refund_given"))
    assert "it will be handed back to you there" in mail.text


@pytest.mark.parametrize("page", ["ticketorder", "ticket"])
def test_an_order_and_a_ticket_lead_there_and_back(
    visit: MakeVisitor, event: Event, customer: User, manager: User, page: str
) -> None:
    order = pay_order(buy(event, customer, 2))
    thing = order if page == "ticketorder" else order.tickets.get(pk=order.tickets.latest("pk").pk)
    visitor = visit(manager)
    assert visitor.get(f"/admin/tickets/{page}/{thing.pk}/change/").has_link("Give money back")
    question = visitor.follow(visitor.get(f"/admin/tickets/{page}/{thing.pk}/give_back/"))

    done = answer(visitor, question, "Give it back", amount="15", reason="Bad seats.")

    assert done.path == f"/admin/tickets/{page}/{thing.pk}/change/"
    assert Refund.objects.get().amount == Decimal(15)
    assert set(Ticket.objects.values_list("status", flat=True)) == {"active"}


# --- Refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "asked", "refusal"),
    [
        pytest.param("80.01", {}, InvalidInput, id="more-than-is-left"),
        pytest.param("0", {}, InvalidInput, id="nothing"),
        pytest.param("-5", {}, InvalidInput, id="less-than-nothing"),
        pytest.param("0.005", {}, InvalidInput, id="half-a-cent"),
        pytest.param("10", {"reason": "  "}, InvalidInput, id="no-reason"),
        pytest.param("10", {"expected_left": Decimal(70)}, RefundChanged, id="seen-otherwise"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(
    paid: Payment, manager: User, amount: str, asked: dict[str, object], refusal: type[DomainError]
) -> None:
    before = ledger()

    with pytest.raises(refusal):
        give(paid, amount, manager, **asked)

    assert ledger() == before


def test_the_policy_gives_nothing_without_a_cancel(
    visit: MakeVisitor, paid: Payment, front_desk: User
) -> None:
    before = ledger()

    with pytest.raises(PermissionRefused):
        give(paid, "10", front_desk)
    assert visit(front_desk).get(PAGE.format(paid.pk)).status == 403
    assert (
        not visit(front_desk)
        .get(f"/admin/payments/payment/{paid.pk}/change/")
        .has_link("Give money back")
    )

    assert ledger() == before


def test_unpaid_and_unknown_payments_give_nothing_back(
    make_booking: MakeBooking, manager: User
) -> None:
    make_booking()
    before = ledger()

    with pytest.raises(InvalidTransition):
        give(Payment.objects.get(), "10", manager)
    with pytest.raises(NotFound):
        refund_by_staff(payment_id=0, amount=Decimal(1), by=manager, at=NOW, reason="no")

    assert ledger() == before


def test_a_second_click_of_the_same_page_gives_nothing(
    visit: MakeVisitor, paid: Payment, manager: User
) -> None:
    visitor = visit(manager)
    question = visitor.get(PAGE.format(paid.pk))
    answer(visitor, question, "Give it back", amount="30.00", reason="cold")
    before = ledger()

    again = answer(visitor, question, "Give it back", amount="30.00", reason="cold")

    assert "What comes back has changed meanwhile." in again.text
    assert ledger() == before


@pytest.mark.parametrize(
    "fields", [{"amount": "81"}, {"amount": "x"}, {"amount": "10", "reason": ""}]
)
def test_a_form_that_is_wrong_changes_nothing(
    visit: MakeVisitor,
    paid: Payment,
    manager: User,
    fields: dict[str, str],
    make_user: Callable[..., User],
) -> None:
    visitor = visit(manager)
    question = visitor.get(PAGE.format(paid.pk))
    before = ledger()

    answer(visitor, question, "Give it back", **{"reason": "cold", **fields})

    assert ledger() == before
