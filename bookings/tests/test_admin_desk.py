"""The front desk: booking for somebody, moving, notes; each refusal leaves all as it was."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from accounts.services import find_or_make_customer
from bookings.models import Booking, BookingStatusChange, Timeslot
from bookings.services import block_slot
from bookings.states import BookingStatus
from common.errors import InvalidInput
from notifications.models import OutgoingMail
from payments.models import Payment, Refund
from tests.infrastructure.pages import MakeVisitor, Page, Visitor
from tests.infrastructure.staff import answer, cost
from tests.infrastructure.world import NOW, START, MakeBooking, MakeSlot, MakeUser, book_slot

BOOK = "/admin/bookings/booking/book/"


def move_page(booking: Booking) -> str:
    return f"/admin/bookings/booking/{booking.pk}/move/"


def everything() -> list[object]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Booking, BookingStatusChange, Payment, Refund, Timeslot, OutgoingMail, User)
    ]


def sent(page: Page, **fields: object) -> dict[str, object]:
    """The form's own fields, a payment at the desk, and these."""
    form = page.form("Book")
    return {**form.fields, "payment": "due", "notes": "", **fields}


def press(visitor: Visitor, page: Page, **fields: object) -> Page:
    form = page.form("Book")
    return visitor.follow(Page(visitor.client.post(form.action, sent(page, **fields))))


# --- Booking for somebody -------------------------------------------------------------------


def test_the_desk_books_for_somebody_known_by_name(
    visit: MakeVisitor, slot: Timeslot, customer: User, front_desk: User
) -> None:
    visitor = visit(front_desk)

    page = visitor.get(BOOK, room=slot.room_id, day="2026-07-09", who="lovelace")
    done = press(visitor, page, timeslot=slot.pk, person=customer.pk, notes="window seat")

    assert "11:00–11:30, 80.00 USD" in page.text
    assert {"value": str(customer.pk), "checked": ""}.items() <= next(
        tag for tag in page.tags("input", "checked") if tag["name"] == "person"
    ).items()
    booking = Booking.objects.get()
    assert done.path == f"/admin/bookings/booking/{booking.pk}/change/"
    assert (booking.user, booking.status, booking.is_payment_due, booking.notes) == (
        customer,
        "confirmed",
        True,
        "window seat",
    )
    assert f"Booking {booking.pk} of Ada Lovelace is confirmed; 80.00 USD due" in done.text
    assert done.has_link("point_of_sale Take payment")
    assert [line.by for line in booking.history.all()] == [front_desk, front_desk]


def test_somebody_new_is_made_on_the_spot_and_signs_in_by_code(
    visit: MakeVisitor, slot: Timeslot, front_desk: User
) -> None:
    visitor = visit(front_desk)

    page = visitor.get(BOOK, timeslot=slot.pk, who="Grace@Example.com")
    press(visitor, page, timeslot=slot.pk, person="new", email="Grace@Example.com", name="Grace H")

    assert "Nobody is known as “Grace@Example.com”." in page.text
    person = User.objects.get(email="grace@example.com")
    assert (person.name, person.has_usable_password(), person.has_verified_email) == (
        "Grace H",
        False,
        False,
    )
    assert Booking.objects.get().user == person
    assert [mail.to for mail in OutgoingMail.objects.all()] == ["grace@example.com"]


def test_an_address_that_is_known_is_that_person(
    visit: MakeVisitor, slot: Timeslot, customer: User, front_desk: User
) -> None:
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk)

    press(visitor, page, timeslot=slot.pk, person="new", email="ADA@example.com", name="Somebody")

    customer.refresh_from_db()
    assert (Booking.objects.get().user, customer.name) == (customer, "Ada Lovelace")


def test_a_place_is_held_and_the_address_to_pay_at_is_shown(
    visit: MakeVisitor, slot: Timeslot, customer: User, front_desk: User
) -> None:
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk, who="ada@example.com")

    done = press(visitor, page, timeslot=slot.pk, person=customer.pk, payment="hold")

    booking = Booking.objects.get()
    assert booking.payment is not None
    assert (booking.status, booking.payment.status) == ("pending", "open")
    assert "is held until Thu 2 July, 10:15." in done.text
    assert f"/pay/{booking.payment.token}" in done.text


def test_a_double_click_is_one_booking(
    visit: MakeVisitor, make_slot: MakeSlot, customer: User, front_desk: User
) -> None:
    slot = make_slot(max_bookings=3)
    slot.room.allow_repeat_booking = True
    slot.room.save()
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk, who="ada@example.com")

    first = press(visitor, page, timeslot=slot.pk, person=customer.pk)
    second = press(visitor, page, timeslot=slot.pk, person=customer.pk)

    assert first.path == second.path
    assert Booking.objects.count() == 1


