"""The last step of `/bookings/new`: what is told before the button, and what the button does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from bookings.models import Booking, Timeslot
from notifications.models import OutgoingMail
from notifications.paragraphs import code_in
from payments.models import Payment
from tests.infrastructure.api import nothing_changes
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    MakeUser,
    book_slot,
)

NEW = "/bookings/new"
PAY_45 = "Hold and pay 45.00 USD"
KEY = "6b3f6a57-5b13-4fd0-9d75-0c0f9e1f0b11"


def confirm_path(slot: Timeslot) -> str:
    return f"{NEW}?room={slot.room_id}&month=2026-07&day=2026-07-09&slot={slot.pk}"


def form_of(slot: Timeslot, /, **fields: str) -> dict[str, str]:
    """What the page's form sends."""
    known = {
        "room": str(slot.room_id),
        "slot": str(slot.pk),
        "idempotency_key": KEY,
        "expected_price": str(slot.effective_price),
    }
    return known | fields


def look(visitor: Visitor, slot: Timeslot) -> Page:
    return visitor.get_address(confirm_path(slot))


@pytest.fixture
def slot(make_slot: MakeSlot) -> Timeslot:
    """Thu 9 July, 11:00 in Berlin, half an hour at 90 an hour."""
    return make_slot()


def test_it_says_what_when_how_much_and_what_a_cancel_gives_back(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    page = look(visit(customer), slot)

    assert (page.status, page.h1) == (200, "Confirm your time")
    assert "Dr Weber" in page.text
    assert "Thu 9 July, 11:00–11:30" in page.text
    assert "Price 45.00 USD for 30 minutes" in page.text
    assert "45.00 USD back now until Wed 8 July, 11:00" in page.text
    assert "22.50 USD back until Thu 9 July, 05:00" in page.text
    assert "Nothing back from then on" in page.text
    assert "Your place is held for 15 minutes while you pay." in page.text
    assert page.form(PAY_45).method == "post"
    assert page.href("Other times") == f"{NEW}?room={slot.room_id}&month=2026-07&day=2026-07-09"


def test_terms_that_are_over_already_are_not_told(
    visit: MakeVisitor, customer: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(start=NOW + timedelta(hours=7))

    page = look(visit(customer), slot)

    assert "45.00 USD back" not in page.text
    assert "22.50 USD back now until Thu 2 July, 11:00" in page.text


def test_the_button_holds_the_place_and_leads_to_the_payment(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    visitor = visit(customer)

    answer = visitor.send(look(visitor, slot), PAY_45, notes="A crown came off.")

    booking = Booking.objects.get()
    assert booking.payment is not None
    assert (answer.status, answer.location) == (303, f"/pay/{booking.payment.token}")
    assert (booking.user, booking.timeslot, booking.notes) == (customer, slot, "A crown came off.")
    assert booking.is_pending
    assert visitor.follow(answer).h1 == "Pay 45.00 USD"


def test_what_is_free_is_booked_at_once(
    visit: MakeVisitor, customer: User, make_slot: MakeSlot
) -> None:
    slot = make_slot(price=Decimal(0))
    visitor = visit(customer)
    page = look(visitor, slot)
    assert "If you cancel" not in page.text

    answer = visitor.send(page, "Book it")

    booking = Booking.objects.get()
    assert (answer.status, answer.location) == (303, f"/bookings/{booking.pk}")
    assert visitor.follow(answer).h1 == "You are booked"


def test_a_double_click_is_one_purchase(visit: MakeVisitor, customer: User, slot: Timeslot) -> None:
    visitor = visit(customer)
    page = look(visitor, slot)

    first, second = (visitor.send(page, PAY_45) for _ in range(2))

    assert first.location == second.location
    assert Booking.objects.count() == Payment.objects.count() == 1


def test_every_look_has_a_key_of_its_own(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    visitor = visit(customer)

    keys = {look(visitor, slot).form(PAY_45).fields["idempotency_key"] for _ in range(2)}

    assert len(keys) == 2


def test_who_is_not_signed_in_sees_everything_and_comes_back_here(
    visit: MakeVisitor, slot: Timeslot
) -> None:
    visitor = visit()
    page = look(visitor, slot)

    assert "Price 45.00 USD" in page.text
    assert page.forms == []
    back = confirm_path(slot).replace("?", "%3F").replace("=", "%3D").replace("&", "%26")
    assert page.href("Sign in to book") == f"/accounts/login/?next={back.replace('/', '%2F')}"
    assert page.href("Create an account") == f"/accounts/signup/?next={back.replace('/', '%2F')}"


def test_a_button_pressed_after_the_session_ended_leads_to_sign_in_and_back(
    visit: MakeVisitor, slot: Timeslot
) -> None:
    visitor = visit()
    visitor.get("/accounts/login/")

    with nothing_changes():
        answer = visitor.post(NEW, **form_of(slot))

    assert answer.location.startswith("/accounts/login/?next=/bookings/new%3Froom%3D")


def test_without_the_token_against_forgery_nothing_happens(customer: User, slot: Timeslot) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer, "django.contrib.auth.backends.ModelBackend")

    with nothing_changes():
        assert client.post(NEW, form_of(slot)).status_code == 403


def test_an_unproved_address_is_proved_first(
    visit: MakeVisitor, make_user: MakeUser, slot: Timeslot
) -> None:
    visitor = visit(make_user("new@example.com", verified=False))

    answer = visitor.send(look(visitor, slot), PAY_45)

    assert not Booking.objects.exists()
    assert answer.location.startswith("/accounts/confirm-email/?next=%2Fbookings%2Fnew%3Froom")
    code = code_in(OutgoingMail.objects.get().context["text"])
    asked = visitor.follow(answer)
    [button] = [button for form in asked.forms for button in form.buttons if "onfirm" in button]
    answer = visitor.send(asked, button, code=code)
    assert answer.location == confirm_path(slot)
    assert visitor.send(visitor.follow(answer), PAY_45).location.startswith("/pay/")


def refused(answer: Page, status: int, title: str) -> None:
    """It was told in the same card, in the room's own page."""
    assert (answer.status, answer.h1) == (status, "Confirm your time")
    assert title in answer.text
    assert answer.title.startswith(title)


def test_a_lost_place_says_so_and_offers_the_nearest(
    visit: MakeVisitor, customer: User, slot: Timeslot, make_slot: MakeSlot
) -> None:
    others = [
        make_slot(room=slot.room, start=START + timedelta(hours=hours)) for hours in (1, 2, 3, 30)
    ]
    visitor = visit(customer)
    page = look(visitor, slot)
    Timeslot.objects.filter(pk=slot.pk).update(taken=1)

    with nothing_changes():
        answer = visitor.send(page, PAY_45)

    refused(answer, 409, "This time was just taken")
    assert "Somebody else was a moment faster" in answer.text
    assert [words for words, href in answer.links if "&slot=" in href] == [
        "Thu 9 July, 12:00",
        "Thu 9 July, 13:00",
        "Thu 9 July, 14:00",
    ]
    assert answer.href("Thu 9 July, 12:00") == confirm_path(others[0])
    assert answer.has_link("See all free times")
    assert answer.forms_with(PAY_45) == []


def test_a_full_time_says_so_before_anything_is_pressed(
    visit: MakeVisitor, make_slot: MakeSlot
) -> None:
    page = look(visit(), make_slot(taken=1))

    assert page.status == 200
    assert "This time is taken Somebody has it already." in page.text
    assert not page.has_link("Sign in to book")


def test_who_has_it_already_is_led_to_the_booking(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    visitor = visit(customer)
    page = look(visitor, slot)
    booking = book_slot(slot, customer)

    with nothing_changes():
        answer = visitor.send(page, PAY_45)

    refused(answer, 409, "You have this time already")
    assert answer.href("See your booking") == f"/bookings/{booking.pk}"
    assert look(visitor, slot).href("See your booking") == f"/bookings/{booking.pk}"


def test_too_many_holds_are_listed_with_their_links(
    visit: MakeVisitor,
    customer: User,
    slot: Timeslot,
    make_booking: MakeBooking,
    settings: Settings,
) -> None:
    settings.MAX_OPEN_HOLDS = 2
    held = [make_booking(starts_at=START + timedelta(days=day)) for day in (1, 2)]
    visitor = visit(customer)

    with nothing_changes():
        answer = visitor.send(look(visitor, slot), PAY_45)

    refused(answer, 409, "You are holding several times already")
    for day, booking in zip((10, 11), held, strict=True):
        words = f"Dr Weber, {'Fri' if day == 10 else 'Sat'} {day} July, 11:00"
        assert answer.href(f"{words}: held until 10:15 (Berlin)") == f"/bookings/{booking.pk}"


def test_too_many_in_an_hour_may_try_again_later(
    visit: MakeVisitor,
    customer: User,
    slot: Timeslot,
    make_booking: MakeBooking,
    settings: Settings,
) -> None:
    settings.MAX_HOLDS_PER_HOUR = 1
    make_booking(starts_at=START + timedelta(days=1))
    visitor = visit(customer)

    with nothing_changes():
        answer = visitor.send(look(visitor, slot), PAY_45, notes="Please.")

    refused(answer, 429, "That was a lot in a short time")
    assert 0 < int(answer.response["Retry-After"]) <= 3601
    assert answer.form(PAY_45).fields["notes"] == "Please."


@pytest.mark.parametrize(
    ("start", "room", "status", "title"),
    [
        pytest.param(NOW + timedelta(minutes=59), {}, 409, "This time is too soon", id="too-soon"),
        pytest.param(
            NOW + timedelta(days=91), {}, 409, "This time can't be booked yet", id="too-far"
        ),
        pytest.param(NOW, {}, 400, "This time can't be booked", id="over"),
        pytest.param(START, {"is_active": False}, 400, "This time can't be booked", id="closed"),
    ],
)
def test_what_can_t_be_booked_says_why_and_leads_on(
    visit: MakeVisitor,
    customer: User,
    make_room: MakeRoom,
    make_slot: MakeSlot,
    start: object,
    room: dict[str, bool],
    status: int,
    title: str,
) -> None:
    slot = make_slot(room=make_room(**room), start=start)
    visitor = visit(customer)
    visitor.get("/accounts/email/")

    with nothing_changes():
        answer = visitor.post(NEW, **form_of(slot))

    refused(answer, status, title)
    assert answer.has_link("See all free times")
    assert title in look(visitor, slot).text


def test_the_same_key_for_something_else_is_asked_again(
    visit: MakeVisitor, customer: User, slot: Timeslot, make_slot: MakeSlot
) -> None:
    other = make_slot(room=slot.room, start=START + timedelta(hours=1))
    visitor = visit(customer)
    page = look(visitor, slot)
    visitor.send(page, PAY_45)

    answer = visitor.send(page, PAY_45, slot=str(other.pk))

    refused(answer, 409, "Please look at it once more")
    assert answer.form(PAY_45).fields["idempotency_key"] != KEY
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("key", ["", "not-a-key"])
def test_a_form_without_a_key_is_asked_again(
    visit: MakeVisitor, customer: User, slot: Timeslot, key: str
) -> None:
    visitor = visit(customer)
    look(visitor, slot)

    with nothing_changes():
        answer = visitor.post(NEW, **form_of(slot, idempotency_key=key, notes="Please."))

    refused(answer, 400, "Please look at it once more")
    assert answer.form(PAY_45).fields["notes"] == "Please."
    assert visitor.send(answer, PAY_45).location.startswith("/pay/")


def test_too_long_notes_are_said_at_their_field_and_kept(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    visitor = visit(customer)
    page = look(visitor, slot)

    with nothing_changes():
        answer = visitor.send(page, PAY_45, notes="x" * 1001)

    assert (answer.status, answer.h1) == (400, "Confirm your time")
    assert answer.has_link(
        "Notes for us: Ensure this value has at most 1000 characters (it has 1001)."
    )
    assert len(answer.form(PAY_45).fields["notes"]) == 1001
    assert visitor.send(answer, PAY_45, notes="").location.startswith("/pay/")


@pytest.mark.parametrize("wanted", ["no-such-slot", "other-room", "nothing"])
def test_a_form_for_no_such_time_is_404(
    visit: MakeVisitor, customer: User, slot: Timeslot, make_room: MakeRoom, wanted: str
) -> None:
    sent = {
        "no-such-slot": form_of(slot, slot="987654"),
        "other-room": form_of(slot, room=str(make_room().pk)),
        "nothing": {},
    }[wanted]
    visitor = visit(customer)
    visitor.get("/accounts/email/")

    with nothing_changes():
        answer = visitor.post(NEW, **sent)

    assert answer.status == 404
    assert "This time isn't there any more." in answer.text


def test_the_last_look_takes_few_queries(
    visit: MakeVisitor,
    customer: User,
    slot: Timeslot,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    visitor = visit(customer)

    # Session, user, slot with its room, and whether this person has a place there already.
    with django_assert_max_num_queries(4):
        look(visitor, slot)


# --- The price that was shown -----------------------------------------------------------------


def test_a_price_that_changed_is_shown_before_anything_is_held(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    visitor = visit(customer)
    page = look(visitor, slot)
    Timeslot.objects.update(price=Decimal("90.00"))

    with nothing_changes():
        answer = visitor.send(page, PAY_45, notes="Please.")

    refused(answer, 409, "The price has changed")
    assert "This time costs 90.00 USD now; it was 45.00 USD when you looked." in answer.text
    assert answer.form("Hold and pay 90.00 USD").fields["notes"] == "Please."
    assert visitor.send(answer, "Hold and pay 90.00 USD").location.startswith("/pay/")
    assert Payment.objects.get().amount == Decimal("90.00")


def test_what_was_free_isn_t_held_for_money_unasked(
    visit: MakeVisitor, customer: User, slot: Timeslot
) -> None:
    Timeslot.objects.update(price=Decimal(0))
    visitor = visit(customer)
    page = look(visitor, slot)
    Timeslot.objects.update(price=Decimal("45.00"))

    with nothing_changes():
        answer = visitor.send(page, "Book it")

    assert answer.status == 409
    assert "This time costs 45.00 USD now; it was nothing when you looked." in answer.text


@pytest.mark.parametrize("price", ["", "cheap", "-1"])
def test_a_garbled_price_is_asked_again(
    visit: MakeVisitor, customer: User, slot: Timeslot, price: str
) -> None:
    visitor = visit(customer)
    look(visitor, slot)

    with nothing_changes():
        answer = visitor.post(NEW, **form_of(slot, expected_price=price))

    refused(answer, 400, "Please look at it once more")
    assert visitor.send(answer, PAY_45).location.startswith("/pay/")
