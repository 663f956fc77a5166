"""`/bookings/{id}/move`: the calendar again, the former time beside the new, every refusal."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import (
    block_slot,
    cancel_booking,
    move_by_staff,
    reschedule_booking,
    set_status,
)
from bookings.states import BookingStatus
from payments.models import Refund
from payments.services import note_paid_back, take_desk_payment
from payments.states import DeskMethod
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import NOW, START, MakeBooking, MakeRoom, MakeSlot, book_slot

CONFIRMED = BookingStatus.CONFIRMED
LATER = START + timedelta(days=1)
MOVE_LATER = "Move to Fri 10 July, 11:00"
KEY = "6b3f6a57-5b13-4fd0-9d75-0c0f9e1f0b11"


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    """Thu 9 July, 11:00–11:30 (Berlin), paid: 80.00 USD."""
    return make_booking(status=CONFIRMED, price=80)


@pytest.fixture
def target(booking: Booking, make_slot: MakeSlot) -> Timeslot:
    """A day later, at the same price."""
    return make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))


def path_of(booking: Booking) -> str:
    return f"/bookings/{booking.pk}/move"


def last_look(visitor: Visitor, booking: Booking, slot: Timeslot) -> Page:
    return visitor.get(path_of(booking), slot=slot.pk)


def times_of(page: Page) -> list[str]:
    return [words for words, href in page.links if "slot=" in href]


# --- From the booking to the button -----------------------------------------------------------


def test_from_its_page_to_another_time_and_back(
    visit: MakeVisitor, booking: Booking, target: Timeslot
) -> None:
    visitor = visit(booking.user)

    page = visitor.get_address(f"/bookings/{booking.pk}")
    page = visitor.get_address(page.href("Move to another time"))
    assert page.h1 == "Move to another time"
    assert "Your time now: Thu 9 July, 11:00–11:30, 80.00 USD." in page.text
    assert "You can move it until Wed 8 July, 11:00." in page.text
    page = visitor.get_address(page.href("11:00 30 min"))
    assert page.h1 == "Move to this time?"
    assert "Instead of Thu 9 July, 11:00–11:30 Fri 10 July, 11:00–11:30" in page.text
    assert "80.00 USD as before" in page.text
    assert "80.00 USD back now until Thu 9 July, 11:00" in page.text
    assert "comes back to you" not in page.text
    answer = visitor.send(page, MOVE_LATER)

    assert (answer.status, answer.location) == (303, f"/bookings/{booking.pk}")
    moved = visitor.follow(answer)
    assert moved.h1 == "You are booked"
    assert "Your booking is moved It was Thu 9 July, 11:00 before." in moved.text
    assert "When Fri 10 July, 11:00–11:30 (Berlin)" in moved.text
    assert "Moved, from Thu 9 July, 11:00 Thu 2 July, 10:00" in moved.text
    assert Booking.objects.get().timeslot == target
    assert list(Timeslot.objects.order_by("start_time").values_list("taken", flat=True)) == [0, 1]


def test_the_first_day_with_a_time_to_move_to_is_shown(
    visit: MakeVisitor, booking: Booking, make_slot: MakeSlot
) -> None:
    make_slot(room=booking.room, start=START + timedelta(hours=1), price=Decimal(81))
    cheaper = make_slot(room=booking.room, start=LATER, price=Decimal("50.00"))

    page = visit(booking.user).get(path_of(booking))
    days = [day["aria-label"] for day in page.tags("a", "data-day")]

    assert days == ["Friday 10 July, 1 free time"]
    assert times_of(page) == ["11:00 30 min · 30.00 USD back"]
    assert page.href("11:00 30 min · 30.00 USD back") == (
        f"{path_of(booking)}?month=2026-07&day=2026-07-10&slot={cheaper.pk}"
    )
    page = visit(booking.user).get(path_of(booking), day="2026-07-09")
    assert times_of(page) == []
    assert "11:00 yours now" in page.text
    assert "12:00 81.00 USD: costs more" in page.text
    assert page.href("Fri 10 July") == f"{path_of(booking)}?month=2026-07&day=2026-07-10"
    assert "No time of this day fits" in page.text


@pytest.mark.parametrize(
    ("price", "minutes", "is_offered"),
    [
        pytest.param("80.00", 30, True, id="as-dear"),
        pytest.param("80.01", 30, False, id="a-cent-dearer"),
        pytest.param("0", 30, True, id="free"),
        pytest.param(None, 60, True, id="by-the-rate-as-dear"),
        pytest.param(None, 61, False, id="by-the-rate-dearer"),
    ],
)
def test_days_count_only_what_the_price_allows(
    visit: MakeVisitor,
    customer: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    make_booking: MakeBooking,
    price: str | None,
    minutes: int,
    *,
    is_offered: bool,
) -> None:
    room = make_room(hourly_rate=Decimal("80.00"))
    booking = make_booking(status=CONFIRMED, slot=make_slot(room=room, price=Decimal(80)))
    own_price = None if price is None else Decimal(price)
    make_slot(room=room, start=LATER, minutes=minutes, price=own_price)

    page = visit(customer).get(path_of(booking), month="2026-07", day="2026-07-10")

    assert bool(page.tags("a", "data-day")) == is_offered
    assert bool(times_of(page)) == is_offered


def test_a_rate_that_is_rounded_down_to_the_price_still_fits(
    visit: MakeVisitor,
    customer: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    make_booking: MakeBooking,
) -> None:
    # A third of 100.00 is 33.33, and a bit.
    room = make_room(hourly_rate=Decimal("100.00"))
    booking = make_booking(status=CONFIRMED, slot=make_slot(room=room, minutes=20))
    make_slot(room=room, start=LATER, minutes=20)

    page = visit(customer).get(path_of(booking))

    assert [day["aria-label"] for day in page.tags("a", "data-day")] == [
        "Friday 10 July, 1 free time"
    ]


def test_a_month_takes_three_queries_beyond_session_and_user(
    visit: MakeVisitor,
    booking: Booking,
    make_slot: MakeSlot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        make_slot(room=booking.room, start=LATER + timedelta(hours=number), price=Decimal(70))
    visitor = visit(booking.user)

    with django_assert_num_queries(2 + 3):
        visitor.get(path_of(booking), month="2026-07")


def test_where_nothing_fits_it_says_so(visit: MakeVisitor, booking: Booking) -> None:
    page = visit(booking.user).get(path_of(booking))

    assert page.status == 200
    assert "Nothing is free here at present." in page.text
    assert page.href("Keep it as it is") == f"/bookings/{booking.pk}"


# --- Money ------------------------------------------------------------------------------------


def test_a_cheaper_time_says_what_comes_back_and_gives_it_back(
    visit: MakeVisitor, booking: Booking, target: Timeslot
) -> None:
    Timeslot.objects.filter(pk=target.pk).update(price=Decimal("50.00"))
    visitor = visit(booking.user)

    page = last_look(visitor, booking, target)
    assert "50.00 USD instead of 80.00 USD" in page.text
    assert "30.00 USD comes back to you, the way you paid." in page.text
    assert "50.00 USD back now until Thu 9 July, 11:00" in page.text
    moved = visitor.follow(visitor.send(page, MOVE_LATER))

    assert "30.00 USD is on its way back to you, the way you paid." in moved.text
    assert "Price 50.00 USD, paid" in moved.text
    assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal("30.00")]


def test_what_is_due_at_the_desk_becomes_less(
    visit: MakeVisitor,
    customer: User,
    manager: User,
    make_booking: MakeBooking,
    make_slot: MakeSlot,
) -> None:
    booking = make_booking()
    set_status(booking_id=booking.pk, status=CONFIRMED, by=manager, at=NOW)
    cheaper = make_slot(room=booking.room, start=LATER, price=Decimal("50.00"))
    visitor = visit(customer)

    assert "11:00 30 min · 30.00 USD less" in visitor.get(path_of(booking)).text
    page = last_look(visitor, booking, cheaper)
    assert "You pay 50.00 USD at the desk." in page.text
    assert "If you cancel" not in page.text
    moved = visitor.follow(visitor.send(page, MOVE_LATER))

    assert "Please pay 50.00 USD at the desk." in moved.text


def test_what_was_paid_at_the_desk_is_handed_back_there(
    visit: MakeVisitor,
    customer: User,
    manager: User,
    make_booking: MakeBooking,
    make_slot: MakeSlot,
) -> None:
    booking = make_booking()
    assert booking.payment is not None
    take_desk_payment(payment_id=booking.payment.pk, method=DeskMethod.CASH, by=manager, at=NOW)
    cheaper = make_slot(room=booking.room, start=LATER, price=Decimal("50.00"))
    visitor = visit(customer)

    page = visitor.get_address(f"/bookings/{booking.pk}")
    assert "Price 80.00 USD, paid at the desk" in page.text
    assert "All of it, 80.00 USD, will be handed back to you at the desk." in page.text
    page = last_look(visitor, booking, cheaper)
    assert "30.00 USD will be handed back to you at the desk." in page.text
    moved = visitor.follow(visitor.send(page, MOVE_LATER))
    assert "30.00 USD will be handed back to you at the desk." in moved.text
    assert "the way you paid" not in moved.text

    note_paid_back(refund_id=Refund.objects.get().pk, by=manager, at=NOW)
    page = visitor.get_address(f"/bookings/{booking.pk}")
    assert "30.00 USD was handed back to you on Thu 2 July." in page.text


# --- Refusals ---------------------------------------------------------------------------------


def test_a_lost_time_offers_others_that_lead_back_to_the_move(
    visit: MakeVisitor, booking: Booking, target: Timeslot, make_slot: MakeSlot
) -> None:
    hour = timedelta(hours=1)
    near = make_slot(room=booking.room, start=LATER + hour, price=Decimal("80.00"))
    make_slot(room=booking.room, start=LATER + 2 * hour, price=Decimal("99.00"))
    visitor = visit(booking.user)
    page = last_look(visitor, booking, target)
    Timeslot.objects.filter(pk=target.pk).update(taken=1)

    with nothing_changes():
        refused = visitor.send(page, MOVE_LATER)

    assert refused.status == 409
    assert "This time was just taken" in refused.text
    assert refused.href("Fri 10 July, 12:00") == (
        f"{path_of(booking)}?month=2026-07&day=2026-07-10&slot={near.pk}"
    )
    # What costs more is no way on from here.
    assert not refused.has_link("Fri 10 July, 13:00")
    assert refused.href("See all free times") == (
        f"{path_of(booking)}?month=2026-07&day=2026-07-10"
    )
    assert refused.forms_with(MOVE_LATER) == []


@pytest.mark.parametrize(
    ("trouble", "said", "way"),
    [
        ("dearer", "This time costs more than yours", "Book this time anew"),
        ("taken", "This time is taken", "See all free times"),
        ("closed", "This time is taken", "See all free times"),
        ("own", "You have this time already", "See your booking"),
        ("soon", "This time is too soon", "See all free times"),
        ("far", "This time can't be booked yet", "See all free times"),
    ],
)
def test_what_can_t_be_is_said_before_the_click_with_the_way_on(
    visit: MakeVisitor,
    booking: Booking,
    make_slot: MakeSlot,
    stranger: User,
    trouble: str,
    said: str,
    way: str,
) -> None:
    starts = {"soon": NOW + timedelta(minutes=30), "far": NOW + timedelta(days=91)}
    slot = make_slot(
        room=booking.room,
        start=starts.get(trouble, LATER),
        price=Decimal("80.01" if trouble == "dearer" else "80.00"),
        max_bookings=2 if trouble == "own" else 1,
    )
    if trouble == "taken":
        book_slot(slot, stranger)
    if trouble == "closed":
        block_slot(slot_id=slot.pk, reason="holiday")
    if trouble == "own":
        book_slot(slot, booking.user)

    page = last_look(visit(booking.user), booking, slot)

    assert page.status == 200
    assert said in page.text
    assert page.has_link(way)
    assert [form for form in page.forms if form.action.startswith(path_of(booking))] == []


def test_too_late_in_the_last_second_says_what_is_left(
    visit: MakeVisitor, booking: Booking, target: Timeslot
) -> None:
    visitor = visit(booking.user)
    with time_machine.travel(START - timedelta(hours=24), tick=False):
        visitor.client.force_login(booking.user, "django.contrib.auth.backends.ModelBackend")
        page = last_look(visitor, booking, target)
    with (
        time_machine.travel(START - timedelta(hours=24, seconds=-1), tick=False),
        nothing_changes(),
    ):
        refused = visitor.send(page, MOVE_LATER)

    assert refused.status == 409
    assert "It is too late to move this booking" in refused.text
    assert "could be moved until Wed 8 July, 11:00. You can still cancel it." in refused.text
    assert refused.href("See the booking") == f"/bookings/{booking.pk}"


def test_a_price_that_fell_meanwhile_is_shown_before_it_is_taken(
    visit: MakeVisitor, booking: Booking, target: Timeslot
) -> None:
    visitor = visit(booking.user)
    page = last_look(visitor, booking, target)
    Timeslot.objects.filter(pk=target.pk).update(price=Decimal("60.00"))

    with nothing_changes():
        refused = visitor.send(page, MOVE_LATER)
    assert refused.status == 409
    assert "This time costs 60.00 USD now; it was 80.00 USD when you looked." in refused.text
    assert "20.00 USD comes back to you" in refused.text
    visitor.send(refused, MOVE_LATER)

    assert Booking.objects.get().price == Decimal("60.00")


def test_a_double_click_is_one_move(visit: MakeVisitor, booking: Booking, target: Timeslot) -> None:
    visitor = visit(booking.user)
    page = last_look(visitor, booking, target)

    first, second = visitor.send(page, MOVE_LATER), visitor.send(page, MOVE_LATER)

    assert first.location == second.location == f"/bookings/{booking.pk}"
    assert Booking.objects.get().sequence == 1


def test_cancelled_meanwhile_leads_to_the_booking(
    visit: MakeVisitor, booking: Booking, target: Timeslot
) -> None:
    visitor = visit(booking.user)
    page = last_look(visitor, booking, target)
    cancel_booking(booking_id=booking.pk, by=booking.user, at=NOW)

    with nothing_changes():
        answer = visitor.send(page, MOVE_LATER)

    assert (answer.status, answer.location) == (303, f"/bookings/{booking.pk}")


def test_a_form_that_is_garbled_or_points_elsewhere_moves_nothing(
    visit: MakeVisitor, booking: Booking, target: Timeslot, make_slot: MakeSlot
) -> None:
    visitor = visit(booking.user)
    last_look(visitor, booking, target)
    elsewhere = make_slot(start=LATER, price=Decimal("80.00"))
    good = {"slot": str(target.pk), "idempotency_key": KEY, "expected_price": "80.00"}

    with nothing_changes():
        stale = visitor.post(path_of(booking), **good | {"idempotency_key": "x"})
        unpriced = visitor.post(path_of(booking), **good | {"expected_price": "x"})
        other_room = visitor.post(path_of(booking), **good | {"slot": str(elsewhere.pk)})
        nowhere = visitor.post(path_of(booking))

    assert (stale.status, unpriced.status) == (400, 400)
    assert "Press the button again." in stale.text
    for page in (other_room, nowhere):
        assert "The time you were looking at isn't there any more." in page.text


def test_without_the_token_against_forgery_nothing_happens(
    booking: Booking, target: Timeslot
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(booking.user, "django.contrib.auth.backends.ModelBackend")

    answer = client.post(path_of(booking), {"slot": target.pk, "idempotency_key": KEY})

    assert answer.status_code == 403
    assert Booking.objects.get().sequence == 0


# --- Whose, and when --------------------------------------------------------------------------


def test_somebody_else_s_booking_isn_t_there_for_staff_either(
    visit: MakeVisitor, booking: Booking, target: Timeslot, stranger: User, manager: User
) -> None:
    for user in (stranger, manager):
        visitor = visit(user)
        assert visitor.get(path_of(booking)).status == 404
        visitor.get("/bookings")
        with nothing_changes():
            answer = visitor.post(path_of(booking), slot=str(target.pk), idempotency_key=KEY)
        assert answer.status in {403, 404}
    login = visit().get(path_of(booking)).location
    assert login == f"/accounts/login/?next={path_of(booking)}"


def test_a_booking_that_can_t_be_moved_says_until_when_it_could(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    booking = make_booking(status=CONFIRMED, starts_at=NOW + timedelta(hours=23))
    visitor = visit(customer)

    page = visitor.get_address(f"/bookings/{booking.pk}")

    assert not page.has_link("Move to another time")
    assert "It could be moved until Thu 2 July, 09:00." in page.text
    assert visitor.get(path_of(booking)).location == f"/bookings/{booking.pk}"


def test_what_is_held_or_cancelled_offers_no_move(
    visit: MakeVisitor, customer: User, make_booking: MakeBooking
) -> None:
    held = make_booking()
    gone = make_booking(status=CONFIRMED, starts_at=LATER)
    cancel_booking(booking_id=gone.pk, by=customer, at=NOW)
    visitor = visit(customer)

    for booking in (held, gone):
        page = visitor.get_address(f"/bookings/{booking.pk}")
        assert not page.has_link("Move to another time")
        assert "could be moved" not in page.text
        assert visitor.get(path_of(booking)).location == f"/bookings/{booking.pk}"


def test_the_list_offers_the_move(visit: MakeVisitor, booking: Booking, customer: User) -> None:
    assert visit(customer).get("/bookings").href("Move") == path_of(booking)


# --- By staff ---------------------------------------------------------------------------------


def test_moved_by_staff_says_until_when_all_of_it_comes_back(
    visit: MakeVisitor, booking: Booking, front_desk: User, make_slot: MakeSlot
) -> None:
    target = make_slot(room=booking.room, start=NOW + timedelta(hours=20), price=Decimal(80))
    move_by_staff(
        booking_id=booking.pk, timeslot_id=target.pk, by=front_desk, at=NOW, reason="Dr Weber: ill"
    )

    page = visit(booking.user).get_address(f"/bookings/{booking.pk}")

    assert (
        "We moved this It was Thu 9 July, 11:00 before. If the new time doesn't suit you, "
        "cancel until Fri 3 July, 06:00 for all of it." in page.text
    )
    assert "80.00 USD back now until Fri 3 July, 06:00" in page.text
    assert "All of it, 80.00 USD, comes back to you" in page.text
    assert "Moved by us, from Thu 9 July, 11:00" in page.text
    # What staff wrote is theirs.
    assert "ill" not in page.text.split("What happened")[1].split()


def test_the_right_to_cancel_doesn_t_outlive_an_earlier_time(
    visit: MakeVisitor, booking: Booking, front_desk: User, make_slot: MakeSlot
) -> None:
    week = timedelta(days=7)
    far = make_slot(room=booking.room, start=START + week, price=Decimal(80))
    near = make_slot(room=booking.room, start=NOW + timedelta(days=2), price=Decimal(80))
    move_by_staff(booking_id=booking.pk, timeslot_id=far.pk, by=front_desk, at=NOW)
    reschedule_booking(booking_id=booking.pk, timeslot_id=near.pk, by=booking.user, at=NOW)

    page = visit(booking.user).get_address(f"/bookings/{booking.pk}")

    assert "80.00 USD back now until Sat 4 July, 10:00" in page.text
    assert "Thu 9 July, 10:00" not in page.text
    assert "Your booking is moved It was Thu 16 July, 11:00 before." in page.text


def test_a_reason_that_looks_like_a_move_is_none(visit: MakeVisitor, booking: Booking) -> None:
    cancel_booking(
        booking_id=booking.pk, by=booking.user, at=NOW, reason="moved from Berlin: goodbye"
    )

    page = visit(booking.user).get_address(f"/bookings/{booking.pk}")

    assert "Moved" not in page.text