def test_a_time_that_was_lost_is_said_and_the_newcomer_not_made(
    visit: MakeVisitor, make_slot: MakeSlot, stranger: User, front_desk: User
) -> None:
    slot = make_slot()
    other = make_slot(room=slot.room, start=START + timedelta(hours=1))
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk, who="grace@example.com")
    book_slot(slot, stranger)
    before = everything()

    refused = press(
        visitor, page, timeslot=slot.pk, person="new", email="grace@example.com", name=""
    )

    assert refused.status == 409
    assert "this time is taken. Nothing was changed." in refused.text
    assert refused.href("Thu 9 July, 12:00").startswith(f"{BOOK}?timeslot={other.pk}")
    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"person": "new", "email": ""}, "needs an e-mail address", id="no-address"),
        pytest.param({"person": "new", "email": "ada"}, "valid email", id="bad-address"),
        pytest.param({"person": ""}, "This field is required", id="nobody"),
        pytest.param({"person": "x1"}, "Choose who it is for", id="no-number"),
        pytest.param({"person": "999999"}, "There is no such customer", id="unknown"),
        pytest.param({"timeslot": ""}, "Choose a time", id="no-time"),
        pytest.param({"timeslot": "999999"}, "There is no such time", id="unknown-time"),
        pytest.param({"payment": "never"}, "not one of the available", id="payment"),
        pytest.param(
            {"idempotency_key": "x"}, "came incomplete. Press the button again", id="no-key"
        ),
    ],
)
def test_nonsense_books_nothing(
    visit: MakeVisitor,
    slot: Timeslot,
    customer: User,
    front_desk: User,
    fields: dict[str, str],
    words: str,
) -> None:
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk, who="ada@example.com")
    before = everything()

    refused = press(visitor, page, **{"timeslot": slot.pk, "person": customer.pk, **fields})

    assert words in refused.text
    assert everything() == before


def test_whoever_has_the_time_already_is_refused(
    visit: MakeVisitor, make_slot: MakeSlot, customer: User, front_desk: User
) -> None:
    slot = make_slot(max_bookings=2)
    book_slot(slot, customer)
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk, who="ada@example.com")
    before = everything()

    refused = press(visitor, page, timeslot=slot.pk, person=customer.pk)

    assert "This customer already has a place at this time." in refused.text
    assert everything() == before


def test_an_account_that_is_switched_off_is_not_booked_for(
    visit: MakeVisitor, slot: Timeslot, customer: User, front_desk: User
) -> None:
    User.objects.filter(pk=customer.pk).update(is_active=False)
    visitor = visit(front_desk)
    page = visitor.get(BOOK, timeslot=slot.pk, who="ada@example.com")
    before = everything()

    refused = press(visitor, page, timeslot=slot.pk, person="new", email="ada@example.com")

    assert "account is switched off" in refused.text
    assert everything() == before


def test_a_day_without_times_leads_to_the_next(
    visit: MakeVisitor, slot: Timeslot, front_desk: User
) -> None:
    visitor = visit(front_desk)

    page = visitor.get(BOOK, room=slot.room_id, day="2026-07-06", who="")

    assert "Nothing is free in Dr Weber on Mon 6 Jul 2026." in page.text
    assert "11:00–11:30" in visitor.get_address(page.href("Thu 9 July, 11:00")).text


@pytest.mark.parametrize(
    "query",
    [
        {"room": "x"},
        {"day": "0001-01-01"},
        {"day": "9999-12-31"},
        {"timeslot": "9" * 30},
        {"timeslot": "-1"},
        {"who": "%"},
    ],
)
def test_nonsense_in_the_address_is_borne(
    visit: MakeVisitor, slot: Timeslot, front_desk: User, query: dict[str, str]
) -> None:
    assert visit(front_desk).get(BOOK, **{"room": slot.room_id, **query}).status == 200


def test_many_people_of_one_name_are_offered_and_none_chosen(
    visit: MakeVisitor, slot: Timeslot, make_user: MakeUser, front_desk: User
) -> None:
    for number in range(30):
        make_user(f"ada{number}@example.com", name="Ada Byron")
    visitor = visit(front_desk)
    address = f"{BOOK}?timeslot={slot.pk}&who="

    page = visitor.get_address(f"{address}byron")

    assert page.text.count("Ada Byron <ada") == 8
    assert [tag for tag in page.tags("input", "checked") if tag["name"] == "person"] == []
    assert cost(visitor, f"{address}byron") == cost(visitor, f"{address}ada7@example.com")


def test_a_free_time_leads_to_its_booking(
    visit: MakeVisitor, slot: Timeslot, front_desk: User
) -> None:
    visitor = visit(front_desk)
    page = visitor.get(f"/admin/bookings/timeslot/{slot.pk}/change/")

    booking = visitor.follow(visitor.get_address(page.href("person_add Book for a customer")))

    assert booking.path == BOOK
    assert {"value": str(slot.pk), "selected": ""} in booking.tags("option", "selected")
    block_slot(slot_id=slot.pk, reason="closed")
    page = visitor.get(f"/admin/bookings/timeslot/{slot.pk}/change/")
    assert not page.has_link("person_add Book for a customer")


def test_making_a_customer_refuses_what_is_no_address(db: None) -> None:
    for nonsense in ("", "ada", "ada@", "a" * 300 + "@example.com"):
        with pytest.raises(InvalidInput):
            find_or_make_customer(email=nonsense, name="Ada", at=NOW)
    assert not User.objects.exists()


