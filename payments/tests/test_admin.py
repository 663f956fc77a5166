"""Money on staff pages: found, looked at, and never written."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import User
from bookings.models import Booking
from bookings.services import cancel_booking
from bookings.states import BookingStatus
from payments.models import Payment, PaymentAttempt, Refund
from payments.services import note_refund_failed
from payments.states import RefundState
from tests.infrastructure.pages import MakeVisitor
from tests.infrastructure.staff import cost, tick
from tests.infrastructure.world import NOW, MakeBooking, MakeUser

PAYMENTS = "/admin/payments/payment/"
ATTEMPTS = "/admin/payments/paymentattempt/"
REFUNDS = "/admin/payments/refund/"


def ledger() -> list[object]:
    return [list(model.objects.values()) for model in (Payment, PaymentAttempt, Refund)]


@pytest.fixture
def refunded(make_booking: MakeBooking) -> Booking:
    """A booking that was paid and cancelled; its refund is on its way."""
    booking = make_booking(status=BookingStatus.CONFIRMED)
    return cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW, reason="ill")


@pytest.fixture
def failed(refunded: Booking) -> Booking:
    """The same, and the provider has refused to pay back."""
    Refund.objects.update(status=RefundState.SENDING)
    note_refund_failed(refund_id=Refund.objects.get().pk, error="No such card.", at=NOW)
    return refunded


@pytest.mark.parametrize("path", [PAYMENTS, ATTEMPTS, REFUNDS])
@pytest.mark.parametrize(
    ("who", "status"),
    [("customer", 302), ("scanner", 403), ("front_desk", 200), ("manager", 200)],
)
def test_who_sees_money(
    request: pytest.FixtureRequest, visit: MakeVisitor, who: str, status: int, path: str
) -> None:
    user: User = request.getfixturevalue(who)

    assert visit(user).get(path).status == status


def test_nobody_writes_money(
    visit: MakeVisitor, refunded: Booking, manager: User, make_user: MakeUser
) -> None:
    superuser = make_user("root@example.com", is_staff=True, is_superuser=True)
    before = ledger()

    for user in (manager, superuser):
        visitor = visit(user)
        for path, model in ((PAYMENTS, Payment), (ATTEMPTS, PaymentAttempt), (REFUNDS, Refund)):
            row = model.objects.get()
            assert visitor.get(f"{path}{row.pk}/change/").status == 200
            fields = {"amount": "1", "status": "paid", "captured": "999", "attention": ""}
            for address in (f"{path}{row.pk}/change/", f"{path}{row.pk}/delete/", f"{path}add/"):
                assert visitor.post(address, post="yes", answer="yes", **fields).status == 403
            tick(visitor, path, "delete_selected", [row.pk])

    assert ledger() == before


def test_a_payment_leads_to_what_it_is_for_and_tells_what_happened(
    visit: MakeVisitor, failed: Booking, front_desk: User
) -> None:
    payment = Payment.objects.get()

    page = visit(front_desk).get(f"{PAYMENTS}{payment.pk}/change/")

    assert page.href(f"Booking {failed.pk}") == f"/admin/bookings/booking/{failed.pk}/change/"
    for words in (
        f"Refund {payment.refunds.get().pk} of 80.00 USD failed: No such card.",
        "Taken in 80.00 USD",
        "Given back 0.00 USD",
        "failed: No such card.",
    ):
        assert words in page.text, words
    # Whoever knows the token can pay: it isn't for the eyes of staff.
    assert payment.token not in page.response.content.decode()


def test_what_needs_a_look_is_found(
    visit: MakeVisitor, failed: Booking, make_booking: MakeBooking, stranger: User, manager: User
) -> None:
    make_booking(user=stranger)
    visitor = visit(manager)

    page = visitor.get(PAYMENTS, look="yes")

    assert ("ada@example.com" in page.text, "eve@example.com" in page.text) == (True, False)
    assert "No such card." in page.text
    assert "80.00 USD" in visitor.get(REFUNDS, status="failed").text
    assert "80.00 USD" not in visitor.get(REFUNDS, status="succeeded").text


@pytest.mark.parametrize("words", ["Lovelace", "ada@example.com", "Dr Weber"])
def test_money_is_found_by_name_address_and_purpose(
    visit: MakeVisitor, refunded: Booking, front_desk: User, words: str
) -> None:
    visitor = visit(front_desk)

    for path in (PAYMENTS, ATTEMPTS, REFUNDS):
        assert "Ada Lovelace" in visitor.get(path, q=words).text, path
        assert "Ada Lovelace" not in visitor.get(path, q="nobody").text, path


def test_the_pages_of_an_attempt_and_a_refund(
    visit: MakeVisitor, failed: Booking, manager: User
) -> None:
    visitor = visit(manager)
    attempt, refund = PaymentAttempt.objects.get(), Refund.objects.get()

    tried = visitor.get(f"{ATTEMPTS}{attempt.pk}/change/")
    returned = visitor.get(f"{REFUNDS}{refund.pk}/change/")

    assert f"Session id {attempt.session_id}" in tried.text
    assert "Last error No such card." in returned.text
    assert "Asked for by Ada Lovelace" in returned.text


@pytest.fixture
def refunds(make_booking: MakeBooking, make_user: MakeUser) -> Callable[[int], None]:
    def fill(number: int) -> None:
        for _ in range(number):
            known = Booking.objects.count()
            user = make_user(f"person{known}@example.com", name=f"Person {known}")
            booking = make_booking(status=BookingStatus.CONFIRMED, user=user)
            cancel_booking(booking_id=booking.pk, by=user, at=NOW + timedelta(minutes=1))

    return fill


def test_the_refunds_cost_the_same_with_thirty_rows(
    visit: MakeVisitor, refunds: Callable[[int], None], manager: User
) -> None:
    visitor = visit(manager)
    refunds(1)
    one = cost(visitor, REFUNDS)

    refunds(29)

    assert cost(visitor, REFUNDS) == one <= 9
