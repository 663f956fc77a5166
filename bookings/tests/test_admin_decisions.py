"""What staff decide about bookings: the amounts before the click, the deed, every refusal."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from bookings.models import Booking, BookingStatusChange, Timeslot
from bookings.services import cancel_booking, set_status, staff_moves
from bookings.states import BookingStatus
from common.errors import DomainError
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from tests.infrastructure.pages import MakeVisitor, Page
from tests.infrastructure.staff import answer, tick
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeUser,
    pay,
)

LIST = "/admin/bookings/booking/"
OF_ADMIN = ("bookings_booking", "bookings_room", "bookings_timeslot")


def page_of(booking: Booking, deed: str = "change") -> str:
    return f"{LIST}{booking.pk}/{deed}/"


def everything() -> list[object]:
    """All that a click on a staff page could have written."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Booking, BookingStatusChange, Payment, Refund, Timeslot, OutgoingMail)
    ]


@pytest.mark.parametrize(
    ("choice", "refunds"),
    [
        pytest.param("full", [Decimal("80.00")], id="everything"),
        pytest.param("policy", [Decimal("40.00")], id="by-the-policy"),
        pytest.param("none", [], id="nothing"),
    ],
)
def test_a_manager_cancels_and_chooses_what_comes_back(
    visit: MakeVisitor,
    make_booking: MakeBooking,
    manager: User,
    choice: str,
    refunds: list[Decimal],
) -> None:
    booking = make_booking(
        status=BookingStatus.CONFIRMED,
        starts_at=NOW + timedelta(hours=7),
        at=NOW - timedelta(days=1),
    )
    visitor = visit(manager)

    question = visitor.get(page_of(booking, "cancel"))

    for words in ("Everything: 80.00 USD", "What the policy says: 40.00 USD", "Nothing"):
        assert words in question.text
    done = answer(
        visitor, question, "Cancel and free the place", refund=choice, reason="Dr Weber is ill"
    )
    assert f"Booking {booking.pk} of Ada Lovelace is cancelled." in done.text
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED
    assert list(Refund.objects.values_list("amount", flat=True)) == refunds
    last = booking.history.latest("pk")
    assert (last.to_status, last.by, last.reason) == ("cancelled", manager, "Dr Weber is ill")


def test_the_front_desk_refunds_by_the_policy_whatever_it_sends(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking(
        status=BookingStatus.CONFIRMED,
        starts_at=NOW + timedelta(hours=7),
        at=NOW - timedelta(days=1),
    )
    visitor = visit(front_desk)

    question = visitor.get(page_of(booking, "cancel"))

    assert "By the policy 40.00 USD (50 %) come back." in question.text
    assert "Everything" not in question.text
    answer(visitor, question, "Cancel and free the place", refund="full")
    assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal("40.00")]


