"""The mail about money that could not be used."""

from accounts.models import User
from bookings.services import cancel_booking
from notifications.models import OutgoingMail
from payments import courier
from payments.emails import build
from tests.infrastructure.world import NOW, MakeBooking, pay_at_provider


def test_money_that_comes_after_a_give_up_is_told_with_its_reason(
    make_booking: MakeBooking, customer: User
) -> None:
    booking = make_booking()
    attempt = pay_at_provider(booking)
    cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    courier.ask(attempt.pk, at=NOW)

    mail = build(OutgoingMail.objects.get(kind="money_returned"))

    assert mail.subject == "Your 80.00 USD goes back: Dr Weber, Thu 9 July, 11:00–11:30 (Berlin)"
    assert "the booking was cancelled before the money came" in mail.text
    assert "We received <strong>80.00 USD</strong> from you" in mail.html
    assert "There is nothing you need to do." in mail.html
