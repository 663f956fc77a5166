"""Moving by the API: one's own booking, and a customer's by staff."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import User
from bookings.models import Booking, Timeslot
from bookings.services import block_slot, cancel_booking
from bookings.states import BookingStatus
from notifications.models import OutgoingMail
from payments.models import Refund
from tests.infrastructure.api import Api, MakeApi, error_of, nothing_changes, refused
from tests.infrastructure.world import (
    NOW,
    START,
    MakeBooking,
    MakeRoom,
    MakeSlot,
    book_slot,
)

LATER = START + timedelta(days=1)
IN_TIME = START - timedelta(hours=24)


@pytest.fixture
def booking(make_booking: MakeBooking) -> Booking:
    return make_booking(status=BookingStatus.CONFIRMED, price=80)


@pytest.fixture
def target(booking: Booking, make_slot: MakeSlot) -> Timeslot:
    return make_slot(room=booking.room, start=LATER, price=Decimal("80.00"))


def move(client: Api, booking: Booking, target: Timeslot | int, **body: Any) -> Any:
    number = target if isinstance(target, int) else target.pk
    return client.put(f"/bookings/{booking.pk}/reschedule", {"timeslotId": number} | body)


def move_by_staff(client: Api, booking: Booking, target: Timeslot | int, **body: Any) -> Any:
    number = target if isinstance(target, int) else target.pk
    return client.put(f"/admin/bookings/{booking.pk}/reschedule", {"timeslotId": number} | body)


def places_left(*slots: Timeslot) -> list[int]:
    return [Timeslot.objects.get(pk=slot.pk).places_left for slot in slots]


def test_the_answer_is_the_booking_at_its_new_time(
    api: MakeApi, customer: User, booking: Booking, target: Timeslot
) -> None:
    client = api(customer)
    before = client.get(f"/bookings/{booking.pk}").json()

    answer = move(client, booking, target)

    after = answer.json()
    assert answer.status_code == 200
    assert after == client.get(f"/bookings/{booking.pk}").json()
    changed = {name for name in before if before[name] != after[name]}
    assert changed - {"updatedAt"} == {"timeslotId", "timeslot", "refundSchedule"}
    assert (after["timeslotId"], after["timeslot"]["startTime"]) == (
        target.pk,
        "2026-07-10T09:00:00Z",
    )
    assert after["refundSchedule"][0]["until"] == "2026-07-09T09:00:00Z"
    assert places_left(booking.timeslot, target) == [1, 0]
    assert OutgoingMail.objects.latest("pk").kind == "booking_moved"


def test_a_cheaper_time_gives_back_the_difference(
    api: MakeApi, customer: User, booking: Booking, target: Timeslot
) -> None:
    Timeslot.objects.filter(pk=target.pk).update(price=Decimal("49.50"))

    found = move(api(customer), booking, target).json()

    assert (found["price"], found["paymentStatus"]) == (49.5, "paid")
    assert (found["refundAmount"], found["refundPercent"]) == (30.5, None)
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("30.50")]


def test_in_time_until_the_last_moment(
    api: MakeApi, customer: User, booking: Booking, target: Timeslot
) -> None:
    client = api(customer)
    with time_machine.travel(IN_TIME + timedelta(seconds=1), tick=False), nothing_changes():
        refused(move(client, booking, target), 409, "too_late")

    with time_machine.travel(IN_TIME, tick=False):
        assert move(client, booking, target).status_code == 200


def test_a_lapsed_hold_at_the_new_time_is_no_obstacle(
    api: MakeApi, customer: User, stranger: User, booking: Booking, target: Timeslot
) -> None:
    lapsed = book_slot(target, stranger)
    client = api(customer)

    with time_machine.travel(NOW + timedelta(minutes=15), tick=False):
        assert move(client, booking, target).status_code == 200
    lapsed.refresh_from_db()
    assert lapsed.status == "cancelled"


@pytest.mark.parametrize(
    ("fields", "status", "code", "attr"),
    [
        pytest.param({"price": Decimal("80.01")}, 409, "price_increase", None, id="dearer"),
        pytest.param(
            {"start": NOW + timedelta(minutes=59)}, 409, "too_soon", None, id="within-notice"
        ),
        pytest.param({"start": NOW + timedelta(days=91)}, 409, "too_far", None, id="far-ahead"),
        pytest.param({"start": NOW}, 400, "invalid", "timeslotId", id="begun"),
    ],
)
def test_a_time_that_does_not_do(
    api: MakeApi,
    customer: User,
    booking: Booking,
    make_slot: MakeSlot,
    fields: dict[str, Any],
    status: int,
    code: str,
    attr: str | None,
) -> None:
    target = make_slot(**{"room": booking.room, "start": LATER, "price": Decimal(80)} | fields)

    with nothing_changes():
        refused(move(api(customer), booking, target), status, code, attr)


def test_another_room_the_same_time_or_none_at_all(
    api: MakeApi, customer: User, booking: Booking, make_slot: MakeSlot
) -> None:
    elsewhere = make_slot(start=LATER, price=Decimal(80))
    client = api(customer)

    with nothing_changes():
        refused(move(client, booking, elsewhere), 400, "invalid", "timeslotId")
        refused(move(client, booking, booking.timeslot), 409, "invalid_transition")
        for unknown in (0, 10**6, 2**31, 10**30):
            refused(move(client, booking, unknown), 404, "not_found")


@pytest.mark.parametrize("by_staff", [False, True])
@pytest.mark.parametrize("is_closed", [False, True])
def test_a_time_that_is_gone_comes_with_alternatives(
    api: MakeApi,
    customer: User,
    stranger: User,
    front_desk: User,
    booking: Booking,
    target: Timeslot,
    make_slot: MakeSlot,
    is_closed: bool,
    by_staff: bool,
) -> None:
    """Not where it is now, and for its holder nothing dearer."""
    dearer = make_slot(room=booking.room, start=LATER + timedelta(hours=2), price=Decimal(81))
    free = make_slot(room=booking.room, start=LATER + timedelta(hours=1), price=Decimal(80))
    if is_closed:
        block_slot(slot_id=target.pk, reason="painting")
    else:
        book_slot(target, stranger)

    with nothing_changes():
        if by_staff:
            answer = move_by_staff(api(front_desk), booking, target)
        else:
            answer = move(api(customer), booking, target)

    refused(answer, 409, "slot_taken")
    offered = error_of(answer)["alternatives"]
    assert [slot["id"] for slot in offered] == [free.pk] + [dearer.pk] * by_staff
    slots = api().get(f"/bookings/rooms/{booking.room_id}/timeslots", date="2026-07-10").json()
    assert offered[0] in slots["results"]


@pytest.mark.parametrize("by_staff", [False, True])
def test_a_second_place_at_the_new_time(
    api: MakeApi,
    customer: User,
    front_desk: User,
    booking: Booking,
    target: Timeslot,
    by_staff: bool,
) -> None:
    """Told before that it is full."""
    book_slot(target, customer)

    with nothing_changes():
        if by_staff:
            answer = move_by_staff(api(front_desk), booking, target)
        else:
            answer = move(api(customer), booking, target)

    refused(answer, 409, "already_booked")


@pytest.mark.parametrize("status", ["pending", "cancelled", "completed", "no_show"])
def test_only_what_is_confirmed_is_moved(
    api: MakeApi, customer: User, front_desk: User, booking: Booking, target: Timeslot, status: str
) -> None:
    if status == "cancelled":
        cancel_booking(booking_id=booking.pk, by=customer, at=NOW)
    Booking.objects.filter(pk=booking.pk).update(status=status)

    with nothing_changes():
        refused(move(api(customer), booking, target), 409, "invalid_transition")
        refused(move_by_staff(api(front_desk), booking, target), 409, "invalid_transition")


def test_an_inactive_room_is_400(
    api: MakeApi, customer: User, front_desk: User, booking: Booking, target: Timeslot
) -> None:
    booking.room.is_active = False
    booking.room.save()

    with nothing_changes():
        refused(move(api(customer), booking, target), 400, "invalid", "timeslotId")
        refused(move_by_staff(api(front_desk), booking, target), 400, "invalid", "timeslotId")


def test_somebody_else_s_booking_is_not_there(
    api: MakeApi, stranger: User, manager: User, booking: Booking, target: Timeslot
) -> None:
    with nothing_changes():
        for other in (stranger, manager):
            refused(move(api(other), booking, target), 404, "not_found")
            path = f"/bookings/{booking.pk}/reschedule"
            bodies: list[Any] = [None, {}, [], {"timeslotId": "x"}]
            for body in bodies:
                refused(api(other).put(path, body), 404, "not_found")
        refused(move(api(), booking, target), 401, "not_authenticated")


@pytest.mark.parametrize("path", ["/bookings/{}/reschedule", "/admin/bookings/{}/reschedule"])
@pytest.mark.parametrize(
    "body", [None, {}, {"timeslotId": None}, {"timeslotId": "x"}, {"timeslotId": 1.5}]
)
def test_malformed_bodies_are_400(
    api: MakeApi, front_desk: User, make_booking: MakeBooking, path: str, body: Any
) -> None:
    booking = make_booking(status=BookingStatus.CONFIRMED, user=front_desk)

    with nothing_changes():
        answer = api(front_desk).put(path.format(booking.pk), body)

    assert answer.status_code == 400
    assert error_of(answer)["attr"] == "timeslotId"


# --- by staff -----------------------------------------------------------------------------------


def test_staff_move_at_any_time_and_say_why(
    api: MakeApi, customer: User, front_desk: User, booking: Booking, make_slot: MakeSlot
) -> None:
    """A minute before it begins, to a dearer time that begins in half an hour."""
    soon = make_slot(room=booking.room, start=START + timedelta(minutes=30), price=Decimal("99.00"))
    client = api(front_desk)

    with time_machine.travel(START - timedelta(minutes=1), tick=False):
        answer = move_by_staff(client, booking, soon, reason="Dr Weber is late")
        assert answer.json() == client.get(f"/admin/bookings/{booking.pk}").json()
        own = api(customer).get(f"/bookings/{booking.pk}").json()

    found = answer.json()
    assert (answer.status_code, found["timeslotId"], found["price"]) == (200, soon.pk, 80)
    line = found["history"][-1]
    assert (line["from"], line["to"], line["by"]) == ("confirmed", "confirmed", front_desk.pk)
    assert line["reason"] == "moved from Thu 9 July, 11:00: Dr Weber is late"
    # Who was moved may cancel for all of it, until it begins.
    assert own["refundSchedule"][0] == {
        "until": "2026-07-09T09:30:00Z",
        "percent": 100,
        "amount": 80,
    }


def test_a_move_to_the_past_or_another_room_is_400(
    api: MakeApi, front_desk: User, booking: Booking, make_slot: MakeSlot, make_room: MakeRoom
) -> None:
    past = make_slot(room=booking.room, start=NOW)
    elsewhere = make_slot(room=make_room(name="Elsewhere"), start=LATER)
    client = api(front_desk)

    with nothing_changes():
        refused(move_by_staff(client, booking, past), 400, "invalid", "timeslotId")
        refused(move_by_staff(client, booking, elsewhere), 400, "invalid", "timeslotId")
        refused(move_by_staff(client, booking, booking.timeslot), 409, "invalid_transition")
        refused(move_by_staff(client, booking, 10**6), 404, "not_found")
        for reason in ("x" * 251, "\0", 5 * ["x"]):
            answer = move_by_staff(client, booking, elsewhere, reason=reason)
            assert (answer.status_code, error_of(answer)["attr"]) == (400, "reason")


def test_unknown_bookings_are_404(api: MakeApi, manager: User) -> None:
    for number in (0, 10**6, 2**31, 10**30):
        refused(api(manager).put(f"/bookings/{number}/reschedule", {}), 404, "not_found")
        refused(api(manager).put(f"/admin/bookings/{number}/reschedule", {}), 404, "not_found")