# --- Moving ---------------------------------------------------------------------------------


def test_the_desk_moves_a_booking_and_the_difference_comes_back(
    visit: MakeVisitor, make_booking: MakeBooking, make_slot: MakeSlot, front_desk: User
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    later = START + timedelta(days=1)
    cheaper = make_slot(room=booking.room, start=later, price=Decimal("60.00"))
    make_slot(room=booking.room, start=later + timedelta(hours=1), price=Decimal("99.00"))
    visitor = visit(front_desk)

    page = visitor.get(move_page(booking), day="2026-07-10")
    done = answer(visitor, page, "Move", timeslot=str(cheaper.pk), reason="Dr Weber is ill")

    assert "11:00–11:30: 20.00 USD come back" in page.text
    assert "12:00–12:30: 19.00 USD dearer, which the customer doesn't pay" in page.text
    assert "is moved to Fri 10 July, 11:00–11:30 (Berlin). 20.00 USD come back." in done.text
    booking.refresh_from_db()
    assert (booking.timeslot, booking.price) == (cheaper, Decimal("60.00"))
    assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal("20.00")]
    last = booking.history.latest("pk")
    assert (last.by, last.reason) == (
        front_desk,
        "moved from Thu 9 July, 11:00: Dr Weber is ill",
    )
    assert booking.free_cancel_until == NOW + timedelta(days=7)


@pytest.mark.parametrize("target", ["taken", "other_room", "unknown", "same", ""])
def test_what_cannot_be_had_moves_nothing(
    visit: MakeVisitor,
    make_booking: MakeBooking,
    make_slot: MakeSlot,
    stranger: User,
    front_desk: User,
    target: str,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    free = make_slot(room=booking.room, start=START + timedelta(hours=2))
    taken = make_slot(room=booking.room, start=START + timedelta(hours=3))
    book_slot(taken, stranger)
    pks = {
        "taken": taken.pk,
        "other_room": make_slot(start=START).pk,
        "unknown": 10**6,
        "same": booking.timeslot_id,
        "": "",
    }
    visitor = visit(front_desk)
    page = visitor.get(move_page(booking))
    before = everything()

    refused = answer(visitor, page, "Move", timeslot=str(pks[target]))

    assert refused.status in {200, 400, 404, 409}
    assert refused.path == move_page(booking)
    if target == "taken":
        assert refused.has_link("Thu 9 July, 13:00")
    assert everything() == before
    assert free.taken == 0


def test_only_what_is_confirmed_is_moved(
    visit: MakeVisitor, make_booking: MakeBooking, make_slot: MakeSlot, front_desk: User
) -> None:
    booking = make_booking()
    free = make_slot(room=booking.room, start=START + timedelta(hours=2))
    visitor = visit(front_desk)
    before = everything()

    page = visitor.get(move_page(booking))
    forged = visitor.post(move_page(booking), timeslot=str(free.pk), reason="")

    assert "Only a confirmed booking can be moved" in page.text
    assert page.forms_with("Move") == []
    assert "Only a confirmed booking can be moved" in forged.text
    assert not visitor.get(f"/admin/bookings/booking/{booking.pk}/change/").has_link(
        "event_repeat Move"
    )
    assert everything() == before


# --- Notes ----------------------------------------------------------------------------------


def test_notes_of_the_staff_stay_with_the_staff(
    visit: MakeVisitor, make_booking: MakeBooking, customer: User, front_desk: User
) -> None:
    booking = make_booking(notes="with my dog")
    visitor = visit(front_desk)

    done = answer(
        visitor,
        visitor.get(f"/admin/bookings/booking/{booking.pk}/note/"),
        "Save notes",
        notes="Shouts at the desk.",
    )

    assert "Shouts at the desk." in done.text
    assert "Shouts" not in visit(customer).get(f"/bookings/{booking.pk}").text
    booking.refresh_from_db()
    assert (booking.notes, booking.staff_notes) == ("with my dog", "Shouts at the desk.")


# --- Who may --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("customer", 302),
        ("scanner", 403),
        ("reader", 403),
        ("front_desk", 200),
        ("manager", 200),
    ],
)
def test_who_may_stand_at_the_desk(
    request: pytest.FixtureRequest,
    visit: MakeVisitor,
    make_user: MakeUser,
    make_booking: MakeBooking,
    who: str,
    status: int,
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED)
    if who == "reader":
        person = make_user("reader@example.com", is_staff=True)
        person.user_permissions.add(Permission.objects.get(codename="view_booking"))
    else:
        person = request.getfixturevalue(who)
    visitor = visit(person)
    note = f"/admin/bookings/booking/{booking.pk}/note/"
    before = everything()

    for address in (BOOK, move_page(booking), note):
        assert visitor.get(address).status == status
    if status != 200:
        for address in (BOOK, move_page(booking), note):
            forged = visitor.post(address, answer="yes", notes="x", timeslot="1", person="1")
            assert forged.status in {302, 403}
        assert visitor.get(f"{move_page(booking)[:-5]}take_money/").status == status
        assert everything() == before