def test_nothing_is_done_when_the_amount_has_changed_since_it_was_seen(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking()
    visitor = visit(front_desk)
    question = visitor.get(page_of(booking, "cancel"))
    assert "nothing is charged" in question.text
    # Meanwhile the customer pays.

    pay(booking)
    before = everything()

    done = answer(visitor, question, "Cancel and free the place")

    assert "has changed meanwhile" in done.text
    assert everything() == before


@pytest.mark.parametrize("shown", ["nonsense", "[]", '{"1": 5}', '{"1": {"policy": "much"}}'])
def test_amounts_that_are_none_are_refused(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User, shown: str
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    visitor = visit(manager)
    question = visitor.get(page_of(booking, "cancel"))
    before = everything()

    answer(visitor, question, "Cancel and free the place", refund="full", shown=shown)

    assert everything() == before


def test_the_desk_confirms_with_payment_due(
    visit: MakeVisitor, make_booking: MakeBooking, front_desk: User
) -> None:
    booking = make_booking()
    visitor = visit(front_desk)

    done = answer(visitor, visitor.get(page_of(booking, "confirm")), "Confirm")

    assert "is confirmed; the payment is due at the desk." in done.text
    booking.refresh_from_db()
    assert (booking.status, booking.is_payment_due) == ("confirmed", True)
    assert visitor.get(LIST, payment="due").text.count("Ada Lovelace") == 1


@pytest.mark.parametrize(
    ("deed", "button", "status"),
    [
        ("completed", "Mark as completed", "completed"),
        ("no_show", "Mark as not attended", "no_show"),
    ],
)
def test_the_desk_says_who_came(
    visit: MakeVisitor,
    make_booking: MakeBooking,
    front_desk: User,
    deed: str,
    button: str,
    status: str,
) -> None:
    booking = make_booking(
        status=BookingStatus.CONFIRMED,
        starts_at=NOW - timedelta(minutes=5),
        at=NOW - timedelta(days=1),
    )
    visitor = visit(front_desk)

    answer(visitor, visitor.get(page_of(booking, deed)), button)

    booking.refresh_from_db()
    assert booking.status == status


def test_what_is_impossible_has_no_button_and_is_refused_in_words(
    visit: MakeVisitor, make_booking: MakeBooking, manager: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    visitor = visit(manager)
    before = everything()

    page = visitor.get(page_of(booking))
    question = visitor.get(page_of(booking, "completed"))
    token = visitor.client.cookies["csrftoken"].value
    posted = visitor.client.post(
        page_of(booking, "completed"),
        {"csrfmiddlewaretoken": token, "answer": "yes", "reason": ""},
    )

    assert page.has_link("event_busy Cancel booking")
    assert not page.has_link("done_all Completed")
    assert "its time hasn't begun" in question.text
    assert question.forms_with("Mark as completed") == []
    assert "This time hasn't begun yet" in visitor.follow(Page(posted)).text
    assert everything() == before


def test_several_are_cancelled_at_once_and_each_refusal_is_said(
    visit: MakeVisitor,
    make_booking: MakeBooking,
    manager: User,
    stranger: User,
) -> None:
    paid = make_booking(status=BookingStatus.CONFIRMED)
    free = make_booking(price=0, user=stranger)
    over = make_booking(price=0, starts_at=START + timedelta(hours=5))
    cancel_booking(booking_id=over.pk, by=over.user, at=NOW)
    visitor = visit(manager)

    question = tick(visitor, LIST, "cancel_selected", [paid.pk, free.pk, over.pk])

    assert "Cancel 3 bookings" in question.text
    assert "Everything: 80.00 USD" in question.text
    assert "This one can't be cancelled: it is cancelled." in question.text
    done = answer(visitor, question, "Cancel and free the place", refund="full")
    assert "Done for 2." in done.text
    assert f"Booking {over.pk}: This booking is cancelled; it can't become cancelled." in done.text
    assert set(Booking.objects.values_list("status", flat=True)) == {"cancelled"}
    assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal("80.00")]


def test_without_the_permission_there_are_no_decisions(
    visit: MakeVisitor, make_booking: MakeBooking, make_user: MakeUser
) -> None:

    booking = make_booking(status=BookingStatus.CONFIRMED)
    reader = make_user("reader@example.com", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_booking"))
    visitor = visit(reader)
    before = everything()

    assert visitor.get(page_of(booking)).status == 200
    for deed in ("confirm", "cancel", "completed", "no_show"):
        assert visitor.get(page_of(booking, deed)).status == 403
        assert visitor.post(page_of(booking, deed), answer="yes", reason="").status == 403
    tick(visitor, LIST, "cancel_selected", [booking.pk])
    assert everything() == before


@pytest.mark.parametrize(
    ("status", "has_begun", "target"), list(product(BookingStatus, (False, True), BookingStatus))
)
def test_the_buttons_offer_what_the_service_would_do(
    make_booking: MakeBooking,
    manager: User,
    status: BookingStatus,
    target: BookingStatus,
    has_begun: bool,
) -> None:
    booking = make_booking(price=0)
    Booking.objects.filter(pk=booking.pk).update(status=status)
    booking = Booking.objects.get()
    at = START + timedelta(minutes=1) if has_begun else NOW
    offered = target in staff_moves(booking, at)

    try:
        set_status(booking_id=booking.pk, status=target, by=manager, at=at)
        done = True
    except DomainError:
        done = False

    assert offered == done
